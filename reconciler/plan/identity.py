"""Finds the live object of each address, and what the plan of one resource needs to know about the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from reconciler.errors import IdentityAmbiguous
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import Key, find_by_natural_key, find_natural_key, fold_text, make_normal_form
from reconciler.kinds.references import ReferenceResolver, find_known_objects
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Desired, Fields, Live, Record, Resource, State, Tombstone, list_managed
from reconciler.model.plan import Waiting
from reconciler.text import shorten_commit

PASTE = "paste one `imports` line each, with the id that is meant"


@frozen
class Match:
    """The live object of an address. `remembered`: by the state, so what was applied is known."""

    record: Record
    remembered: bool
    note: str = ""


def match(desired: Desired, state: State, live: Live) -> dict[str, Match]:
    """The live object of each desired address that has one. IdentityAmbiguous if several could be meant. An object with
    a name that is similar to that of an unread address may be that address's. An object that we deleted and somebody
    restored is ambiguous too."""
    found = _match_imports(desired, state, live)
    for address, resource in desired.resources.items():
        if address not in found and address in state.entries:
            record = live.records[resource.kind].get(state.entries[address].id)
            if record is not None:
                found[address] = Match(record, remembered=True)
    holders: dict[ObjectRef, str] = {}
    for address, each in sorted(found.items()):
        other = holders.setdefault(each.record.ref, address)
        if other != address:  # They would overwrite each other's changes.
            text = f"{other} and {address} both mean {each.record.id} ({each.record.name})"
            hint = "take one of the two, or its `imports` line, out of the configuration; a new name for an address"
            raise IdentityAmbiguous(text, hint=f"{hint} is written as {{from: {other}, to: {address}}} below `moved`")
    # An object that the state has under another address belongs to that one, even if it is about to be deleted.
    claimed = holders.keys() | list_managed(state.entries).keys()
    return found | _match_natural_keys(desired, state, live, found.keys(), claimed)


def describe_deleted(object_id: str, tombstone: Tombstone) -> str:
    """That we deleted an object, in words."""
    commit = f", {shorten_commit(tombstone.commit)}" if tombstone.commit else ""
    return f"{object_id} was deleted by an earlier apply ({tombstone.address}{commit})"


def _match_imports(desired: Desired, state: State, live: Live) -> dict[str, Match]:
    """The objects that `imports` lines name. IdentityAmbiguous if one is not live, or was deleted by us."""
    found = {}
    for block in desired.imports:
        if block.target not in desired.resources:
            continue
        entry = state.entries.get(block.target)
        record = live.records[desired.resources[block.target].kind].get(block.id)
        if record is not None:
            remembered = entry is not None and entry.id == block.id
            note = "" if remembered else f"imported by {block.location}"
            if entry is not None and not remembered:
                note += f"; {entry.id}, which it was until now, is left as it is, unmanaged"
            found[block.target] = Match(record, remembered, note)
            continue
        tombstone = state.tombstones.get(str(ObjectRef.at(block.target, block.id)))
        # A line that has done its work may remain: its address had that object, and has another one now.
        if tombstone and tombstone.deleted and (entry is None or tombstone.address != block.target):
            text = f"{block.location}: {describe_deleted(block.id, tombstone)}, and the API never uses an id again"
            hint = f"take the line away; {block.target} is then found by name, or created again"
            raise IdentityAmbiguous(text, hint=hint)
        if entry is None:
            text = f"there is no live {address_kind(block.target)} with the id {block.id} for {block.target}"
            hint = "check the id, the environment and the key; take the line away if the object is gone"
            raise IdentityAmbiguous(f"{block.location}: {text}", hint=hint)
    return found


def _match_natural_keys(
    desired: Desired, state: State, live: Live, found: Collection[str], claimed: Collection[ObjectRef]
) -> dict[str, Match]:
    """The unclaimed objects with the natural key of an address. IdentityAmbiguous if several could be meant."""
    # What we deleted is never adopted by its name, also if somebody has restored it.
    restored = {ObjectRef.parse(name) for name, each in state.tombstones.items() if each.deleted}
    # By normal forms: an API may have taken the spaces at the ends of a name away.
    tables: dict[str, dict[Key | None, list[Record]]] = {name: defaultdict(list) for name in live.records}
    for name, records in live.records.items():
        for record in (each for each in records.values() if each.ref not in claimed):
            key = None if record.ref in restored else find_natural_key(KINDS[name], record.fields, make_normal_form)
            tables[name][key].append(record)
    wanted = {name: each for name, each in desired.resources.items() if name not in found and tables[each.kind]}
    # A key counts only if one address and one object have it: else the match would be a guess.
    rivals = Counter(
        (each.kind, find_natural_key(KINDS[each.kind], each.fields, make_normal_form)) for each in wanted.values()
    )
    matches: dict[str, Match] = {}
    unsure: list[str] = []
    for address, resource in wanted.items():
        kind, table = KINDS[resource.kind], tables[resource.kind]
        key = find_natural_key(kind, resource.fields, make_normal_form)
        candidates = find_by_natural_key(kind, resource.fields, table.get(key, []))
        # What is not known of a record's natural key may be as it is written.
        rest = table.get(None, ())
        unclear = [
            each for each in rest if find_natural_key(kind, {**resource.fields, **each.fields}, make_normal_form) == key
        ]
        if not candidates and address in state.unread:
            nearly = find_natural_key(kind, resource.fields, fold_text)
            free = (record for key, records in table.items() if key is not None for record in records)
            unclear += [record for record in free if find_natural_key(kind, record.fields, fold_text) == nearly]
        is_alone = rivals[kind.name, key] == 1
        own = find_natural_key(kind, resource.fields)
        if len(candidates) == 1 and not unclear and (is_alone or find_natural_key(kind, candidates[0].fields) == own):
            note = "found by " + ", ".join(f"{name} {resource.fields[name]}" for name in kind.identity.natural_key)
            matches[address] = Match(candidates[0], remembered=False, note=note)
        elif candidates or unclear:
            unsure.append(describe_ambiguity(kind, resource, [*candidates, *unclear]))
    if unsure:
        raise IdentityAmbiguous("\n".join(unsure), hint=PASTE)
    return matches


def describe_ambiguity(kind: Kind, resource: Resource, candidates: Sequence[Record]) -> str:
    """The message if an address could mean several objects, with the lines to paste."""
    names = ", ".join(f"{name} {resource.fields[name]!r}" for name in kind.identity.natural_key)
    count = {2: "two"}.get(len(candidates), str(len(candidates)))
    reason = f"{count} live {kind.section} have {names}:"
    if len(candidates) == 1:
        reason = f"a live {kind.name} with {names} could be it, and cannot be told for certain:"
    lines = [f"  - {{to: {resource.address}, id: {record.id}}}" for record in candidates]
    return "\n".join([f"{resource.address}: {reason}", "imports:", *lines])


class PlanContext:
    """The inputs of a plan, and which object each address means.

    `state` has moved entries at their new address; `entries` are those of the kinds that were read. `replaced` are the
    addresses that get another object, with that object, or None if no interrupted apply has created it. `protected` are
    the objects that an entry or a tombstone protects. `now` (UTC) decides which UTC times local times have; `waiting`
    gets the changes that may not be made now. `matched` has the address of each object that was found.
    """

    def __init__(
        self, desired: Desired, state: State, live: Live, moved_from: Mapping[str, str], now: datetime
    ) -> None:
        self.desired, self.state, self.live, self.moved_from, self.now = desired, state, live, moved_from, now
        self.waiting: list[Waiting] = []
        self.replaced: dict[str, Record | None] = {}
        self.entries = {name: entry for name, entry in state.entries.items() if address_kind(name) in live.records}
        self.matches = match(desired, state, live)
        self.matched = {each.record.ref: address for address, each in self.matches.items()}
        aside = (ObjectRef.at(address, each) for address in self.entries for each in self.find_superseded(address))
        self._remembered = list_managed(self.entries) | {ref: str(ref) for ref in aside}
        known = {ObjectRef.at(address, each.id) for address, each in self.entries.items() if each.protected}
        self.protected = known | {ObjectRef.parse(name) for name, each in state.tombstones.items() if each.protected}
        # An item with the id of an object that ever was stands for no other object.
        taken = find_known_objects(self.entries) | set(map(ObjectRef.parse, state.tombstones))
        self.references = ReferenceResolver(live, taken, self._find_planned)

    def keep_protection(self, address: str) -> dict[str, Tombstone]:
        """The tombstone of a protected object that its address loses; {} if the object is known to be gone."""
        entry = self.entries.get(address)
        if entry is None or not entry.protected or ObjectRef.at(address, entry.id) in self.live.gone:
            return {}
        return {str(ObjectRef.at(address, entry.id)): Tombstone(address, protected=True)}

    def find_superseded(self, address: str) -> tuple[str, ...]:
        """The ids that an interrupted replace has left to delete, without those that are known to be gone."""
        superseded = self.entries[address].superseded if address in self.entries else ()
        return superseded and tuple(each for each in superseded if ObjectRef.at(address, each) not in self.live.gone)

    def target(self, address: str) -> Record | None:
        """The live object that a reference to an address means, None if it is still to be created."""
        match = self.matches.get(address)
        return self.replaced.get(address, match.record if match else None)

    def _find_planned(self, kind: str) -> dict[str, Fields]:
        ours = [each for each in self.desired.resources.values() if each.kind == kind]
        return {each.address: each.fields for each in ours if self.target(each.address) is None}

    def addresses(self) -> dict[ObjectRef, str]:
        """The address of every live object that is managed; of one that was put aside, its name."""
        replaced = {each.ref: address for address, each in self.replaced.items() if each is not None}
        return {**self._remembered, **replaced, **self.matched}

    def find_made(self, resource: Resource) -> Record | None:
        """The unmanaged object that has the name of what a replace would create, or None. An apply that was cut off may
        have made it, or a person. IdentityAmbiguous if it could be two objects."""
        kind, managed = KINDS[resource.kind], self.addresses()
        unmanaged = (each for each in self.live.records[kind.name].values() if each.ref not in managed)
        free = [each for each in unmanaged if str(each.ref) not in self.state.tombstones]
        found = find_by_natural_key(kind, resource.fields, free)
        if len(found) > 1:
            raise IdentityAmbiguous(describe_ambiguity(kind, resource, found), hint=PASTE)
        return found[0] if found else None
