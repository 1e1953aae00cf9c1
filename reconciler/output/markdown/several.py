"""The comment of several environments, as one: a table, and a section for each environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from reconciler.errors import NotBegun
from reconciler.model import approval
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, Ended, Review, Status, get_only_value
from reconciler.model.results import Drift
from reconciler.output.environments import describe_failure, find_shared, list_reports, summarise_drift, summarise_plan
from reconciler.output.groups import find_groups
from reconciler.output.labels import ACTIONS, count_changes, find_shared_api, format_api, name_api
from reconciler.output.markdown import plan, reports
from reconciler.output.markdown.plan import FULL_PLAN, TEXT_LIMIT, GroupMarkdown, describe_plan
from reconciler.output.markdown.words import code, count_words, fold, measure, name_place, prose, strong, take
from reconciler.text import COUNTED, abridge, format_count, share_out

T = TypeVar("T")
LEAST_PLAN = 6_000  # bytes: with fewer, the deletes of a plan are listed, and all else is counted
MOST_NAMED = 30  # environments that a heading names
APPROVAL = 160  # bytes that the approval of an environment takes in the mark, about
OPEN = 3  # more environments than this are folded
TABLE_LIMIT = 14_000  # bytes of the table: most of TEXT_LIMIT is left for the plans
AROUND = 700  # bytes of what stands around the text of an environment, or of a set of them
LEAST = 350  # bytes that the shortest text of an environment takes, about
LONGEST_ERROR = 200  # characters of an error in the table
FULL = "the full answer is in this run's artefact, or comes with `--format json`"


class Section(NamedTuple):
    """The text of an environment below the table. `make` shortens it to about so many bytes."""

    environment: str
    summary: str
    text: str
    make: Callable[[int], str]


def count_failed(ended: Sequence[Ended[Any]]) -> str:
    """How many environments have no answer."""
    not_begun = sum(isinstance(each.error, NotBegun) for each in ended)
    failed = sum(each.value is None and bool(each.error) for each in ended) - not_begun
    left_out = sum(bool(each.left_out) for each in ended)
    counts = count_words([(failed, "failed", True), (not_begun, "not begun", True), (left_out, "left out", False)])
    return f"; environments: {counts}" if counts else ""


def make_table(
    ended: Sequence[Ended[T]], head: str, cells: Callable[[T], Sequence[str]], weights: Mapping[str, int]
) -> str:
    """A row for each environment, as many as fit. If some do not, those with an error or a weight come first, and a
    sentence sums up the others. `weights`: environment → how many of its objects need a look."""
    rows, show = {}, partial(prose, longest=LONGEST_ERROR)
    for each in ended:
        columns = [describe_failure(each, strong, show)] if each.value is None else cells(each.value)
        texts = (cell.replace("|", "\\|").replace("\n", " ") for cell in (code(each.environment), *columns))
        rows[each.environment] = " | ".join(texts)
    if sum(map(measure, rows.values())) > TABLE_LIMIT:
        ended = sorted(ended, key=lambda each: not (each.error or weights.get(each.environment)))
    remaining, lines = TABLE_LIMIT, [head, "|---" * (head.count("|") - 1) + "|"]
    for at, each in enumerate(ended):
        remaining -= measure(rows[each.environment]) + len("|  |\n")
        if remaining < 0:
            rest = ended[at:]
            failed = sum(bool(each.error) for each in rest)
            grave = sum(weights.get(each.environment, 0) for each in rest)
            counts = count_words([(failed, "of them failed", True), (grave, "objects to look at", True)])
            return "\n".join(lines) + f"\n\n… and {len(rest):,} more environments" + (f": {counts}" if counts else "")
        lines.append(f"| {rows[each.environment]} |")
    return "\n".join(lines)


def make_section(environment: str, summary: str, parts: Sequence[str]) -> Section:
    """The section of an environment. If its paragraphs do not fit, the last ones are left out."""

    def make(limit: int) -> str:
        return "\n\n".join(take(parts, limit - AROUND, reports.REST))

    return Section(environment, summary, "\n\n".join(parts), make)


def list_failed(ended: Iterable[Ended[Any]]) -> Iterator[Section]:
    """Why environments failed, and what to do. One that was not begun has nothing to say; of an apply that failed
    before its first change, the plan is shown, too."""
    for each in ended:
        if each.error is not None and not isinstance(each.error, NotBegun):
            parts = list(reports.list_error_parts(each.error))
            if isinstance(each.value, Applied):
                parts.append(fold("What is planned now", describe_plan(each.value.review, reports.PLAN_LIMIT)))
            yield make_section(each.environment, "failed", parts)


def show_sections(sections: Sequence[Section], limit: int) -> Iterator[str]:
    """What is said of each environment, folded if they are many."""
    shown = {f"<code>{each.environment}</code>: {each.summary}": each for each in sections if each.text}
    most = max(0, limit) // (max(map(measure, shown)) + LEAST) if shown else 0
    left = len(shown) - most
    heads = list(shown)[:most]
    limits = share_out(limit - sum(measure(head) + 60 for head in heads), [measure(shown[head].text) for head in heads])
    for head, own in zip(heads, limits, strict=True):
        each = shown[head]
        text = each.text if measure(each.text) <= own else each.make(own)
        heading = f"`{each.environment}`: {each.summary}"
        yield fold(head, text) if len(sections) > OPEN else f"### {heading}\n\n{text}"
    if left > 0:
        yield strong(f"{left:,} more environments are not shown here") + f": {FULL}."


def render_all_applied(ended: Sequence[Ended[Applied]], configuration: str | None = None) -> str:
    """What an apply did of several plans, as one comment. The mark has no approval, as that of one plan."""
    if (only := get_only_value(ended)) is not None and only.report is not None:
        return reports.render_applied(only.review, only.report)
    name = next((each.value.review.plan.configuration for each in ended if each.value), configuration)
    # One that failed in the middle has a report, and its changes are counted.
    ends = list_reports(ended)
    totals = Counter[Status]()
    for end in ends:
        totals.update(end.value.counts() if end.value else {})
    counts = reports.count_statuses(totals) or "nothing to do"
    without = count_failed([each for each in ends if not each.value])
    head = f"Applied to {name_place(len(ended), name)}: {counts}{without}"
    failed = {each.environment: int(bool(each.exit_code)) for each in ended}
    table = make_table(ends, "| environment | end |", lambda report: [reports.count_ends(report)], failed)
    sections: list[Section] = []
    for each in ended:
        if each.value is None or each.value.report is None:
            sections += list_failed([each])
            continue
        title, *parts = reports.list_applied_parts(each.value.review, each.value.report)
        summary = title.partition(": ")[2].partition(" (API")[0].replace("**", "")
        sections.append(make_section(each.environment, summary, parts))
    # The approvals of the comment with the plans stay in it.
    limit = TEXT_LIMIT - max(0, len(ended) * APPROVAL - approval.LONGEST)
    shown = show_sections(sections, limit - measure(head) - measure(table))
    marker = reports.mark_several([each.environment for each in ended], "apply", name)
    return reports.render_comment(marker, (head, table, *shown))


def render_drifts(ended: Sequence[Ended[Drift]], configuration: str | None = None) -> str:
    """What somebody changed outside in several environments, as one issue; one that can be closed if nothing was."""
    if (only := get_only_value(ended)) is not None:
        return reports.render_drift(only)
    drifts = [each.value for each in ended if each.value]
    name = drifts[0].configuration if drifts else configuration
    is_open = any(each.value is None or reports.is_news(each.value) for each in ended)
    changes = {each.environment: len(each.value.objects) for each in ended if each.value}
    changed = sum(changes.values())
    of = f"of {sum(each.compared for each in drifts):,} remembered"
    counts = strong(f"{format_count(changed, 'object')} changed outside")
    summary = f"{counts}, {of}" if changed else f"nothing {of} was changed"
    head = f"Drift in {name_place(len(ended), name)}: {summary}{count_failed(ended)}"
    table = make_table(ended, "| environment | drift |", lambda drift: [summarise_drift(drift, strong)], changes)
    sections = [_make_drift_section(each) for each in drifts if each.objects or each.health]
    shown = show_sections(sections, TEXT_LIMIT - measure(head) - measure(table))
    names = [each.environment for each in ended]
    marker = reports.mark_several(names, approval.DRIFT if is_open else approval.NO_DRIFT, name)
    return reports.render_comment(marker, (head, table, *shown, *([reports.WAYS] if changed else [])))


def _make_drift_section(drift: Drift) -> Section:
    def text(limit: int) -> str:
        return "\n\n".join(list(reports.list_drift_parts(drift, limit))[1:])

    objects = format_count(len(drift.objects), "object")
    in_short = f"{objects} changed outside; {reports.ALL_DRIFT}"

    def make(limit: int) -> str:
        return text(limit - AROUND) if limit > AROUND * 2 else in_short

    return Section(drift.environment, f"{objects} changed outside", text(TEXT_LIMIT), make)


def render_plans(ended: Sequence[Ended[Review]], configuration: str | None = None) -> str:
    """The plans as one comment. `configuration`: its name, if no plan says it."""
    if (only := get_only_value(ended)) is not None:
        return plan.render_plan(only)
    made = [each.value for each in ended if each.value]
    first = made[0] if made else None
    plans = {each.environment: each.value.plan if each.value else None for each in ended if not each.left_out}
    name = first.plan.configuration if first else configuration
    left_out = [each.environment for each in ended if each.left_out]
    commit, base = (first.commit, first.base) if first else ("", "")
    marker = approval.make_joint_marker(plans, left_out, commit, base, name)
    limit = TEXT_LIMIT - max(0, len(approval.format_marker(marker)) - approval.LONGEST)
    totals: Counter[str] = Counter()
    for each in made:
        totals.update(each.plan.summary())
    counts = count_words((totals[action], label.phrase, action in DESTROYS) for action, label in ACTIONS.items())
    api = find_shared_api(each.plan for each in made)
    note = format_api(api or "", code)
    head = f"Plans for {name_place(len(ended), name)}: {counts or 'no changes'}{count_failed(ended)}{note}"
    destroyed = {each.plan.environment: sum(one.action in DESTROYS for one in each.plan.changes) for each in made}

    def cells(review: Review) -> tuple[str, str]:
        summary, look_at = summarise_plan(review, strong, prose)
        own_api = name_api(review.plan.api) if api is None else ""
        return summary + (f"<br>{code(own_api, 60)}" if own_api else ""), look_at

    table = make_table(ended, "| environment | plan | look at |", cells, destroyed)
    end = plan.render_footer(made, approval.join_digests(approval.collect_digests(ended)), is_joint=True)
    groups = {each.plan.environment: [GroupMarkdown(one, has_ids=False) for one in find_groups(each)] for each in made}
    shared = find_shared(groups, key=lambda each: each.texts[0])
    left = limit - sum(measure(part) + 2 for part in (head, table, end))
    common = list(_render_common(shared, left // 2))
    left -= sum(measure(part) + 2 for part in common)
    sections = []
    for each in made:
        own = (one.group for names, alike in shared.items() if each.plan.environment in names for one in alike)
        elsewhere = frozenset(address for group in own for address in group.addresses)
        sections.append(_make_plan_section(each, elsewhere))
    sections += list_failed(each for each in ended if not each.value)
    return reports.render_comment(marker, (head, table, *common, *show_sections(sections, left), end))


def _render_common(shared: Mapping[tuple[str, ...], list[GroupMarkdown]], limit: int) -> Iterator[str]:
    """The changes that several environments share, in about `limit` bytes."""
    needs = [sum(each.sizes[0] for each in changes) for changes in shared.values()]
    limits = share_out(limit - AROUND * len(shared), needs)
    for (names, changes), own in zip(shared.items(), limits, strict=True):
        yield f"### In {len(names)} environments\n\n{abridge(map(code, names), MOST_NAMED, COUNTED)}"
        yield from plan.render_sections(changes, [], own)[0]


def _make_plan_section(review: Review, elsewhere: frozenset[str]) -> Section:
    def text(limit: int) -> str:
        return describe_plan(review, limit, elsewhere).partition("\n\n")[2]

    def make(limit: int) -> str:
        made = text(limit) if limit >= LEAST_PLAN else ""
        return made if made and measure(made) <= limit else _shorten_plan(review, elsewhere, limit)

    here = elsewhere & {change.address for change in review.plan.changes}
    note = f"{format_count(len(here), 'change')} as shown above, for several environments" if here else ""
    whole = text(TEXT_LIMIT * 2)
    shown_text = f"{whole}\n\n{note}" if whole and note else whole
    return Section(review.plan.environment, count_changes(review.plan), shown_text, make)


def _shorten_plan(review: Review, shown: frozenset[str], limit: int) -> str:
    """The deletes of a plan by address, and all else counted."""
    own = [change for change in review.plan.changes if change.address not in shown]
    deleted = [code(change.address, 100) for change in own if change.action in DESTROYS]
    counts = Counter(change.action for change in own if change.action not in DESTROYS)
    left = [f"{counts[action]:,} {label.phrase}" for action, label in ACTIONS.items() if counts[action]]
    left += [format_count(len(review.tasks), "step by hand")] if review.tasks else []
    left += [format_count(len(review.plan.warnings), "warning")] if review.plan.warnings else []
    listed = ", ".join(take(deleted, limit - AROUND, FULL_PLAN))
    lines = [f"{strong(f'{len(deleted):,} to delete or replace')}: {listed}"] if deleted else []
    lines += [f"Not shown here: {', '.join(left)}; {FULL_PLAN}."] if left else []
    return "\n\n".join(lines)
