"""What a command works with: the configuration, the environment, the backend of its state, the transport; and a plan
with all that it was made with."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api import SharedLimits, Transport, connect
from reconciler.api.secret import is_local, read_secret
from reconciler.config.files import STATE_FOLDER
from reconciler.config.load import Configuration
from reconciler.config.settings import derive_name
from reconciler.errors import ReconcilerError, WrongUsage
from reconciler.git import find_repository_top
from reconciler.lazy import frozen, load
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired, Live, State
from reconciler.model.plan import Plan
from reconciler.model.reports import Commit, Scope
from reconciler.model.settings import DEFAULT_ENVIRONMENT, VENDOR_URL, Environment
from reconciler.state.backend import Backend, Snapshot
from reconciler.state.document import from_text
from reconciler.state.file import LARGEST
from reconciler.state.operations import WRONG_CONFIGURATION, open_backend, require_own
from reconciler.system import Unreadable, make_relative_path, read_regular
from reconciler.text import format_count

if TYPE_CHECKING:
    from reconciler.model.policies import PolicyReport

FIRST_YEAR, LAST_YEAR = 2000, 2100  # beyond them is a typing error, and near the ends of datetime arithmetic overflows
CONFIGURATION_COMMIT = "reconciler.git.checkout:find_configuration_commit"
NOW = "RECONCILER_NOW"
"""The variable that sets the clock, for rehearsals."""


@frozen
class Session:
    """One configuration, one environment, its state, and the connection to the API. `asks_git`: git may be asked."""

    configuration: Configuration
    environment: Environment
    backend: Backend
    transport: Transport
    asks_git: bool = True

    @property
    def folder(self) -> str:
        """The configuration's folder: its path below the repository's top, in full if it lies in none."""
        top = find_repository_top(self.configuration.folder)
        real = os.path.realpath(self.configuration.folder)
        return real if top is None else make_relative_path(real, top)

    def read_state(self, allowed: Collection[str] = ()) -> Snapshot:
        """The state as stored. Refused if it belongs to another configuration, unless `allowed` names that guard."""
        named = partial(self.configuration.list_addresses, self.environment)
        found, own, is_allowed = self.backend.read(), self.environment.configuration, WRONG_CONFIGURATION in allowed
        return require_own(found, own, named, self.backend.where, allowed=is_allowed)

    def find_written_kinds(self) -> set[str]:
        """The names of the kinds in the configuration, before it is evaluated."""
        return set(map(address_kind, self.configuration.merged.resources))

    def describe_orphans(self) -> Iterator[str]:
        """A warning for each state file whose environment is gone. Only the first environment gets them, so that each
        is told once."""
        folder, names = self.configuration.folder / STATE_FOLDER, [*self.configuration.environments]
        files = folder.glob("*.json") if names[:1] == [self.environment.name] else ()
        for file in sorted(file for file in files if file.stem not in names):
            with suppress(ReconcilerError, OSError, Unreadable):  # it may be any JSON that somebody keeps there
                if count := len(from_text(read_regular(file, LARGEST), file.stem, str(file)).entries):
                    held = f"this state holds {format_count(count, 'object')} of the environment {file.stem}"
                    keep = "no plan touches them; to keep them, delete this file"
                    delete = "to delete them, add it again and leave all out of it by `only_in`"
                    yield f"{file}: {held}, which is not in reconciler.yaml: {keep}; {delete}"

    def find_commit(self) -> str:
        """The commit of the configuration, as git says it; empty if there is none."""
        return str(load(CONFIGURATION_COMMIT)(self.configuration.folder)) if self.asks_git else ""

    def find_head(self) -> str:
        """The id of the commit that is checked out; empty if there is none."""
        return str(load("reconciler.git.checkout:find_head_commit")(self.configuration.folder)) if self.asks_git else ""


@frozen
class Planned:
    """A plan and what it was made with. `head` is the commit that a saved plan was made of, empty for a new plan;
    `behind` are the newer commits that changes would undo, by address. `before` is what the base wanted, `judged` what
    policies say."""

    plan: Plan
    snapshot: Snapshot
    state: State
    live: Live
    desired: Desired
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    base: str = ""
    behind: Mapping[str, Commit] = field(default_factory=dict)
    head: str = ""
    before: Desired = field(default_factory=lambda: Desired({}))
    judged: PolicyReport | None = None

    def with_behind(self, behind: Mapping[str, Commit]) -> Planned:
        """The same with changes that would undo newer commits. Those of the pull request keep their scope."""
        found = behind.keys() & self.scopes.keys()
        undoing = {each: Scope.BEHIND for each in found if self.scopes[each] is not Scope.PULL_REQUEST}
        return replace(self, scopes={**self.scopes, **undoing}, behind={**behind, **self.behind})


@contextmanager
def open_session(
    path: Path,
    environment: str | None,
    api_url: str | None,
    variables: Mapping[str, str],
    connections: int,
    on_secret: Callable[[str], None] = lambda _key: None,
    *,
    configuration: Configuration | None = None,
    limits: SharedLimits | None = None,
    attended: bool = False,
) -> Iterator[Session]:
    """Reads `reconciler.yaml` and connects to the API. `variables` are the process's: they hold the key.

    `on_secret` gets the key before anything is done with it. A run with several environments has `configuration` and
    the `limits` of requests in common. `attended`: a person may be asked at the terminal.
    """
    configuration = configuration or Configuration(path)
    chosen = configuration.environment(environment)
    secret = read_secret(chosen, variables, configuration.folder, attended=attended)
    on_secret(secret.value)
    address = find_address(chosen, api_url, variables)
    with connect(address, secret, connections, read_clock(address, variables)) as transport:
        # An answer that holds the key is an error: from it, the key would come into plans, states and receipts.
        transport.refuses_key = True
        if limits is not None:
            transport.rate_limiter = limits.limiter(transport.address, secret.value)
        yield Session(configuration, chosen, open_backend(chosen, configuration.folder, secret.value), transport)


def find_address(environment: Environment, api_url: str | None, variables: Mapping[str, str]) -> str:
    """The API's address: of the command line, else of QONVERSION_API_URL, else of the settings, else the vendor's."""
    return api_url or variables.get("QONVERSION_API_URL") or environment.api_url or VENDOR_URL


def read_clock(address: str, variables: Mapping[str, str]) -> datetime | None:
    """The moment that the clock is set to, None if it is not. WrongUsage if the API at `address` is a real one."""
    now = parse_moment(variables[NOW], NOW) if variables.get(NOW) else None
    if now is not None and not is_local(address):
        raise WrongUsage(f"{NOW} is set, and the API at {address} is neither a simulator nor on this machine")
    return now


def parse_moment(text: str, name: str) -> datetime:
    """The moment in a text of ISO 8601, in UTC. WrongUsage, which names the option `name`, if it cannot be read."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment.astimezone(UTC)
    raise WrongUsage(f"{name} {text}: expected a moment with its zone, for example 2027-03-28T01:30Z")


def find_names(path: Path, environment: str | None) -> tuple[str | None, str]:
    """The names of the configuration and of the chosen environment, as far as they are known: the configuration may be
    invalid."""
    opened = Configuration(path)
    name = next((each.configuration for each in opened.environments.values()), derive_name(opened.folder))
    with suppress(ReconcilerError):
        return name, environment or opened.environment(None).name
    return name, environment or DEFAULT_ENVIRONMENT
