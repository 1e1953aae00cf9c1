"""What people are shown: a plan, and beside it what only a person asks. It is made anew each time, is no part of the
plan's digest, and is never sent or saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.errors import Location
from reconciler.model.desired import Desired
from reconciler.model.live import Live
from reconciler.model.plan import Change, Plan


class Scope(StrEnum):
    """Whose doing a change is."""

    PULL_REQUEST = "pull request"
    PENDING = "pending"
    DRIFT = "drift"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the user's repository."""

    id: str
    subject: str

    def __str__(self) -> str:
        return f'{self.id[:12]} "{self.subject}"'


class Weight(StrEnum):
    """What an impact means, the gravest first."""

    LOSES = "loses"
    STOPS = "stops"
    RISKS = "risks"
    STARTS = "starts"
    FEEDS = "feeds"


@dataclass(frozen=True, slots=True)
class Impact:
    """One thing that a change does to people, in a sentence of plain text."""

    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """An address in the graph of references. `action` is None if nothing happens to it; what is not `managed` bears
    `kind[id]` in an address's place. `alike`: how many objects a picture shows as this one."""

    address: str
    kind: str
    name: str
    action: str | None = None
    managed: bool = True
    alike: int = 1


@dataclass(frozen=True, slots=True)
class Graph:
    """What refers to what: `edges` are (from the address that refers, to the one that is referred to), as it is wanted;
    `dropped` are those that are live and go away."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """A plan as a reviewer looks at it.

    `desired` and `live` are what the plan was made of. `impacts`, `scopes` and `behind` are by address; `scopes` is
    empty if no base was given, and `behind` has the newer commit that a change would undo. `tasks` is what a person has
    to do by hand, each a sentence. `at` is when the review was made; `commit` and `base` are what was planned and what
    it was compared with, empty if that is not known. `gone`: the address of what is not written any more → where its
    block stood, and in which commit.
    """

    plan: Plan
    desired: Desired = field(default_factory=lambda: Desired({}))
    live: Live = field(default_factory=lambda: Live({}))
    impacts: Mapping[str, tuple[Impact, ...]] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    behind: Mapping[str, Commit] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    at: datetime | None = None
    commit: str = ""
    base: str = ""
    gone: Mapping[str, tuple[Location, str]] = field(default_factory=dict)

    def find_scope(self, address: str) -> Scope | None:
        """How a change is marked: as behind, or by whose doing it is."""
        return Scope.BEHIND if address in self.behind else self.scopes.get(address)

    def find_place(self, address: str) -> Location | None:
        """The YAML line of an address, or where it stood; None if it is not known."""
        resource = self.desired.resources.get(address)
        return resource.location if resource else self.gone.get(address, (None, ""))[0]

    def remarks_on(self, change: Change) -> tuple[str, ...]:
        """All that is said of a change, but for its impacts."""
        commit = self.behind.get(change.address)
        remark = (f"this would undo a newer commit, {commit}: the checkout is behind",) if commit else ()
        return (*remark, *change.remarks())
