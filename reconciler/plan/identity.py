"""Finds the live object of each address: by `imports`, by the id in the state, or by the natural key."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.errors import IdentityAmbiguous
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import Key, bearing, folded_key, natural_key, normal_key
from reconciler.model.desired import Desired, Fields, Resource, address_kind
from reconciler.model.live import Live, Record
from reconciler.model.state import Entry, Tombstone, object_name, parse_object_name
from reconciler.text import short_commit

PASTE = "paste one `imports` line each, with the id that is meant"


@dataclass(frozen=True, slots=True)
class Match:
    """The live object of an address. `remembered`: by the state, so what was applied is known."""

    record: Record
    remembered: bool
    note: str = ""


def match(
    desired: Desired,
    entries: Mapping[str, Entry],
    live: Live,
    tombstones: Mapping[str, Tombstone],
    unread: Collection[str],
) -> dict[str, Match]:
    """The live object of each desired address that has one. IdentityAmbiguous if several could be meant.

    `unread` are addresses that an interrupted apply may have created: an object of a similar name may be theirs. An
    object that we deleted and somebody restored is ambiguous too.
    """
    found = _imported(desired, entries, live, tombstones)
    for address, resource in desired.resources.items():
        if address not in found and address in entries:
            record = live.records[resource.kind].get(entries[address].id)
            if record is not None:
                found[address] = Match(record, remembered=True)
    _refuse_shared(found)
    claimed = {(each.record.kind, each.record.id) for each in found.values()}
    # What the state holds under another address is that address's, even where it is about to be deleted.
    claimed |= {(address_kind(address), entry.id) for address, entry in entries.items()}
    return found | _by_natural_key(desired, found, claimed, live, tombstones, unread)


def deleted_before(object_id: str, tombstone: Tombstone) -> str:
    """That we deleted an object, in words."""
    commit = f", {short_commit(tombstone.commit)}" if tombstone.commit else ""
    return f"{object_id} was deleted by an earlier apply ({tombstone.address}{commit})"


def _imported(
    desired: Desired, entries: Mapping[str, Entry], live: Live, tombstones: Mapping[str, Tombstone]
) -> dict[str, Match]:
    found = {}
    for block in desired.imports:
        if block.target not in desired.resources:
            continue
        entry = entries.get(block.target)
        record = live.records[desired.resources[block.target].kind].get(block.id)
        if record is not None:
            remembered = entry is not None and entry.id == block.id
            note = "" if remembered else f"imported by {block.location}"
            if entry is not None and not remembered:
                note += f"; {entry.id}, which it was until now, is left as it is, unmanaged"
            found[block.target] = Match(record, remembered, note)
            continue
        tombstone = tombstones.get(object_name(address_kind(block.target), block.id))
        # A line that has done its work may stand: its address had that object, and has another one now.
        if tombstone and tombstone.deleted and (entry is None or tombstone.address != block.target):
            raise IdentityAmbiguous(
                f"{block.location}: {deleted_before(block.id, tombstone)}, and the API never uses an id again",
                hint=f"take the line away; {block.target} is then found by name, or made anew",
            )
        if entry is None:
            raise IdentityAmbiguous(
                f"{block.location}: there is no live {address_kind(block.target)} with the id {block.id} "
                f"for {block.target}",
                hint="check the id, the environment and the key; take the line away if the object is gone",
            )
    return found


def _refuse_shared(found: Mapping[str, Match]) -> None:
    """IdentityAmbiguous for one object at two addresses: they would overwrite each other's changes."""
    holders: dict[tuple[str, str], str] = {}
    for address, each in sorted(found.items()):
        other = holders.setdefault((each.record.kind, each.record.id), address)
        if other != address:
            raise IdentityAmbiguous(
                f"{other} and {address} both mean {each.record.id} ({each.record.name})",
                hint=f"take one of the two, or its `imports` line, out of the configuration; "
                f"a new name for an address is written as {{from: {other}, to: {address}}} below `moved`",
            )


def _by_natural_key(
    desired: Desired,
    found: Mapping[str, Match],
    claimed: set[tuple[str, str]],
    live: Live,
    tombstones: Mapping[str, Tombstone],
    unread: Collection[str],
) -> dict[str, Match]:
    matches = {}
    restored = {parse_object_name(name) for name, each in tombstones.items() if each.deleted}
    # By what an API may keep of a natural key: it may have taken the spaces at its ends away.
    tables: dict[str, dict[Key | None, list[Record]]] = {}
    for kind in KINDS.values():
        tables[kind.name] = defaultdict(list)
        for record in live.records.get(kind.name, {}).values():
            if (kind.name, record.id) not in claimed:
                # What we deleted is never adopted by its name, also if somebody has restored it.
                key = None if (kind.name, record.id) in restored else normal_key(kind, record.fields)
                tables[kind.name][key].append(record)
    unsure: list[str] = []
    wanted = {address: each for address, each in desired.resources.items() if address not in found}
    rivals = Counter((each.kind, normal_key(KINDS[each.kind], each.fields)) for each in wanted.values())
    for address, resource in wanted.items():
        kind = KINDS[resource.kind]
        key = normal_key(kind, resource.fields)
        candidates = bearing(kind, resource.fields, tables[kind.name].get(key, []))
        unclear = [record for record in tables[kind.name].get(None, []) if _could_be(kind, resource, record)]
        if not candidates and address in unread:
            nearly = folded_key(kind, resource.fields)
            free = (record for key, records in tables[kind.name].items() if key is not None for record in records)
            unclear += [record for record in free if folded_key(kind, record.fields) == nearly]
        is_alone = rivals[kind.name, key] == 1
        if len(candidates) == 1 and not unclear and (is_alone or _has_key_of(kind, resource, candidates[0])):
            matches[address] = Match(candidates[0], remembered=False, note=_found_by(kind, resource.fields))
        elif candidates or unclear:
            unsure.append(ambiguous(kind, resource, [*candidates, *unclear]))
    if unsure:
        raise IdentityAmbiguous("\n".join(unsure), hint=PASTE)
    return matches


def _could_be(kind: Kind, resource: Resource, record: Record) -> bool:
    """Whether a record of which a part of the natural key is not known agrees in all that is known."""
    known = {name: record.fields.get(name, resource.fields[name]) for name in kind.natural_key}
    return normal_key(kind, known) == normal_key(kind, resource.fields)


def _has_key_of(kind: Kind, resource: Resource, record: Record) -> bool:
    return natural_key(kind, record.fields) == natural_key(kind, resource.fields)


def _found_by(kind: Kind, fields: Fields) -> str:
    return "found by " + ", ".join(f"{name} {fields[name]}" for name in kind.natural_key)


def ambiguous(kind: Kind, resource: Resource, candidates: Iterable[Record]) -> str:
    """The message if an address could mean several objects, with the lines to paste."""
    candidates = list(candidates)
    count = {2: "two"}.get(len(candidates), str(len(candidates)))
    names = ", ".join(f"{name} {resource.fields[name]!r}" for name in kind.natural_key)
    if len(candidates) == 1:
        head = f"{resource.address}: a live {kind.name} with {names} could be it, and cannot be told for certain:"
    else:
        head = f"{resource.address}: {count} live {kind.section} have {names}:"
    lines = [f"  - {{to: {resource.address}, id: {record.id}}}" for record in candidates]
    return "\n".join([head, "imports:", *lines])
