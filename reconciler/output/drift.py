"""Drift as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from reconciler.model.drift import Drift, Drifted
from reconciler.output.terminal import bold, escape, yellow
from reconciler.output.values import counted, format_value

FORMAT_VERSION = 1


class DriftText:
    """Drift for a terminal."""

    def __init__(self, drift: Drift) -> None:
        self._drift = drift

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        drift = self._drift
        if not drift.compared:
            yield bold(f"Drift in {escape(drift.environment)}: not known, nothing is remembered")
            yield "  Nothing was applied from here yet, or the state is lost; an apply adopts what it finds by name."
            return
        changed = counted(len(drift.objects), "object") if drift.objects else "nothing"
        yield bold(f"Drift in {escape(drift.environment)}: {changed} changed outside, of {drift.compared} remembered")
        for each in drift.objects:
            yield ""
            yield from self._object(each)

    def _object(self, each: Drifted) -> Iterator[str]:
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
        "format_version": FORMAT_VERSION,
        "environment": drift.environment,
        "compared": drift.compared,
        "drift": [asdict(each) for each in drift.objects],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
