"""What the state lets expect of the API, so that it can be asked for before the configuration is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reconciler.kinds import KINDS
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
