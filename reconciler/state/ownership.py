"""Whose state it is: a state is of one configuration, and another one draws no conclusion from it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from reconciler.errors import Refused
from reconciler.model.memory import Memory
from reconciler.model.settings import called
from reconciler.state.store import Snapshot

WRONG_CONFIGURATION = "wrong-configuration"
SHARE = 0.5
"""Of the addresses of a state without a name, how many must stand in the configuration that takes it over."""


def require_own(
    snapshot: Snapshot, configuration: str, addresses: Callable[[], Collection[str]], where: str, *, allowed: bool
) -> Snapshot:
    """The snapshot as one of this configuration; the next write takes it over.

    `addresses` gives those that stand in the configuration, also in its `moved` and `removed` blocks; it is asked only
    for a state that was written before states had a name. Refused if the state is of another configuration, or does
    not name one and less than half of its addresses stand in this one; `allowed` passes that.
    """
    memory = snapshot.memory
    if memory.configuration == configuration:
        return snapshot
    if not allowed and memory.configuration is not None:
        raise _of_another(memory.configuration, configuration, where)
    if not allowed:
        _require_half(memory, configuration, addresses, where)
    return replace(snapshot, memory=replace(memory, configuration=configuration), is_taken_over=bool(memory.lineage))


def _of_another(theirs: str, ours: str, where: str) -> Refused:
    keep = f"if this folder was moved or copied, write `name: {theirs}` in reconciler.yaml to keep the state"
    if not theirs:
        keep = f"if this folder was moved, move it back, or pass --allow {WRONG_CONFIGURATION} once"
    return Refused(
        f"{where}: this is the state of {called(theirs)}, not of {called(ours)}",
        hint=f"give each configuration a state of its own; {keep}; --allow {WRONG_CONFIGURATION} takes it over",
    )


def _require_half(memory: Memory, configuration: str, addresses: Callable[[], Collection[str]], where: str) -> None:
    known = memory.entries.keys()
    standing = len(known & set(addresses())) if known else 0
    if standing < SHARE * len(known):
        raise Refused(
            f"{where}: this state names no configuration, and {standing} of its {len(known)} addresses stand in "
            f"{called(configuration)}: it may be another one's",
            hint=f"apply the configuration that it belongs to first, with this version: that gives it a name; "
            f"--allow {WRONG_CONFIGURATION} takes it over for this one",
        )
