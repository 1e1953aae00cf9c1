"""One run's surroundings: which configuration, which environment, where its state is, which door to the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.api import Door, open_door
from reconciler.api.door import DEFAULT_URL
from reconciler.api.secret import secret_from
from reconciler.config import Configuration, read_configuration
from reconciler.errors import WrongUsage, did_you_mean
from reconciler.model.memory import Memory
from reconciler.model.settings import Environment
from reconciler.state import FileStore, GitStore, ObjectStore, Store
from reconciler.state.git_checkout import configuration_commit
from reconciler.state.upkeep import remembered


@dataclass(frozen=True, slots=True)
class Session:
    """One configuration, one environment, one door to the API."""

    configuration: Configuration
    environment: Environment
    store: Store
    door: Door

    def commit(self) -> str:
        """The commit of the configuration, as git says it; empty where there is none."""
        return configuration_commit(self.configuration.folder)


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


@contextmanager
def open_session(
    path: Path,
    environment: str | None,
    api_url: str | None,
    variables: Mapping[str, str],
    connections: int,
    trace: Callable[[str], None] | None = None,
) -> Iterator[Session]:
    """Reads the configuration and opens the door. `variables` are the process's: they hold the key.

    `trace` is told of each exchange with the API, in a line without key or bodies.
    """
    configuration = read_configuration(path)
    chosen = _chosen(configuration, environment)
    secret = secret_from(variables, chosen.secret_env)
    address = api_url or variables.get("QONVERSION_API_URL") or chosen.api_url or DEFAULT_URL
    with open_door(address, secret, connections) as door:
        door.trace = trace
        yield Session(configuration, chosen, _store(chosen, configuration.folder), door)


def store_of(path: Path, environment: str | None) -> Store:
    """Where the state of an environment is kept; no key is needed to look at it."""
    configuration = read_configuration(path)
    return _store(_chosen(configuration, environment), configuration.folder)


def memory_at_hand(configuration: Configuration, environment: Environment, *, shared: bool) -> Memory | None:
    """What the state remembers, where no network is needed for that or `shared` allows it; else None."""
    if environment.state.store != "file" and not shared:
        return None
    return remembered(_store(environment, configuration.folder))[1]


def store_at(path: Path, environment: str | None, place: str) -> Store:
    """A store that the configuration does not name (any more): `file:PATH`, `git:REMOTE`, or a bucket's URL."""
    configuration = read_configuration(path)
    chosen = _chosen(configuration, environment)
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
    return _store(replace(chosen, state=state), configuration.folder)


def _chosen(configuration: Configuration, environment: str | None) -> Environment:
    configuration.require_sound_settings()
    return choose(configuration.environments, environment)


def _store(environment: Environment, folder: Path) -> Store:
    where, name = environment.state, environment.name
    journal = where.path.with_suffix(".journal")
    if where.store == "git":
        return GitStore(folder, name, where.remote, journal=journal)
    if where.store == "object":
        return ObjectStore(where.url, name, journal)
    return FileStore(where.path, name)
