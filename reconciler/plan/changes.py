"""The change of one address: its action, its fields with their causes, and its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler import kinds
from reconciler.kinds import KINDS, Reference, wire
from reconciler.kinds.comparison import (
    Difference,
    find_cause,
    find_differences,
    find_stored,
    flatten,
    get_value,
    is_within,
    join_keys,
    select_managed,
)
from reconciler.kinds.normalization import is_certain, is_normalized, looks_same, may_be_normal_form
from reconciler.kinds.references import find_reference_items, references, resolve_references
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import NO_TOMBSTONES, Entry, Fields, Record, Resource, Tombstone
from reconciler.model.plan import Action, Cause, Change, FieldChange, KeptField, Waiting
from reconciler.plan.identity import PlanContext

UNKNOWN = Entry("", {})  # of an address that the state does not have
NOT_READ_BACK = "the apply that wrote it was cut off before it read it back: who changed it cannot be told"


def _resolve_fields(
    context: PlanContext, resource: Resource, ignored: Sequence[str], live: Record | None
) -> dict[str, Any]:
    kind = KINDS[resource.kind]
    # An item that the live object holds already proves itself: it works, although the API may not offer it any more.
    every = [item for _, item, _ in find_reference_items(kind, live.fields if live else {})]
    fields = select_managed(kind, resource.fields, ignored)
    if rules := kind.find_local_times(fields):
        fields |= {name: kinds.local_time.find_next_time(*each, context.now) for name, each in rules.items()}
    for name, reference in kind.lists:
        if name in fields and reference.label_key:
            fields[name] = [context.references.as_sent(reference, item) for item in fields[name]]

    def item_for(address: str, reference: Reference) -> Any:
        """The item for a reference, None if its target has no id yet or is not offered."""
        record = context.target(address)
        return context.references.targets(reference).proof(record, every, address) if record else None

    return resolve_references(kind, fields, item_for)


def _make_entry(
    context: PlanContext, resource: Resource, fields: Fields, live: Record | None, kept: Fields, *, is_as_wanted: bool
) -> Entry:
    """The entry after the change. `live` is the object, None if it is to be created; `kept` are values that it has for
    good in place of those that were sent."""
    kind, object_id = KINDS[resource.kind], live.id if live else ""
    uses = {address for address, *_ in references(kind, resource.fields)}
    # What is ignored is not ours from the beginning, so it is no drift later.
    fields = select_managed(kind, fields, [each.field for each in resource.lifecycle.ignore_changes])
    known = context.entries.get(resource.address, UNKNOWN)
    same = known if live and known.id == live.id else UNKNOWN
    is_protected = resource.lifecycle.prevent_destroy
    if is_protected is None:  # It is not written, so it is as the state has it for the address or the object.
        is_protected = known.protected or (resource.kind, object_id) in context.protected
    return Entry(
        object_id,
        fields,
        is_protected,
        tuple(sorted(uses)),
        context.find_superseded(resource.address),
        resource.file,
        same.commit,
        {**(find_stored(fields, live.fields, same) if live else {}), **kept},
        # Live as wanted is as good as a write that was read back.
        is_as_wanted,
        rules={name: rule for name, rule in _find_rules(resource).items() if name in fields},
        counts=same.counts,
        counted_at=same.counted_at,
    )


def _find_rules(resource: Resource) -> dict[str, str]:
    """The local times of a resource as they are written, by field."""
    return {name: rule for name, (rule, _) in KINDS[resource.kind].find_local_times(resource.fields).items()}


def _plan_create(context: PlanContext, resource: Resource) -> Change:
    kind = KINDS[resource.kind]
    fields = _resolve_fields(context, resource, (), None)
    gone = context.entries.get(resource.address)
    cause, rules = Cause.DRIFT if gone else Cause.CONFIG, _find_rules(resource)
    ended = next((f"{each.terminal} or " for _, each in kind.sub_endpoints if each.terminal), "")
    return Change(
        address=resource.address,
        kind=kind.name,
        action=Action.CREATE,
        id=None,
        name=str(fields[kind.identity.name_field]),
        fields=tuple(
            FieldChange(path, None, value, cause, rules.get(path, "")) for path, value in flatten(kind, fields)
        ),
        reason=f"it was {ended}deleted outside: {gone.id} is gone" if gone else "",
        requests=wire.make_create_requests(kind, fields),
        remember=_make_entry(context, resource, fields, None, {}, is_as_wanted=False),
        tombstones=context.keep_protection(resource.address),
    )


def plan_change(context: PlanContext, resource: Resource) -> Change | Entry:
    """The change of a desired resource, or its entry if nothing changes."""
    if (match := context.matches.get(resource.address)) is None:
        return _plan_create(context, resource)
    kind, record = KINDS[resource.kind], match.record
    fields = _resolve_fields(context, resource, [each.field for each in resource.lifecycle.ignore_changes], record)
    entry = context.entries.get(resource.address) if match.remembered else None
    found = find_differences(kind, fields, record.fields, entry)
    kept = _find_kept(fields, record, entry, found)
    found = [each for each in found if is_certain(each) and join_keys(each.outer_keys) not in kept]
    given = wire.find_rules(record, entry, fields)
    changed = [_make_field_change(context, resource, entry, given, each) for each in found]
    deferred = set(_defer(context, resource, record, changed))
    found = [each for each in found if each.path not in deferred]
    fields |= {name: record.fields[name] for name in deferred}
    after = _make_entry(context, resource, fields, record, kept, is_as_wanted=not found)
    moved = [f"moved from {context.moved_from[resource.address]}"] if resource.address in context.moved_from else []
    notes = [*filter(None, [match.note]), *moved]
    if not (found or notes):
        return after
    change = Change(
        address=resource.address,
        kind=kind.name,
        action=Action.UPDATE,
        id=record.id,
        name=record.name,
        fields=tuple(each for each in changed if each.path not in deferred),
        notes=tuple(notes),
        remember=after,
        seen=wire.compute_fingerprint(kind, record),
        seen_as_ruled=wire.compute_fingerprint(kind, record, given) if given else None,
        tombstones={} if match.remembered else context.keep_protection(resource.address),
    )
    if not found:
        return replace(change, action=Action.ADOPT)
    if resource.address in context.state.unread:
        change = _mark_unread(change, found, fields, record)
    if not all(kind.can_change(each.field, each.before, each.after) for each in found):
        # Two objects cannot have one id at once, so one with a chosen id cannot be replaced under it.
        if resource.lifecycle.replace and fields.get(kind.identity.chosen_id) != record.id:
            return _plan_replace(context, resource, record, change)
    else:
        try:
            requests = wire.make_update_requests(kind, record, fields, {each.field.name for each in found})
            return replace(change, requests=requests)
        except wire.CannotBeSent as reason:
            change = replace(change, notes=(*change.notes, str(reason)))
    return replace(change, action=Action.MANUAL, notes=(*change.notes, kind.messages.manual_step), remember=None)


def _make_field_change(
    context: PlanContext, resource: Resource, entry: Entry | None, given: Mapping[str, str], each: Difference
) -> FieldChange:
    """A difference, and who made it. Without an entry, a UTC time that the local time has in another season is of the
    clocks. `given`: the local times that live UTC times came from."""
    rule, grid = KINDS[resource.kind].find_local_times(resource.fields).get(each.path, ("", 0))
    if entry is None and rule and each.before in kinds.local_time.list_utc_times(rule, grid, context.now.date()):
        cause = Cause.CLOCK
    else:
        cause = find_cause(each, entry, rule)
    return FieldChange(each.path, each.before, each.after, cause, rule, given.get(each.path, ""))


def _defer(context: PlanContext, resource: Resource, record: Record, changed: Sequence[FieldChange]) -> Iterator[str]:
    """The fields that the clocks change, and that have to wait: a delivery would be lost or doubled now."""
    kind = KINDS[resource.kind]
    rules = kind.find_local_times(resource.fields) if kind.sends(record.fields) else {}
    for each in (each for each in changed if each.path in rules and each.cause is Cause.CLOCK):
        moment = kinds.local_time.find_safe_moment(*rules[each.path], each.before, context.now)
        if moment > context.now:
            stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
            context.waiting.append(Waiting(resource.address, each.path, each.before, each.after, stamp))
            yield each.path


def find_ignored(context: PlanContext, resource: Resource) -> Iterator[KeptField]:
    """The fields of a resource that are not as they are written, since `ignore_changes` holds them."""
    match, ignored = context.matches.get(resource.address), [each.field for each in resource.lifecycle.ignore_changes]
    if match is None or not ignored:
        return
    fields = _resolve_fields(context, resource, (), match.record)
    for each in find_differences(KINDS[resource.kind], fields, match.record.fields):
        if is_certain(each) and any(is_within(each.path, path) for path in ignored):
            yield KeptField(resource.address, each.path, each.before, each.after)


def _mark_unread(change: Change, found: Sequence[Difference], fields: Fields, record: Record) -> Change:
    """The change of what an apply wrote and did not read back: a possible normal form is no drift."""
    unsure = {
        each.path
        for each in found
        if is_normalized(each, get_value(fields, each.outer_keys), get_value(record.fields, each.outer_keys))
    }
    marked = tuple(
        replace(each, cause=Cause.UNKNOWN) if each.cause is Cause.DRIFT and each.path in unsure else each
        for each in change.fields
    )
    return change if marked == change.fields else replace(change, fields=marked, notes=(*change.notes, NOT_READ_BACK))


def _find_kept(fields: Fields, record: Record, known: Entry | None, found: Sequence[Difference]) -> dict[str, Any]:
    """Path → stored value, of values that the API has normalized. Without an entry, only changes that people hardly see
    count; for immutable fields, all forms."""
    return {
        join_keys(each.outer_keys): get_value(record.fields, each.outer_keys)
        for each in found
        if may_be_normal_form(each, known)
        or (known is None and looks_same(get_value(fields, each.outer_keys), get_value(record.fields, each.outer_keys)))
    }


def _plan_replace(context: PlanContext, resource: Resource, record: Record, change: Change) -> Change:
    kind = KINDS[resource.kind]
    fields = _resolve_fields(context, resource, (), None)
    made = context.find_made(resource)
    context.replaced[resource.address] = made
    notes = change.notes
    if made is None:
        requests = wire.make_create_requests(kind, fields)
        if lost := [name for name in kind.field_names if name not in fields and record.fields.get(name)]:
            notes = (*notes, f"the new one does not get {', '.join(lost)}, which the YAML does not have")
    else:
        notes = (*notes, f"the new one stands already: {made.id} has its name, and is not managed here yet")
        found = find_differences(kind, fields, made.fields)
        changed = {each.field.name for each in found if not may_be_normal_form(each, None)}
        requests = wire.make_update_requests(kind, made, fields, changed) if changed else ()
    return replace(
        change,
        action=Action.REPLACE,
        notes=notes,
        requests=requests,
        cleanup=wire.make_delete_requests(kind, change.id or ""),
        remember=_make_entry(context, resource, fields, made, {}, is_as_wanted=False),
    )


def plan_unseen_delete(address: str, object_id: str, reason: str) -> Change:
    """The delete of an object that is not listed and not known to be gone: a 404 will prove that."""
    kind = address_kind(address)
    requests = wire.make_delete_requests(KINDS[kind], object_id)
    return Change(address, kind, Action.DELETE, object_id, object_id, reason=reason, requests=requests)


def plan_delete(address: str, record: Record, reason: str, entry: Entry | None = None) -> Change:
    """The delete of a live object. `entry`: what is remembered of it."""
    kind, given = KINDS[record.kind], wire.find_rules(record, entry, {})
    return Change(
        address=address,
        kind=kind.name,
        action=Action.DELETE,
        id=record.id,
        name=record.name,
        fields=tuple(
            FieldChange(path, value, None, Cause.CONFIG, rule_before=given.get(path, ""))
            for path, value in flatten(kind, record.fields)
        ),
        reason=reason,
        requests=wire.make_delete_requests(kind, record.id),
        seen=wire.compute_fingerprint(kind, record),
        seen_as_ruled=wire.compute_fingerprint(kind, record, given) if given else None,
    )


def plan_forget(
    address: str, object_id: str, reason: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES
) -> Change:
    """The change that removes an address and its object from the state, but for these tombstones."""
    return Change(
        address, address_kind(address), Action.FORGET, object_id, address, reason=reason, tombstones=tombstones
    )
