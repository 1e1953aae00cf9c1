"""Changes as the page shows them: a card each, and of very many a line each, so that the page opens fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.plan import Action, Change
from reconciler.model.reports import ApplyReport, Impact, Outcome, Review, Scope, Status, Verification
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, STATUSES
from reconciler.output.page.values import FieldView, field_view
from reconciler.text import truncate


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
    kinds = sorted({card.kind for card in cards})
    every = (
        ("ending", "Outcome", [(each, each, label.sign) for each, label in STATUSES.items()]),
        ("action", "Action", [(each, each, SIGNS[each]) for each in ACTIONS]),
        ("kind", "Kind", [(each, each, "") for each in kinds]),
        ("causes", "Cause", [(each, label.word, "") for each, label in CAUSES.items()]),
        ("scope", "Scope", [(each, each, "") for each in Scope]),
    )
    values = {
        "ending": Counter(card.ending.word for card in cards if card.ending),
        "action": Counter(card.action for card in cards),
        "kind": Counter(card.kind for card in cards),
        "causes": Counter(cause for card in cards for cause in card.causes),
        "scope": Counter(card.scope for card in cards),
    }
    for name, title, choices in every:
        counts = values[name]
        present = [Choice(str(value), str(word), sign, counts[value]) for value, word, sign in choices if counts[value]]
        if present:
            yield Facet(name, title, tuple(present))


ROOM = 600_000
"""Characters of fields in a page. What comes after that is shown without its fields."""
CARDS = 300
"""So many changes are shown whole; what comes after them is a line each, and what it does to people."""
LISTED = 2_000
"""So many changes are listed at all: a page of more opens slowly, and nobody reads it."""
FIELDS = 60
"""Fields of one change."""
FEW_FIELDS = 10
FEW_CHANGES = 40
"""Up to so many, what is made and what goes away is unfolded too."""
LONGEST = 600
SIGNS = {action.value: label.sign.replace("-", "\N{MINUS SIGN}") for action, label in ACTIONS.items()}
"""A minus as wide as a plus."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a change ended. `mark` is its sign, `word` what it is filtered by, `reason` why, or what is still open."""

    mark: str
    word: str
    reason: str
    request_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One change. `causes` are why it is made, `scope` whose doing it is, `unfolded` whether its fields are open."""

    address: str
    kind: str
    action: str
    sign: str
    name: str
    id: str
    place: str
    scope: str
    causes: tuple[str, ...]
    impacts: tuple[Impact, ...]
    notes: tuple[str, ...]
    needs: tuple[str, ...]
    fields: tuple[FieldView, ...] = ()
    more: str = ""
    unfolded: bool = False
    ending: Ending | None = None
    brief: bool = False


def cards(review: Review, report: ApplyReport | None) -> Iterator[Card]:
    """A card for each change in the plan's order, the first `LISTED` of them."""
    endings = {outcome.address: ending_of(outcome) for outcome in report.outcomes} if report else {}
    room = ROOM
    for number, change in enumerate(review.plan.changes[:LISTED]):
        fields: tuple[FieldView, ...] = ()
        more = ""
        if number < CARDS and room > 0:
            fields = tuple(field_view(change, field, review.plan.labels) for field in change.fields[:FIELDS])
            room -= sum(field.size for field in fields)
        if len(fields) < len(change.fields):
            more = f"{len(change.fields) - len(fields)} more fields are not in this page; --format json has them"
        card = _card(review, change, fields, more, endings.get(change.address))
        yield card if number < CARDS else _line(card)


def _line(card: Card) -> Card:
    """The card as one line: where it is, and what is grave about it."""
    grave = tuple(impact for impact in card.impacts if impact.weight in GRAVE)
    return replace(card, brief=True, id="", needs=(), notes=(), impacts=grave, more="")


def _card(review: Review, change: Change, fields: tuple[FieldView, ...], more: str, ending: Ending | None) -> Card:
    address, scope = change.address, review.find_scope(change.address)
    return Card(
        address=address,
        kind=change.kind,
        action=change.action.value,
        sign=SIGNS[change.action],
        name="" if change.action is Action.FORGET else change.name,
        id=change.id or "",
        place=_place(review, address),
        scope=scope.value if scope else "",
        causes=tuple(dict.fromkeys(field.cause.value for field in change.fields)),
        impacts=tuple(Impact(each.weight, truncate(each.text, LONGEST)) for each in review.impacts.get(address, ())),
        notes=tuple(truncate(note, LONGEST) for note in review.remarks_on(change)),
        needs=change.depends_on,
        fields=fields,
        more=more,
        unfolded=change.action not in (Action.CREATE, Action.DELETE)
        or (len(change.fields) <= FEW_FIELDS and len(review.plan.changes) <= FEW_CHANGES),
        ending=ending,
    )


def ending_of(outcome: Outcome) -> Ending:
    """How a change ended, in words."""
    reason = outcome.reason or (f"because of {outcome.because_of}" if outcome.because_of else "")
    mark, word = STATUSES[outcome.status].sign, outcome.status.value
    if outcome.status is Status.DONE and outcome.verification is Verification.VERIFIED:
        reason = reason or "read back and verified"
    elif outcome.status is Status.DONE and outcome.verification is not None:
        mark, reason = "?", ": ".join(text for text in (f"done, but {outcome.verification.value}", reason) if text)
    elif outcome.status is Status.MANUAL:
        reason = reason or "still to be done by a person"
    return Ending(mark, word, truncate(reason, LONGEST), outcome.request_ids)


def _place(review: Review, address: str) -> str:
    place = review.find_place(address)
    return f"{place.file}:{place.line}" if place else ""
