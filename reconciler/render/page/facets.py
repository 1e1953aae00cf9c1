"""What the page's changes can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.apply_report import Status
from reconciler.model.plan import Action, Cause
from reconciler.model.review import Scope
from reconciler.render.page.cards import MARKS, Card, signs
from reconciler.render.wording import ORDER

CAUSE_WORDS = {
    Cause.CONFIG: "configuration",
    Cause.DRIFT: "drift",
    Cause.BOTH: "both",
    Cause.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value: what it is called, its sign, and how many changes have it."""

    value: str
    word: str
    sign: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """One thing to filter by, named as in the page's `data-` attributes."""

    name: str
    title: str
    choices: tuple[Choice, ...]


def facets(cards: Sequence[Card]) -> Iterator[Facet]:
    """Those that tell these changes apart."""
    marks = {status.value: mark for status, mark in MARKS.items()}
    told = {cause.value: word for cause, word in CAUSE_WORDS.items()}
    every = (
        _facet("ending", "Outcome", (card.ending.word for card in cards if card.ending), [*Status], marks),
        _facet("action", "Action", (card.action for card in cards), [Action(each) for each in ORDER], dict(signs())),
        _facet("kind", "Kind", (card.kind for card in cards), sorted({card.kind for card in cards}), {}),
        _facet("causes", "Cause", (cause for card in cards for cause in card.causes), [*Cause], {}, told),
        _facet("scope", "Scope", (card.scope for card in cards if card.scope), [*Scope], {}),
    )
    yield from (facet for facet in every if facet.choices)


def _facet(
    name: str,
    title: str,
    values: Iterable[str],
    order: Sequence[str],
    marks: dict[str, str],
    words: dict[str, str] | None = None,
) -> Facet:
    counts = Counter(values)
    return Facet(
        name,
        title,
        tuple(
            Choice(str(value), (words or {}).get(value, str(value)), marks.get(value, ""), counts[value])
            for value in order
            if counts[value]
        ),
    )
