"""What became of the plans of several environments as one comment, and their drift as one issue; and what these have in
common with the comment of their plans: a table, and a section for each environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import ConfigurationInvalid, NotBegun
from reconciler.model.approval import DRIFT, LONGEST, NO_DRIFT, CommentMarker, Several, name_set
from reconciler.model.drift import Drift
from reconciler.model.reports import Applied, Ended, Status, only_value
from reconciler.output.markdown import reports
from reconciler.output.markdown.plan import TEXT_ROOM, PlanMarkdown
from reconciler.output.markdown.words import code, count_words, fitting, folded, place, prose, size, strong
from reconciler.text import counted, share_out

APPROVAL = 160
"""Bytes that the approval of an environment takes in the mark, about."""
OPEN = 3
"""The environments are folded if they are more."""
TABLE_ROOM = 14_000
AROUND = 700
"""Bytes of what stands around the text of an environment, or of a set of them."""
LEAST = 350
"""Bytes that the shortest text of an environment takes, about."""
LONGEST_ERROR = 200
FULL = "the full answer is in this run's artefact, or comes with `--format json`"


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of an environment below the table. `make` shows it in at most so many bytes, about."""

    head: str
    text: str
    make: Callable[[int], str]


def count_ends(ended: Sequence[Ended[Any]]) -> str:
    """How many environments have no answer."""
    not_begun = sum(isinstance(each.error, NotBegun) for each in ended)
    failed = sum(each.value is None and bool(each.error) for each in ended) - not_begun
    left_out = sum(bool(each.left_out) for each in ended)
    said = count_words([(failed, "failed", True), (not_begun, "not begun", True), (left_out, "left out", False)])
    return f"; environments: {said}" if said else ""


def make_table(
    ended: Sequence[Ended[Any]],
    head: str,
    cells: Callable[[Ended[Any]], Sequence[str]],
    weigh: Callable[[Ended[Any]], int],
) -> str:
    """A row for each environment, as many as there is room for: if that is not all, those that are grave first, with
    how much of that is in the others."""
    made = {each.environment: (code(each.environment), *cells(each)) for each in ended}
    rows = {
        name: " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in found) for name, found in made.items()
    }
    if sum(map(size, rows.values())) > TABLE_ROOM:
        ended = sorted(ended, key=lambda each: not (each.error or weigh(each)))
    room, lines = TABLE_ROOM, [head, "|---" * (head.count("|") - 1) + "|"]
    for at, each in enumerate(ended):
        room -= size(rows[each.environment]) + len("|  |\n")
        if room < 0:
            rest = ended[at:]
            failed, grave = sum(bool(each.error) for each in rest), sum(map(weigh, rest))
            said = count_words([(failed, "of them failed", True), (grave, "objects to look at", True)])
            return "\n".join(lines) + f"\n\n… and {len(rest):,} more environments" + (f": {said}" if said else "")
        lines.append(f"| {rows[each.environment]} |")
    return "\n".join(lines)


def failed_cell(ended: Ended[Any]) -> str:
    """Why there is no answer for an environment."""
    error = ended.error
    if error is None:
        return f"left out: {prose(ended.left_out)}"
    if isinstance(error, NotBegun):
        return prose(str(error), LONGEST_ERROR)
    said = counted(len(error.problems), "problem") if isinstance(error, ConfigurationInvalid) else ""
    return f"**failed**: {said or prose(str(error).partition(chr(10))[0], LONGEST_ERROR)}"


def parts_section(environment: str, said: str, parts: Sequence[str]) -> Section:
    """An environment with its paragraphs, the first of which matter most."""
    text = "\n\n".join(parts)
    head = f"<code>{environment}</code>: {said}"
    return Section(head, text, lambda room: "\n\n".join(fitting(parts, room - AROUND, reports.REST)))


def error_section(ended: Ended[Any], more: Sequence[str] = ()) -> Section | None:
    """Why an environment failed, and what to do, and `more`; None if it did not fail, or was not begun."""
    if ended.error is None or isinstance(ended.error, NotBegun):
        return None
    return parts_section(ended.environment, "failed", [*reports.error_parts(ended.error), *more])


def show_sections(sections: Sequence[Section], room: int) -> Iterator[str]:
    """What is said of each environment, folded if they are many."""
    told = [each for each in sections if each.text]
    most = max(0, room) // (max(size(each.head) for each in told) + LEAST) if told else 0
    told, left = told[:most], len(told[most:])
    around = sum(size(each.head) + 60 for each in told)
    rooms = share_out(room - around, [size(each.text) for each in told])
    for each, own in zip(told, rooms, strict=True):
        text = each.text if size(each.text) <= own else each.make(own)
        heading = each.head.replace("<code>", "`").replace("</code>", "`")
        yield folded(each.head, text) if len(sections) > OPEN else f"### {heading}\n\n{text}"
    if left:
        yield strong(f"{left:,} more environments are not shown here") + f": {FULL}."


def all_applied_markdown(ended: Sequence[Ended[Applied]], configuration: str | None = None) -> str:
    """What was done of plans, as one comment. What was approved stays as it is."""
    if (only := only_value(ended)) is not None and only.report is not None:
        return reports.applied_markdown(only.review, only.report)
    name = next((each.value.review.plan.configuration for each in ended if each.value), configuration)
    # One that failed in the middle has a report, and its changes are counted.
    made = {each.environment: each.value.report for each in ended if each.value and each.value.report}
    totals = Counter[Status]()
    for report in made.values():
        totals.update(report.counts())
    silent = [replace(each, value=None) for each in ended if each.environment not in made]
    said = reports.count_statuses(totals) or "nothing to do"
    head = f"Applied to {place(len(ended), name)}: {said}{count_ends(silent)}"

    def cells(each: Ended[Applied]) -> tuple[str]:
        report = made.get(each.environment)
        return (reports.count_statuses(report.counts()) or report.nothing if report else failed_cell(each),)

    table = make_table(ended, "| environment | end |", cells, lambda each: int(bool(each.exit_code)))
    sections = [section for each in ended if (section := _applied_section(each))]
    # The approvals of the comment with the plans stay in it.
    room = TEXT_ROOM - max(0, len(ended) * APPROVAL - LONGEST)
    shown = show_sections(sections, room - size(head) - size(table))
    return reports.comment(_mark(ended, "apply", name), (head, table, *shown))


def _applied_section(ended: Ended[Applied]) -> Section | None:
    if ended.value is None:
        return error_section(ended)
    review, report = ended.value.review, ended.value.report
    if report is None:
        planned = folded("What is planned now", PlanMarkdown(review).text(reports.PLAN_ROOM, has_footer=False))
        return error_section(ended, [planned])
    head, *parts = reports.applied_parts(review, report)
    said = head.partition(": ")[2].partition(" (API")[0].replace("**", "")
    return parts_section(ended.environment, said, parts)


def _mark(ended: Sequence[Ended[Any]], command: str, configuration: str | None) -> CommentMarker:
    names = tuple(each.environment for each in ended)
    return CommentMarker(name_set(names), command, configuration=configuration, several=Several(failed=names))


def drifts_markdown(ended: Sequence[Ended[Drift]], configuration: str | None = None) -> str:
    """What somebody changed outside in several environments, as one issue; one that can be closed if nothing was."""
    if (only := only_value(ended)) is not None:
        return reports.drift_markdown(only)
    drifts = [each.value for each in ended if each.value]
    name = drifts[0].configuration if drifts else configuration
    is_open = any(each.value is None or reports.is_news(each.value) for each in ended)
    changes = {each.environment: len(each.value.objects) for each in ended if each.value}
    changed = sum(changes.values())
    of = f"of {sum(each.compared for each in drifts):,} remembered"
    counts = strong(f"{counted(changed, 'object')} changed outside")
    said = f"{counts}, {of}" if changed else f"nothing {of} was changed"
    head = f"Drift in {place(len(ended), name)}: {said}{count_ends(ended)}"

    def cells(each: Ended[Drift]) -> tuple[str]:
        if each.value is None:
            return (failed_cell(each),)
        if not each.value.compared:
            return ("**not known**, nothing is remembered of an apply",)
        objects = strong(counted(len(each.value.objects), "object")) if each.value.objects else "nothing"
        health = f", {strong(f'{len(each.value.health):,} not delivering')}" if each.value.health else ""
        return (f"{objects} changed outside, of {each.value.compared:,} remembered{health}",)

    table = make_table(ended, "| environment | drift |", cells, lambda each: changes.get(each.environment, 0))
    sections = [_drift_section(each) for each in drifts if each.objects or each.health]
    shown = show_sections(sections, TEXT_ROOM - size(head) - size(table))
    mark = _mark(ended, DRIFT if is_open else NO_DRIFT, name)
    return reports.comment(mark, (head, table, *shown, *([reports.WAYS] if changed else [])))


def _drift_section(drift: Drift) -> Section:
    def text(room: int) -> str:
        return "\n\n".join(list(reports.drift_parts(drift, room))[1:])

    objects = counted(len(drift.objects), "object")
    in_short = f"{objects} changed outside; {reports.ALL_DRIFT}"
    return Section(
        f"<code>{drift.environment}</code>: {objects} changed outside",
        text(TEXT_ROOM),
        lambda room: text(room - AROUND) if room > AROUND * 2 else in_short,
    )
