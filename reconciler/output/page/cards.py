"""Changes as the page shows them: a card each, and of very many a line each, so that the page opens fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.model.plan import Action, Change
from reconciler.model.reports import Outcome, Review, Scope, Status, Verification
from reconciler.output.groups import Group, sentences, short_place, shown_fields
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


def facets(review: Review, groups: Iterable[Group], endings: Mapping[str, Ending]) -> Iterator[Facet]:
    """Those that tell these changes apart."""
    changes = [change for group in groups for change in group.changes]
    values = {
        "ending": Counter(endings[change.address].word for change in changes if change.address in endings),
        "action": Counter(change.action.value for change in changes),
        "kind": Counter(change.kind for change in changes),
        "causes": Counter(cause for change in changes for cause in _causes(change)),
        "scope": Counter(scope.value for change in changes if (scope := review.find_scope(change.address))),
    }
    every = (
        ("ending", "Outcome", [(each, each, label.sign) for each, label in STATUSES.items()]),
        ("action", "Action", [(each, each, SIGNS[each]) for each in ACTIONS]),
        ("kind", "Kind", [(each, each, "") for each in sorted(values["kind"])]),
        ("causes", "Cause", [(each, label.word, "") for each, label in CAUSES.items()]),
        ("scope", "Scope", [(each, each, "") for each in Scope]),
    )
    for name, title, choices in every:
        counts = values[name]
        present = [Choice(str(value), str(word), sign, counts[value]) for value, word, sign in choices if counts[value]]
        if present and len(changes) > 1:
            yield Facet(name, title, tuple(present))


ROOM = 600_000
"""Characters of fields in a page. What comes after that is shown without its fields."""
CARDS = 300
"""So many groups are shown whole; what comes after them is a line each, and what it does to people."""
LISTED = 2_000
"""So many groups are listed at all: a page of more opens slowly, and nobody reads it."""
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
class Member:
    """One change of several that are alike."""

    address: str
    name: str
    id: str
    ending: Ending | None


@dataclass(frozen=True, slots=True)
class Card:
    """One change, or several that are alike: these have a `title` and `members`, and no address.

    `filters`: what it is filtered by → its values. `unfolded`: whether its fields are open.
    """

    address: str
    title: str
    action: str
    sign: str
    name: str
    id: str
    place: str
    scope: str
    filters: Mapping[str, str]
    said: tuple[tuple[str, str], ...]
    needs: tuple[str, ...]
    fields: tuple[FieldView, ...] = ()
    more: str = ""
    unfolded: bool = False
    ending: Ending | None = None
    brief: bool = False
    members: tuple[Member, ...] = ()


def cards(review: Review, groups: Iterable[Group], endings: Mapping[str, Ending]) -> Iterator[Card]:
    """A card for each group. After the first `CARDS`, a card is one line."""
    room = ROOM
    for number, group in enumerate(groups):
        change, every = group.first, shown_fields(review, group.first)
        fields: tuple[FieldView, ...] = ()
        more = ""
        if number < CARDS and room > 0:
            fields = tuple(field_view(change, field, review.plan.labels) for field in every[:FIELDS])
            room -= sum(field.size for field in fields)
        if len(fields) < len(every):
            more = f"{len(every) - len(fields)} more fields are not in this page; --format json has them"
        card = _card(review, group, fields, more, endings)
        yield card if number < CARDS or card.members else _line(card)


def _line(card: Card) -> Card:
    """The card as one line: where it is, and what is grave about it."""
    grave = tuple(each for each in card.said if each[0] in GRAVE)
    return replace(card, brief=True, id="", needs=(), said=grave, more="")


def _card(
    review: Review, group: Group, fields: tuple[FieldView, ...], more: str, endings: Mapping[str, Ending]
) -> Card:
    change, is_alone = group.first, len(group.changes) == 1
    place = review.find_place(change.address)
    scopes = dict.fromkeys(scope.value for each in group.addresses if (scope := review.find_scope(each)))
    return Card(
        address=change.address if is_alone else "",
        title="" if is_alone else group.title(),
        action=change.action.value,
        sign=SIGNS[change.action],
        name="" if change.action is Action.FORGET else change.name,
        id=change.id or "",
        place=(short_place(place) if place else "") if is_alone else group.written_at(),
        scope=", ".join(scopes),
        filters={
            "action": change.action.value,
            "kind": "|".join(dict.fromkeys(each.kind for each in group.changes)),
            "causes": "|".join(_causes(change)),
            "scope": "|".join(scopes),
            "ending": "|".join(dict.fromkeys(endings[each].word for each in group.addresses if each in endings)),
        },
        said=tuple(
            (weight.value if weight else "", truncate(text, LONGEST)) for weight, text in sentences(review, group)
        ),
        needs=change.depends_on if is_alone else (),
        fields=fields,
        more=more,
        unfolded=change.action not in (Action.CREATE, Action.DELETE)
        or (len(change.fields) <= FEW_FIELDS and len(review.plan.changes) <= FEW_CHANGES),
        ending=endings.get(change.address) if is_alone else None,
        members=()
        if is_alone
        else tuple(Member(each.address, each.name, each.id or "", endings.get(each.address)) for each in group.changes),
    )


def _causes(change: Change) -> dict[str, None]:
    """Why it is made, each once."""
    return dict.fromkeys(field.cause.value for field in change.fields)


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
