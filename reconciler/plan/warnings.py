"""The warnings of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import folded_key, stored_otherwise
from reconciler.model.desired import Desired
from reconciler.model.plan import Action, Change
from reconciler.model.state import Entry, State, parse_object_name
from reconciler.plan.blocks import without_effect
from reconciler.plan.context import PlanContext
from reconciler.plan.identity import deleted_before
from reconciler.serialization import canonical

ALIKE = 0.75
"""The share of equal fields from which on a create and a delete may be one object."""
MOST_PAIRS = 10_000


def warnings(
    context: PlanContext, state: State, changes: Mapping[str, Change], refresh: Mapping[str, Entry], *, today: str
) -> Iterator[str]:
    """All warnings of a plan. `today` is YYYY-MM-DD; if it is empty, no date is checked."""
    if not state.entries and context.matches:
        yield (
            "there is no state, so what was removed from the configuration before cannot be noticed: "
            f"{len(context.matches)} live objects are matched by name alone. Apply once, and keep the state "
            "(README, State: in a file, in git, or in a bucket)"
        )
    yield from without_effect(context.desired, context.entries)
    yield from _restored(context)
    yield from _ended(context.desired, today)
    yield from _stored(changes, refresh)
    yield from _alike(changes)
    yield from _named_alike(context, changes)


def _stored(changes: Mapping[str, Change], refresh: Mapping[str, Entry]) -> Iterator[str]:
    """The values that the API has normalized, until the YAML has the stored form."""
    remembered = {change.address: change.remember for change in changes.values() if change.remember} | dict(refresh)
    for address, entry in sorted(remembered.items()):
        if entry.stored:
            yield from stored_otherwise(address, entry)


def _named_alike(context: PlanContext, changes: Mapping[str, Change]) -> Iterator[str]:
    """Creates beside a live object whose name differs only in case: it may be the same object, normalized."""
    made = {
        (change.kind, folded_key(KINDS[change.kind], change.remember.applied)): change.address
        for change in changes.values()
        if change.action is Action.CREATE and change.remember
    }
    if not made:
        return
    managed = context.addresses()
    for kind, records in context.live.records.items():
        for record in records.values():
            address = made.get((kind, folded_key(KINDS[kind], record.fields)))
            if address is not None and (kind, record.id) not in managed:
                yield (
                    f"{address} is made beside {record.id} ({record.name}), of which only the name's case differs; "
                    f"if that is the same object, write: imports: [{{to: {address}, id: {record.id}}}]"
                )


def _restored(context: PlanContext) -> Iterator[str]:
    """Objects that we deleted and that are live again; those that are only still listed are not in live."""
    managed = context.addresses()
    for name, each in context.tombstones.items():
        kind, object_id = parse_object_name(name)
        if each.deleted and object_id in context.live.records.get(kind, {}) and (kind, object_id) not in managed:
            yield (
                f"{deleted_before(object_id, each)}, and is live again: somebody has restored it. It is not adopted by "
                f"its name; to manage it, write: imports: [{{to: {each.address}, id: {object_id}}}]"
            )


def _ended(desired: Desired, today: str) -> Iterator[str]:
    for resource in desired.resources.values():
        for index, each in enumerate(resource.lifecycle.ignore_changes):
            if each.until and today > each.until:
                location = resource.field_location(f"lifecycle.ignore_changes[{index}].until")
                owner = f", {each.owner}" if each.owner else ""
                yield (
                    f"{location}: {resource.address} still ignores changes of {each.field} after its date "
                    f"({each.until}{owner}: {each.reason}); remove the entry or give it a later date"
                )


def _alike(changes: Mapping[str, Change]) -> Iterator[str]:
    """A create and a delete that may be one object under a new key, with the line to paste."""
    made: dict[str, list[Change]] = defaultdict(list)
    gone: dict[str, list[Change]] = defaultdict(list)
    for change in changes.values():
        if change.action is Action.CREATE:
            made[change.kind].append(change)
        elif change.action is Action.DELETE and "[" not in change.address:
            gone[change.kind].append(change)
    for name, deletes in gone.items():
        if len(deletes) * len(made[name]) > MOST_PAIRS:
            continue
        for old, new in product(deletes, made[name]):
            if _share(KINDS[name], old, new) >= ALIKE:
                yield (
                    f"{old.address} goes and {new.address} comes with nearly the same content; if that is one object "
                    f"under a new key, write: moved: [{{from: {old.address}, to: {new.address}}}]"
                )


def _share(kind: Kind, old: Change, new: Change) -> float:
    before = {field.path: canonical(field.before) for field in old.fields}
    after = {field.path: canonical(field.after) for field in new.fields}
    referring = {name for name, _ in kind.reference_fields()}
    paths = [path for path in after if path not in referring]
    return sum(before.get(path) == after[path] for path in paths) / max(1, len(paths))
