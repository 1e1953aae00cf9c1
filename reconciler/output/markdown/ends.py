"""What became of the plans of several environments as one comment, and their drift as one issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reconciler.model.approval import DRIFT, LONGEST, NO_DRIFT, CommentMarker, Several, name_set
from reconciler.model.drift import Drift
from reconciler.model.reports import Applied, Ended, Review, Status, only_value
from reconciler.output.markdown.plan import TEXT_ROOM, PlanMarkdown
from reconciler.output.markdown.reports import (
    ALL_DRIFT,
    GRAVE,
    PLAN_ROOM,
    WAYS,
    applied_markdown,
    applied_parts,
    comment,
    drift_markdown,
    drift_parts,
    is_news,
)
from reconciler.output.markdown.table import (
    AROUND,
    Section,
    count_ends,
    count_words,
    error_section,
    failed_cell,
    make_table,
    parts_section,
    show_sections,
    strong,
)
from reconciler.output.markdown.words import folded, place, size
from reconciler.text import counted

APPROVAL = 160
"""Bytes that the approval of an environment takes in the mark, about."""


def all_applied_markdown(ended: Sequence[Ended[Applied]], configuration: str | None = None) -> str:
    """What was done of plans, as one comment. What was approved stays as it is."""
    if (only := only_value(ended)) is not None and only.report is not None:
        return applied_markdown(only.review, only.report)
    reviews = [each.value.review for each in ended if each.value]
    name = reviews[0].plan.configuration if reviews else configuration
    mark = _mark(ended, "apply", name)
    reports = [each.value.report for each in ended if each.value and each.value.report]
    counts = [(sum(each.counts()[status] for each in reports), status) for status in Status]
    said = count_words((number, status.value, status in GRAVE) for number, status in counts)
    # One that failed in the middle has a report, and its changes are counted.
    silent = [replace(each, value=None) for each in ended if not (each.value and each.value.report)]
    head = f"Applied to {place(len(ended), name)}: {said or 'nothing to do'}{count_ends(silent)}"

    def cells(each: Ended[Applied]) -> tuple[str]:
        report = each.value.report if each.value else None
        if report is None:
            return (failed_cell(each),)
        found = count_words((number, status.value, status in GRAVE) for status, number in report.counts().items())
        return (found or report.nothing,)

    table = make_table(ended, "| environment | end |", cells, lambda each: int(bool(each.exit_code)))
    sections = [made for each in ended if (made := _applied_section(each))]
    # The approvals of the comment with the plans stay in it.
    room = TEXT_ROOM - max(0, len(ended) * APPROVAL - LONGEST)
    return comment(mark, (head, table, *show_sections(sections, room - size(head) - size(table))))


def _applied_section(ended: Ended[Applied]) -> Section | None:
    report = ended.value.report if ended.value else None
    if report is not None and ended.value is not None:
        head, *parts = applied_parts(ended.value.review, report)
        said = head.partition(": ")[2].partition(" (API")[0].replace("**", "")
        return parts_section(ended.environment, said, parts)
    return error_section(ended, _planned_now(ended.value.review) if ended.value else ())


def _planned_now(review: Review) -> list[str]:
    return [folded("What is planned now", PlanMarkdown(review).text(PLAN_ROOM, footer=False))]


def _mark(ended: Sequence[Ended[Any]], command: str, configuration: str | None) -> CommentMarker:
    names = tuple(each.environment for each in ended)
    return CommentMarker(name_set(names), command, configuration=configuration, several=Several(failed=names))


def drifts_markdown(ended: Sequence[Ended[Drift]], configuration: str | None = None) -> str:
    """What somebody changed outside in several environments, as one issue; one that can be closed if nothing was."""
    if (only := only_value(ended)) is not None:
        return drift_markdown(only)
    drifts = [each.value for each in ended if each.value]
    name = drifts[0].configuration if drifts else configuration
    is_open = any(each.value is None or is_news(each.value) for each in ended)
    changed = sum(len(each.objects) for each in drifts)
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

    table = make_table(
        ended, "| environment | drift |", cells, lambda each: len(each.value.objects) if each.value else 0
    )
    sections = [_drift_section(each) for each in drifts if each.objects or each.health]
    ways = [f"---\n\n{WAYS}"] if changed else []
    mark = _mark(ended, DRIFT if is_open else NO_DRIFT, name)
    return comment(mark, (head, table, *show_sections(sections, TEXT_ROOM - size(head) - size(table)), *ways))


def _drift_section(drift: Drift) -> Section:
    def text(room: int) -> str:
        return "\n\n".join(list(drift_parts(drift, room))[1:])

    objects = counted(len(drift.objects), "object")
    in_short = f"{objects} changed outside; {ALL_DRIFT}"
    return Section(
        f"<code>{drift.environment}</code>: {objects} changed outside",
        text(TEXT_ROOM),
        lambda room: text(room - AROUND) if room > AROUND * 2 else in_short,
    )
