"""What is to be done to one address: the classification of the contract, and the requests that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.errors import Problem
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import Difference, differences, flattened, written
from reconciler.kinds.fingerprint import fingerprint
from reconciler.kinds.references import references, resolved
from reconciler.kinds.requests import CannotBeSent, create_requests, delete_requests, update_requests
from reconciler.model.desired import Resource, kind_of
from reconciler.model.live import Record
from reconciler.model.memory import NO_TOMBSTONES, Entry, Tombstone
from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.plan.causes import cause_of
from reconciler.plan.identity import Match
from reconciler.plan.scene import Scene


def change_of(scene: Scene, resource: Resource) -> Change | Entry:
    """The change of a desired resource, or what the state should know of it where nothing changes."""
    match = scene.matches.get(resource.address)
    return _create(scene, resource) if match is None else _compare(scene, resource, match)


def _fields(scene: Scene, resource: Resource, ignored: Sequence[str], live: Record | None) -> dict[str, Any]:
    kind = KINDS[resource.kind]
    used = {name: list(live.fields.get(name) or ()) if live else [] for name, _ in kind.reference_fields()}
    every = [item for items in used.values() for item in items]
    return resolved(
        kind,
        written(kind, resource.fields, ignored),
        lambda address, reference: scene.resolve(address, reference, every),
    )


def _entry(scene: Scene, resource: Resource, fields: dict[str, Any], object_id: str) -> Entry:
    kind = KINDS[resource.kind]
    uses = {address for address, *_ in references(kind, resource.fields)}
    # What is ignored is not ours from the beginning, so it is no drift later.
    fields = written(kind, fields, [each.field for each in resource.lifecycle.ignore_changes])
    known = scene.entries.get(resource.address)
    return Entry(
        object_id,
        fields,
        _protected(scene, resource, object_id),
        tuple(sorted(uses)),
        scene.put_aside(resource.address),
        resource.file,
        known.commit if known and known.id == object_id else "",
    )


def _protected(scene: Scene, resource: Resource, object_id: str) -> bool:
    """Only a written `prevent_destroy: false` lifts a protection that is remembered, of the address or the object."""
    if resource.lifecycle.prevent_destroy is not None:
        return resource.lifecycle.prevent_destroy
    known = scene.entries.get(resource.address)
    return (known is not None and known.protected) or scene.is_protected(resource.kind, object_id)


def _create(scene: Scene, resource: Resource) -> Change:
    kind = KINDS[resource.kind]
    fields = _fields(scene, resource, (), None)
    gone = scene.entries.get(resource.address)
    return Change(
        address=resource.address,
        kind=kind.name,
        action=Action.CREATE,
        id=None,
        name=str(fields[kind.name_field]),
        fields=_all_new(kind, fields, Cause.DRIFT if gone else Cause.CONFIG),
        reason=f"it was deleted outside: {gone.id} is gone" if gone else "",
        requests=create_requests(kind, fields),
        remember=_entry(scene, resource, fields, ""),
        tombstones=scene.kept_protection(resource.address),
    )


def _all_new(kind: Kind, fields: dict[str, Any], cause: Cause) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(path, None, value, cause) for path, value in flattened(kind, fields))


def _compare(scene: Scene, resource: Resource, match: Match) -> Change | Entry:
    kind, record = KINDS[resource.kind], match.record
    fields = _fields(scene, resource, [each.field for each in resource.lifecycle.ignore_changes], record)
    entry = scene.entries.get(resource.address) if match.remembered else None
    # A field that could not be read (a provider that the catalogue does not know) is not said to differ.
    found = [
        each for each in differences(kind, fields, record.fields) if not each.field.immutable or each.before is not None
    ]
    after = _entry(scene, resource, fields, record.id)
    notes = [match.note] if match.note else []
    if resource.address in scene.moved_from:
        notes.append(f"moved from {scene.moved_from[resource.address]}")
    if not (found or notes):
        return after
    change = Change(
        address=resource.address,
        kind=kind.name,
        action=Action.UPDATE,
        id=record.id,
        name=record.name,
        fields=tuple(FieldChange(each.path, each.before, each.after, cause_of(each, entry)) for each in found),
        notes=tuple(notes),
        remember=after,
        seen=fingerprint(kind, record),
        tombstones={} if match.remembered else scene.kept_protection(resource.address),
    )
    if not found:
        return replace(change, action=Action.ADOPT)
    if any(each.field.immutable for each in found):
        return _replace(scene, resource, change) if resource.lifecycle.replace else _manual(kind, change)
    return _update(kind, record, fields, found, change)


def _update(kind: Kind, record: Record, fields: dict[str, Any], found: list[Difference], change: Change) -> Change:
    try:
        requests = update_requests(kind, record, fields, {each.field.name for each in found})
    except CannotBeSent as reason:
        return _manual(kind, replace(change, notes=(*change.notes, str(reason))))
    return replace(change, requests=requests)


def _manual(kind: Kind, change: Change) -> Change:
    return replace(change, action=Action.MANUAL, notes=(*change.notes, kind.manual_step), remember=None)


def _replace(scene: Scene, resource: Resource, change: Change) -> Change:
    kind = KINDS[resource.kind]
    fields = _fields(scene, resource, (), None)
    made = scene.made_already(resource)
    scene.replaced[resource.address] = made
    notes = change.notes
    if made is None:
        requests = create_requests(kind, fields)
    else:
        notes = (*notes, f"the new one stands already: {made.id}, made by a run that was cut off")
        changed = {each.field.name for each in differences(kind, fields, made.fields)}
        requests = update_requests(kind, made, fields, changed) if changed else ()
    return replace(
        change,
        action=Action.REPLACE,
        notes=notes,
        requests=requests,
        cleanup=delete_requests(kind, change.id or ""),
        remember=_entry(scene, resource, fields, made.id if made else ""),
    )


def unseen_delete_of(address: str, object_id: str, reason: str) -> Change:
    """The delete of an object that is not listed and not known to be gone: the API's answer is the proof."""
    kind = KINDS[kind_of(address)]
    requests = delete_requests(kind, object_id)
    return Change(address, kind.name, Action.DELETE, object_id, object_id, reason=reason, requests=requests)


def delete_of(address: str, record: Record, reason: str) -> Change:
    """The delete of a live object."""
    kind = KINDS[record.kind]
    return Change(
        address=address,
        kind=kind.name,
        action=Action.DELETE,
        id=record.id,
        name=record.name,
        fields=tuple(FieldChange(path, value, None, Cause.CONFIG) for path, value in flattened(kind, record.fields)),
        reason=reason,
        requests=delete_requests(kind, record.id),
        seen=fingerprint(kind, record),
    )


def forget_of(address: str, object_id: str, reason: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> Change:
    """The forgetting of an address, and of all that is remembered of its object but these tombstones: nothing is
    written to the API."""
    kind = kind_of(address)
    return Change(address, kind, Action.FORGET, object_id, address, reason=reason, tombstones=tombstones)


def objections(scene: Scene, changes: Sequence[Change]) -> list[Problem]:
    """What the API's own lists say against creating something, each at its place in the YAML."""
    problems: list[Problem] = []
    for change in changes:
        if change.action in (Action.CREATE, Action.REPLACE):
            resource = scene.desired.resources[change.address]
            place = resource.place
            problems += [
                Problem(place.file, place.line, place.column, f"{change.address}: {message}")
                for message in KINDS[change.kind].objections(resource.fields, scene.live.lookups)
            ]
    return problems
