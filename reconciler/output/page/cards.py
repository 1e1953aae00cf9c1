"""Changes as the page shows them: a card each, and of very many a line each, so that the page opens fast.

A card, a field, an ending and a facet are maps: only the template reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.model.reports import Outcome, Review, Scope, Status, Verification
from reconciler.output.groups import Group, sentences, short_place, shown_fields
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, STATUSES
from reconciler.output.values import Line, ValueDiff, plain
from reconciler.text import truncate

SHORT = 160
"""A value of so many characters stands on one line."""
LONGEST_LINE = 2000
"""Characters of a line of a value; beyond, it is cut and says so."""
LINES = 200
"""Lines of a value; beyond, it is cut and says so."""
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
View = dict[str, Any]
Endings = Mapping[str, View]
"""Address → how its change ended."""


def facets(review: Review, groups: Iterable[Group], endings: Endings) -> Iterator[View]:
    """What tells these changes apart, to filter by; named as in the page's `data-` attributes. A choice is a value,
    what it is called, its sign, and how many changes have it."""
    changes = [change for group in groups for change in group.changes]
    values = {
        "ending": Counter(endings[change.address]["word"] for change in changes if change.address in endings),
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
        present = [(value, word, sign, counts[value]) for value, word, sign in choices if counts[value]]
        if present and len(changes) > 1:
            yield {"name": name, "title": title, "choices": present}


def cards(review: Review, groups: Iterable[Group], endings: Endings) -> Iterator[View]:
    """A card for each group. After the first `CARDS`, a card is one line."""
    room = ROOM
    for number, group in enumerate(groups):
        every = shown_fields(review, group.first)
        is_whole = number < CARDS
        shown = every[:FIELDS] if is_whole and room > 0 else ()
        fields = [_field(group.first, field, review.plan.labels) for field in shown]
        room -= sum(map(_size, fields))
        more = ""
        if len(fields) < len(every):
            more = f"{len(every) - len(fields)} more fields are not in this page; --format json has them"
        card = _card(review, group, endings) | {"fields": fields, "more": more}
        yield card if is_whole or card["members"] else _line(card)


def _line(card: View) -> View:
    """The card as one line: where it is, and what is grave about it."""
    grave = [each for each in card["said"] if each[0] in GRAVE]
    return {**card, "brief": True, "id": "", "needs": (), "said": grave, "more": ""}


def _card(review: Review, group: Group, endings: Endings) -> View:
    """One change, or several that are alike: these have a `title` and `members`, and no address. `filters`: what it is
    filtered by → its values. `unfolded`: whether its fields are open."""
    change, is_alone = group.first, len(group.changes) == 1
    place = review.find_place(change.address)
    scopes = dict.fromkeys(scope.value for each in group.addresses if (scope := review.find_scope(each)))
    is_short = len(change.fields) <= FEW_FIELDS and len(review.plan.changes) <= FEW_CHANGES
    members = [
        {"address": each.address, "name": each.name, "id": each.id or "", "ending": endings.get(each.address)}
        for each in group.changes
    ]
    return {
        "address": change.address if is_alone else "",
        "title": "" if is_alone else group.title(),
        "action": change.action,
        "sign": SIGNS[change.action],
        "name": "" if change.action is Action.FORGET else change.name,
        "id": change.id or "",
        "place": (short_place(place) if place else "") if is_alone else group.written_at(),
        "scope": ", ".join(scopes),
        "filters": {
            "action": change.action,
            "kind": "|".join(dict.fromkeys(each.kind for each in group.changes)),
            "causes": "|".join(_causes(change)),
            "scope": "|".join(scopes),
            "ending": "|".join(dict.fromkeys(endings[each]["word"] for each in group.addresses if each in endings)),
        },
        "said": [(weight or "", truncate(text, LONGEST)) for weight, text in sentences(review, group)],
        "needs": change.depends_on if is_alone else (),
        "unfolded": is_short or change.action not in (Action.CREATE, Action.DELETE),
        "ending": endings.get(change.address) if is_alone else None,
        "brief": False,
        "members": [] if is_alone else members,
    }


def _field(change: Change, field: FieldChange, labels: Mapping[str, str]) -> View:
    """One field: `before` and `after` if both are short (None: there is nothing), else `lines`. `labels`: id → what
    people call it."""
    is_whole = change.action in (Action.CREATE, Action.DELETE)
    note = ", ".join(filter(None, (field.rule, "" if is_whole else CAUSES[field.cause].note)))
    cause = field.cause if note or field.cause is not Cause.CONFIG else ""
    before, after = (None if value is None else plain(value) for value in (field.before, field.after))
    is_nested = any(isinstance(value, dict | list) and value for value in (field.before, field.after))
    lines: list[Line] = []
    if is_nested or any(side and len(side) > SHORT for side in (before, after)):
        before, after, lines = None, None, list(ValueDiff(labels, LONGEST_LINE).lines(field.before, field.after))
    left = len(lines) - LINES
    more = f"{left} more lines are not in this page; --format json has them" if left > 0 else ""
    shown = {"before": before, "after": after, "lines": lines[:LINES], "more": more}
    return {"path": field.path, "cause": cause, "cause_note": note, **shown}


def _size(field: View) -> int:
    """Characters of a field, about."""
    texts = (field["path"], field["before"] or "", field["after"] or "", *(line.text for line in field["lines"]))
    return sum(len(text) + 40 for text in texts)


def _causes(change: Change) -> dict[str, None]:
    """Why it is made, each once."""
    return dict.fromkeys(field.cause.value for field in change.fields)


def ending_of(outcome: Outcome) -> View:
    """How a change ended. `mark` is its sign, `word` what it is filtered by, `reason` why, or what is still open."""
    reason = outcome.reason or (f"because of {outcome.because_of}" if outcome.because_of else "")
    mark, word = STATUSES[outcome.status].sign, outcome.status.value
    if outcome.status is Status.DONE and outcome.verification is Verification.VERIFIED:
        reason = reason or "read back and verified"
    elif outcome.status is Status.DONE and outcome.verification is not None:
        mark, reason = "?", ": ".join(text for text in (f"done, but {outcome.verification.value}", reason) if text)
    elif outcome.status is Status.MANUAL:
        reason = reason or "still to be done by a person"
    reason = truncate(reason, LONGEST)
    return {"mark": mark, "word": word, "reason": reason, "request_ids": outcome.request_ids}
