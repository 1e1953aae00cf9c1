"""The state of an environment, for who needs no key and no API to look at it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from reconciler.config import Configuration, Opened, read_configuration
from reconciler.errors import WrongUsage
from reconciler.model.settings import Environment
from reconciler.model.state import State
from reconciler.state import Backend
from reconciler.state.backends import open_backend
from reconciler.state.operations import load_state
from reconciler.state.ownership import require_own_name


def open_configured_backend(path: Path, environment: str | None) -> Backend:
    """Where the state of an environment is kept; no key is needed to look at it."""
    opened = Opened(path)
    chosen = opened.environment(environment)
    return open_backend(chosen, opened.folder, _key_at_hand(chosen))


def open_own_backend(path: Path, environment: str | None) -> Backend:
    """As `open_configured_backend`. Refused if the state there is another configuration's."""
    opened = Opened(path)
    chosen = opened.environment(environment)
    return require_own_name(open_backend(chosen, opened.folder, _key_at_hand(chosen)), chosen.configuration)


def read_local_state(configuration: Configuration, environment: Environment, *, shared: bool) -> State | None:
    """What the state remembers, where no network is needed for that or `shared` allows it; else None."""
    if environment.state.store != "file" and not shared:
        return None
    state = load_state(open_backend(environment, configuration.folder, _key_at_hand(environment)))[1]
    return state if state.configuration in (None, environment.configuration) else None


def open_backend_at(path: Path, environment: str | None, place: str) -> Backend:
    """A store that the configuration does not name (any more): `file:PATH`, `git:REMOTE`, or a bucket's URL."""
    configuration = read_configuration(path)
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
    return open_backend(replace(chosen, state=state), configuration.folder, _key_at_hand(chosen))


def _key_at_hand(environment: Environment) -> str:
    """The key, if it is in its variable: no program is asked for it by what needs none."""
    return os.environ.get(environment.secret_env or "", "").strip()
