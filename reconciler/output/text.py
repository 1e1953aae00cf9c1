"""A plan, what a person sees while it is applied, and what the apply did, as text for a terminal.

A long apply shows failures, how far it is and about how long it will take, and no line for each success.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice

from reconciler import output
from reconciler.lazy import frozen
from reconciler.model.plan import DESTROYS, SUMMARY_ORDER, Action, Change, FieldChange, Plan
from reconciler.model.reports import ApplyReport, Outcome, Review, Status, Verification
from reconciler.output import labels, terminal, values
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, MOST_NAMED, SCOPES, SIGN_PAINT, STATUSES, WEIGHTS, Paint
from reconciler.output.terminal import bold, dim, escape, fit, green, red, write_status, write_stderr, yellow
from reconciler.output.values import LONGEST, Line, ValueDiff, cut_both, encode, format_value, is_nested
from reconciler.text import COUNTED, abridge, format_count, wrap

FIELD = "      "
FEW = 5  # so many unmanaged objects are listed; the rest is counted
WRONG_PROJECT = "wrong-project"
PROGRESS_LINES = 100  # of more changes, only failures and milestones have a line: a log is read in one piece
MOST_RUNNING = 3  # changes that are under way, which the line names: more do not fit
MILESTONES = 10
BAR = 24


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

    `elsewhere`: the addresses that are shown elsewhere, for several environments. `has_ids`: whether ids are shown.
    """

    def __init__(self, review: Review, elsewhere: frozenset[str] = frozenset(), *, has_ids: bool = True) -> None:
        self._review = review
        self._elsewhere = elsewhere
        self._has_ids = has_ids
        self._width = terminal.find_width()
        longest = min(LONGEST, self._width - len(FIELD) - 6) if self._width else LONGEST
        self._differ = ValueDiff(review.plan.labels, longest)

    def __str__(self) -> str:
        return wrap("\n".join(self._render_lines()), self._width)

    def _render_lines(self) -> Iterator[str]:
        plan = self._review.plan
        head = f"Plan for {escape(plan.environment)}: {labels.count_changes(plan)}{labels.format_api(plan.api)}"
        yield from self._break(head, paint=bold)
        for each in self.list_paragraphs():
            if not self._elsewhere.issuperset(each.addresses):
                yield from ("", *each.lines)
        if here := self._elsewhere & {change.address for change in plan.changes}:
            yield from ("", f"  {format_count(len(here), 'change')} as shown above, for several environments")
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

    def _render_left_alone(self) -> Iterator[str]:
        """What the plan does not touch: unmanaged objects, ignored fields, and what waits."""
        plan = self._review.plan
        yield f"{format_count(len(plan.unchanged), 'object')} unchanged, {len(plan.unmanaged)} unmanaged."
        for other in plan.unmanaged[:FEW]:
            yield dim(f"  unmanaged: {other.kind} {format_value(other.name)} ({escape(other.id)})")
        if left := plan.unmanaged[FEW:]:
            kinds = output.groups.count_kinds(each.kind for each in left)
            yield dim(f"  … and {len(left)} more unmanaged: {kinds}; --format json lists all")
        for line in values.list_ignored(plan.ignored, plan.labels):
            yield from self._break(line, paint=dim, hang=2)
        for waiting in plan.waiting[:FEW]:
            yield from self._break(f"  {escape(values.describe_waiting(waiting))}", hang=2)
        if plan.waiting[FEW:]:
            yield f"  … and {len(plan.waiting[FEW:])} more that wait; --format json lists all"

    def list_paragraphs(self) -> Iterator[Paragraph]:
        """The changes as they are shown, those that are alike together."""
        groups = output.groups.find_groups(self._review) if self._review.plan.changes else ()
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

    def _render_group(self, group: output.groups.Group, *, is_kind: bool = False) -> Iterator[str]:
        """A change, or several as one: the title, the fields that it leaves out, the impacts and the addresses.
        `is_kind`: the group is all creates of a kind."""
        change, label, is_alone = group.first, ACTIONS[group.first.action], len(group.changes) == 1 and not is_kind
        notes = {CAUSES[field.cause].note for field in change.fields}
        is_stated = group.is_titled and len(notes) <= 1
        scopes = group.count_scopes()
        marked = [(SCOPES[scope], number) for scope, number in scopes.items() if scope and SCOPES[scope].word]
        counts = ", ".join(each.word if len(scopes) == 1 else f"{number} {each.word}" for each, number in marked)
        origin = marked[0][0].paint(f"  [{counts}]") if marked else ""
        if is_alone:
            object_id = f" ({escape(change.id)})" if change.id and self._has_ids else ""
            name = "" if change.action is Action.FORGET else f" {format_value(change.name)}"
            head = label.paint(f"  {label.sign} {change.action.value} {escape(change.address)}{object_id}")
            yield head + name + origin
        else:
            place = f"  ({escape(written)})" if (written := group.describe_places()) else ""
            cause = yellow(f"  [{note}]") if is_stated and (note := "".join(notes)) else ""
            head = label.paint(f"  {label.sign} {change.action.value} {group.title}")
            yield head + place + cause + origin
        if change.action is not Action.DELETE and not is_kind and (is_alone or not is_stated):
            for field in output.groups.list_shown_fields(self._review, change):
                yield from self._render_field(change, field)
        sentences = list(group.list_sentences())
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

    def _render_field(self, change: Change, field: FieldChange) -> Iterator[str]:
        """A field on one line; or if that is too long or nested, with a line for each item or difference."""
        head, rule = f"{FIELD}{escape(field.path)}:", f" ({escape(field.rule)})" if field.rule else ""
        cause = "" if change.action is Action.CREATE else CAUSES[field.cause].note
        if change.action is Action.CREATE:
            items = list(map(self._differ.format_item, field.after)) if isinstance(field.after, list) else []
            lines = iter([Line("+", item) for item in items])
            value = f"[{', '.join(items)}]" if items else self._differ.format_item(field.after)
            shown = f"{head} {value}{rule}"
            has_room = not items or len(shown) <= (self._width or LONGEST)
        else:
            lines = self._differ.compare(field.before, field.after)
            before, after = cut_both(encode(field.before), encode(field.after), self._differ.longest)
            shown = f"{head} {before} → {after}{rule}"
            is_flat = not is_nested(field.before or None, field.after or None)
            has_room = is_flat and len(shown) <= (self._width or len(shown))
        yield (shown if has_room else head) + (yellow(f"  [{cause}]") if cause else "")
        if not has_room:
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
        lines.append(f"{format_count(verified, 'change')} read back and verified.")
    lines += [yellow(f"warning: {escape(warning)}") for warning in report.warnings]
    lines += [red("error: ") + escape(report.unrecorded)] if report.unrecorded else []
    if report.of(Status.FAILED) or report.of(Status.SKIPPED):
        lines.append("hint: remove the causes and apply again; what is done stays as it is")
    return fit("\n".join(lines))


class Progress(ExitStack):
    """Shows the changes of an apply: on a terminal, one line at the bottom that counts, with failures above it.

    Elsewhere, for logs: a line for each change that ends, or if there are many, for each failure and each tenth.
    `reasons`: whether a failure is told with its cause; a report in text tells it at the end.
    """

    def __init__(self, plan: Plan, *, reasons: bool) -> None:
        super().__init__()
        self._reasons = reasons
        self._total = sum(change.action is not Action.MANUAL for change in plan.changes)
        self._ended = 0
        self._began = time.monotonic()
        self._running: dict[str, None] = {}  # in the order in which they began
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.callback(write_status, "")

    def __call__(self, change: Change | None, status: Status | None, text: str) -> None:
        """Shows that a change begins (no status) or ends; without a change, it shows `text`."""
        if change is None:
            write_stderr(yellow(escape(text)))
            return
        if change.action is Action.MANUAL:  # which is no work of this run
            return
        address = escape(change.address)
        if status is None:
            self._running[address] = None
        else:
            self._ended += 1
            self._running.pop(address, None)
            if self._total <= PROGRESS_LINES or status is not Status.DONE:
                number = f"[{self._ended:>{len(str(self._total))}}/{self._total}]"
                reason = f" ({escape(text)})" if self._reasons and text and status is not Status.DONE else ""
                end = STATUSES[status].paint(status.value) + reason
                write_stderr(f"{number} {change.action.value} {address}: {end}")
        # About how long the rest takes, once there is something to tell it by.
        rest = (time.monotonic() - self._began) * (self._total - self._ended) / max(1, self._ended)
        left = f"; {format_duration(rest)} left" if 0 < self._ended < self._total else ""
        if self._is_live:
            shown = ", ".join(islice(self._running, MOST_RUNNING)) + ("…" if len(self._running) > MOST_RUNNING else "")
            bar = "=" * (BAR * self._ended // max(1, self._total))
            write_status(f"Applying [{bar:<{BAR}}] {self._ended:,}/{self._total:,}{left}: {shown}")
        elif status and self._total > PROGRESS_LINES and self._ended * MILESTONES % self._total < MILESTONES:
            write_stderr(f"[{self._ended:,}/{self._total:,}] changes ended{left}")


def format_duration(seconds: float) -> str:
    """A time in words: `less than a minute`, `about 3 minutes`."""
    minutes = round(seconds / 60)
    return f"about {format_count(minutes, 'minute')}" if minutes else "less than a minute"
