"""The blocks `moved`, `removed` and `imports`: what they do, which have no target, which are completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.errors import Problem
from reconciler.model.desired import Desired, Import, Moved, address_kind
from reconciler.model.live import Live
from reconciler.model.state import Entry, State
from reconciler.text import close_matches, did_you_mean, meant


def moved(desired: Desired, entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], dict[str, str]]:
    """The entries of the state under the addresses that `moved` gives them, and new address → old address."""
    result = dict(entries)
    origin: dict[str, str] = {}
    for each in desired.moved:
        if each.source in result and each.target not in result:
            result[each.target] = result.pop(each.source)
            origin[each.target] = origin.pop(each.source, each.source)
    return result, origin


def dangling(
    desired: Desired, entries: Mapping[str, Entry], origin: Mapping[str, str], live: Live
) -> Iterator[Problem]:
    """Problems for blocks that still have an effect, on an address that is not in the configuration.

    Most likely that address is misspelt, and the plan would delete, or create twice, what the block was to keep.
    `entries` and `origin`: as `moved` gives them.
    """
    managed = {(address_kind(address), entry.id) for address, entry in entries.items()}
    for each in _without_source(desired, entries):
        if close := _likely_source(desired, entries, each):
            said = (
                f"moved: from: nothing is remembered as {each.source}; expected the address that the object had{close}"
            )
            yield Problem(*each.location, said)
    for block in _without_target(desired):
        kind = address_kind(block.target)
        if isinstance(block, Moved) and block.target in origin:
            source = origin[block.target]
            yield _problem(desired, block, f"where {source} is to move; to delete {source}, remove this line")
        elif isinstance(block, Import) and (kind, block.id) not in managed and block.id in live.records[kind]:
            yield _problem(desired, block, f"which {block.id} is to become; to leave it alone, remove this line")


def without_effect(desired: Desired, entries: Mapping[str, Entry]) -> Iterator[str]:
    """Messages for `moved` lines that neither do anything nor have done it. `entries`: as `moved` gives them."""
    for each in _without_source(desired, entries):
        close = _likely_source(desired, entries, each)
        yield f"{each.location}: this `moved` does nothing: nothing is remembered as {each.source}{close}"


def _without_source(desired: Desired, entries: Mapping[str, Entry]) -> Iterator[Moved]:
    """Moves of what is not remembered, to what is not remembered either. Before the first apply, that is no mistake."""
    for each in desired.moved if entries else ():
        is_new = each.target in desired.resources and each.target not in entries
        if is_new and each.source not in entries and each.source not in desired.resources:
            yield each


def _likely_source(desired: Desired, entries: Mapping[str, Entry], each: Moved) -> str:
    """The suggestion of an address that is remembered, and would be deleted; empty if none is close."""
    kind, _, key = each.source.partition(".")
    gone = (each for each in sorted(entries) if address_kind(each) == kind and each not in desired.resources)
    return meant([f"{kind}.{close}" for close in close_matches(key, (each.partition(".")[2] for each in gone))])


def unused(desired: Desired) -> Iterator[Problem]:
    """Problems for all blocks on an address that is not in the configuration: removed, or misspelt."""
    for block in _without_target(desired):
        yield _problem(desired, block, "so that this line does nothing; if that was deleted, the line can go")


def completed(desired: Desired, state: State) -> Iterator[str]:
    """Messages for the blocks that are done and can be removed, each with its place."""
    for each in desired.moved:
        if each.source not in state.entries and each.target in state.entries:
            said = f"this `moved` has no effect: {each.target} is remembered, and {each.source} is not"
            yield f"{each.location}: {said}; the line can go"
    yield from without_effect(desired, moved(desired, state.entries)[0])
    kept = {each.address for each in state.tombstones.values() if each.protected}
    for removed in desired.removed:
        if state.entries and removed.source not in state.entries and removed.source not in kept:
            yield f"{removed.location}: this `removed` is done: {removed.source} is forgotten; the line can go"
    for block in desired.imports:
        entry = state.entries.get(block.target)
        if entry is not None and entry.id == block.id:
            yield f"{block.location}: this `imports` is done: {block.target} is {block.id}; the line can go"


def _without_target(desired: Desired) -> Iterator[Moved | Import]:
    onward = {each.source for each in desired.moved} | {each.source for each in desired.removed}
    blocks: tuple[Moved | Import, ...] = (*desired.moved, *desired.imports)
    for block in blocks:
        if block.target not in desired.resources and block.target not in onward:
            yield block


def _problem(desired: Desired, block: Moved | Import, rest: str) -> Problem:
    name = "moved" if isinstance(block, Moved) else "imports"
    kind, _, key = block.target.partition(".")
    close = did_you_mean(key, (each.partition(".")[2] for each in desired.resources if address_kind(each) == kind))
    message = f"{name}: to: there is no {block.target}, {rest}{close}"
    return Problem(*block.location, message)
