"""Strings the parts of planning together."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import ConfigurationInvalid, WrongUsage, did_you_mean
from reconciler.kinds import KINDS
from reconciler.kinds.delivery import Shift, shift_of
from reconciler.kinds.destinations import labels_of, told_apart
from reconciler.model.desired import Desired, kind_of
from reconciler.model.live import Destination, Live
from reconciler.model.plan import DESTROYS, FORMAT_VERSION, Action, Change, Plan, Unmanaged
from reconciler.model.state import Entry, Memory, object_name, object_of
from reconciler.plan.blocks import astray, moved
from reconciler.plan.changes import change_of, delete_of, forget_of, objections, unseen_delete_of
from reconciler.plan.context import Scene
from reconciler.plan.destinations import destinations, require_sound_offers
from reconciler.plan.guards import refusals
from reconciler.plan.identity import match
from reconciler.plan.order import ordered, with_needs
from reconciler.plan.warnings import warnings
from reconciler.serialization import canonical

NOT_WRITTEN = "it is not in the configuration any more"
RANK = {action: rank for rank, action in enumerate(Action)}
SHIFT_RANK = {shift: rank for rank, shift in enumerate(Shift)}
KIND_RANK = {name: rank for rank, name in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of a plan. `only`: nothing but these changes, with what they need; None: all of them.
    `today` is YYYY-MM-DD, for what has a date to end at (empty: nothing ends). `api` is the API's address. Without
    `to_apply`, what it would send is not judged."""

    targets: tuple[str, ...] = ()
    prune: bool = False
    max_deletes: int | None = None
    allowed: frozenset[str] = frozenset()
    today: str = ""
    only: frozenset[str] | None = None
    api: str = ""
    to_apply: bool = True


def make_plan(desired: Desired, memory: Memory, live: Live, options: Options) -> Plan:
    """The plan that brings `live` to `desired`. Kinds that were not read are neither judged nor touched.

    Raises IdentityAmbiguous where an address could mean two objects, ConfigurationInvalid where the API's own lists
    rule something out or a reviewed line goes nowhere, WrongUsage for a target that is nowhere.
    """
    whole, desired = desired, _of_kinds(desired, live)
    everything, moved_from = moved(desired, memory.entries)
    scene = _scene(desired, everything, moved_from, memory, live)
    if problems := list(astray(desired, scene.entries, moved_from, live)):
        raise ConfigurationInvalid(problems)
    changes, refresh = _changes(scene)
    unmanaged = _unmanaged(scene)
    if options.prune:
        changes, unmanaged = _pruned(live, unmanaged) | changes, []
    changes = ordered(scene, changes)
    if problems := objections(scene, list(changes.values())):
        raise ConfigurationInvalid(problems)
    said = [*desired.warnings, *live.warnings]
    said += warnings(scene, memory, changes, refresh, today=options.today)
    if options.targets:
        changes, said = _targeted(scene, changes, options.targets, said)
    if options.only is not None:
        changes, said = _narrowed(changes, options.only, said, "--only-scope")
    if options.to_apply:
        require_sound_offers(scene, changes.values())
    shown = sorted(changes.values(), key=_weight)
    behind = _behind(scene)
    plan = Plan(
        environment=memory.environment,
        changes=tuple(shown),
        unchanged=tuple(sorted(refresh)),
        unmanaged=tuple(unmanaged),
        warnings=tuple(said),
        refusals=refusals(
            whole,
            replace(memory, entries=everything),
            live,
            shown,
            prune=options.prune,
            max_deletes=options.max_deletes,
            allowed=options.allowed,
        ),
        refresh=refresh,
        moved=moved_from,
        labels=_labels(scene) | behind,
        behind=behind,
        configuration=memory.configuration or "",
        api=options.api,
    )
    return replace(plan, digest=digest_of(plan))


def offers_to(desired: Desired, memory: Memory, live: Live) -> tuple[Destination, ...]:
    """What the API offers to send to, and what a plan takes to stand behind it. IdentityAmbiguous as for a plan."""
    desired = _of_kinds(desired, live)
    scene = _scene(desired, *moved(desired, memory.entries), memory, live)
    _changes(scene)  # They tell the scene what is to be replaced.
    return tuple(destinations(scene))


def _scene(
    desired: Desired, everything: Mapping[str, Entry], moved_from: Mapping[str, str], memory: Memory, live: Live
) -> Scene:
    entries = {address: entry for address, entry in everything.items() if kind_of(address) in live.records}
    matches = match(desired, entries, live, memory.tombstones, memory.unread)
    return Scene(desired, entries, live, matches, moved_from, memory.tombstones, memory.unread)


def _of_kinds(desired: Desired, live: Live) -> Desired:
    """What is wanted of the kinds that were read."""
    if live.records.keys() >= KINDS.keys():
        return desired
    return replace(
        desired,
        resources={address: each for address, each in desired.resources.items() if each.kind in live.records},
        moved=tuple(each for each in desired.moved if kind_of(each.target) in live.records),
        removed=tuple(each for each in desired.removed if kind_of(each.source) in live.records),
        imports=tuple(each for each in desired.imports if kind_of(each.target) in live.records),
    )


def _weight(change: Change) -> tuple[bool, int, int, int, str]:
    """What goes away comes first, then what stops delivering, then what starts, then the rest."""
    shift = Shift.NONE if change.action in DESTROYS else shift_of(change)
    return (
        change.action not in DESTROYS,
        SHIFT_RANK[shift],
        RANK[change.action],
        KIND_RANK[change.kind],
        change.address,
    )


def digest_of(plan: Plan) -> str:
    """What a reviewer approves: the same for the same changes, whenever and wherever they are planned."""
    content = {
        "format_version": FORMAT_VERSION,
        "configuration": plan.configuration,
        "environment": plan.environment,
        "api": plan.api,
        "changes": [change.approved() for change in plan.changes],
    }
    return "sha256:" + hashlib.sha256(canonical(content).encode()).hexdigest()


def _changes(scene: Scene) -> tuple[dict[str, Change], dict[str, Entry]]:
    """The changes, and what is to be remembered of what does not change. What others refer to is judged first."""
    changes: dict[str, Change] = {}
    refresh: dict[str, Entry] = {}
    by_kind = sorted(scene.desired.resources.values(), key=lambda each: (KIND_RANK[each.kind], each.address))
    for resource in by_kind:
        result = change_of(scene, resource)
        if isinstance(result, Entry):
            refresh[resource.address] = result
            continue
        changes[resource.address] = result
    holders = {(each.record.kind, each.record.id): address for address, each in scene.matches.items()}
    for address, entry in scene.entries.items():
        for object_id in scene.put_aside(address):
            name, note = object_name(kind_of(address), object_id), f"put aside by an interrupted replace of {address}"
            record = scene.live.records[kind_of(address)].get(object_id)
            unseen = f"{note}, and not listed: deleted all the same"
            changes[name] = delete_of(name, record, note) if record else unseen_delete_of(name, object_id, unseen)
        if address not in scene.desired.resources:
            holder = holders.get((kind_of(address), entry.id))
            changes[address] = (
                forget_of(address, entry.id, f"{entry.id} is {holder} now", scene.kept_protection(address))
                if holder
                else _dropped(scene, address, entry)
            )
    return changes | _released(scene), refresh


def _released(scene: Scene) -> dict[str, Change]:
    """The forgetting of protections that are kept for an object without an entry, and that a `removed` block names."""
    places = {each.source: each.place for each in scene.desired.removed}
    return {
        name: forget_of(name, object_of(name)[1], f"{places[each.address]} lifts the prevent_destroy of {each.address}")
        for name, each in scene.tombstones.items()
        if each.protected and each.address in places
    }


def _dropped(scene: Scene, address: str, entry: Entry) -> Change:
    block = next((each for each in scene.desired.removed if each.source == address), None)
    if block is not None and not block.destroy:
        return forget_of(address, entry.id, f"removed by {block.place}: {entry.id} stays as it is, unmanaged")
    record = scene.live.records[kind_of(address)].get(entry.id)
    if record is None:
        kept = scene.kept_protection(address)
        note = f"{entry.id} is not listed; its prevent_destroy is kept" if kept else f"{entry.id} is already gone"
        return forget_of(address, entry.id, note, kept)
    if block is not None:
        return delete_of(address, record, f"removed by {block.place}")
    return delete_of(address, record, f"its block has gone from {entry.file}" if entry.file else NOT_WRITTEN)


def _unmanaged(scene: Scene) -> list[Unmanaged]:
    managed = set(scene.addresses())
    return [
        Unmanaged(kind, record.id, record.name)
        for kind in KINDS
        for record in sorted(scene.live.records.get(kind, {}).values(), key=lambda each: (each.name, each.id))
        if (kind, record.id) not in managed
    ]


def _pruned(live: Live, unmanaged: Sequence[Unmanaged]) -> dict[str, Change]:
    """The deletes of what is not managed. What a `removed` block releases is not among them in the end: the forgetting
    of its protection has the same name, and comes first."""
    note = "unmanaged, deleted by --prune"
    records = (live.records[each.kind][each.id] for each in unmanaged)
    deletes = (delete_of(object_name(each.kind, each.id), each, note) for each in records)
    return {change.address: change for change in deletes}


def _targeted(
    scene: Scene, changes: dict[str, Change], targets: Collection[str], warnings: list[str]
) -> tuple[dict[str, Change], list[str]]:
    known = {*scene.desired.resources, *scene.entries, *changes}
    for target in targets:
        if target not in known:
            raise WrongUsage(
                f"--target {target}: no such address{did_you_mean(target, known)}",
                hint="an address is KIND.KEY, for example report.daily-revenue",
            )
    unread = [kind.section for name, kind in KINDS.items() if name not in scene.live.records]
    kept, said = _narrowed(changes, targets, warnings, "--target")
    return kept, [*said, f"--target needs no {' and no '.join(unread)}: not looked at"] if unread else said


def _narrowed(
    changes: dict[str, Change], wanted: Collection[str], warnings: list[str], flag: str
) -> tuple[dict[str, Change], list[str]]:
    kept = with_needs(wanted, changes)
    left = len(changes) - len(kept)
    others = f"{left} other change{'s' if left > 1 else ''}"
    return kept, [*warnings, f"{flag} leaves {others} out"] if left else warnings


def _behind(scene: Scene) -> dict[str, str]:
    """Id of an item → address of the managed object that it is proven to stand for, where it is not the object's id."""
    addresses = scene.addresses()
    found = {
        item_id: addresses.get((reference.kind, object_id))
        for kind in KINDS.values()
        for _, reference in kind.reference_fields()
        if reference.lookup in scene.live.lookups
        for item_id, object_id in scene.targets(reference).behind(scene.offers(reference)).items()
    }
    return {item_id: address for item_id, address in found.items() if address is not None}


def _labels(scene: Scene) -> dict[str, str]:
    """id → what people call it, for ids that stand in fields."""
    labels = told_apart(labels_of(item for items in scene.live.lookups.values() for item in items))
    referred = {reference.kind for kind in KINDS.values() for _, reference in kind.reference_fields()}
    return labels | {object_id: address for (kind, object_id), address in scene.addresses().items() if kind in referred}
