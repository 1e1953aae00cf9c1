"""Which environment is meant, and where its state is kept. Nothing here needs a key or the API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reconciler.config import Configuration, Opened, read_configuration
from reconciler.errors import WrongUsage, did_you_mean
from reconciler.model.memory import Memory
from reconciler.model.settings import Environment
from reconciler.state import Store
from reconciler.state.journal_place import journal_file
from reconciler.state.ownership import require_own_name
from reconciler.state.upkeep import remembered


def choose(environments: Mapping[str, Environment], name: str | None) -> Environment:
    """The environment of that name, or the only one. WrongUsage where that is not clear."""
    if name is None and len(environments) == 1:
        return next(iter(environments.values()))
    if name is None:
        raise WrongUsage("which environment?", hint=f"--environment with one of {', '.join(environments)}")
    if name not in environments:
        known = f"expected one of {', '.join(environments)}" if environments else "none is set"
        raise WrongUsage(f"there is no environment {name}; {known}{did_you_mean(name, environments)}")
    return environments[name]


def store_of(path: Path, environment: str | None) -> Store:
    """Where the state of an environment is kept; no key is needed to look at it."""
    opened = Opened(path)
    chosen = chosen_of(opened, environment)
    return store_for(chosen, opened.folder, _key_at_hand(chosen))


def own_store_of(path: Path, environment: str | None) -> Store:
    """As `store_of`. Refused if the state there is another configuration's."""
    opened = Opened(path)
    chosen = chosen_of(opened, environment)
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
    chosen = chosen_of(configuration, environment)
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


def chosen_of(configuration: Configuration | Opened, environment: str | None) -> Environment:
    """The environment that is meant. ConfigurationInvalid where `reconciler.yaml` is unsound, else as `choose`."""
    configuration.require_sound_settings()
    return choose(configuration.environments, environment)


def _key_at_hand(environment: Environment) -> str:
    """The key, if it is in its variable: no program is asked for it by what needs none."""
    return os.environ.get(environment.secret_env or "", "").strip()


def store_for(environment: Environment, folder: Path, key: str) -> Store:
    """The store of an environment; `folder` is where the configuration is. `key`: the secret key, which binds the
    journal; empty if it is not at hand."""
    where, name = environment.state, environment.name
    file = Path(os.path.realpath(where.path)) if where.store == "file" else where.path
    journal = journal_file(file.with_suffix(".journal"), name, key)
    if where.store == "git":
        from reconciler.state.git import GitStore  # noqa: PLC0415 - only the store that is chosen

        named = environment.configuration or ""
        return GitStore(folder, name, where.remote, journal=journal, configuration=named, author=where.author)
    if where.store == "object":
        from reconciler.state.object import ObjectStore  # noqa: PLC0415

        return ObjectStore(where.url, name, journal, configuration=environment.configuration or "")
    from reconciler.state.file import FileStore  # noqa: PLC0415

    return FileStore(where.path, name, journal)
