"""The warnings of a plan, and what there is to say of the blocks moved, removed and imports."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from reconciler.errors import Problem
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import find_natural_key, find_normalization_warnings, fold_text
from reconciler.model.addresses import ObjectRef, address_key, address_kind, is_address
from reconciler.model.inputs import Desired, Entry, Import, Live, Moved, State, list_managed
from reconciler.model.plan import Action, Change
from reconciler.plan.identity import PlanContext, describe_deleted
from reconciler.serialization import to_canonical
from reconciler.text import abridge, find_close, suggest, suggest_close


def apply_moves(desired: Desired, entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], dict[str, str]]:
    """The entries of the state under the addresses that `moved` gives them, and new address → old address."""
    result = dict(entries)
    origin: dict[str, str] = {}
    for each in desired.moved:
        if each.source in result and each.target not in result:
            result[each.target] = result.pop(each.source)
            origin[each.target] = origin.pop(each.source, each.source)
    return result, origin


def find_dangling(
    desired: Desired, entries: Mapping[str, Entry], origin: Mapping[str, str], live: Live
) -> Iterator[Problem]:
    """Problems for blocks that still have an effect, on an address that is not in the configuration. Most likely that
    address is misspelt, and the plan would delete, or create twice, what the block was to keep. `entries` and `origin`:
    as `moved` gives them."""
    managed = list_managed(entries)
    for each, close in _find_sourceless(desired, entries):
        if close:
            text = f"nothing is remembered as {each.source}; expected the address that the object had{close}"
            yield Problem(*each.location, f"moved: from: {text}")
    for block in _find_targetless(desired):
        kind = address_kind(block.target)
        if isinstance(block, Moved) and block.target in origin:
            source = origin[block.target]
            yield _make_problem(desired, block, f"where {source} is to move; to delete {source}, remove this line")
        elif isinstance(block, Import) and ObjectRef(kind, block.id) not in managed and block.id in live.records[kind]:
            yield _make_problem(desired, block, f"which {block.id} is to become; to leave it alone, remove this line")


def _find_without_effect(desired: Desired, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Messages for `moved` lines that neither do anything nor have done it. `entries`: as `moved` gives them."""
    for each, close in _find_sourceless(desired, entries):
        yield f"{each.location}: this `moved` does nothing: nothing is remembered as {each.source}{close}"


def _find_sourceless(desired: Desired, entries: Mapping[str, Entry]) -> Iterator[tuple[Moved, str]]:
    """Moves of what is not remembered, to what is not remembered either, each with the suggestion of an address that is
    remembered and would be deleted (empty if none is close). Before the first apply, that is no mistake."""
    for each in desired.moved if entries else ():
        is_new = each.target in desired.resources and each.target not in entries
        if is_new and each.source not in entries and each.source not in desired.resources:
            kind, _, key = each.source.partition(".")
            gone = (name for name in sorted(entries) if address_kind(name) == kind and name not in desired.resources)
            close = find_close(key, (address_key(name) for name in gone))
            yield each, suggest([f"{kind}.{name}" for name in close])


def find_unused(desired: Desired) -> Iterator[Problem]:
    """Problems for all blocks on an address that is not in the configuration: removed, or misspelt."""
    for block in _find_targetless(desired):
        yield _make_problem(desired, block, "so that this line does nothing; if that was deleted, the line can go")


def find_completed(desired: Desired, state: State) -> Iterator[str]:
    """Messages for the blocks that are done and can be removed, each with its place."""
    for each in desired.moved:
        if each.source not in state.entries and each.target in state.entries:
            text = f"this `moved` has no effect: {each.target} is remembered, and {each.source} is not"
            yield f"{each.location}: {text}; the line can go"
    yield from _find_without_effect(desired, apply_moves(desired, state.entries)[0])
    kept = {each.address for each in state.tombstones.values() if each.protected}
    for removed in desired.removed:
        if state.entries and removed.source not in state.entries and removed.source not in kept:
            yield f"{removed.location}: this `removed` is done: {removed.source} is forgotten; the line can go"
    for block in desired.imports:
        entry = state.entries.get(block.target)
        if entry is not None and entry.id == block.id:
            yield f"{block.location}: this `imports` is done: {block.target} is {block.id}; the line can go"


def _find_targetless(desired: Desired) -> Iterator[Moved | Import]:
    onward = {each.source for each in desired.moved} | {each.source for each in desired.removed}
    blocks: tuple[Moved | Import, ...] = (*desired.moved, *desired.imports)
    known = desired.resources.keys() | onward | desired.left_out.keys()
    yield from (each for each in blocks if each.target not in known)


def _make_problem(desired: Desired, block: Moved | Import, rest: str) -> Problem:
    name = "moved" if isinstance(block, Moved) else "imports"
    kind, _, key = block.target.partition(".")
    close = suggest_close(key, (address_key(each) for each in desired.resources if address_kind(each) == kind))
    message = f"{name}: to: there is no {block.target}, {rest}{close}"
    return Problem(*block.location, message)


ALIKE = 0.75
"""The share of equal fields from which on a create and a delete may be one object."""
MOST_PAIRS = 10_000
"""All pairs are compared: of more, the warning would take longer than the plan."""


def find_warnings(
    context: PlanContext, changes: Mapping[str, Change], refresh: Mapping[str, Entry], zone_data: str
) -> Iterator[str]:
    """All warnings of a plan. `zone_data`: the version of the time zones that local times are read by here."""
    if not context.state.entries and context.matches:
        yield (
            "there is no state, so what was removed from the configuration before cannot be noticed: "
            f"{len(context.matches)} live objects are matched by name alone. Apply once, and keep the state "
            "(README, State: in a file, in git, or in a bucket)"
        )
    yield from _find_without_effect(context.desired, context.entries)
    managed = context.addresses()
    for name, tombstone in context.state.tombstones.items():
        ref = ObjectRef.parse(name)
        # What we deleted and the API only lists still is not in `live`.
        if tombstone.deleted and context.live.find(ref.kind, ref.id) is not None and ref not in managed:
            text = f"{describe_deleted(ref.id, tombstone)}, and is live again: somebody has restored it"
            line = f"imports: [{{to: {tombstone.address}, id: {ref.id}}}]"
            yield f"{text}. It is not adopted by its name; to manage it, write: {line}"
    for resource in context.desired.resources.values():
        for index, each in enumerate(resource.lifecycle.ignore_changes):
            if each.until and each.until < f"{context.now:%Y-%m-%d}":
                location = resource.locate_field(f"lifecycle.ignore_changes[{index}].until")
                why = f"{each.until}{f', {each.owner}' if each.owner else ''}: {each.reason}"
                text = f"{resource.address} still ignores changes of {each.field} after its date ({why})"
                yield f"{location}: {text}; remove the entry or give it a later date"
    # The values that the API has normalized, until the YAML has the stored form.
    remembered = {change.address: change.remember for change in changes.values() if change.remember} | dict(refresh)
    for address, entry in sorted(remembered.items()):
        yield from find_normalization_warnings(address, entry) if entry.stored else ()
    yield from _find_renamed(changes)
    yield from _find_named_alike(context, changes)
    yield from _find_advice(context, changes)
    if zone_data and context.state.zone_data not in ("", zone_data):
        text = f"the time zones here are of version {zone_data}, and the last apply used {context.state.zone_data}"
        yield f"{text}: UTC times may differ; update the older one (the package tzdata), on the CI runner too"


def _find_advice(context: PlanContext, changes: Mapping[str, Change]) -> Iterator[str]:
    """What the kinds say of their objects as they will be."""
    addresses, wanted = context.addresses(), context.desired.resources
    for kind in (each for each in KINDS.values() if each.messages.advice):
        live = context.live.records.get(kind.name, {}).values()
        objects = {addresses.get(record.ref, str(record.ref)): record.fields for record in live}
        ours = {address: each.fields for address, each in wanted.items() if each.kind == kind.name}
        objects |= {address: {**objects.get(address, {}), **fields} for address, fields in ours.items()}
        going = {address for address in objects if address in changes and changes[address].action is Action.DELETE}
        if kind.messages.advice and objects:
            yield from kind.messages.advice({name: fields for name, fields in objects.items() if name not in going})


def _find_named_alike(context: PlanContext, changes: Mapping[str, Change]) -> Iterator[str]:
    """Creates beside a live object whose name differs only in case: it may be the same object, normalized."""
    creates = [each for each in changes.values() if each.action is Action.CREATE]
    managed, live = context.addresses() if creates else {}, context.live.records if creates else {}
    beside = [each for records in live.values() for each in records.values() if each.ref not in managed]
    new = [(each.address, each.kind, each.remember.applied) for each in creates if beside and each.remember]
    made = {(kind, find_natural_key(KINDS[kind], applied, fold_text)): address for address, kind, applied in new}
    for record in beside:
        address = made.get((record.kind, find_natural_key(KINDS[record.kind], record.fields, fold_text)))
        if address is not None:
            text = f"{address} is made beside {record.id} ({record.name}), of which only the name's case differs"
            yield f"{text}; if that is the same object, write: imports: [{{to: {address}, id: {record.id}}}]"


def _find_renamed(changes: Mapping[str, Change]) -> Iterator[str]:
    """Deletes and creates that may be one object under a new key, with the lines to paste, all in one block."""
    found: list[tuple[str, str]] = []
    for kind in KINDS.values():
        ours = [change for change in changes.values() if change.kind == kind.name]
        gone = [change for change in ours if change.action is Action.DELETE and is_address(change.address)]
        found += _pair_renamed(kind, gone, [change for change in ours if change.action is Action.CREATE])
    unsure = [old for old, new in found if not new]
    if found := [pair for pair in found if pair[1]]:
        lines = f"moved: [{', '.join(f'{{from: {old}, to: {new}}}' for old, new in found)}]"
        old, new = found[0]
        more, same = "", "that is one object under a new key"
        if len(found) > 1:
            more, same = f", and so for {len(found) - 1} more", "these are the same objects under new keys"
        yield f"{old} goes and {new} comes with nearly the same content{more}; if {same}, write: {lines}"
    if unsure:
        text = f"{abridge(unsure)} may be among what is created, under a new key, and which one cannot be told"
        yield f"{text}; if so, write for each: moved: [{{from: {unsure[0]}, to: the new address}}]"


def _pair_renamed(kind: Kind, gone: list[Change], made: list[Change]) -> Iterator[tuple[str, str]]:
    """The addresses of deletes and creates that may be one object, each in one pair: first by the natural key, then by
    content and by words of the key. The second is empty if that does not tell which create it is."""
    new = {find_natural_key(kind, each.remember.applied): each for each in made if each.remember}
    left: list[Change] = []
    for old in gone:
        same = new.pop(find_natural_key(kind, {field.path: field.before for field in old.fields}), None)
        if same is not None:
            yield old.address, same.address
        else:
            left.append(old)
    if len(left) * len(new) > MOST_PAIRS:
        return
    scores: dict[tuple[float, int], list[tuple[str, str]]] = defaultdict(list)
    referring = {name for name, _ in kind.reference_fields}
    afters = {each.address: {field.path: to_canonical(field.after) for field in each.fields} for each in new.values()}
    for old in left:
        before = {field.path: to_canonical(field.before) for field in old.fields}
        for address, after in afters.items():
            equal = [before.get(path) == value for path, value in after.items() if path not in referring]
            if (share := sum(equal) / max(1, len(equal))) >= ALIKE:
                words = {*re.split(r"[-_]", old.address)} & {*re.split(r"[-_]", address)}
                scores[share, len(words)].append((old.address, address))
    # The best score comes first, so that a weaker pair does not take an address from a stronger one.
    taken: set[str] = set()
    for score in sorted(scores, reverse=True):
        pairs = [pair for pair in scores[score] if not taken & {*pair}]
        counts = Counter(address for pair in pairs for address in pair)
        yield from dict.fromkeys((old, each if counts[old] == counts[each] == 1 else "") for old, each in pairs)
        taken |= counts.keys()
