"""One run's surroundings: which configuration, which environment, where its state is, which door to the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.api import Door, open_door
from reconciler.api.door import DEFAULT_URL
from reconciler.api.secret import secret_of
from reconciler.config import Configuration, Opened
from reconciler.config.files import folder_of
from reconciler.errors import ReconcilerError
from reconciler.model.settings import DEFAULT_ENVIRONMENT, Environment
from reconciler.state import Store
from reconciler.stores import chosen_of, store_for


@dataclass(frozen=True, slots=True)
class Session:
    """One configuration, one environment, one door to the API."""

    opened: Opened
    environment: Environment
    store: Store
    door: Door

    @property
    def configuration(self) -> Configuration:
        """The configuration; its resources are read when it is first asked for."""
        return self.opened.configuration

    def commit(self) -> str:
        """The commit of the configuration, as git says it; empty where there is none."""
        return _commit(self.opened.folder)

    def head(self) -> str:
        """The id of the commit that is checked out; empty where there is none."""
        from reconciler.git.checkout import head_of  # noqa: PLC0415 - only an apply remembers it

        return head_of(self.opened.folder)


@contextmanager
def open_session(
    path: Path,
    environment: str | None,
    api_url: str | None,
    variables: Mapping[str, str],
    connections: int,
    trace: Callable[[str], None] | None = None,
    hide: Callable[[str], None] | None = None,
) -> Iterator[Session]:
    """Reads `reconciler.yaml` and opens the door. `variables` are the process's: they hold the key.

    `trace` is told of each exchange with the API, in a line without key or bodies; `hide` is told the key, before
    anything is done with it.
    """
    opened = Opened(path)
    chosen = chosen_of(opened, environment)
    secret = secret_of(chosen, variables, opened.folder)
    if hide is not None:
        hide(secret.value)
    address = api_url or variables.get("QONVERSION_API_URL") or chosen.api_url or DEFAULT_URL
    with open_door(address, secret, connections) as door:
        door.trace = trace
        yield Session(opened, chosen, store_for(chosen, opened.folder), door)


def environment_of(path: Path, environment: str | None) -> str:
    """The name of the environment that is meant, as far as it can be told of a configuration that may be unsound."""
    with suppress(ReconcilerError):
        return environment or chosen_of(Opened(path), None).name
    return environment or DEFAULT_ENVIRONMENT


def commit_of(path: Path) -> str:
    """The commit of the configuration at a path that may be unsound; empty where there is none."""
    with suppress(ReconcilerError):
        return _commit(folder_of(path))
    return ""


def _commit(folder: Path) -> str:
    from reconciler.git.checkout import configuration_commit  # noqa: PLC0415 - most forms of a plan do not show it

    return configuration_commit(folder)
