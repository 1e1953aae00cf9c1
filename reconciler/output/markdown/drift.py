"""Drift as an issue of the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.approval import DRIFT, NO_DRIFT, CommentMarker, marker_line
from reconciler.model.reports import Drift, Drifted, DriftedField
from reconciler.output.markdown.words import bullets, code, fitting, place, prose
from reconciler.output.values import named
from reconciler.text import counted, quote

ROOM = 40_000
REST = "`reconciler drift` lists all"
WAYS = (
    "**To keep it**: merge what `reconciler drift --adopt` writes into the YAML. **To undo it**: the next "
    "apply does what stands above."
)

UNKNOWN = (
    "Nothing was applied yet, or the state is not where it is looked for: a state in a file is gone with the machine "
    "that a pipeline ran on."
)


class DriftMarkdown:
    """What somebody changed outside. Its first line is the hidden mark that `reconciler comment` finds the issue by."""

    def __init__(self, drift: Drift) -> None:
        self._drift = drift

    def __str__(self) -> str:
        mark = marker_line(
            CommentMarker(
                self._drift.environment,
                DRIFT if self._drift.objects or not self._drift.compared else NO_DRIFT,
                configuration=self._drift.configuration,
            )
        )
        return f"{mark}\n" + "\n\n".join(self._parts())

    def _parts(self) -> Iterator[str]:
        drift = self._drift
        environment = place(drift.environment, drift.configuration)
        if not drift.compared:
            yield f"Drift in {environment}: **not known**, nothing is remembered of an apply"
            yield UNKNOWN
            return
        if not drift.objects:
            yield f"Drift in {environment}: nothing of {drift.compared:,} remembered was changed outside"
            return
        changed = counted(len(drift.objects), "object")
        yield f"Drift in {environment}: **{changed} changed outside**, of {drift.compared:,} remembered"
        yield bullets(fitting((_object(each, drift.labels) for each in drift.objects), ROOM, REST))
        yield f"---\n\n{WAYS}"


def _object(each: Drifted, labels: Mapping[str, str]) -> str:
    when = f", last changed {prose(each.changed_at)}" if each.changed_at else ""
    head = f"{code(each.address)} {prose(quote(each.name))} ({code(each.id)}){when}"
    if each.gone:
        return f"{head}: it is **not live any more**; {prose(each.next)}"
    return "\n".join([head, *(f"  - {_field(field, labels)}" for field in each.fields)])


def _field(field: DriftedField, labels: Mapping[str, str]) -> str:
    applied, live = code(named(field.applied, labels)), code(named(field.live, labels))
    return f"{code(field.path)}: {applied} was applied, {live} is live; {prose(field.next)}"
