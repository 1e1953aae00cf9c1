"""The page's two classes: what is planned, and what was done."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from reconciler import __version__
from reconciler.model.reports import ApplyReport, Review, Status, Weight
from reconciler.output.graph import SvgGraph
from reconciler.output.graph.references import make_graph
from reconciler.output.graph.text import SMALL, states
from reconciler.output.groups import Group, find_groups, new_by_kind, sentences
from reconciler.output.labels import ACTIONS, GRAVE, STATUSES, UNMANAGED, WEIGHTS, title
from reconciler.output.page.cards import CARDS, LISTED, LONGEST, SIGNS, cards, ending_of, facets
from reconciler.output.terminal import escape
from reconciler.text import counted, truncate


def page_html(**values: Any) -> str:
    """The page with these values in it. Each is escaped, and what hides or turns the writing is shown as an escape.

    The page's policy lets its own style sheet and its own script run, known by their hashes, and nothing else: no
    attribute, no address and no other script, wherever a name may have smuggled one in.
    """
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template().render(values, style=Markup(style), script=Markup(script), policy=policy)  # noqa: S704 - our own files


def drawn(svg: str) -> Markup:
    """A picture that we drew ourselves, of texts that are escaped in it already."""
    return Markup(svg)  # noqa: S704 - as it says


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_escaped
    )
    return environment.from_string(_part("page.html"))


def _escaped(value: Any) -> Any:
    """What stands in the page of a value; Jinja2 escapes it after this."""
    return value if isinstance(value, Markup) else escape("" if value is None else str(value))


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


FIRST = 8
"""As many of the gravest impacts stand at the top."""
NAMED = 3
LISTED_TASKS, LISTED_WARNINGS, LISTED_UNMANAGED = 300, 100, 300


class Tile(NamedTuple):
    """One number of the summary."""

    style: str
    sign: str
    number: int
    word: str


class Grave(NamedTuple):
    """An impact that is said at the top, some of the addresses that have it, and how many more do."""

    weight: Weight
    text: str
    addresses: list[str]
    left: int


class PlanPage:
    """A plan as one HTML file."""

    noun = "Plan"

    def __init__(self, review: Review) -> None:
        self._review = review

    def __str__(self) -> str:
        return page_html(**self._values())

    def _title(self) -> str:
        text = title(self._review.plan)
        return text[:1].upper() + text[1:]

    def _tiles(self) -> list[Tile]:
        summary = self._review.plan.summary()
        return [
            Tile(action.value, SIGNS[action], summary[action.value], label.phrase)
            for action, label in ACTIONS.items()
            if summary[action.value]
        ]

    def _report(self) -> ApplyReport | None:
        return None

    def _values(self) -> dict[str, Any]:
        review, plan, report = self._review, self._review.plan, self._report()
        every = find_groups(review)
        groups = every[:LISTED]
        endings = {outcome.address: ending_of(outcome) for outcome in report.outcomes} if report else {}
        grave = _gravest(review, every)
        warnings = (*plan.warnings, *(report.warnings if report else ()))
        return {
            "noun": self.noun,
            "title": self._title(),
            # A number stays with its words where the line breaks.
            "headline": ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in self._title().split(", ")),
            "applied_at": datetime.fromisoformat(report.receipt.at) if report and report.receipt else None,
            "plan": plan,
            "commit": review.commit,
            "base": review.base,
            "at": review.at.astimezone(UTC) if review.at else None,
            "tiles": self._tiles(),
            "unchanged": len(plan.unchanged),
            "report": report,
            "first": grave[:FIRST],
            "grave_left": len(grave) - FIRST,
            "tasks": _first(review.tasks, LISTED_TASKS),
            "tasks_left": len(review.tasks) - LISTED_TASKS,
            "warnings": _first(warnings, LISTED_WARNINGS),
            "warnings_left": len(warnings) - LISTED_WARNINGS,
            "cards": list(cards(review, groups, endings)),
            "new": [(group.title(), list(sentences(review, group))) for group in new_by_kind(every)],
            "facets": list(facets(review, groups, endings)),
            "folded": _folded(every),
            "unmanaged": plan.unmanaged[:LISTED_UNMANAGED],
            "unmanaged_left": len(plan.unmanaged) - LISTED_UNMANAGED,
            "marks": {weight.value: label.sign for weight, label in WEIGHTS.items()},
            "counted": counted,
            "version": __version__,
            **_graph(review),
        }


class AppliedPage(PlanPage):
    """What became of a plan, as one HTML file: each change with how it ended, and the receipt."""

    noun = "Apply"

    def __init__(self, review: Review, report: ApplyReport) -> None:
        super().__init__(review)
        self._done = report

    def _title(self) -> str:
        counts = [f"{len(self._done.of(status))} {status.value}" for status in Status if self._done.of(status)]
        return f"Applied: {', '.join(counts) or 'nothing to do'}"

    def _tiles(self) -> list[Tile]:
        return [
            Tile(f"ended-{status.value}", STATUSES[status].sign, len(self._done.of(status)), status.value)
            for status in Status
            if self._done.of(status)
        ]

    def _report(self) -> ApplyReport:
        return self._done


def _first(texts: tuple[str, ...], limit: int) -> list[str]:
    return [truncate(text, 1000) for text in islice(texts, limit)]


def _gravest(review: Review, groups: Sequence[Group]) -> list[Grave]:
    """What somebody loses or risks, the gravest first, then in the order of the page; said once if many do the same."""
    found: dict[tuple[Weight, str], list[str]] = defaultdict(list)
    for group in groups:
        for weight, text in sentences(review, group):
            if weight in GRAVE:
                found[weight, truncate(text, LONGEST)] += group.addresses
    graves = [Grave(*said, addresses[:NAMED], len(addresses) - NAMED) for said, addresses in found.items()]
    return sorted(graves, key=lambda grave: GRAVE.index(grave.weight))


def _folded(groups: Sequence[Group]) -> list[str]:
    """What this page leaves out of the changes, in sentences."""
    said = []
    if len(groups) > CARDS:
        said.append(f"The first {CARDS} are shown whole, the next {min(LISTED, len(groups)) - CARDS:,} in a line each.")
    if left := [change for group in groups[LISTED:] for change in group.changes]:
        counts = Counter(change.action for change in left)
        words = ", ".join(f"{counts[action]:,} {label.phrase}" for action, label in ACTIONS.items() if counts[action])
        said.append(f"{len(left):,} more are not in this page: {words}.")
    return said


def _graph(review: Review) -> Mapping[str, Any]:
    graph = make_graph(review.plan, review.desired, review.live)
    picture = SvgGraph(graph, linked=True)
    used = states(graph)
    return {
        "picture": drawn(str(picture)) if graph.nodes else None,
        "picture_open": len(graph.nodes) <= SMALL,
        "picture_left": picture.left_out,
        "legend": [(word, SIGNS.get(word, ""), "not managed here" if word == UNMANAGED else word) for word in used],
        "drops": bool(graph.dropped),
        "nodes": len(graph.nodes),
        "edges": [*((*edge, False) for edge in graph.edges), *((*edge, True) for edge in graph.dropped)][:LISTED_TASKS],
        "edges_left": len(graph.edges) + len(graph.dropped) - LISTED_TASKS,
    }
