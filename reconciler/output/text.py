"""What an apply did, as text for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap
from typing import Any

from reconciler.kinds import KINDS
from reconciler.model.apply_report import ApplyReport, Outcome, Status, Verification
from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.model.review import Review, Scope, Weight
from reconciler.output.terminal import bold, dim, escape, green, red, width, yellow
from reconciler.output.values import LONGEST, Line, counted, cut, cut_both, diff_values, format_value, plain, title

FIELD = "      "
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
IMPACTS: dict[Weight, Callable[[str], str]] = {
    Weight.LOSES: red,
    Weight.STOPS: red,
    Weight.RISKS: yellow,
    Weight.STARTS: str,
    Weight.FEEDS: str,
}
GRAVE = frozenset({Weight.LOSES, Weight.STOPS, Weight.RISKS})
SCOPES = {Scope.PULL_REQUEST: "", Scope.PENDING: "pending before", Scope.DRIFT: "drift", Scope.BEHIND: "behind"}
PAINT: dict[Scope, Callable[[str], str]] = {Scope.BEHIND: red}
FEW = 5
"""How much is listed of what is only counted otherwise."""
NARROWEST = 40
SIGN_PAINT: dict[str, Callable[[str], str]] = {"-": red, "+": green, "": str}


class PlanText:
    """A plan for a terminal. Nothing is broken where it goes into a file or a log: COLUMNS sets a width."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._plan = review.plan
        columns = width()
        self._width = max(NARROWEST, columns) if columns else None
        self._longest = min(LONGEST, self._width - len(FIELD) - 6) if self._width else LONGEST

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        plan = self._plan
        yield from self._prose(f"Plan for {escape(plan.environment)}: {title(plan)}", paint=bold)
        whole, folded = self._folded()
        for change in whole:
            yield ""
            yield from self._change(change)
        if folded:
            yield ""
            names = ", ".join(escape(change.address) for change in folded[:FEW]) + ("…" if len(folded) > FEW else "")
            text = f"  … and {len(folded)} more that only put back what was changed outside (drift): {names}"
            yield from self._prose(f"{text}; --format json has them whole", paint=dim)
        yield from self._tasks()
        yield ""
        yield f"{counted(len(plan.unchanged), 'object')} unchanged, {len(plan.unmanaged)} unmanaged."
        for other in plan.unmanaged[:FEW]:
            yield dim(f"  unmanaged: {other.kind} {format_value(other.name)} ({escape(other.id)})")
        if len(plan.unmanaged) > FEW:
            yield dim(f"  … and {len(plan.unmanaged) - FEW} more; --format json lists all")
        for warning in plan.warnings:
            yield from self._prose(f"warning: {escape(warning)}", paint=yellow)
        yield dim(f"digest: {plan.digest}")

    def _folded(self) -> tuple[list[Change], list[Change]]:
        """What is shown, and what is only counted: of updates that undo drift and do nothing else, all but a few."""
        drift = [change for change in self._plan.changes if self._undoes(change)]
        rest = {change.address for change in drift[FEW:]}
        shown_ones = [change for change in self._plan.changes if change.address not in rest]
        return shown_ones, drift[FEW:]

    def _undoes(self, change: Change) -> bool:
        impacts = self._review.impacts.get(change.address, ())
        grave = any(each.weight in (Weight.LOSES, Weight.STOPS) for each in impacts)
        drift = bool(change.fields) and all(field.cause is Cause.DRIFT for field in change.fields)
        is_behind = change.address in self._review.behind
        return change.action is Action.UPDATE and drift and not grave and not is_behind

    def _change(self, change: Change) -> Iterator[str]:
        sign, paint = SIGNS[change.action]
        object_id = f" ({escape(change.id)})" if change.id else ""
        name = "" if change.action is Action.FORGET else f" {format_value(change.name)}"
        scope = self._review.find_scope(change.address)
        mark = PAINT.get(scope, dim)(f"  [{SCOPES[scope]}]") if scope and SCOPES[scope] else ""
        yield paint(f"  {sign} {change.action.value} {escape(change.address)}{object_id}") + name + mark
        if change.action is not Action.DELETE:
            for field in change.fields:
                yield from self._field(change, field)
        for impact in self._review.impacts.get(change.address, ()):
            mark = "! " if impact.weight in GRAVE else ""
            yield from self._prose(f"{FIELD}{mark}{escape(impact.text)}", paint=IMPACTS[impact.weight], hang=2)
        for note in self._review.remarks_on(change):
            yield from self._prose(f"{FIELD}{escape(note)}")

    def _field(self, change: Change, field: FieldChange) -> Iterator[str]:
        head = f"{FIELD}{escape(field.path)}:"
        if change.action is Action.CREATE:
            yield from self._made(head, field.after)
            return
        cause = yellow(f"  [{CAUSES[field.cause]}]") if CAUSES[field.cause] else ""
        if any(isinstance(each, dict | list) and each for each in (field.before, field.after)):
            yield head + cause
            yield from self._diff(diff_values(field.before, field.after, self._item))
            return
        before, after = cut_both(plain(field.before), plain(field.after), self._longest)
        line = f"{head} {before} → {after}"
        if self._width is None or len(line) <= self._width:
            yield line + cause
            return
        yield head + cause
        yield from self._diff([Line("-", 0, before), Line("+", 0, after)])

    def _made(self, head: str, value: Any) -> Iterator[str]:
        """A value that is new: a list that does not fit has a line an item."""
        items = [self._item(item) for item in value] if isinstance(value, list) else None
        line = f"{head} {cut(plain(value), self._longest)}" if items is None else f"{head} [{', '.join(items)}]"
        if items is None or len(line) <= (self._width or LONGEST):
            yield line
            return
        yield head
        yield from self._diff(Line("+", 0, item) for item in items)

    def _diff(self, lines: Iterable[Line]) -> Iterator[str]:
        for sign, depth, text in lines:
            yield SIGN_PAINT[sign](f"{FIELD}{'  ' * (depth + 1)}{f'{sign} ' if sign else ''}{text}")

    def _item(self, item: Any) -> str:
        """An item of a list; a reference by its address, an id by what people call it."""
        if isinstance(item, dict) and set(item) == {"type", "id"}:
            label = self._plan.labels.get(str(item["id"]))
            if label:
                return cut(escape(f"{label} ({item['id']})"), self._longest)
        if isinstance(item, dict) and len(item) == 1:
            ((key, value),) = item.items()
            if isinstance(value, str) and self._is_reference(key):
                return escape(f"{key}.{value} (id known once it exists)")
        return cut(plain(item), self._longest)

    def _is_reference(self, key: str) -> bool:
        return any(reference.key == key for kind in KINDS.values() for _, reference in kind.reference_fields())

    def _tasks(self) -> Iterator[str]:
        if self._review.tasks:
            yield ""
            yield bold("To do by hand:")
            for task in self._review.tasks:
                yield from self._prose(f"  [ ] {escape(task)}", hang=4)

    def _prose(self, text: str, *, paint: Callable[[str], str] = str, hang: int = 0) -> Iterator[str]:
        """A sentence, broken where the terminal ends, each line of it indented as the first and a bit more."""
        if self._width is None or len(text) <= self._width:
            yield paint(text)
            return
        indent = " " * (len(text) - len(text.lstrip(" ")))
        lines = wrap(
            text[len(indent) :],
            self._width,
            initial_indent=indent,
            subsequent_indent=indent + " " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from map(paint, lines)


class ReportText:
    """What an apply did, for a terminal."""

    def __init__(self, report: ApplyReport) -> None:
        self._report = report

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        report = self._report
        counts = [f"{len(report.of(status))} {status.value}" for status in Status if report.of(status)]
        yield bold(f"Applied to {escape(report.environment)}: {', '.join(counts) or 'nothing to do'}")
        for outcome in report.outcomes:
            if outcome.status is not Status.DONE or outcome.verification not in (Verification.VERIFIED, None):
                yield self._outcome(outcome)
        verified = sum(outcome.verification is Verification.VERIFIED for outcome in report.outcomes)
        if verified:
            yield f"{counted(verified, 'change')} read back and verified."
        for warning in report.warnings:
            yield yellow(f"warning: {escape(warning)}")
        if report.unrecorded:
            yield red("error: ") + escape(report.unrecorded)

    def _outcome(self, outcome: Outcome) -> str:
        head = f"  {outcome.status.value}: {outcome.action} {escape(outcome.address)}"
        if outcome.status is Status.FAILED:
            return red(head) + f": {escape(outcome.reason)}"
        if outcome.status is Status.SKIPPED:
            return yellow(head) + f": {escape(outcome.reason or f'because of {outcome.because_of}')}"
        if outcome.status is Status.MANUAL:
            return yellow(head) + ": still to be done by a person, see the plan"
        return yellow(f"{head}, but {outcome.verification}") + (f": {escape(outcome.reason)}" if outcome.reason else "")
