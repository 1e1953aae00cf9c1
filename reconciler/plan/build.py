"""Makes the plan from its parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.kinds import KINDS
from reconciler.kinds.wire import find_labels, make_distinct
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Desired, Entry, Live, State
from reconciler.model.plan import DESTROYS, FORMAT_VERSION, Action, Cause, Change, Destination, Plan, Target, Unmanaged
from reconciler.model.reports import Weight
from reconciler.plan.changes import find_ignored, plan_change, plan_delete, plan_forget, plan_unseen_delete
from reconciler.plan.guards import EPOCH, Options, find_refusals
from reconciler.plan.identity import PlanContext
from reconciler.plan.references import find_targets, order_changes, require_sound_offers, with_needs
from reconciler.plan.warnings import apply_moves, find_dangling, find_warnings
from reconciler.serialization import sha256
from reconciler.text import format_count

RANK = {action: rank for rank, action in enumerate(Action)}


def make_plan(desired: Desired, state: State, live: Live, options: Options) -> Plan:
    """The plan that changes `live` to `desired`. Kinds that were not read are left alone. IdentityAmbiguous if an
    address could mean two objects; ConfigurationInvalid if the API's own lists rule a change out, or a block has no
    target; WrongUsage for an unknown target."""
    context = make_context(desired, state, live, options.now)
    if problems := list(find_dangling(context.desired, context.entries, context.moved_from, live)):
        raise ConfigurationInvalid(problems)
    changes, refresh = _plan_changes(context)
    managed, listed = context.addresses(), (live.records.get(kind, {}).values() for kind in KINDS)
    every = (record for records in listed for record in sorted(records, key=lambda each: (each.name, each.id)))
    unmanaged = [record for record in every if record.ref not in managed]
    if options.prune:
        deletes = (plan_delete(str(each.ref), each, "unmanaged, deleted by --prune") for each in unmanaged)
        # Both may name one object as kind[id]: a `removed` block that lifts its protection wins over the delete.
        changes, unmanaged = {change.address: change for change in deletes} | changes, []
    left: Sequence[str] = ()
    if options.only_clock:
        changes, left = _keep_clock(changes)
    # The order and the notes depend on which changes are left.
    changes = order_changes(context, changes)
    for change in (each for each in changes.values() if each.action in (Action.CREATE, Action.REPLACE)):
        resource = context.desired.resources[change.address]
        errors = KINDS[change.kind].creation_errors(resource.fields, live.lookups)
        texts = (f"{change.address}: {error}" for error in errors)
        problems += (Problem(*resource.location, text, subject=change.address) for text in texts)
    if problems:
        raise ConfigurationInvalid(problems)
    found = find_warnings(context, changes, refresh, options.zone_data)
    messages: Sequence[str] = [*map(str, desired.warnings), *live.warnings, *found, *left]
    if options.targets:
        changes, messages = _keep_targets(context, changes, options.targets, messages)
    if options.to_apply:
        require_sound_offers(context, changes.values())
    shown = sorted(changes.values(), key=_rank)
    labels, behind = _find_labels(context)
    plan = Plan(
        environment=state.environment,
        changes=tuple(shown),
        unchanged=tuple(sorted(refresh.keys() - changes.keys())),
        unmanaged=tuple(Unmanaged(each.kind, each.id, each.name) for each in unmanaged),
        warnings=tuple(messages),
        refusals=find_refusals(desired, context.state, live, shown, options),
        refresh=refresh,
        moved=context.moved_from,
        labels=labels,
        behind=behind,
        ignored=tuple(field for each in desired.resources.values() for field in find_ignored(context, each)),
        configuration=state.configuration or "",
        api=options.api,
        waiting=tuple(context.waiting),
        zone_data=options.zone_data,
    )
    return replace(plan, digest=compute_digest(plan))


def keep_only(
    plan: Plan, addresses: Collection[str], desired: Desired, state: State, live: Live, options: Options
) -> Plan:
    """The plan with the changes of these addresses, and with what they need. The guards judge it anew."""
    changes, texts = _narrow({each.address: each for each in plan.changes}, addresses, plan.warnings, "--only-scope")
    shown = sorted(changes.values(), key=_rank)
    everything, _ = apply_moves(_keep_read_kinds(desired, live), state.entries)
    refused = find_refusals(desired, replace(state, entries=everything), live, shown, options)
    plan = replace(plan, changes=tuple(shown), warnings=tuple(texts), refusals=refused)
    return replace(plan, digest=compute_digest(plan))


def find_destinations(desired: Desired, state: State, live: Live) -> tuple[Destination, ...]:
    """The destinations that the API offers, and the objects behind them. IdentityAmbiguous as for a plan."""
    context = make_context(desired, state, live, EPOCH)
    _plan_changes(context)  # It tells the context what is replaced.
    addresses, found = context.addresses(), list[Destination]()
    for reference in {each.lookup: each for kind in KINDS.values() for _, each in kind.lists}.values():
        targets = context.references.targets(reference)
        labels, behind = find_labels(targets.available), targets.find_aliases()
        for item in targets.available:
            item_id, label = str(item.get("id")), labels.get(str(item.get("id")), "")
            same = [other for other in find_labels(targets.available.find("label", label)) if other != item_id]
            record = live.find(reference.kind, behind.get(item_id, item_id))
            target = None
            if record is not None and item.get("type") == reference.type:
                proven_by = "label" if item_id in behind else "id"
                target = Target(record.kind, record.id, record.name, addresses.get(record.ref, ""), proven_by)
            found.append(Destination(str(item.get("type")), item_id, label, tuple(same), target))
    return tuple(found)


def _keep_clock(changes: dict[str, Change]) -> tuple[dict[str, Change], Sequence[str]]:
    """The changes that the clocks alone bring about, and what is said of the others."""
    kept = [address for address, change in changes.items() if not change.is_reviewed()]
    messages = [
        f"{address} is left as it is: beside the clocks, something else changes it"
        for address, change in changes.items()
        if change.is_reviewed() and any(each.cause is Cause.CLOCK for each in change.fields)
    ]
    return _narrow(changes, kept, messages, "--only clock")


def make_context(desired: Desired, state: State, live: Live, now: datetime) -> PlanContext:
    """What a plan is made of. IdentityAmbiguous if an address could mean two objects."""
    desired = _keep_read_kinds(desired, live)
    # What is written in a state that an object cannot leave is not wanted: it ends, or stays as it is.
    ended = {name: each for name, each in desired.resources.items() if KINDS[each.kind].has_ended(each.fields)}
    resources = {name: each for name, each in desired.resources.items() if name not in ended}
    desired = replace(desired, resources=resources, ended={name: each.location for name, each in ended.items()})
    entries, moved_from = apply_moves(desired, state.entries)
    return PlanContext(desired, replace(state, entries=entries), live, moved_from, now)


def _keep_read_kinds(desired: Desired, live: Live) -> Desired:
    """The desired resources and blocks of the kinds that were read."""
    if live.records.keys() >= KINDS.keys():
        return desired
    return replace(
        desired,
        resources={address: each for address, each in desired.resources.items() if each.kind in live.records},
        moved=tuple(each for each in desired.moved if address_kind(each.target) in live.records),
        removed=tuple(each for each in desired.removed if address_kind(each.source) in live.records),
        imports=tuple(each for each in desired.imports if address_kind(each.target) in live.records),
    )


def _rank(change: Change) -> tuple[bool, int, int, int, str]:
    """The sort key: deletes first, then what stops delivering, then what starts, then the rest."""
    stays = change.action not in DESTROYS
    shift = KINDS[change.kind].find_delivery_change(change) if stays else None
    ranks = (Weight.STOPS, Weight.STARTS, None).index(shift), RANK[change.action], list(KINDS).index(change.kind)
    return stays, *ranks, change.address


def compute_digest(plan: Plan) -> str:
    """The hash of what a reviewer approves: the same for the same changes, whenever and wherever they are planned.

    It holds what is written, where to, in which order, and what was seen of each live object. It leaves out what may
    differ between two runs that do the same: reasons, notes, warnings, labels, what stays unchanged, and the file and
    commit of an entry (see `Change.approved`). So a job after the merge gets the digest that the pull request showed,
    also if the clocks have changed: what was approved is the local time.
    """
    named = {"configuration": plan.configuration, "environment": plan.environment, "api": plan.api}
    changes = [change.approved() for change in plan.changes if change.is_reviewed()]
    return sha256({"format_version": FORMAT_VERSION, **named, "changes": changes})


def _plan_changes(context: PlanContext) -> tuple[dict[str, Change], dict[str, Entry]]:
    """The changes, and what the state is to know beside them."""
    changes: dict[str, Change] = {}
    refresh: dict[str, Entry] = {}
    # What refers to an object that is replaced must know its new one, so the kinds that others refer to come first.
    ranks = {name: rank for rank, name in enumerate(KINDS)}
    by_kind = sorted(context.desired.resources.values(), key=lambda each: (ranks[each.kind], each.address))
    for resource in by_kind:
        result = plan_change(context, resource)
        if isinstance(result, Entry):
            refresh[resource.address] = result
        else:
            changes[resource.address] = result
            entry, protects = context.entries.get(resource.address), resource.lifecycle.prevent_destroy
            # The protection that is written for an object that only a person can change.
            if result.action is Action.MANUAL and entry is not None and protects is not None:
                refresh[resource.address] = replace(entry, protected=protects)
    for address, entry in context.entries.items():
        for object_id in context.find_superseded(address):
            name = str(ObjectRef.at(address, object_id))
            note = f"put aside by an interrupted replace of {address}"
            record = context.live.records[address_kind(address)].get(object_id)
            unseen = f"{note}, and not listed: deleted all the same"
            changes[name] = plan_delete(name, record, note) if record else plan_unseen_delete(name, object_id, unseen)
        if address not in context.desired.resources:
            changes[address] = _plan_dropped(context, address, entry)
    lifted = {each.source: each.location for each in context.desired.removed}
    for name, kept in context.state.tombstones.items():
        if kept.protected and kept.address in lifted:
            reason = f"{lifted[kept.address]} lifts the prevent_destroy of {kept.address}"
            changes[name] = plan_forget(name, ObjectRef.parse(name).id, reason)
    return changes, refresh


def _plan_dropped(context: PlanContext, address: str, entry: Entry) -> Change:
    """The change of an entry without a resource."""
    kept = context.keep_protection(address)
    # Another address may have imported its object.
    if holder := context.matched.get(ObjectRef.at(address, entry.id)):
        return plan_forget(address, entry.id, f"{entry.id} is {holder} now", kept)
    block = next((each for each in context.desired.removed if each.source == address), None)
    if block is not None and not block.destroy:
        return plan_forget(address, entry.id, f"removed by {block.location}: {entry.id} stays as it is, unmanaged")
    record = context.live.records[address_kind(address)].get(entry.id)
    if record is None:
        note = f"{entry.id} is not listed; its prevent_destroy is kept" if kept else f"{entry.id} is already gone"
        return plan_forget(address, entry.id, note, kept)
    if block is not None:
        return plan_delete(address, record, f"removed by {block.location}", entry)
    reason = f"its block has gone from {entry.file}" if entry.file else "it is not in the configuration any more"
    return plan_delete(address, record, context.desired.explain_gone(address, entry.file) or reason, entry)


def _keep_targets(
    context: PlanContext, changes: dict[str, Change], targets: Collection[str], warnings: Sequence[str]
) -> tuple[dict[str, Change], Sequence[str]]:
    """The changes at the addresses that `--target` names, and all that has to happen with them."""
    known = {*context.desired.resources, *context.entries, *changes}
    wanted = [address for target in targets for address in find_targets(target, known, context.desired)]
    always = {name for name, each in KINDS.items() if not each.endpoints.on_demand}
    used = always.union(map(address_kind, context.state.entries))
    unread = [each.section for name, each in KINDS.items() if name in used and name not in context.live.records]
    kept, messages = _narrow(changes, wanted, warnings, "--target")
    context.waiting = [each for each in context.waiting if each.address in wanted]
    return kept, [*messages, f"--target needs no {' and no '.join(unread)}: not looked at"] if unread else messages


def _narrow(
    changes: dict[str, Change], wanted: Collection[str], warnings: Sequence[str], flag: str
) -> tuple[dict[str, Change], Sequence[str]]:
    kept = with_needs(wanted, changes)
    left = len(changes) - len(kept)
    return kept, [*warnings, f"{flag} leaves {format_count(left, 'other change')} out"] if left else warnings


def _find_labels(context: PlanContext) -> tuple[dict[str, str], dict[str, str]]:
    """Id → name for people, of ids in fields; and id of an item → address of the managed object that it stands for, if
    that has another id."""
    addresses = context.addresses()
    found = (pair for kind in KINDS.values() for pair in context.references.find_aliases(kind).items())
    behind = {item.id: addresses[ref] for item, ref in found if ref in addresses}
    labels = make_distinct(find_labels(item for items in context.live.lookups.values() for item in items))
    referred = {reference.kind for kind in KINDS.values() for _, reference in kind.reference_fields}
    return labels | {ref.id: name for ref, name in addresses.items() if ref.kind in referred} | behind, behind
