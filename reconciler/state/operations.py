"""Checks whose state it is. Changes a state for a person, under its lock: renames, forgets, copies to another backend.

A state belongs to one configuration, and no other one may use it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from reconciler.errors import Refused, WrongUsage
from reconciler.git import find_git_folder, find_repository_top
from reconciler.kinds.resources import make_address_pattern
from reconciler.lazy import load
from reconciler.model.backends import BACKENDS
from reconciler.model.inputs import Entry, State
from reconciler.model.settings import Environment, name_configuration
from reconciler.state.backend import Backend, LockInfo, Snapshot
from reconciler.state.journal import Journal, Replayed
from reconciler.text import suggest_close


def open_backend(environment: Environment, folder: Path, key: str) -> Backend:
    """The backend of an environment. `folder`: the configuration's. `key`: the secret key that seals the journal; empty
    if it is unknown. Only the module of the chosen backend is loaded."""
    state = environment.state
    # The journal of a state behind a link is beside the file that the link leads to, as its lock is.
    file = Path(os.path.realpath(state.path)) if state.store == "file" else state.path
    journal = place_journal(file.with_suffix(".journal"), environment.name, key)
    backend: Backend = load(BACKENDS[state.store].implementation)(environment, folder, journal)
    return backend


def place_journal(beside: Path, environment: str, key: str) -> Journal:
    """The journal of a state. `key`: the secret key, empty if it is unknown. In a checkout it is in the folder of
    git's own files: no commit can bring a journal there, and git does not list it. `beside` is its path outside of a
    checkout. Earlier versions always used that path."""
    real = Path(os.path.realpath(beside.parent)) / beside.name
    top = find_repository_top(real.parent)
    own = find_git_folder(top) if top is not None else None
    if top is None or own is None:
        return Journal(real, environment, key)
    # A hash of the path, because a checkout may hold several states, and a path may hold any character.
    digest = hashlib.sha256(real.relative_to(top).as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return Journal(own / "reconciler" / f"{environment}-{digest}.journal", environment, key, older=real)


def replay_state(backend: Backend, snapshot: Snapshot) -> Replayed:
    """The state of a snapshot after the steps of an interrupted apply."""
    return backend.journal.replay(snapshot.state)


def _read_complete(backend: Backend) -> tuple[Snapshot, State]:
    """The snapshot and its replayed state. Refused if there are steps that cannot be read: a write would lose them."""
    snapshot = backend.read()
    found = replay_state(backend, snapshot)
    if found.has_unread:
        where, journal = backend.where, backend.journal
        text = f"{where}: an apply was cut off, and what it did is in {journal}, which is read with the key"
        hint = "set the variable that holds the key, and try again; or apply first, which takes the steps over"
        raise Refused(text, hint=hint)
    return snapshot, found.state


def find_entry(state: State, address: str) -> Entry:
    """The entry of an address; WrongUsage if there is none."""
    if address not in state.entries:
        raise WrongUsage(f"{address} is not in the state{suggest_close(address, state.entries)}")
    return state.entries[address]


def rename(backend: Backend, source: str, target: str) -> None:
    """Gives an entry another address of the same kind. WrongUsage if that is not possible."""
    if source.partition(".")[0] != target.partition(".")[0]:
        raise WrongUsage(f"{source} cannot become {target}: they are of different kinds")
    if not re.fullmatch(make_address_pattern(), target):
        hint = "an address is KIND.KEY, and a key begins with a-z or 0-9 and goes on with those, - and _"
        raise WrongUsage(f"{target} is no address", hint=hint)
    with backend.lock(LockInfo.this_run()):
        snapshot, state = _read_complete(backend)
        entry = find_entry(state, source)
        if target in state.entries:
            raise WrongUsage(f"{target} is in the state already", hint=f"`reconciler state rm {target}` first")
        entries = {name: each for name, each in state.entries.items() if name != source} | {target: entry}
        for name, each in entries.items():
            uses = sorted(target if used == source else used for used in each.depends_on)
            entries[name] = replace(each, depends_on=tuple(uses))
        _write(backend, snapshot, state, entries)


def forget(backend: Backend, address: str) -> None:
    """Removes an entry: its object stays live, unmanaged. Refused if it is protected."""
    with backend.lock(LockInfo.this_run()):
        snapshot, state = _read_complete(backend)
        if find_entry(state, address).protected:
            hint = "apply it once with `lifecycle: {prevent_destroy: false}`, or use a `removed` block"
            raise Refused(f"{address} is protected by prevent_destroy, which would be forgotten with it", hint=hint)
        _write(backend, snapshot, state, {name: each for name, each in state.entries.items() if name != address})


def migrate(source: Backend, target: Backend) -> int:
    """Copies the state to another backend, which must be empty. Returns the number of entries. The source stays."""
    with source.lock(LockInfo.this_run()), target.lock(LockInfo.this_run()):
        _, state = _read_complete(source)
        there = target.read()
        if there.state.entries or there.state.tombstones:
            hint = "choose an empty place, or remove that one first"
            raise Refused(f"{target.where} holds a state already", hint=hint)
        moved = replace(state, serial=max(state.serial, there.state.serial) + 1)
        target.write(moved, there.version, f"moved from {source.where}")
        return len(state.entries)


def _write(backend: Backend, snapshot: Snapshot, state: State, entries: dict[str, Entry]) -> None:
    # No plan wrote this state, so a saved plan that is half applied must not continue from it.
    backend.write(replace(state, serial=snapshot.state.serial + 1, entries=entries, plan=""), snapshot.version)
    backend.journal.clear()


WRONG_CONFIGURATION = "wrong-configuration"
SHARE = 0.5  # The part of the addresses of a state without a name that the configuration must have to take it over.


def require_own(
    snapshot: Snapshot,
    configuration: str | None,
    addresses: Callable[[], Collection[str]],
    where: str,
    *,
    allowed: bool,
) -> Snapshot:
    """The snapshot as one of this configuration; the next write takes it over. `addresses` returns those of the
    configuration and of its `moved` and `removed` blocks. It is called only if the state or the configuration has no
    name. Refused if the state is of another configuration. Also Refused if one of the two has no name, and the
    configuration has less than half of the state's addresses. `allowed` passes both guards."""
    state = snapshot.state
    if state.configuration == configuration:
        return snapshot
    if not allowed:
        require_own_name(state, configuration, where)
    known = state.entries.keys()
    matching = len(known) if allowed else len(known & set(addresses()))
    if matching < SHARE * len(known):
        whose, how = f"is of {name_configuration(state.configuration)}", "write `name:` in reconciler.yaml"
        if state.configuration is None:
            whose, how = "names no configuration", "apply its own configuration first, which gives the state that name"
        count = f"{matching} of its {len(known)} addresses stand in {name_configuration(configuration)}"
        hint = f"{how}; or take the state over with --allow {WRONG_CONFIGURATION}"
        raise Refused(f"{where}: this state {whose}, and {count}: it may be another one's", hint=hint)
    name = state.configuration if configuration is None else configuration
    is_taken_over = bool(state.lineage) and name != state.configuration
    return replace(snapshot, state=replace(state, configuration=name), is_taken_over=is_taken_over)


def require_own_name(state: State, configuration: str | None, where: str) -> None:
    """Refused if the state is of another configuration, and both have a name."""
    theirs = state.configuration
    if theirs == configuration or None in (theirs, configuration):
        return
    moved = f"write `name: {theirs}` in reconciler.yaml" if theirs else "move it back"
    hint = f"give each configuration a state of its own. If this folder was moved, {moved}. "
    hint += f"--allow {WRONG_CONFIGURATION} takes the state over"
    raise Refused(
        f"{where}: this is the state of {name_configuration(theirs)}, not of {name_configuration(configuration)}",
        hint=hint,
    )
