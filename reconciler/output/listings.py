"""Receipts as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from reconciler.model.apply_report import Receipt
from reconciler.model.live import Destination, Destinations
from reconciler.output.terminal import bold, dim, escape, yellow
from reconciler.output.values import counted, format_value

DESTINATIONS_FORMAT = 1
NOT_PROVEN = "nothing proves which live object it is"


class DestinationsText:
    """A destination a line: the line that is written for it, its label, what stands behind it and what proves that."""

    def __init__(self, found: Destinations) -> None:
        self._found = found

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        items = self._found.items
        yield bold(f"Destinations of {escape(self._found.environment)}: {counted(len(items), 'destination')}")
        written = [escape(f"{{type: {item.type}, id: {item.id}}}") for item in items]
        widest = max(map(len, written), default=0)
        for item, line in zip(items, written, strict=True):
            label = format_value(item.label) if item.label else dim("no label")
            yield f"  {line.ljust(widest)}  {label}  {self._behind(item)}"
            if item.same_label:
                others = escape(", ".join(item.same_label))
                yield yellow(f"      ! its label is also that of {others}")

    @staticmethod
    def _behind(item: Destination) -> str:
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


HISTORY_FORMAT = 1


def history_text(receipts: Sequence[Receipt]) -> str:
    """A line for each apply, the latest first."""
    if not receipts:
        return "nothing was applied yet"
    return "\n".join(
        bold(escape(receipt.id))
        + escape(
            f"  {receipt.at}  {receipt.title()}  by {receipt.who}"
            + (f", commit {receipt.commit[:12]}" if receipt.commit else "")
        )
        for receipt in receipts
    )


def history_json(receipts: Sequence[Receipt]) -> str:
    """The receipts, whole."""
    document = {"format_version": HISTORY_FORMAT, "receipts": [asdict(receipt) for receipt in receipts]}
    return json.dumps(document, indent=2, ensure_ascii=False)
