"""The state of an environment, for who needs no key and no API to look at it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from reconciler.config import Configuration, Opened, read_configuration
from reconciler.errors import WrongUsage
from reconciler.model.settings import Environment
from reconciler.model.state import Memory
from reconciler.state import Store
from reconciler.state.backends import store_for
from reconciler.state.operations import remembered
from reconciler.state.ownership import require_own_name


def store_of(path: Path, environment: str | None) -> Store:
    """Where the state of an environment is kept; no key is needed to look at it."""
    opened = Opened(path)
    chosen = opened.environment(environment)
    return store_for(chosen, opened.folder, _key_at_hand(chosen))


def own_store_of(path: Path, environment: str | None) -> Store:
    """As `store_of`. Refused if the state there is another configuration's."""
    opened = Opened(path)
    chosen = opened.environment(environment)
    return require_own_name(store_for(chosen, opened.folder, _key_at_hand(chosen)), chosen.configuration)


def memory_at_hand(configuration: Configuration, environment: Environment, *, shared: bool) -> Memory | None:
    """What the state remembers, where no network is needed for that or `shared` allows it; else None."""
    if environment.state.store != "file" and not shared:
        return None
    memory = remembered(store_for(environment, configuration.folder, _key_at_hand(environment)))[1]
    return memory if memory.configuration in (None, environment.configuration) else None


def store_at(path: Path, environment: str | None, place: str) -> Store:
    """A store that the configuration does not name (any more): `file:PATH`, `git:REMOTE`, or a bucket's URL."""
    configuration = read_configuration(path)
    chosen = configuration.environment(environment)
    store, _, rest = place.partition(":")
    if rest.startswith("//"):
        state = replace(chosen.state, store="object", url=place)
    elif store == "git":
        state = replace(chosen.state, store="git", remote=rest or "origin")
    elif store == "file":
        folder = Path(rest) if rest else configuration.folder / ".reconciler"
        file = folder if folder.suffix == ".json" else folder / f"{chosen.name}.json"
        state = replace(chosen.state, store="file", path=file)
    else:
        raise WrongUsage(f"{place} is no store", hint="expected file:PATH, git:REMOTE, s3://…, gs://… or az://…")
    return store_for(replace(chosen, state=state), configuration.folder, _key_at_hand(chosen))


def _key_at_hand(environment: Environment) -> str:
    """The key, if it is in its variable: no program is asked for it by what needs none."""
    return os.environ.get(environment.secret_env or "", "").strip()
