"""Changes that are alike, as one thing to read: what is done, where it is written, and what it does to people."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from reconciler.errors import Location
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import get_value, join_keys, outer_keys, parse_path
from reconciler.lazy import frozen
from reconciler.model.addresses import address_kind
from reconciler.model.plan import DESTROYS, Action, Cause, Change, FieldChange
from reconciler.model.reports import Review, Scope, Weight
from reconciler.output.labels import MOST_NAMED, WEIGHTS, format_place
from reconciler.output.terminal import escape
from reconciler.serialization import to_canonical
from reconciler.text import format_count, quote, split_numbers

MANY = 20  # more creates than this are shown by kind first
FEW = 2  # so many different sentences of one weight are said of a group; the rest is counted
ALIKE = 3  # so many equal steps by hand are one
MOST_TITLED = 3  # fields that a title names with their values
LONGEST = 40  # characters of a value in a title
# A text that nobody takes for a number or for another value of YAML: a title shows it without quotes.
BARE = re.compile(r"(?!(?:true|false|null)$|[-+.eE\d]+$)[A-Za-z0-9][\w.:/+-]*", re.ASCII)
# What is written of these is the whole block, not a field.
WHOLE = frozenset({Action.CREATE, Action.ADOPT, Action.DELETE, Action.FORGET})


@frozen
class Group:
    """Changes of a plan with one action, the same fields and causes. `places`: where they are written → their
    addresses; the place of most of them comes first."""

    review: Review
    changes: Sequence[Change]
    places: Mapping[Location, Sequence[str]]

    @property
    def first(self) -> Change:
        """The change that stands for all of them."""
        return self.changes[0]

    @property
    def addresses(self) -> list[str]:
        """The addresses of its changes."""
        return [change.address for change in self.changes]

    @property
    def is_titled(self) -> bool:
        """Whether its title says all of its fields."""
        fields = () if self.first.action in WHOLE else self.first.fields
        values = (value for field in fields for value in (field.before, field.after))
        is_long = any(isinstance(value, dict | list) or len(str(value)) > LONGEST for value in values)
        return len(fields) <= MOST_TITLED and not is_long

    @property
    def title(self) -> str:
        """`104 reports: send_at 06:00 → 07:00`."""
        fields = () if self.first.action in WHOLE else self.first.fields
        named = []
        for each in fields[:MOST_TITLED]:
            rule = f" ({escape(each.rule)})" if each.rule else ""
            values = f" {_format_bare(each.before)} → {_format_bare(each.after)}{rule}" if self.is_titled else ""
            named.append(escape(each.path) + values)
        named += [format_count(len(fields) - MOST_TITLED, "more field")] if len(fields) > MOST_TITLED else []
        return ": ".join(filter(None, (count_kinds(self.addresses), ", ".join(named))))

    def describe_places(self) -> str:
        """`defaults.yaml:3`, or in how many places and the first of them; empty if that is not known."""
        texts = [format_place(place) for place in self.places]
        such = "most in" if len(next(iter(self.places.values()), ())) > 1 else "such as"
        return "" if not texts else texts[0] if len(texts) == 1 else f"{len(texts)} places, {such} {texts[0]}"

    def list_sentences(self) -> Iterator[tuple[Weight | None, str]]:
        """What it does to people, the gravest first, then its remarks. Sentences that differ only in the name of the
        object are one."""
        found: dict[Weight | None, Counter[str]] = {weight: Counter() for weight in (*Weight, None)}
        total, owners = len(self.changes), dict[str, str]()
        for change in self.changes:
            names = [f'"{change.name}"', change.address] if total > 1 else []
            for impact in self.review.impacts.get(change.address, ()):
                found[impact.weight][_replace_names(names, impact.text)] += 1
            remarks = {_replace_names(names, remark): change.address for remark in self.review.list_remarks(change)}
            found[None].update([*remarks])
            owners |= remarks
        for weight, counts in found.items():
            is_told_each = weight is None and len(counts) == total <= MOST_NAMED
            few = len(counts) if is_told_each or total == 1 else FEW
            for text, number in counts.most_common(few):
                subject = owners[text] if number == 1 and weight is None else f"{number} of {total}"
                yield weight, text if number == total else f"{subject}: {text}"
            if left := sum(number for _, number in counts.most_common()[few:]):
                what = f"that {WEIGHTS[weight].phrase}" if weight else "with other remarks"
                yield weight, f"… and {left} more {what}"

    def count_scopes(self) -> Counter[Scope | None]:
        """How many of its changes each scope has, in their order."""
        return Counter(self.review.find_scope(address) for address in self.addresses)


def find_groups(review: Review) -> tuple[Group, ...]:
    """The groups of a plan, each change in one: what destroys first, then the smaller groups, then the larger ones.

    Creates count as one thing if there are many. Groups of one size are in the plan's order.
    """
    found: dict[str, list[Change]] = defaultdict(list)
    for change in review.plan.changes:
        # Each create has a name of its own, and each delete stands alone.
        is_alone = change.action in (Action.CREATE, Action.DELETE)
        found[change.address if is_alone else to_canonical([change.action, change.fields])].append(change)
    creates = sum(change.action is Action.CREATE for change in review.plan.changes)

    def rank(changes: Sequence[Change]) -> tuple[bool, int, bool]:
        is_new = changes[0].action is Action.CREATE and creates > MANY
        return changes[0].action not in DESTROYS, creates if is_new else len(changes), is_new

    ranked = [sorted(changes, key=_split_address) for changes in sorted(found.values(), key=rank)]
    return tuple(Group(review, changes, _find_places(review, changes)) for changes in ranked)


def _split_address(change: Change) -> list[str | int]:
    return split_numbers(change.address)


def group_new_by_kind(groups: Iterable[Group]) -> list[Group]:
    """The creates of each kind as a group, if there are many creates; else nothing."""
    new = [group for group in groups if group.first.action is Action.CREATE]
    if len(new) <= MANY:  # each create is a group of its own
        return []
    changes = sorted((group.first for group in new), key=_split_address)
    by_kind = {kind: [change for change in changes if change.kind == kind] for kind in KINDS}
    return [Group(new[0].review, every, {}) for every in by_kind.values() if every]


def list_shown_fields(review: Review, change: Change) -> tuple[FieldChange, ...]:
    """The fields of a change as people read them. If an item in the middle of a list is new or gone, the list is one
    field: by position, all later items would differ."""
    record, after = review.live.find(change.kind, change.id), change.remember
    if record is None or after is None or not any("[" in each.path for each in change.fields):
        return change.fields
    shown: dict[str, FieldChange] = {}
    for each in change.fields:
        keys = outer_keys(parse_path(each.path) or ())
        lists = get_value(record.fields, keys), get_value(after.applied, keys)
        field = each
        before, new = lists if all(isinstance(value, list) for value in lists) else ([], [])
        shared = min(len(before), len(new))
        # An item is gone, or is new, before another one.
        if keys and len(before) != len(new) and before[:shared] != new[:shared]:
            path, known = join_keys(keys), shown.get(join_keys(keys))
            cause = each.cause if known is None or known.cause is each.cause else Cause.BOTH
            field = FieldChange(path, *lists, cause)
        shown[field.path] = field
    return tuple(shown.values())


class Task(NamedTuple):
    """A step that a person does by hand: for one address, which its text names, or for all `addresses`."""

    text: str
    addresses: Sequence[str] = ()


def group_tasks(review: Review) -> list[Task]:
    """The steps by hand of a plan, in its order; several equal ones of a kind are one."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for task in review.tasks:
        address, _, step = task.partition(": ")
        found[address_kind(address), step].append(task)
    grouped: list[Task] = []
    for (_, step), tasks in found.items():
        addresses = sorted((task.partition(": ")[0] for task in tasks), key=split_numbers)
        is_one = len(tasks) >= ALIKE and step
        grouped += [Task(f"each of {count_kinds(addresses)}: {step}", addresses)] if is_one else map(Task, tasks)
    return grouped


def count_kinds(addresses: Iterable[str]) -> str:
    """`104 reports`, `1 integration, 2 products and 3 reports`."""
    counts = Counter(map(address_kind, addresses))
    *firsts, last = (format_count(counts[kind], kind.replace("_", " ")) for kind in KINDS if counts[kind])
    return f"{', '.join(firsts)} and {last}" if firsts else last


def _find_main_field(change: Change) -> str:
    """The path of the field that matters most in a change: one that the API cannot change, else the status, else the
    first. Empty if the change is about the whole object."""
    kind = KINDS[change.kind]
    names = [kind.delivery.status]
    if change.action in (Action.REPLACE, Action.MANUAL):
        names = [each.name for each in kind.fields if each.immutable]
    paths = () if change.action in WHOLE else tuple(each.path for each in change.fields)
    return next((name for name in names if name in paths), paths[0] if paths else "")


def _find_places(review: Review, changes: Sequence[Change]) -> dict[Location, list[str]]:
    """Where the changes are written, most of them first. The value of the main field may come from several places: its
    own, and those of its variables and items. Each change has the one that most changes share."""
    possible: dict[str, list[Location]] = defaultdict(list)
    for change in changes:
        resource, path = review.desired.resources.get(change.address), _find_main_field(change)
        if resource and path:
            possible[change.address].append(resource.locate_field(path))
            for inner, sources in resource.sources.items():
                if inner == path or inner.startswith((f"{path}.", f"{path}[")):
                    possible[change.address] += sources
        elif place := review.find_place(change.address):
            possible[change.address].append(place)
    shared = Counter(place for places in possible.values() for place in places)
    found: dict[Location, list[str]] = defaultdict(list)
    for address, places in possible.items():
        found[max(places, key=shared.__getitem__)].append(address)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _replace_names(names: Sequence[str], text: str) -> str:
    for name in names:
        text = text.replace(name, "each", 1)
    return text


def _format_bare(value: Any) -> str:
    """The value without quotes if it is a text that looks like nothing else (see BARE), else as JSON."""
    if isinstance(value, str) and BARE.fullmatch(value):
        return value
    return "nothing" if value is None else escape(quote(value) if isinstance(value, str) else json.dumps(value))
