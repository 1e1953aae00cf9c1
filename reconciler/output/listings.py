"""Lists as text and as JSON: receipts, destinations, and what drifted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from reconciler.model.apply_report import Receipt
from reconciler.model.drift import Drift, Drifted
from reconciler.model.live import Destination, Destinations
from reconciler.output.terminal import bold, dim, escape, yellow
from reconciler.output.values import format_value
from reconciler.text import counted, short_commit

DESTINATIONS_FORMAT = 1
DRIFT_FORMAT = 1
HISTORY_FORMAT = 1
NOT_PROVEN = "nothing proves which live object it is"


def destinations_text(found: Destinations) -> str:
    """A destination a line: the line that is written for it, its label, what stands behind it and what proves that."""
    items = found.items
    lines = [bold(f"Destinations of {escape(found.environment)}: {counted(len(items), 'destination')}")]
    written = [escape(f"{{type: {item.type}, id: {item.id}}}") for item in items]
    widest = max(map(len, written), default=0)
    for item, line in zip(items, written, strict=True):
        label = format_value(item.label) if item.label else dim("no label")
        lines.append(f"  {line.ljust(widest)}  {label}  {_target(item)}")
        if item.same_label:
            others = escape(", ".join(item.same_label))
            lines.append(yellow(f"      ! its label is also that of {others}"))
    return "\n".join(lines)


def _target(item: Destination) -> str:
    target = item.target
    if target is None:
        return dim(NOT_PROVEN)
    name = target.address or f"{target.kind}[{target.id}], unmanaged"
    return escape(f"{name}, by its {target.proven_by}")


def destinations_json(found: Destinations) -> str:
    """All that is known of them."""
    document = {
        "format_version": DESTINATIONS_FORMAT,
        "environment": found.environment,
        "destinations": [
            {**asdict(item), "target": {**asdict(item.target), "address": item.target.address or None}}
            if item.target
            else asdict(item)
            for item in found.items
        ],
        "warnings": list(found.warnings),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def history_text(receipts: Sequence[Receipt]) -> str:
    """A line for each apply, the latest first."""
    if not receipts:
        return "nothing was applied yet"
    return "\n".join(
        bold(escape(receipt.id))
        + escape(
            f"  {receipt.at}  {receipt.title()}  by {receipt.who}"
            + (f", {short_commit(receipt.commit)}" if receipt.commit else "")
        )
        for receipt in receipts
    )


def history_json(receipts: Sequence[Receipt]) -> str:
    """The receipts, whole."""
    document = {"format_version": HISTORY_FORMAT, "receipts": [asdict(receipt) for receipt in receipts]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def drift_text(drift: Drift) -> str:
    """What somebody changed outside."""
    environment = escape(drift.environment)
    if not drift.compared:
        return "\n".join(
            (
                bold(f"Drift in {environment}: not known, nothing is remembered"),
                "  Nothing was applied from here yet, or the state is lost; an apply adopts what it finds by name.",
            )
        )
    changed = counted(len(drift.objects), "object") if drift.objects else "nothing"
    head = bold(f"Drift in {environment}: {changed} changed outside, of {drift.compared} remembered")
    return "\n".join([head, *(line for each in drift.objects for line in ("", *_drifted(each)))])


def _drifted(each: Drifted) -> Iterator[str]:
    when = f", last changed {escape(each.changed_at)}" if each.changed_at else ""
    yield yellow(f"  ~ {escape(each.address)} ({escape(each.id)})") + f" {format_value(each.name)}{when}"
    if each.gone:
        yield f"      it is not live any more: {each.next}"
    for field in each.fields:
        applied, live = format_value(field.applied), format_value(field.live)
        yield f"      {escape(field.path)}: {applied} was applied, {live} is live"
        yield f"        {field.next}"


def drift_json(drift: Drift) -> str:
    """Drift for programs."""
    document = {
        "format_version": DRIFT_FORMAT,
        "environment": drift.environment,
        "compared": drift.compared,
        "drift": [asdict(each) for each in drift.objects],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
