"""A plan and a report as text for people: readable without colour, exact, nothing shown of what does not change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.model.apply_report import ApplyReport, Outcome, Status, Verification
from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.model.review import Review
from reconciler.render.terminal import bold, dim, green, red, visible, yellow
from reconciler.render.wording import counted, title

SIGNS: dict[Action, tuple[str, Callable[[str], str]]] = {
    Action.CREATE: ("+", green),
    Action.UPDATE: ("~", yellow),
    Action.REPLACE: ("±", red),
    Action.DELETE: ("-", red),
    Action.ADOPT: ("=", green),
    Action.FORGET: ("x", yellow),
    Action.MANUAL: ("!", yellow),
}
CAUSES = {
    Cause.CONFIG: "",
    Cause.DRIFT: "changed outside (drift)",
    Cause.BOTH: "changed here and outside (both)",
    Cause.UNKNOWN: "cause unknown: nothing is remembered of it",
}
LONGEST = 120
UNMANAGED_SHOWN = 20


class PlanText:
    """A plan for a terminal."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._plan = review.plan

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        plan = self._plan
        yield bold(f"Plan for {visible(plan.environment)}: {title(plan)}")
        for change in plan.changes:
            yield ""
            yield from self._change(change)
        yield ""
        yield f"{counted(len(plan.unchanged), 'object')} unchanged, {len(plan.unmanaged)} unmanaged."
        for other in plan.unmanaged[:UNMANAGED_SHOWN]:
            yield dim(f"  unmanaged: {other.kind} {shown(other.name)} ({visible(other.id)})")
        if len(plan.unmanaged) > UNMANAGED_SHOWN:
            yield dim(f"  … and {len(plan.unmanaged) - UNMANAGED_SHOWN} more; --format json lists all")
        for warning in plan.warnings:
            yield yellow(f"warning: {visible(warning)}")
        yield dim(f"digest: {plan.digest}")

    def _change(self, change: Change) -> Iterator[str]:
        sign, paint = SIGNS[change.action]
        object_id = f" ({visible(change.id)})" if change.id else ""
        name = "" if change.action is Action.FORGET else f" {shown(change.name)}"
        yield paint(f"  {sign} {change.action.value} {visible(change.address)}{object_id}") + name
        if change.action is not Action.DELETE:
            for field in change.fields:
                yield from self._field(change, field)
        for note in change.notes:
            yield f"      {visible(note)}"

    def _field(self, change: Change, field: FieldChange) -> Iterator[str]:
        if change.action is Action.CREATE:
            yield f"      {visible(field.path)}: {self._value(field.after)}"
            return
        cause = f"  [{CAUSES[field.cause]}]" if CAUSES[field.cause] else ""
        line = f"      {visible(field.path)}: {self._value(field.before)} → {self._value(field.after)}"
        yield line + (yellow(cause) if cause else "")

    def _value(self, value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(self._item(item) for item in value) + "]"
        return shown(value)

    def _item(self, item: Any) -> str:
        """An item of a list; a reference by its address, an id by what people call it."""
        if isinstance(item, dict) and set(item) == {"type", "id"}:
            label = self._plan.labels.get(str(item["id"]))
            return visible(f"{label} ({item['id']})") if label else shown(item)
        return self._reference(item) if isinstance(item, dict) and len(item) == 1 else shown(item)

    def _reference(self, item: Mapping[str, Any]) -> str:
        ((key, value),) = item.items()
        return visible(f"{key}.{value} (id known once it exists)") if isinstance(value, str) else shown(item)


def shown(value: Any) -> str:
    """A value on one line, harmless, cut where it is long."""
    if value is None:
        return "nothing"
    text = visible(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST else text[:LONGEST] + "… (--format json shows all)"


class ReportText:
    """What an apply did, for a terminal."""

    def __init__(self, report: ApplyReport) -> None:
        self._report = report

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        report = self._report
        counts = [f"{len(report.of(status))} {status.value}" for status in Status if report.of(status)]
        yield bold(f"Applied to {visible(report.environment)}: {', '.join(counts) or 'nothing to do'}")
        for outcome in report.outcomes:
            if outcome.status is not Status.DONE or outcome.verification not in (Verification.VERIFIED, None):
                yield self._outcome(outcome)
        verified = sum(outcome.verification is Verification.VERIFIED for outcome in report.outcomes)
        if verified:
            yield f"{counted(verified, 'change')} read back and verified."
        for warning in report.warnings:
            yield yellow(f"warning: {visible(warning)}")
        if report.unrecorded:
            yield red("error: ") + visible(report.unrecorded)

    def _outcome(self, outcome: Outcome) -> str:
        head = f"  {outcome.status.value}: {outcome.action} {visible(outcome.address)}"
        if outcome.status is Status.FAILED:
            return red(head) + f": {visible(outcome.reason)}"
        if outcome.status is Status.SKIPPED:
            return yellow(head) + f": {visible(outcome.reason or f'because of {outcome.because_of}')}"
        if outcome.status is Status.MANUAL:
            return yellow(head) + ": still to be done by a person, see the plan"
        return yellow(f"{head}, but {outcome.verification}") + (
            f": {visible(outcome.reason)}" if outcome.reason else ""
        )
