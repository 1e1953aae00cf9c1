"""A plan, and what an apply did, as text for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from reconciler import output
from reconciler.lazy import frozen
from reconciler.model.plan import DESTROYS, SUMMARY_ORDER, Action, Change, FieldChange
from reconciler.model.reports import ApplyReport, Outcome, Review, Status, Verification
from reconciler.output import labels, values
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, MOST_NAMED, SCOPES, SIGN_PAINT, WEIGHTS, Paint
from reconciler.output.terminal import bold, dim, escape, find_width, fit, green, red, yellow
from reconciler.output.values import LONGEST, Line, ValueDiff, cut_both, encode, format_value, is_nested
from reconciler.text import COUNTED, abridge, counted, wrap

FIELD = "      "
FEW = 5  # so many unmanaged objects are listed; the rest is counted
WRONG_PROJECT = "wrong-project"


@frozen
class Paragraph:
    """The lines of changes that are shown together, and their addresses."""

    addresses: tuple[str, ...]
    lines: tuple[str, ...]


def render_plan_text(review: Review) -> str:
    """A plan as text. One that was made with another project's objects is only counted."""
    if any(refusal.guard == WRONG_PROJECT for refusal in review.plan.refusals):
        return f"Plan: {labels.count_changes(review.plan, order=SUMMARY_ORDER)}"
    return str(PlanText(review))


class PlanText:
    """A plan for a terminal. Lines are not broken if it goes into a file or a log: COLUMNS sets a width.

    `shared`: the changes that are shown elsewhere, for several environments. `has_ids`: whether ids are shown.
    """

    def __init__(self, review: Review, shared: Collection[Paragraph] = (), *, has_ids: bool = True) -> None:
        self._review = review
        self._shared = shared
        self._has_ids = has_ids
        self._plan = review.plan
        self._width = find_width()
        self._longest = min(LONGEST, self._width - len(FIELD) - 6) if self._width else LONGEST
        self._differ = ValueDiff(self._plan.labels, self._longest)

    def __str__(self) -> str:
        return wrap("\n".join(self._render_lines()), self._width)

    def _render_lines(self) -> Iterator[str]:
        plan = self._plan
        head = f"Plan for {escape(plan.environment)}: {labels.count_changes(plan)}{labels.format_api(plan.api)}"
        yield from self._break(head, paint=bold)
        elsewhere = {address for each in self._shared for address in each.addresses}
        for each in self.list_paragraphs():
            if not elsewhere.issuperset(each.addresses):
                yield from ("", *each.lines)
        if here := elsewhere & {change.address for change in plan.changes}:
            yield from ("", f"  {counted(len(here), 'change')} as shown above, for several environments")
        if self._review.tasks:
            yield from ("", bold("To do by hand:"))
        for task in output.groups.group_tasks(self._review) if self._review.tasks else ():
            yield from self._break(f"  [ ] {escape(task.text)}", hang=4)
            yield from self._render_addresses(task.addresses) if task.addresses else ()
        yield ""
        yield from self._render_left_alone()
        for warning in plan.warnings:
            yield from self._break(f"warning: {escape(warning)}", paint=yellow)
        yield dim(f"digest: {plan.digest}")
        yield f"Plan: {labels.count_changes(plan, order=SUMMARY_ORDER)}"

    def list_paragraphs(self) -> Iterator[Paragraph]:
        """The changes as they are shown, those that are alike together."""
        groups = output.groups.find_groups(self._review) if self._plan.changes else ()
        new = output.groups.group_new_by_kind(groups) if groups else []
        for group in groups:
            if not (new and group.first.action is Action.CREATE):
                yield Paragraph(tuple(group.addresses), tuple(self._render_group(group)))
        for group in new:
            yield Paragraph(tuple(group.addresses), tuple(self._render_group(group, is_kind=True)))
        if new:
            changes = [change for group in new for change in group.changes]
            lines = (green(f"  + create {escape(each.address)}") + f" {format_value(each.name)}" for each in changes)
            yield Paragraph(tuple(each.address for each in changes), tuple(lines))

    def _render_left_alone(self) -> Iterator[str]:
        """What the plan does not touch: unmanaged objects, ignored fields, and what waits."""
        plan = self._plan
        yield f"{counted(len(plan.unchanged), 'object')} unchanged, {len(plan.unmanaged)} unmanaged."
        for other in plan.unmanaged[:FEW]:
            yield dim(f"  unmanaged: {other.kind} {format_value(other.name)} ({escape(other.id)})")
        if left := plan.unmanaged[FEW:]:
            kinds = output.groups.count_kinds(each.kind for each in left)
            yield dim(f"  … and {len(left)} more unmanaged: {kinds}; --format json lists all")
        for line in values.list_ignored(plan.ignored, plan.labels):
            yield from self._break(line, paint=dim, hang=2)
        for each in plan.waiting[:FEW]:
            yield from self._break(f"  {escape(values.describe_waiting(each))}", hang=2)
        if plan.waiting[FEW:]:
            yield f"  … and {len(plan.waiting[FEW:])} more that wait; --format json lists all"

    def _render_group(self, group: output.groups.Group, *, is_kind: bool = False) -> Iterator[str]:
        """A change, or several as one: the title, the fields that it leaves out, the impacts and the addresses.
        `is_kind`: the group is all creates of a kind."""
        change, label, is_alone = group.first, ACTIONS[group.first.action], len(group.changes) == 1 and not is_kind
        notes = {CAUSES[field.cause].note for field in change.fields}
        is_stated = group.is_titled and len(notes) <= 1
        if is_alone:
            object_id = f" ({escape(change.id)})" if change.id and self._has_ids else ""
            name = "" if change.action is Action.FORGET else f" {format_value(change.name)}"
            head = label.paint(f"  {label.sign} {change.action.value} {escape(change.address)}{object_id}")
            yield head + name + self._format_scopes(group)
        else:
            place = f"  ({escape(written)})" if (written := group.describe_places()) else ""
            cause = yellow(f"  [{note}]") if is_stated and (note := "".join(notes)) else ""
            head = label.paint(f"  {label.sign} {change.action.value} {group.title()}")
            yield head + place + cause + self._format_scopes(group)
        if change.action is not Action.DELETE and not is_kind and (is_alone or not is_stated):
            for field in output.groups.list_shown_fields(self._review, change):
                yield from self._render_field(change, field)
        sentences = list(output.groups.list_sentences(self._review, group))
        for weight, text in sentences:
            paint, sign, hang = (WEIGHTS[weight].paint, "! " * (weight in GRAVE), 2) if weight else (str, "", 0)
            yield from self._break(f"{FIELD}{sign}{escape(text)}", paint=paint, hang=hang)
        if not (is_alone or is_kind or {text.partition(": ")[0] for _, text in sentences}.issuperset(group.addresses)):
            yield from self._render_addresses(group.addresses, None if change.action in DESTROYS else MOST_NAMED)

    def _render_addresses(self, addresses: Sequence[str], most: int | None = MOST_NAMED) -> Iterator[str]:
        """The first addresses of what is alike, and what the others are."""
        text = f"{FIELD}{', '.join(map(escape, addresses[:most]))}"
        if most and (left := addresses[most:]):
            text += f", … and {len(left)} more of the same: {output.groups.count_kinds(left)}; --format json lists all"
        yield from self._break(text, paint=dim)

    def _format_scopes(self, group: output.groups.Group) -> str:
        """The scopes of the changes, with numbers if they differ."""
        scopes = Counter(self._review.find_scope(change.address) for change in group.changes)
        marked = [(SCOPES[scope], number) for scope, number in scopes.items() if scope and SCOPES[scope].word]
        counts = [label.word if len(scopes) == 1 else f"{number} {label.word}" for label, number in marked]
        return marked[0][0].paint(f"  [{', '.join(counts)}]") if marked else ""

    def _render_field(self, change: Change, field: FieldChange) -> Iterator[str]:
        head = f"{FIELD}{escape(field.path)}:"
        rule = f" ({escape(field.rule)})" if field.rule else ""
        if change.action is Action.CREATE:
            yield from (line + rule for line in self._render_new_value(head, field.after))
            return
        note = CAUSES[field.cause].note
        cause = yellow(f"  [{note}]") if note else ""
        before, after = cut_both(encode(field.before), encode(field.after), self._longest)
        line = f"{head} {before} → {after}{rule}"
        if not is_nested(field.before or None, field.after or None) and len(line) <= (self._width or len(line)):
            yield line + cause
            return
        yield head + cause
        yield from self._render_diff(self._differ.lines(field.before, field.after))

    def _render_new_value(self, head: str, value: Any) -> Iterator[str]:
        """A value that is new: a list that does not fit has a line for each item."""
        items = list(map(self._differ.item, value)) if isinstance(value, list) else None
        line = f"{head} {self._differ.item(value)}" if items is None else f"{head} [{', '.join(items)}]"
        if items is None or len(line) <= (self._width or LONGEST):
            yield line
            return
        yield head
        yield from self._render_diff(Line("+", item) for item in items)

    def _render_diff(self, lines: Iterable[Line]) -> Iterator[str]:
        yield from (SIGN_PAINT[line.sign](f"{FIELD}  {line}") for line in lines)

    def _break(self, text: str, *, paint: Paint = str, hang: int = 0) -> Iterator[str]:
        """A sentence, broken at the terminal's width; the lines after the first are indented by `hang` more."""
        yield from map(paint, wrap(text, self._width, hang).split("\n"))


def render_report_text(report: ApplyReport) -> str:
    """What an apply did, for a terminal."""
    counts, api = labels.count_ends(report), labels.format_api(report.api)
    lines = [bold(f"Applied to {escape(report.environment)}: {counts}{api}")]
    ends: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in report.outcomes:
        if outcome.status is not Status.DONE or outcome.is_doubtful:
            ends.setdefault((outcome.status, outcome.action, labels.describe_end(outcome)), []).append(outcome)
    for outcomes in ends.values():
        # What ended alike: one change in a line, several below what is said of all of them.
        first, names = outcomes[0], [escape(each.address) for each in outcomes]
        paint = red if first.status is Status.FAILED else yellow
        what = names[0] if len(names) == 1 else f"{len(names)} objects"
        action, rest = ("", ", see the plan") if first.status is Status.MANUAL else (f"{first.action} ", "")
        why = f"{escape(labels.describe_end(first))}{rest}"
        lines.append(paint(f"  {first.status.value}: {action}{what}") + f": {why}")
        others = f"{COUNTED}, which the next plan shows"
        lines += [f"      {abridge(names, MOST_NAMED, others)}"] if len(names) > 1 else []
    if verified := sum(outcome.verification is Verification.VERIFIED for outcome in report.outcomes):
        lines.append(f"{counted(verified, 'change')} read back and verified.")
    lines += [yellow(f"warning: {escape(warning)}") for warning in report.warnings]
    lines += [red("error: ") + escape(report.unrecorded)] if report.unrecorded else []
    if report.of(Status.FAILED) or report.of(Status.SKIPPED):
        lines.append("hint: remove the causes and apply again; what is done stays as it is")
    return fit("\n".join(lines))
