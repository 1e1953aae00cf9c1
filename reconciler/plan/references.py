"""The order of changes by their references, and checks of the items that are sent for references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, NamedTuple

from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, NoSuchTarget, Problem
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.comparison import Keys, join_keys
from reconciler.kinds.references import (
    WRITE_IT,
    Labelled,
    find_address,
    find_named_label,
    find_reference_items,
    item_id,
    list_items,
    references,
)
from reconciler.kinds.wire import find_labels, list_labels
from reconciler.model.addresses import ObjectRef, address_key
from reconciler.model.inputs import Desired, Live, Resource
from reconciler.model.plan import DESTROYS, WRITES, Action, Change
from reconciler.plan.identity import PlanContext
from reconciler.serialization import to_canonical
from reconciler.text import abridge, suggest_close


def order_changes(context: PlanContext, changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes with their dependencies. Notes name what still refers to an object that is deleted."""
    if not changes:
        return {}
    users, addresses = context.references.users(), context.addresses()
    result = {}
    for address, change in changes.items():
        before, leaving, staying = set[str](), set[str](), set[str]()
        notes: list[str] = []
        if change.action is not Action.DELETE and change.action in WRITES:
            resource = context.desired.resources[address]
            uses = {used for used, *_ in references(KINDS[resource.kind], resource.fields)}
            before = {used for used in uses if used in changes and changes[used].action in WRITES}
            notes = [*_describe_targets(context, change, resource)]
        using = users.get(ObjectRef(change.kind, change.id or ""), ()) if change.action in DESTROYS else ()
        for user in using:
            name = addresses.get(user.ref, str(user.ref))
            if (other := changes.get(name)) and _ends_use(context, change, other):
                leaving.add(name)
            else:
                staying.add(f"{name} ({user.name})")
        if staying:
            still = f"still used by {', '.join(sorted(staying))}"
            notes.append(f"{still}: the API may refuse, or leave it without a target")
        # A delete waits for those that stop using its object; of a replace, only the delete of the old object does.
        deletes = change.action is Action.DELETE
        result[address] = replace(
            change,
            depends_on=tuple(sorted(before | (leaving if deletes else set()))),
            cleanup_after=() if deletes else tuple(sorted(leaving)),
            notes=(*change.notes, *notes),
        )
    return _attach_first(context, result)


def _attach_first(context: PlanContext, changes: dict[str, Change]) -> dict[str, Change]:
    """The changes in an order that adds a target to one object before it is taken from another. A note says if that is
    not possible, since each of two objects takes something from the other."""
    gains: dict[ObjectRef, list[str]] = defaultdict(list)
    losses: dict[ObjectRef, list[str]] = defaultdict(list)
    for address, change in changes.items():
        record = context.live.find(change.kind, change.id)
        applied = change.remember.applied if change.remember else {}
        for name, each in KINDS[change.kind].reference_fields:
            is_kept = change.action not in WRITES or (change.remember and name not in applied)
            if each.attach_first and not is_kept:
                sides = (record.fields if record else {}, applied)
                before, after = ({item_id(each, item) for _, item in list_items(name, each, side)} for side in sides)
                for item in before ^ after:
                    (gains if item in after else losses)[ObjectRef(each.kind, str(item))].append(address)
    for target in sorted(losses.keys() & gains.keys()):
        for loser, gainer in product(losses[target], gains[target]):
            change = changes[loser]
            if loser not in with_needs([gainer], changes):
                changes[loser] = replace(change, depends_on=tuple(sorted({*change.depends_on, gainer})))
            else:
                note = f"it gives {target.id} up before {gainer} has it, as each takes something from the other; "
                note += f"to leave no gap, first apply with {target.id} in both"
                changes[loser] = replace(change, notes=(*change.notes, note))
    return changes


def _describe_targets(context: PlanContext, change: Change, resource: Resource) -> Iterator[str]:
    """References to live objects that the API's list does not offer, and what labels mean that the live object does not
    have yet: somebody may have renamed something in the dashboard."""
    kind = KINDS[change.kind]
    for used, _, reference in references(kind, change.remember.applied if change.remember else {}):
        if reference.lookup and context.target(used) is not None:
            text = f"{used} is live, and the API does not offer it in {reference.lookup} yet"
            yield f"{text}: looked up again when applying"
    record = context.live.records[kind.name].get(change.id or "") if change.action is Action.UPDATE else None
    for keys, item, reference in find_reference_items(kind, resource.fields) if record else ():
        sent = context.references.as_sent(reference, item)
        if record and sent is not item and sent not in (record.fields.get(str(keys[0])) or ()):
            yield f'{join_keys(keys)}: the label "{item[reference.label_key]}" means {sent["id"]}'


def _ends_use(context: PlanContext, target: Change, user: Change) -> bool:
    """Whether a change ends the use of an object."""
    if user.action not in (Action.UPDATE, Action.REPLACE) or user.remember is None:
        return user.action is Action.DELETE
    record = context.live.records[target.kind].get(target.id or "")
    for name, reference in KINDS[user.kind].reference_fields:
        if reference.kind != target.kind or record is None:
            continue
        possible = (item_id(reference, each) for each in context.references.targets(reference).possible(record))
        ids = {target.id, *possible}
        if any(item_id(reference, item) in ids for _, item in list_items(name, reference, user.remember.applied)):
            return False
    return True


def find_targets(target: str, known: Collection[str], desired: Desired) -> list[str]:
    """What `--target` means: an address, or all that fit a pattern (`report.chess-*`). NoSuchTarget if none does."""
    found = [target] if target in known else [each for each in known if fnmatchcase(each, target)]
    if not found:
        hint = "an address is KIND.KEY, for example report.daily-revenue; report.daily-* means all that begin so"
        reason = desired.explain_none(target) or f"no such address{suggest_close(target, known)}"
        raise NoSuchTarget(f"--target {target}: {reason}", hint=hint)
    return found


def with_needs(targets: Collection[str], changes: Mapping[str, Change]) -> dict[str, Change]:
    """The changes at those addresses and all that has to happen with them."""
    # A loop, since a chain of dependencies may be longer than Python's stack is deep.
    wanted: set[str] = set()
    queue = [address for address in targets if address in changes]
    while queue:
        address = queue.pop()
        if address not in wanted:
            wanted.add(address)
            queue.extend((*changes[address].depends_on, *changes[address].cleanup_after))
    return {address: change for address, change in changes.items() if address in wanted}


class _Sent(NamedTuple):
    """An item that a change sends, as it is written, its keys and their path (`destinations[0]`)."""

    change: Change
    resource: Resource
    keys: Keys
    path: str
    item: Any
    reference: Reference

    def make_problem(self, key: str, message: str) -> Problem:
        """A problem with the value at a key of the item."""
        path = f"{self.path}.{key}"
        sources = ", ".join(map(str, self.resource.sources.get(path, ())))
        message = f"{self.change.address}: {path}: {message}"
        message += f" (the value comes from {sources})" if sources else ""
        return Problem(*self.resource.locate_field(path), message, subject=self.change.address)


def require_sound_offers(context: PlanContext, changes: Collection[Change]) -> None:
    """IdentityAmbiguous if the lists do not prove which item stands for a live object that these changes refer to, or
    which one a label means; ConfigurationInvalid if an item that is written by its id or label is not offered."""
    leaving = {(change.kind, change.id) for change in changes if change.action in DESTROYS}
    problems: list[Problem] = []
    unsure: list[str] = []
    doubtful: dict[tuple[Reference, str], list[tuple[_Sent, Labelled]]] = defaultdict(list)
    for sent in _find_sent(context.desired, changes):
        reference, targets = sent.reference, context.references.targets(sent.reference)
        available, is_read = targets.available, reference.lookup in context.live.lookups
        if address := find_address(reference, sent.item):
            unsure += _explain_unproven(context, sent, address)
        elif is_read and (label := find_named_label(reference, sent.item)) is not None:
            found = targets.by_label(label)
            if found.items and found.item is None:
                doubtful[reference, label].append((sent, found))
            elif message := _describe_unfit_label(context, sent, label, found, leaving):
                problems.append(sent.make_problem(reference.label_key, message))
        elif is_read and _is_new_by_id(context.live, sent) and not available.holds(sent.item):
            close = suggest_close(sent.item["id"], [str(each["id"]) for each in available if each.get("id")])
            message = f'the API does not offer "{sent.item["id"]}" in {reference.lookup}'
            message += f"; expected one of: {list_labels(available)}{close}"
            problems.append(sent.make_problem("id", message))
    for (reference, label), group in doubtful.items():
        sent, found = group[0]
        why = f'{sent.path}: the label "{label}" does not prove which destination it is'
        first, *candidates = context.references.targets(reference).candidates(why, found.items, found.candidates)
        place = sent.resource.locate_field(f"{sent.path}.{reference.label_key}")
        unsure += [f"{place}: {abridge(each.change.address for each, _ in group)}: {first}", *candidates]
    if unsure:
        raise IdentityAmbiguous("\n".join(unsure), hint=WRITE_IT)
    if problems:
        raise ConfigurationInvalid(problems)


def _explain_unproven(context: PlanContext, sent: _Sent, address: str) -> list[str]:
    """Why the list proves no item for the object of a reference, if that is live; nothing if it proves one."""
    record, bodies = context.target(address), (request.body or {} for request in sent.change.requests)
    items = (each for body in bodies for each in body.get(str(sent.keys[0])) or ())
    # Only a reference that is resolved when the change is sent.
    if record is None or all(find_address(sent.reference, each) != address for each in items):
        return []
    first, *candidates = context.references.targets(sent.reference).explain_ambiguity(record, address) or [""]
    return [f"{sent.change.address}: {sent.path}: {first}", *candidates] if first else []


def _describe_unfit_label(
    context: PlanContext, sent: _Sent, label: str, found: Labelled, leaving: Collection[tuple[str, str | None]]
) -> str:
    """Why a label cannot be sent: nothing bears it, or only what is `leaving`; empty if it can."""
    targets = context.references.targets(sent.reference)
    names = " and ".join(map(targets.describe, found.candidates))
    if found.items:
        is_leaving = any((sent.reference.kind, each) in leaving for each in found.candidates)
        text = f'"{label}" is the label of {names}, which this plan deletes; expected a destination that stays'
        return text if is_leaving else ""
    keys = [address_key(each) for each in found.candidates if each in context.desired.resources]
    expected = " or ".join(f"{{{sent.reference.key}: {key}}}" for key in keys)
    if not keys:
        close = suggest_close(label, find_labels(targets.available).values())
        expected = f"one of: {list_labels(targets.available)}{close}"
    text = f'the API offers nothing with the label "{label}" in {sent.reference.lookup}'
    return text + (f", and it could be that of {names}" if names else "") + f"; expected {expected}"


def find_unread(desired: Desired, live: Live, changes: Iterable[Change]) -> set[str]:
    """The paths of the lists that must be read to check these changes."""
    new = (sent for sent in _find_sent(desired, changes) if _is_new_by_id(live, sent))
    return {sent.reference.lookup for sent in new} - live.lookups.keys()


def _is_new_by_id(live: Live, sent: _Sent) -> bool:
    """Whether an item is written by its id, and the live object does not have it."""
    record = live.find(sent.change.kind, sent.change.id)
    value = record.fields.get(str(sent.keys[0])) if record else None
    is_by_id = isinstance(sent.item, dict) and "id" in sent.item
    return is_by_id and not (isinstance(value, list) and to_canonical(sent.item) in map(to_canonical, value))


def _find_sent(desired: Desired, changes: Iterable[Change]) -> Iterator[_Sent]:
    for change in changes:
        resource, sets = desired.resources.get(change.address), {each for one in change.requests for each in one.sets}
        for keys, item, reference in find_reference_items(KINDS[change.kind], resource.fields) if resource else ():
            if resource and reference.lookup and keys[0] in sets:
                yield _Sent(change, resource, keys, join_keys(keys), item, reference)
