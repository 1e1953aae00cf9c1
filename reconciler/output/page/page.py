"""A plan, and what became of it, as one HTML file that needs nothing else: no network, no script to be read."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from reconciler import __version__
from reconciler.model.plan import Plan
from reconciler.model.reports import ApplyReport, Review, Status, Weight
from reconciler.output.graph import SvgGraph
from reconciler.output.graph.references import make_graph
from reconciler.output.graph.text import SMALL, states
from reconciler.output.groups import Group, find_groups, grouped_tasks, kinds_of, new_by_kind, sentences
from reconciler.output.labels import ACTIONS, GRAVE, STATUSES, UNMANAGED, WEIGHTS, title, unusual_api
from reconciler.output.page.cards import CARDS, LISTED, LONGEST, SIGNS, cards, ending_of, facets
from reconciler.output.terminal import escape
from reconciler.output.values import ignored_sentences, waiting_line
from reconciler.text import counted, truncate


def page_html(name: str, style: str, script: str, **values: Any) -> str:
    """The template of that name with these values in it. Each is escaped, and what hides or turns the writing is shown
    as an escape.

    The page's policy lets its own style sheet and its own script run, known by their hashes, and nothing else: no
    attribute, no address and no other script, wherever a name may have smuggled one in.
    """
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template(name).render(values, style=Markup(style), script=Markup(script), policy=policy)  # noqa: S704 - our own files


@cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_escaped
    )
    return environment.from_string(read_part(name))


def _escaped(value: Any) -> Any:
    """What stands in the page of a value; Jinja2 escapes it after this."""
    return value if isinstance(value, Markup) else escape("" if value is None else str(value))


def read_part(name: str) -> str:
    """A file that the page is made of."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


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
        "page.html",
        read_part("page.css"),
        read_part("page.js"),
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
    picture, used = SvgGraph(graph, linked=True), states(graph)
    return {
        "graph": graph,
        "picture": Markup(str(picture)),  # noqa: S704 - we drew it, of texts that are escaped in it already
        "picture_open": len(graph.nodes) <= SMALL,
        "picture_left": picture.left_out,
        "legend": [(word, SIGNS.get(word, ""), "not managed here" if word == UNMANAGED else word) for word in used],
    }
