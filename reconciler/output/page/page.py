"""A plan, and what became of it, as one HTML file that needs nothing else: no network, no script to be read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler import __version__
from reconciler.model.plan import Plan
from reconciler.model.reports import ApplyReport, Review, Status, Weight
from reconciler.output.graph.references import make_graph
from reconciler.output.graph.svg import picture
from reconciler.output.graph.text import SMALL, states
from reconciler.output.groups import Group, find_groups, grouped_tasks, kinds_of, new_by_kind, sentences
from reconciler.output.labels import ACTIONS, GRAVE, STATUSES, UNMANAGED, WEIGHTS, title, unusual_api
from reconciler.output.page import page_html
from reconciler.output.page.cards import CARDS, LISTED, LONGEST, SIGNS, cards, ending_of, facets
from reconciler.output.values import ignored_sentences, waiting_line
from reconciler.text import counted, truncate

FIRST = 8
"""As many of the gravest impacts stand at the top."""
NAMED = 3
Tile = tuple[str, str, int, str]
"""A number of the summary: its style, its sign, the number, and what it is of."""


def page(review: Review, report: ApplyReport | None = None) -> str:
    """A plan as one HTML file; or with a `report` what became of it: each change with how it ended, and the receipt."""
    plan, groups = review.plan, find_groups(review)
    listed = groups[:LISTED]
    endings = {outcome.address: ending_of(outcome) for outcome in report.outcomes} if report else {}
    headline, tiles = _applied(report) if report else _planned(plan)
    return page_html(
        noun="Apply" if report else "Plan",
        title=headline,
        # A number stays with its words where the line breaks.
        headline=", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in headline.split(", ")),
        applied_at=datetime.fromisoformat(report.receipt.at) if report and report.receipt else None,
        plan=plan,
        api=unusual_api(plan.api),
        commit=review.commit,
        base=review.base,
        at=review.at.astimezone(UTC) if review.at else None,
        tiles=tiles,
        report=report,
        grave=_gravest(review, groups),
        tasks=grouped_tasks(review),
        warnings=(*map(waiting_line, plan.waiting), *plan.warnings, *(report.warnings if report else ())),
        cards=list(cards(review, listed, endings)),
        new=[(group.title(), list(sentences(review, group))) for group in new_by_kind(groups)],
        facets=list(facets(review, listed, endings)),
        folded=_folded(groups),
        ignored=ignored_sentences(plan.ignored, plan.labels),
        marks={weight.value: label.sign for weight, label in WEIGHTS.items()},
        counted=counted,
        truncate=truncate,
        version=__version__,
        **_graph(review),
    )


def _planned(plan: Plan) -> tuple[str, list[Tile]]:
    text, summary = title(plan), plan.summary()
    tiles = [(str(each), SIGNS[each], summary[each], label.phrase) for each, label in ACTIONS.items() if summary[each]]
    return text[:1].upper() + text[1:], tiles


def _applied(report: ApplyReport) -> tuple[str, list[Tile]]:
    counts = {status: len(report.of(status)) for status in Status if report.of(status)}
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    tiles = [(f"ended-{each}", STATUSES[each].sign, number, str(each)) for each, number in counts.items()]
    return f"Applied: {said or 'nothing to do'}", tiles


def _gravest(review: Review, groups: Sequence[Group]) -> list[tuple[str, str, list[str], int]]:
    """What somebody loses or risks, the gravest first, then in the order of the page; said once if many do the same.
    Each with some of the addresses that have it, and how many more do."""
    found: dict[tuple[Weight, str], list[str]] = defaultdict(list)
    for group in groups:
        for weight, text in sentences(review, group):
            if weight in GRAVE:
                found[weight, truncate(text, LONGEST)] += group.addresses
    if len(found) > FIRST:
        found = _by_weight(found)
    graves = [(*said, addresses[:NAMED], len(addresses) - NAMED) for said, addresses in found.items()]
    return sorted(graves, key=lambda grave: GRAVE.index(Weight(grave[0])))


def _by_weight(found: Mapping[tuple[Weight, str], list[str]]) -> dict[tuple[Weight, str], list[str]]:
    """The same with one sentence for each weight that has many: `40 reports stop`."""
    texts = Counter(weight for weight, _ in found)
    result: dict[tuple[Weight, str], list[str]] = defaultdict(list)
    for (weight, text), addresses in found.items():
        result[weight, text if texts[weight] <= NAMED else ""] += addresses
    return {
        (weight, text or f"{kinds_of(addresses)} {WEIGHTS[weight].phrase}"): addresses
        for (weight, text), addresses in result.items()
    }


def _folded(groups: Sequence[Group]) -> list[str]:
    """What this page leaves out of the changes, in sentences."""
    said = []
    if len(groups) > CARDS:
        brief = min(LISTED, len(groups)) - CARDS
        said.append(f"The first {CARDS} entries are shown whole; {brief:,} more have a line each.")
    if left := [change for group in groups[LISTED:] for change in group.changes]:
        counts = Counter(change.action for change in left)
        words = ", ".join(f"{counts[action]:,} {label.phrase}" for action, label in ACTIONS.items() if counts[action])
        said.append(f"{len(left):,} more are not in this page: {words}.")
    return said


def _graph(review: Review) -> Mapping[str, Any]:
    graph = make_graph(review.plan, review.desired, review.live)
    return {
        "graph": graph,
        "picture": picture(graph, is_linked=True),
        "picture_open": len(graph.nodes) <= SMALL,
        "legend": [
            (word, SIGNS.get(word, ""), "not managed here" if word == UNMANAGED else word) for word in states(graph)
        ],
    }
