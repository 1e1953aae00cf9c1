"""The state of an environment: shown, and put right by hand. Needs no key and no API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.config.load import Configuration
from reconciler.errors import WrongUsage
from reconciler.model.inputs import State
from reconciler.model.reports import Receipt
from reconciler.model.settings import Environment
from reconciler.state.backend import Backend
from reconciler.state.operations import open_backend, replay_state, require_own_name
from reconciler.state.receipts import list_receipts


def unlock(path: Path, environment: str | None, run: str) -> str:
    """Breaks the lock of one run; gives the place of the state. The state may be another configuration's."""
    opened = Configuration(path)
    backend = _open(opened.environment(environment), opened.folder)
    backend.unlock(run)
    return backend.where


def read_history(path: Path, environment: str | None) -> Sequence[Receipt]:
    """The receipts of what was applied."""
    return list_receipts(open_own_backend(path, environment))


def read_local_state(configuration: Configuration, environment: Environment, *, shared: bool) -> State | None:
    """The state, if it is a file or if `shared` allows the network; else None. None, too, if it is of another
    configuration."""
    if environment.state.store != "file" and not shared:
        return None
    backend = _open(environment, configuration.folder)
    state = replay_state(backend, backend.read()).state
    return state if state.configuration in (None, environment.configuration) else None


def open_backend_at(path: Path, environment: str | None, place: str) -> Backend:
    """The backend of a place that the configuration does not name: `file:PATH`, `git:REMOTE`, or a bucket's URL."""
    configuration = Configuration(path)
    chosen = configuration.environment(environment)
    store, _, rest = place.partition(":")
    if rest.startswith("//"):
        state = replace(chosen.state, store="object", options={"url": place})
    elif store == "git":
        state = replace(chosen.state, store="git", options={**chosen.state.options, "remote": rest or "origin"})
    elif store == "file":
        folder = Path(rest) if rest else configuration.folder / ".reconciler"
        file = folder if folder.suffix == ".json" else folder / f"{chosen.name}.json"
        state = replace(chosen.state, store="file", path=file)
    else:
        raise WrongUsage(f"{place} is no store", hint="expected file:PATH, git:REMOTE, s3://…, gs://… or az://…")
    return _open(replace(chosen, state=state), configuration.folder)


def open_own_backend(path: Path, environment: str | None) -> Backend:
    """The configured backend. Refused if the state there is another configuration's."""
    opened = Configuration(path)
    chosen = opened.environment(environment)
    backend = _open(chosen, opened.folder)
    require_own_name(backend.read().state, chosen.configuration, backend.where)
    return backend


def _open(environment: Environment, folder: Path) -> Backend:
    """The backend, with the key if its variable holds it. No program is run to get a key that is not needed."""
    return open_backend(environment, folder, os.environ.get(environment.secret_env or "", "").strip())
