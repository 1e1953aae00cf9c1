"""What a command works with: the configuration, the environment, the backend of its state, the way to the API."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.api import SharedLimits, Transport, connect
from reconciler.api.address import is_local
from reconciler.api.secret import read_secret
from reconciler.config.files import STATE_FOLDER
from reconciler.config.load import Configuration, Opened
from reconciler.config.settings import derived_name
from reconciler.errors import ReconcilerError, WrongUsage
from reconciler.git import repository_top
from reconciler.lazy import load
from reconciler.model.inputs import address_kind
from reconciler.model.settings import DEFAULT_ENVIRONMENT, VENDOR_URL, Environment
from reconciler.state.backend import Backend, LockInfo, Snapshot
from reconciler.state.document import from_text
from reconciler.state.file import LARGEST
from reconciler.state.operations import WRONG_CONFIGURATION, open_backend, require_own
from reconciler.system import Unreadable, read_regular
from reconciler.text import counted
from reconciler.threads import Threads

FIRST_YEAR, LAST_YEAR = 2000, 2100
ORPHAN = (
    "{}: this state holds {} of the environment {}, which is not in reconciler.yaml: no plan touches them; to keep "
    "them, delete this file; to delete them, add it again and leave all out of it by `only_in`"
)
NOW = "RECONCILER_NOW"
"""The variable that sets the clock, for rehearsals."""
LOCK_SECONDS = 1.0
"""How long a plan that is made waits for the name of who applies meanwhile: it is no part of the plan."""


@dataclass(frozen=True, slots=True)
class Session:
    """One configuration, one environment, its state, and the connection to the API. `asks_git`: git may be asked."""

    opened: Opened
    environment: Environment
    store: Backend
    door: Transport
    asks_git: bool = True

    @property
    def configuration(self) -> Configuration:
        """The configuration; its resources are read when it is first asked for."""
        return self.opened.configuration

    @property
    def folder(self) -> str:
        """The configuration's folder: its path below the repository's top, in full if it lies in none."""
        top = repository_top(self.opened.folder)
        real = os.path.realpath(self.opened.folder)
        return real if top is None else os.path.relpath(real, top)

    def read_state(self, allowed: Collection[str] = ()) -> Snapshot:
        """What the store holds. Refused if that is of another configuration, unless `allowed` has the guard's name."""
        return require_own(
            self.store.read(),
            self.environment.configuration,
            self._named,
            self.store.where,
            allowed=WRONG_CONFIGURATION in allowed,
        )

    def _named(self) -> set[str]:
        return self.configuration.named(self.environment)

    def watch_lock(self) -> Callable[[], LockInfo | None]:
        """Begins to ask who applies; the function gives the answer, None if nobody does or it is not known in time."""
        asked = Threads(1).submit(self.store.who_applies)

        def answer() -> LockInfo | None:
            wait([asked], LOCK_SECONDS)
            return asked.result() if asked.done() and asked.exception() is None else None

        return answer

    def orphans(self) -> Iterator[str]:
        """What is said of state files whose environments have gone: to the first of all alone, so each is told once."""
        names = [*self.opened.environments]
        files = (self.opened.folder / STATE_FOLDER).glob("*.json") if names[:1] == [self.environment.name] else ()
        for file in sorted(file for file in files if file.stem not in names):
            with suppress(ReconcilerError, OSError, Unreadable):
                if count := len(from_text(read_regular(file, LARGEST), file.stem, str(file)).entries):
                    yield ORPHAN.format(file, counted(count, "object"), file.stem)

    def commit(self) -> str:
        """The commit of the configuration, as git says it; empty if there is none."""
        return find_commit(self.opened.folder) if self.asks_git else ""

    def head(self) -> str:
        """The id of the commit that is checked out; empty if there is none."""
        return str(load("reconciler.git.checkout:head_commit")(self.opened.folder)) if self.asks_git else ""


def written_kinds(session: Session) -> set[str]:
    """The names of the kinds that the configuration holds, told before it is evaluated."""
    return set(map(address_kind, session.configuration.merged.resources))


class Shared:
    """What the sessions of several environments share: the configuration, read once, and the limits of requests."""

    def __init__(self, path: Path, connections: int) -> None:
        self.opened = Opened(path)
        self.opened.configuration  # noqa: B018 - read before threads ask for it
        self.limits = SharedLimits(connections)


@contextmanager
def open_session(
    path: Path,
    environment: str | None,
    api_url: str | None,
    variables: Mapping[str, str],
    connections: int,
    hide: Callable[[str], None] = lambda _key: None,
    shared: Shared | None = None,
    *,
    attended: bool = False,
) -> Iterator[Session]:
    """Reads `reconciler.yaml` and connects to the API. `variables` are the process's: they hold the key.

    `hide` is told the key, before anything is done with it. `shared`: what a run with several environments has in
    common. `attended`: a person may be asked at the terminal.
    """
    opened = shared.opened if shared else Opened(path)
    chosen = opened.environment(environment)
    secret = read_secret(chosen, variables, opened.folder, attended=attended)
    hide(secret.value)
    address = find_address(chosen, api_url, variables)
    with connect(address, secret, connections, read_clock(address, variables)) as door:
        door.refuses_key = True
        if shared is not None:
            door.pace = shared.limits.limiter(door.address, secret.value)
        yield Session(opened, chosen, open_backend(chosen, opened.folder, secret.value), door)


def find_address(environment: Environment, api_url: str | None, variables: Mapping[str, str]) -> str:
    """The API's address: as the command line, the process's variables or the settings say it."""
    return api_url or variables.get("QONVERSION_API_URL") or environment.api_url or VENDOR_URL


def read_clock(address: str, variables: Mapping[str, str]) -> datetime | None:
    """The moment that the clock is set to, None if it is not. WrongUsage if the API at `address` is a real one."""
    now = parse_moment(variables[NOW], NOW) if variables.get(NOW) else None
    if now is not None and not is_local(address):
        raise WrongUsage(f"{NOW} is set, and the API at {address} is neither a simulator nor on this machine")
    return now


def parse_moment(text: str, name: str) -> datetime:
    """The moment in a text of ISO 8601, in UTC. WrongUsage, with `name` in it, if the text is none."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment.astimezone(UTC)
    raise WrongUsage(f"{name} {text}: expected a moment with its zone, for example 2027-03-28T01:30Z")


def find_names(path: Path, environment: str | None) -> tuple[str | None, str]:
    """The names of the configuration and of the environment that is meant, as far as they can be told: the
    configuration may be unsound."""
    opened = Opened(path)
    configuration = next((each.configuration for each in opened.environments.values()), derived_name(opened.folder))
    with suppress(ReconcilerError):
        return configuration, environment or opened.environment(None).name
    return configuration, environment or DEFAULT_ENVIRONMENT


def find_commit(folder: Path) -> str:
    """The commit of a configuration, as git says it; empty if there is none."""
    return str(load("reconciler.git.checkout:configuration_commit")(folder))
