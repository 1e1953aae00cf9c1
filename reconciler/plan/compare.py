"""Compares two environments: what the configuration wants of them, or what is live in their projects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from reconciler.errors import some_of
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import alike, is_within, leaves, path_keys, value_at, without_nulls, written
from reconciler.kinds.lookups import find_labels
from reconciler.kinds.normalization import normal_form
from reconciler.kinds.references import known_objects
from reconciler.model.comparison import Comparison, Difference, Pair, Side
from reconciler.model.inputs import Desired, Fields, Live, ObjectRef, Resource, State
from reconciler.plan.export import make_blocks, written_fields
from reconciler.plan.references import find_targets
from reconciler.serialization import canonical
from reconciler.text import counted, natural


@dataclass(frozen=True, slots=True)
class Observed:
    """The project of an environment: the address of its API, the state, and what is live."""

    api: str
    state: State
    live: Live


@dataclass(frozen=True, slots=True)
class _Object:
    """What is compared of an object. `resource`: as it is written, if it is."""

    fields: Fields
    resource: Resource | None = None
    id: str = ""
    name: str = ""

    def values(self) -> dict[str, Any]:
        """Path → value. A list is one value; a map without keys says nothing."""
        found = (leaf for name, value in self.fields.items() for leaf in leaves(name, value))
        return {path: value for path, value in found if value != {}}

    def side(self, path: str = "", value: Any = None) -> Side:
        """A value of it, with its places. A live value that is not the written one does not come from what that is
        made of."""
        if self.resource is None:
            return Side(value, self.id)
        is_live_alone = self.id and not alike(value_at(self.resource.fields, path_keys(path) or ()), value)
        sources = (
            place
            for inner, places in (() if is_live_alone or not path else self.resource.sources.items())
            if is_within(inner, path) or is_within(path, inner)
            for place in places
        )
        return Side(value, self.id, self.resource.field_location(path), tuple(dict.fromkeys(sources)))


ByName = dict[tuple[str, ...], list[_Object]]
"""Kind and natural key → the objects that have no address."""


def compare_environments(
    names: Pair[str],
    desired: Pair[Desired],
    targets: Collection[str],
    ignored: Sequence[str],
    observed: Pair[Observed] | None = None,
) -> Comparison:
    """What is written for two environments; with `observed`, what is live in their projects: what the states name by
    its address, and if there are no targets, the rest by its natural key. `ignored`: what may differ, FIELD or
    KIND.FIELD. WrongUsage if a target fits no address."""
    if observed is None:
        one, other = (_written(side, ignored) for side in desired)
        return Comparison(names, *_by_address(names, desired, (one, other), targets), ignored=tuple(ignored))
    (one, rest), (other, other_rest) = (_live(*side, ignored) for side in zip(desired, observed, strict=True))
    return Comparison(
        names,
        *_by_address(names, desired, (one, other), targets),
        unmanaged=() if targets else tuple(_by_name(rest, other_rest)),
        ignored=tuple(ignored),
        apis=(observed[0].api, observed[1].api),
        warnings=tuple(_warnings(names, observed)),
    )


def shared_objects(environments: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[tuple[str, ...], str]:
    """The sets of environments that manage the same objects, each with a warning. `environments`: name → the address
    of its API, and the id of each address. Ids at two addresses say nothing: each simulator counts from the beginning.
    """
    holders: dict[tuple[str, ObjectRef], dict[str, str]] = defaultdict(dict)
    for name, (api, ids) in environments.items():
        for address, object_id in ids.items():
            holders[api, ObjectRef.at(address, object_id)][name] = address
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for (_, ref), addresses in holders.items():
        groups[tuple(addresses)].append(f"{next(iter(addresses.values()))} ({ref.id})")
    return {
        names: f"{', '.join(names[:-1])} and {names[-1]} manage the same {counted(len(found), 'object')}: "
        f"{some_of(found)}; they would fight over them, since each apply undoes that of the other"
        for names, found in groups.items()
        if len(names) > 1
    }


def _warnings(names: Pair[str], observed: Pair[Observed]) -> Iterator[str]:
    """What is said of two projects: that they are one, that both environments manage the same objects, and more."""
    one, other = ({each.ref for found in side.live.records.values() for each in found.values()} for side in observed)
    if (shared := sorted(one & other)) and observed[0].api == observed[1].api:
        yield (
            f"{names[0]} and {names[1]} are one project that is seen twice: {counted(len(shared), 'object')} of the "
            f"same id in both ({some_of(map(str, shared))}); let secret_env name the key of another project, or keep "
            "one environment for this one"
        )
    ids = ({address: entry.id for address, entry in each.state.entries.items()} for each in observed)
    known = zip((each.api for each in observed), ids, strict=True)
    yield from shared_objects(dict(zip(names, known, strict=True))).values()
    for name, each in zip(names, observed, strict=True):
        yield from (f"{name}: {warning}" for warning in each.live.warnings)


def _written(desired: Desired, ignored: Sequence[str]) -> dict[str, _Object]:
    """Address → what is written."""
    return {
        address: _Object(_comparable(KINDS[each.kind], {**each.fields, **each.lifecycle.written()}, ignored), each)
        for address, each in desired.resources.items()
    }


def _live(desired: Desired, observed: Observed, ignored: Sequence[str]) -> tuple[dict[str, _Object], ByName]:
    """The live objects that the state names, by address, and the rest. Their fields are as both projects could have
    them: addresses, or else labels, in place of ids. What a replace has put aside is left out."""
    live, entries = observed.live, observed.state.entries
    labels = find_labels(item for items in live.lookups.values() for item in items)
    counts = Counter(labels.values())
    unique = {object_id: label for object_id, label in labels.items() if counts[label] == 1}
    records = {record.ref: record for found in live.records.values() for record in found.values()}
    addresses, known = ObjectRef.managed(entries), known_objects(entries)
    blocks = make_blocks({ref: written_fields(record) for ref, record in records.items()}, live, addresses)
    managed: dict[str, _Object] = {}
    rest: ByName = defaultdict(list)
    for ref, block in blocks.items():
        kind = KINDS[ref.kind]
        for name, reference in kind.reference_fields():
            key = reference.label_key
            block[name] = [
                {"type": each["type"], key: unique[each["id"]]} if key and each.get("id") in unique else each
                for each in block.get(name) or ()
            ]
        fields = {name: without_nulls(value) for name, value in _comparable(kind, block, ignored).items()}
        address = addresses.get(ref, "")
        found = _Object(fields, desired.resources.get(address), ref.id, records[ref].name)
        if address:
            managed[address] = found
        elif ref not in known:
            # A field that may differ is no part of the key.
            names = [name for name in kind.natural_key if name in fields] or kind.natural_key
            rest[ref.kind, *(normal_form(str(block.get(name))) for name in names)].append(found)
    return managed, rest


def _comparable(kind: Kind, fields: Fields, ignored: Sequence[str]) -> dict[str, Any]:
    """The fields without what may differ. Lists whose order means nothing are sorted."""
    found = written(kind, fields, [rule.removeprefix(f"{kind.name}.") for rule in ignored])
    for each in kind.fields:
        if each.unordered and isinstance(found.get(each.name), list):
            found[each.name] = sorted(found[each.name], key=canonical)
    return found


def _by_address(
    names: Pair[str], desired: Pair[Desired], objects: Pair[Mapping[str, _Object]], targets: Collection[str]
) -> tuple[int, tuple[Difference, ...], tuple[Difference, ...]]:
    """How many addresses there are, what differs, and what `only_in` leaves out."""
    addresses = {*objects[0], *objects[1]}
    if targets:
        known = addresses.union(*(side.resources for side in desired))
        addresses &= {each for target in targets for each in find_targets(target, known, desired[0])}
    differences: list[Difference] = []
    meant: list[Difference] = []
    for address in sorted(addresses, key=natural):
        pair = objects[0].get(address), objects[1].get(address)
        absent = 1 if pair[0] else 0
        place = None if all(pair) else desired[absent].left_out.get(address)
        is_left = address in desired[absent].resources
        reason = f"written for {names[absent]}, too, and not live there" if is_left else ""
        reason = f"only_in at {place}" if place else reason
        (meant if place else differences).extend(_differences(address, pair, reason))
    return len(addresses), tuple(differences), tuple(meant)


def _by_name(one: ByName, other: ByName) -> Iterator[Difference]:
    """The differences of objects that have no addresses. Several objects of one natural key are held against each other
    in the order of their fields."""
    for key in sorted({*one, *other}):
        left, right = (sorted(side.get(key, ()), key=lambda each: canonical(each.fields)) for side in (one, other))
        for pair in zip_longest(left, right):
            yield from _differences(str(ObjectRef(key[0], next(each.id for each in pair if each))), pair)


def _differences(address: str, pair: Pair[_Object | None], reason: str = "") -> Iterator[Difference]:
    one, other = pair
    name = next(each.name for each in pair if each)
    if one is None or other is None:
        yield Difference(address, "", (one.side() if one else None, other.side() if other else None), name, reason)
        return
    before, after = one.values(), other.values()
    for path in dict.fromkeys([*before, *after]):
        if not (path in before and path in after and alike(before[path], after[path])):
            left = one.side(path, before[path]) if path in before else None
            right = other.side(path, after[path]) if path in after else None
            yield Difference(address, path, (left, right), name)
