"""What is worth asking the API for, as far as it can be told before the configuration is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reconciler.kinds import KINDS, Kind
from reconciler.model.desired import kind_of
from reconciler.model.memory import Memory


def counted_by_kind(addresses: Iterable[str]) -> Counter[str]:
    """About how many objects of each kind there are, from the addresses that are remembered."""
    return Counter(map(kind_of, addresses))


def lookups_of(memory: Memory) -> set[str]:
    """The lists that were needed when what is remembered was applied, and so most likely are again."""
    kinds = {kind_of(address): KINDS[kind_of(address)] for address in memory.entries}
    referring = {kind_of(address) for address, entry in memory.entries.items() if entry.depends_on}
    paths = {path for kind in kinds.values() for path in kind.lookups}
    return paths | {each.lookup for name in referring for _, each in kinds[name].reference_fields()}


def kinds_for(targets: Iterable[str]) -> list[Kind]:
    """The kinds that these addresses are of, with those that they refer to and that refer to them. All kinds where
    there is no target, or one that is no address."""
    names = set(map(kind_of, targets))
    if not names or not names <= KINDS.keys():
        return list(KINDS.values())
    uses = {kind.name: {reference.kind for _, reference in kind.reference_fields()} for kind in KINDS.values()}
    for _ in KINDS:
        names |= {name for name, used in uses.items() if used & names}
        names |= {used for name in names for used in uses[name]}
    return [kind for kind in KINDS.values() if kind.name in names]


def lookups_for(kinds: Iterable[Kind]) -> set[str]:
    """The lists beside the kinds' own that the planning of these kinds can ever need."""
    return {path for kind in kinds for path in (*kind.lookups, *(each.lookup for _, each in kind.reference_fields()))}
