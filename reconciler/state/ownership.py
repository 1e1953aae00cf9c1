"""Whose state it is. A state belongs to one configuration, and no other one may use it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from reconciler.errors import Refused
from reconciler.model.inputs import State
from reconciler.model.settings import called
from reconciler.state.backend import Backend, Snapshot

WRONG_CONFIGURATION = "wrong-configuration"
SHARE = 0.5
"""The part of the addresses of a state without a name that the configuration must have to take it over."""


def require_own(
    snapshot: Snapshot,
    configuration: str | None,
    addresses: Callable[[], Collection[str]],
    where: str,
    *,
    allowed: bool,
) -> Snapshot:
    """The snapshot as one of this configuration; the next write takes it over.

    `addresses` returns those of the configuration and of its `moved` and `removed` blocks. It is called only if the
    state or the configuration has no name. Refused if the state is of another configuration. Also Refused if one of the
    two has no name, and the configuration has less than half of the state's addresses. `allowed` passes both guards.
    """
    state = snapshot.state
    if state.configuration == configuration:
        return snapshot
    if not allowed and None not in (state.configuration, configuration):
        raise _of_another(state.configuration, configuration, where)
    if not allowed:
        _require_half(state, configuration, addresses(), where)
    name = state.configuration if configuration is None else configuration
    is_taken_over = bool(state.lineage) and name != state.configuration
    return replace(snapshot, state=replace(state, configuration=name), is_taken_over=is_taken_over)


def require_own_name(store: Backend, configuration: str | None) -> Backend:
    """The backend, if its state is of this configuration, or one of the two has no name. Refused if not."""
    theirs = store.read().state.configuration
    if theirs != configuration and None not in (theirs, configuration):
        raise _of_another(theirs, configuration, store.where)
    return store


def _of_another(theirs: str | None, ours: str | None, where: str) -> Refused:
    moved = f"write `name: {theirs}` in reconciler.yaml" if theirs else "move it back"
    return Refused(
        f"{where}: this is the state of {called(theirs)}, not of {called(ours)}",
        hint=f"give each configuration a state of its own. If this folder was moved, {moved}. "
        f"--allow {WRONG_CONFIGURATION} takes the state over",
    )


def _require_half(state: State, configuration: str | None, addresses: Collection[str], where: str) -> None:
    known = state.entries.keys()
    standing = len(known & set(addresses)) if known else 0
    if standing >= SHARE * len(known):
        return
    names_none = state.configuration is None
    whose = "names no configuration" if names_none else f"is of {called(state.configuration)}"
    raise Refused(
        f"{where}: this state {whose}, and {standing} of its {len(known)} addresses stand in {called(configuration)}: "
        "it may be another one's",
        hint="apply the configuration that it belongs to first, with this version: that gives the state its name; "
        f"or take it over with --allow {WRONG_CONFIGURATION}"
        if names_none
        else f"write `name:` in reconciler.yaml, or take the state over with --allow {WRONG_CONFIGURATION}",
    )
