"""Compares two environments: what the configuration wants of them, or what is live in their projects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from reconciler.errors import some_of
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import (
    alike,
    dotted,
    is_within,
    keys_path,
    path_keys,
    same_value,
    value_at,
    without_nulls,
    written,
)
from reconciler.kinds.lookups import find_labels
from reconciler.kinds.normalization import normal_form
from reconciler.model.comparison import Comparison, Difference, Pair, Side
from reconciler.model.inputs import Desired, Fields, Live, ObjectRef, Record, Resource, State, address_kind
from reconciler.plan.export import make_blocks, written_fields
from reconciler.plan.references import find_targets
from reconciler.serialization import canonical
from reconciler.text import counted, natural

ABSENT = object()
"""In the place of a value that is not there: null is a value."""


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

    def side(self, path: str = "", value: Any = None) -> Side | None:
        """A value of it, with its places; None if it is absent. A live value that is not the written one does not come
        from what that is made of."""
        if value is ABSENT or self.resource is None:
            return None if value is ABSENT else Side(value, self.id)
        is_live_alone = self.id and not alike(value_at(self.resource.fields, path_keys(path) or ()), value)
        sources = (
            place
            for inner, places in (() if is_live_alone or not path else self.resource.sources.items())
            if is_within(inner, path) or is_within(path, inner)
            for place in places
        )
        return Side(value, self.id, self.resource.field_location(path), tuple(dict.fromkeys(sources)))


def compare_written(
    names: Pair[str], desired: Pair[Desired], targets: Collection[str], ignored: Iterable[str]
) -> Comparison:
    """What is written for two environments. `ignored`: what may differ, FIELD or KIND.FIELD. WrongUsage if a target
    fits no address."""
    one, other = (
        {
            address: _Object({**written(KINDS[each.kind], each.fields), **each.lifecycle.written()}, each)
            for address, each in side.resources.items()
        }
        for side in desired
    )
    return _Comparer(desired, dict.fromkeys(ignored, 0)).by_address(names, (one, other), targets, is_live=False)


def compare_live(
    names: Pair[str],
    desired: Pair[Desired],
    observed: Pair[Observed],
    targets: Collection[str],
    ignored: Iterable[str],
) -> Comparison:
    """What is live in the projects of two environments: what the states name by its address; and if there are no
    targets, the rest by its natural key. `desired` tells where values are written, and what `only_in` leaves out."""
    comparer = _Comparer(desired, dict.fromkeys(ignored, 0))
    one, other = map(_managed, desired, observed)
    found = comparer.by_address(names, (one, other), targets, is_live=True)
    unmanaged = () if targets else tuple(comparer.by_name((_unmanaged(observed[0]), _unmanaged(observed[1]))))
    ids = {
        name: (each.api, {address: entry.id for address, entry in each.state.entries.items()})
        for name, each in zip(names, observed, strict=True)
    }
    warnings = [*_one_project(names, observed), *shared_objects(ids).values()]
    for name, each in zip(names, observed, strict=True):
        warnings += (f"{name}: {warning}" for warning in (*each.live.warnings, *_not_live(each)))
    apis = (observed[0].api, observed[1].api)
    return replace(found, unmanaged=unmanaged, apis=apis, warnings=tuple(warnings))


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


def _one_project(names: Pair[str], observed: Pair[Observed]) -> Iterator[str]:
    """A warning if the keys of both environments open one project."""
    one, other = ({each.ref for found in side.live.records.values() for each in found.values()} for side in observed)
    if (shared := sorted(one & other)) and observed[0].api == observed[1].api:
        yield (
            f"{names[0]} and {names[1]} are one project that is seen twice: {counted(len(shared), 'object')} of the "
            f"same id in both ({some_of(map(str, shared))}); let secret_env name the key of another project, or keep "
            "one environment for this one"
        )


def _not_live(observed: Observed) -> Iterator[str]:
    """A warning if the state names objects that are not live."""
    records, entries = observed.live.records, observed.state.entries
    every = ((ObjectRef.at(address, entry.id), address) for address, entry in entries.items())
    read = {ref: address for ref, address in every if ref.kind in records}
    absent = [f"{address} ({ref.id})" for ref, address in read.items() if ref.id not in records[ref.kind]]
    if absent:
        why = "; its key may be that of another project" if len(absent) == len(read) else ""
        yield f"{len(absent)} of {counted(len(read), 'object')} of the state not live: {some_of(absent)}{why}"


def _managed(desired: Desired, observed: Observed) -> dict[str, _Object]:
    """Address → live object, of those that the state names."""
    records = observed.live.records
    entries = ((address, ObjectRef.at(address, entry.id)) for address, entry in observed.state.entries.items())
    found = {address: records[ref.kind][ref.id] for address, ref in entries if ref.id in records.get(ref.kind, ())}
    blocks = _blocks(observed, found.values())
    return {
        address: _Object(blocks[record.ref], desired.resources.get(address), record.id, record.name)
        for address, record in found.items()
    }


def _unmanaged(observed: Observed) -> dict[ObjectRef, _Object]:
    """The live objects that no address has, and that no replace has put aside."""
    entries = observed.state.entries.items()
    known = {ObjectRef.at(address, each) for address, entry in entries for each in (entry.id, *entry.superseded)}
    every = (each for records in observed.live.records.values() for each in records.values())
    found = {record.ref: record for record in every if record.ref not in known}
    blocks = _blocks(observed, found.values())
    return {ref: _Object(blocks[ref], None, ref.id, record.name) for ref, record in found.items()}


def _blocks(observed: Observed, records: Iterable[Record]) -> dict[ObjectRef, dict[str, Any]]:
    """The fields of live objects as both projects could have them: addresses, or else labels, in place of ids."""
    live = observed.live
    labels = find_labels(item for items in live.lookups.values() for item in items)
    counts = Counter(labels.values())
    unique = {object_id: label for object_id, label in labels.items() if counts[label] == 1}
    fields = {record.ref: written_fields(record) for record in records}
    found = make_blocks(fields, live, ObjectRef.managed(observed.state.entries))
    for ref, block in found.items():
        kind = KINDS[ref.kind]
        for name, reference in kind.reference_fields():
            key = reference.label_key
            block[name] = [
                {"type": each["type"], key: unique[each["id"]]} if key and each.get("id") in unique else each
                for each in block.get(name) or ()
            ]
        found[ref] = {name: without_nulls(value) for name, value in written(kind, block).items()}
    return found


@dataclass(frozen=True, slots=True)
class _Comparer:
    """Compares objects of two environments. `ignored`: what may differ → how many differences that has left out."""

    desired: Pair[Desired]
    ignored: dict[str, int]

    def by_address(
        self, names: Pair[str], objects: Pair[Mapping[str, _Object]], targets: Collection[str], *, is_live: bool
    ) -> Comparison:
        """The comparison of objects by their addresses."""
        addresses = {*objects[0], *objects[1]}
        if targets:
            known = addresses.union(*(side.resources for side in self.desired))
            addresses &= {each for target in targets for each in find_targets(target, known, self.desired[0])}
        differences: list[Difference] = []
        meant: list[Difference] = []
        for address in sorted(addresses, key=natural):
            one, other = objects[0].get(address), objects[1].get(address)
            absent = 0 if one is None else 1
            place = self.desired[absent].left_out.get(address) if one is None or other is None else None
            is_left = is_live and address in self.desired[absent].resources
            reason = f"written for {names[absent]}, too, and not applied there" if is_left else ""
            reason = f"only_in at {place}" if place else reason
            (meant if place else differences).extend(self._differences(address, (one, other), reason))
        return Comparison(names, len(addresses), tuple(differences), meant=tuple(meant), ignored=self.ignored)

    def by_name(self, objects: Pair[Mapping[ObjectRef, _Object]]) -> Iterator[Difference]:
        """The differences of objects that have no addresses, by their natural keys. A field that may differ is no part
        of the key. Several objects of one key are held against each other in the order of their fields."""
        groups: dict[tuple[str, ...], Pair[list[_Object]]] = defaultdict(lambda: ([], []))
        for at, side in enumerate(objects):
            for ref, each in sorted(side.items(), key=lambda item: canonical(item[1].fields)):
                key = (normal_form(str(each.fields.get(name))) for name in self._key(KINDS[ref.kind]))
                groups[ref.kind, *key][at].append(each)
        for (kind, *_), group in sorted(groups.items()):
            for one, other in zip_longest(*group):
                yield from self._differences(str(ObjectRef(kind, (one or other).id)), (one, other))

    def _key(self, kind: Kind) -> list[str]:
        meant = {each for each in kind.natural_key for rule in self.ignored if _is_meant(rule, kind.name, each)}
        return [each for each in kind.natural_key if each not in meant] or list(kind.natural_key)

    def _differences(self, address: str, pair: Pair[_Object | None], reason: str = "") -> Iterator[Difference]:
        one, other = pair
        name = next(each.name for each in pair if each)
        if one is None or other is None:
            yield Difference(address, "", (one.side() if one else None, other.side() if other else None), name, reason)
            return
        kind = KINDS[address_kind(address)]
        for path, *values in _leaves(kind, one.fields, other.fields):
            rules = [rule for rule in self.ignored if _is_meant(rule, kind.name, path)]
            if rules:
                self.ignored[rules[0]] += 1
            else:
                yield Difference(address, path, (one.side(path, values[0]), other.side(path, values[1])), name)


def _is_meant(rule: str, kind: str, path: str) -> bool:
    """Whether a rule, FIELD or KIND.FIELD, lets a value differ."""
    named, _, rest = rule.partition(".")
    has_kind = named in KINDS and rest
    return (not has_kind or named == kind) and is_within(path, keys_path((rest if has_kind else rule).split(".")))


def _leaves(kind: Kind, one: Fields, other: Fields) -> Iterator[tuple[str, Any, Any]]:
    """Path and both values of each difference, in the order of the kind's fields. Lists whose order means nothing begin
    with what they share."""
    unordered = {each.name: each for each in kind.fields if each.unordered}
    for name in dict.fromkeys([*kind.field_names(), *one, *other]):
        before, after = one.get(name, ABSENT), other.get(name, ABSENT)
        if name in unordered and isinstance(before, list) and isinstance(after, list):
            if same_value(unordered[name], before, after):
                continue
            after = [*(each for each in before if each in after), *(each for each in after if each not in before)]
        yield from _differing(name, before, after)


def _differing(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """The values that differ at a path and within it. A list is one value."""
    if alike(one, other):
        return
    maps = [each for each in (one, other) if each is not ABSENT]
    if not all(isinstance(each, dict) for each in maps) or not any(maps):
        yield path, one, other
        return
    for key in dict.fromkeys(key for each in maps for key in each):
        inner = (each if each is ABSENT else each.get(key, ABSENT) for each in (one, other))
        yield from _differing(dotted(path, [key]), *inner)
