"""Compares two environments: what the configuration wants of them, or what is live in their projects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import NamedTuple

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import (
    get_value,
    is_equal,
    is_within,
    list_leaves,
    parse_path,
    select_managed,
    without_nulls,
)
from reconciler.kinds.normalization import make_normal_form
from reconciler.kinds.references import find_known_objects
from reconciler.kinds.wire import find_labels
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Desired, Fields, Live, Resource, State, list_managed
from reconciler.model.results import Compared, Comparison, Difference, Pair, Side
from reconciler.plan.export import find_writable_fields, make_blocks
from reconciler.plan.references import find_targets
from reconciler.serialization import to_canonical
from reconciler.text import abridge, format_count, split_numbers


@frozen
class Observed:
    """The project of an environment: the address of its API, the state, and what is live."""

    api: str
    state: State
    live: Live


class _Object(NamedTuple):
    """What is compared of an object: the value at each path, a list as one; at the empty path the object as a whole."""

    sides: Mapping[str, Side]
    name: str | None = None


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
    rest: list[ByName] = []
    if observed is None:
        objects = [
            {
                address: _Object(
                    _to_sides(KINDS[each.kind], {**each.fields, **each.lifecycle.written()}, ignored, each)
                )
                for address, each in side.resources.items()
            }
            for side in desired
        ]
    else:
        live = [_collect_live(*side, ignored) for side in zip(desired, observed, strict=True)]
        objects, rest = [managed for managed, _ in live], [unmanaged for _, unmanaged in live]
    addresses = set().union(*objects)
    if targets:
        known = addresses.union(*(side.resources for side in desired))
        addresses &= {each for target in targets for each in find_targets(target, known, desired[0])}
    differences: list[Difference] = []
    intended: list[Difference] = []
    for address in sorted(addresses, key=split_numbers):
        one, other = (each.get(address) for each in objects)
        absent = 1 if one else 0
        place = None if one and other else desired[absent].left_out.get(address)
        is_left = not (one and other) and address in desired[absent].resources
        reason = f"written for {names[absent]}, too, and not live there" if is_left else None
        reason = f"only_in at {place}" if place else reason
        (intended if place else differences).extend(_compare_objects(address, one, other, reason))
    return Comparison(
        Compared(names[0], observed[0].api if observed else None),
        Compared(names[1], observed[1].api if observed else None),
        live=observed is not None,
        compared=len(addresses),
        differences=differences,
        unmanaged=[] if targets or not rest else list(_compare_unmanaged(*rest)),
        meant=intended,
        ignored=ignored,
        warnings=list(_find_warnings(names, observed)) if observed else [],
    )


Identity = tuple[str, ObjectRef, object]
"""The address of the API, the object, and when that was made, if its caller chose its id, which two projects may both
have: None if it is not there yet."""


def identify(api: str, ref: ObjectRef, live: Live) -> Identity:
    """What is the same for two environments only if it is one object."""
    record = live.find(ref.kind, ref.id)
    return api, ref, record and record.raw.get("created_at") if KINDS[ref.kind].identity.chosen_id else ""


def find_shared_objects(environments: Mapping[str, Mapping[str, Identity]]) -> list[tuple[tuple[str, ...], str]]:
    """The sets of environments that manage the same objects, each with a warning. `environments`: name → what each
    address is. Ids at two addresses say nothing: each simulator counts from the beginning."""
    holders: dict[Identity, dict[str, str]] = defaultdict(dict)
    for name, identities in environments.items():
        for address, identity in identities.items():
            holders[identity][name] = address
    groups: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for (_, ref, made), addresses in holders.items():
        text = FIGHT if not KINDS[ref.kind].identity.is_project_wide else BOTH_KEYS if made is not None else BOTH_CREATE
        groups[tuple(addresses), text].append(f"{next(iter(addresses.values()))} ({ref.id})")
    return [
        (
            names,
            text.format(f"{', '.join(names[:-1])} and {names[-1]}", format_count(len(found), "object"), abridge(found)),
        )
        for (names, text), found in groups.items()
        if len(names) > 1
    ]


FIGHT = "{} manage the same {}: {}; they would fight over them, since each apply undoes that of the other"
BOTH_KEYS = (
    "{} manage the same {}: {}; a project has one for all of its keys, so each apply undoes what the other one wants "
    "otherwise; to manage it in one environment, write only_in there"
)
BOTH_CREATE = (
    "{} would each create the same {}, if their keys are of one project: {}; a project has one for all of its keys, so "
    "one of them creates it, and the apply of the next is refused until it is planned again; to manage it in one "
    "environment, write only_in there"
)


def _find_warnings(names: Pair[str], observed: Pair[Observed]) -> Iterator[str]:
    """What is said of two projects: that they are one, that both environments manage the same objects, and more."""
    seen: list[set[Identity]] = []
    identities: dict[str, dict[str, Identity]] = {}
    for name, each in zip(names, observed, strict=True):
        refs = [record.ref for found in each.live.records.values() for record in found.values()]
        live = {ref: identify(each.api, ref, each.live) for ref in refs}
        seen.append({identity for ref, identity in live.items() if not KINDS[ref.kind].identity.is_project_wide})
        managed = list_managed(each.state.entries).items()
        identities[name] = {address: live[ref] for ref, address in managed if ref in live}
    if shared := sorted(str(ref) for _, ref, _ in seen[0] & seen[1]):
        yield (
            f"{names[0]} and {names[1]} are one project that is seen twice: {format_count(len(shared), 'object')} of "
            f"the same id in both ({abridge(shared)}); let secret_env name the key of another project, or keep one "
            "environment for this one"
        )
    yield from (text for _, text in find_shared_objects(identities))
    for name, each in zip(names, observed, strict=True):
        yield from (f"{name}: {warning}" for warning in each.live.warnings)


def _collect_live(desired: Desired, observed: Observed, ignored: Sequence[str]) -> tuple[dict[str, _Object], ByName]:
    """The live objects that the state names, by address, and the rest. Their fields are as both projects could have
    them: addresses, or else labels, in place of ids. What a replace has put aside is left out."""
    live, entries = observed.live, observed.state.entries
    labels = find_labels(item for items in live.lookups.values() for item in items)
    counts = Counter(labels.values())
    # A label that two items bear does not say which of them is meant, so their ids are compared.
    unique = {object_id: label for object_id, label in labels.items() if counts[label] == 1}
    records = {record.ref: record for found in live.records.values() for record in found.values()}
    addresses, known = list_managed(entries), find_known_objects(entries)
    blocks = make_blocks({ref: find_writable_fields(record) for ref, record in records.items()}, live, addresses)
    managed: dict[str, _Object] = {}
    rest: ByName = defaultdict(list)
    for ref, block in blocks.items():
        kind, address = KINDS[ref.kind], addresses.get(ref, "")
        for name, reference in kind.lists:
            key = reference.label_key
            block[name] = [
                {"type": each["type"], key: unique[each["id"]]} if key and each.get("id") in unique else each
                for each in block.get(name) or ()
            ]
        fields = {name: without_nulls(value) for name, value in block.items()}
        sides = _to_sides(kind, fields, ignored, desired.resources.get(address), ref.id)
        found = _Object(sides, records[ref].name or None)
        if address:
            managed[address] = found
        elif ref not in known:
            # A field that may differ is no part of the key.
            names = [name for name in kind.identity.natural_key if name in sides] or kind.identity.natural_key
            rest[ref.kind, *(make_normal_form(str(block.get(name))) for name in names)].append(found)
    return managed, rest


def _to_sides(
    kind: Kind, fields: Fields, ignored: Sequence[str], resource: Resource | None, object_id: str | None = None
) -> dict[str, Side]:
    """The values of an object without what may differ, with their places. Lists whose order means nothing are sorted,
    and a map without keys says nothing."""
    kept = select_managed(kind, fields, [rule.removeprefix(f"{kind.name}.") for rule in ignored])
    for field in kind.fields:
        if field.unordered and isinstance(kept.get(field.name), list):
            kept[field.name] = sorted(kept[field.name], key=to_canonical)
    found = (leaf for name, value in kept.items() for leaf in list_leaves(name, value))
    sides = {"": Side(None, object_id), **{path: Side(value, object_id) for path, value in found if value != {}}}
    if resource is None:
        return sides
    for path, side in sides.items():
        # A live value that is not the written one does not come from what that is made of.
        own = get_value(resource.fields, parse_path(path) or ())
        is_ours = path and (object_id is None or is_equal(own, side.value))
        within = (
            places
            for inner, places in (resource.sources.items() if is_ours else ())
            if is_within(inner, path) or is_within(path, inner)
        )
        sources = tuple(dict.fromkeys(chain.from_iterable(within)))
        sides[path] = replace(side, place=resource.locate_field(path), sources=sources)
    return sides


def _compare_unmanaged(one: ByName, other: ByName) -> Iterator[Difference]:
    """The differences of objects that have no addresses. Several objects of one natural key are held against each other
    in the order of their values."""

    def rank(each: _Object) -> str:
        return to_canonical([side.value for side in each.sides.values()])

    for key in sorted({*one, *other}):
        left, right = (sorted(side.get(key, ()), key=rank) for side in (one, other))
        for pair in zip_longest(left, right):
            found = next(each for each in pair if each)
            yield from _compare_objects(f"{key[0]}[{found.sides[''].id}]", *pair)


def _compare_objects(
    address: str, one: _Object | None, other: _Object | None, reason: str | None = None
) -> Iterator[Difference]:
    before, after = (each.sides if each else {} for each in (one, other))
    name = next(each.name for each in (one, other) if each)
    for path in dict.fromkeys([*before, *after]) if one and other else [""]:
        left, right = before.get(path), after.get(path)
        if left is None or right is None or not is_equal(left.value, right.value):
            yield Difference(address, path or None, name, left, right, reason)
