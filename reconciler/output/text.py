"""A plan, and what an apply did, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.model.reports import ApplyReport, Outcome, Review, Status, Verification, Weight
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, SCOPES, SIGN_PAINT, WEIGHTS, Paint, api_note, title
from reconciler.output.terminal import bold, dim, escape, fit, red, width, yellow
from reconciler.output.values import LONGEST, Line, ValueDiff, cut, cut_both, format_value, ignored_lines, plain
from reconciler.text import counted, wrap

FIELD = "      "
MOST_NAMED = 8
"""So many addresses of changes that ended alike are listed."""
FEW = 5
"""So many are listed; the rest is counted."""
AGAIN = "remove the causes and apply again; what is done stays as it is"


class PlanText:
    """A plan for a terminal. Lines are not broken if it goes into a file or a log: COLUMNS sets a width."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._plan = review.plan
        self._width = width()
        self._longest = min(LONGEST, self._width - len(FIELD) - 6) if self._width else LONGEST
        self._differ = ValueDiff(self._plan.labels, self._longest)

    def __str__(self) -> str:
        return wrap("\n".join(self._lines()), self._width)

    def _lines(self) -> Iterator[str]:
        plan = self._plan
        yield from self._prose(f"Plan for {escape(plan.environment)}: {title(plan)}{api_note(plan.api)}", paint=bold)
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
        for line in ignored_lines(plan.ignored, plan.labels):
            yield from self._prose(line, paint=dim, hang=2)
        for warning in plan.warnings:
            yield from self._prose(f"warning: {escape(warning)}", paint=yellow)
        yield dim(f"digest: {plan.digest}")

    def _folded(self) -> tuple[list[Change], list[Change]]:
        """What is shown, and what is only counted: of updates that undo drift and do nothing else, all but a few."""
        drift = [change for change in self._plan.changes if self._only_undoes_drift(change)]
        rest = {change.address for change in drift[FEW:]}
        shown = [change for change in self._plan.changes if change.address not in rest]
        return shown, drift[FEW:]

    def _only_undoes_drift(self, change: Change) -> bool:
        impacts = self._review.impacts.get(change.address, ())
        grave = any(each.weight in (Weight.LOSES, Weight.STOPS) for each in impacts)
        drift = bool(change.fields) and all(field.cause is Cause.DRIFT for field in change.fields)
        is_behind = change.address in self._review.behind
        return change.action is Action.UPDATE and drift and not grave and not is_behind

    def _change(self, change: Change) -> Iterator[str]:
        label = ACTIONS[change.action]
        object_id = f" ({escape(change.id)})" if change.id else ""
        name = "" if change.action is Action.FORGET else f" {format_value(change.name)}"
        scope = self._review.find_scope(change.address)
        mark = SCOPES[scope].paint(f"  [{SCOPES[scope].word}]") if scope and SCOPES[scope].word else ""
        yield label.paint(f"  {label.sign} {change.action.value} {escape(change.address)}{object_id}") + name + mark
        if change.action is not Action.DELETE:
            for field in change.fields:
                yield from self._field(change, field)
        for impact in self._review.impacts.get(change.address, ()):
            mark = "! " if impact.weight in GRAVE else ""
            yield from self._prose(f"{FIELD}{mark}{escape(impact.text)}", paint=WEIGHTS[impact.weight].paint, hang=2)
        for note in self._review.remarks_on(change):
            yield from self._prose(f"{FIELD}{escape(note)}")

    def _field(self, change: Change, field: FieldChange) -> Iterator[str]:
        head = f"{FIELD}{escape(field.path)}:"
        if change.action is Action.CREATE:
            yield from self._new_value(head, field.after)
            return
        note = CAUSES[field.cause].note
        cause = yellow(f"  [{note}]") if note else ""
        if any(isinstance(each, dict | list) and each for each in (field.before, field.after)):
            yield head + cause
            yield from self._diff(self._differ.lines(field.before, field.after))
            return
        before, after = cut_both(plain(field.before), plain(field.after), self._longest)
        line = f"{head} {before} → {after}"
        if self._width is None or len(line) <= self._width:
            yield line + cause
            return
        yield head + cause
        yield from self._diff([Line("-", before), Line("+", after)])

    def _new_value(self, head: str, value: Any) -> Iterator[str]:
        """A value that is new: a list that does not fit has a line for each item."""
        items = list(map(self._differ.item, value)) if isinstance(value, list) else None
        line = f"{head} {cut(plain(value), self._longest)}" if items is None else f"{head} [{', '.join(items)}]"
        if items is None or len(line) <= (self._width or LONGEST):
            yield line
            return
        yield head
        yield from self._diff(Line("+", item) for item in items)

    def _diff(self, lines: Iterable[Line]) -> Iterator[str]:
        for sign, text, depth in lines:
            yield SIGN_PAINT[sign](f"{FIELD}{'  ' * (depth + 1)}{f'{sign} ' if sign else ''}{text}")

    def _tasks(self) -> Iterator[str]:
        if self._review.tasks:
            yield ""
            yield bold("To do by hand:")
            for task in self._review.tasks:
                yield from self._prose(f"  [ ] {escape(task)}", hang=4)

    def _prose(self, text: str, *, paint: Paint = str, hang: int = 0) -> Iterator[str]:
        """A sentence, broken at the terminal's width; the lines after the first are indented by `hang` more."""
        yield from map(paint, wrap(text, self._width, hang).split("\n"))


class ReportText:
    """What an apply did, for a terminal."""

    def __init__(self, report: ApplyReport) -> None:
        self._report = report

    def __str__(self) -> str:
        return fit("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        report = self._report
        counts = [f"{len(report.of(status))} {status.value}" for status in Status if report.of(status)]
        said = ", ".join(counts) or "nothing to do"
        yield bold(f"Applied to {escape(report.environment)}: {said}{api_note(report.api)}")
        ends: dict[tuple[str, ...], list[Outcome]] = {}
        for outcome in report.outcomes:
            if outcome.status is not Status.DONE or outcome.verification not in (Verification.VERIFIED, None):
                ends.setdefault((outcome.status, outcome.action, _end(outcome)), []).append(outcome)
        for outcomes in ends.values():
            yield from _ended(outcomes)
        verified = sum(outcome.verification is Verification.VERIFIED for outcome in report.outcomes)
        if verified:
            yield f"{counted(verified, 'change')} read back and verified."
        for warning in report.warnings:
            yield yellow(f"warning: {escape(warning)}")
        if report.unrecorded:
            yield red("error: ") + escape(report.unrecorded)
        if report.of(Status.FAILED) or report.of(Status.SKIPPED):
            yield f"hint: {AGAIN}"


def _end(outcome: Outcome) -> str:
    """How a change ended, in words; the same for changes that ended alike."""
    if outcome.status is Status.MANUAL:
        return "still to be done by a person, see the plan"
    if outcome.status is Status.SKIPPED:
        return outcome.reason or f"because of {outcome.because_of}"
    said = "" if outcome.status is Status.FAILED else f"but {outcome.verification}: "
    return f"{said}{outcome.reason}".removesuffix(": ")


def _ended(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What ended alike: one change in a line, several below what is said of all of them."""
    first, names = outcomes[0], [escape(each.address) for each in outcomes]
    paint = red if first.status is Status.FAILED else yellow
    what = names[0] if len(names) == 1 else f"{len(names)} objects"
    yield paint(f"  {first.status.value}: {first.action} {what}") + f": {escape(_end(first))}"
    if len(names) > 1:
        rest = f", … and {len(names) - MOST_NAMED} more, which the next plan shows" if names[MOST_NAMED:] else ""
        yield f"      {', '.join(names[:MOST_NAMED])}{rest}"
