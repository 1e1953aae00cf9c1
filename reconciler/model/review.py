"""What people are shown: a plan, and beside it what only a person asks. A value, made anew at each look; no part of
the plan's digest, never sent, never saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from reconciler.errors import Location
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
    """An address in the graph of references. `action` is None where nothing happens to it; what is not `managed` bears
    `kind[id]` in an address's place."""

    address: str
    kind: str
    name: str
    action: str | None = None
    managed: bool = True


@dataclass(frozen=True, slots=True)
class Graph:
    """What refers to what: `edges` are (from the address that refers, to the one that is referred to), as it is wanted;
    `dropped` are those that are live and go away."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Review:
    """A plan as a reviewer looks at it.

    `impacts`, `places` (the YAML line), `scopes` and `behind` are by address; `scopes` is empty where no base was
    given, and `behind` has the newer commit that a change would undo.
    `field_places` has, for a change, the YAML line of each field that changes and is written, by its path. `tasks`
    is what a person has to do by hand, each a sentence. `at` is when the look was taken, `commit` and `base` what was
    planned and what it was compared with (empty: not known). What most forms do not show is found when one asks for it.
    """

    plan: Plan
    impacts: Mapping[str, tuple[Impact, ...]] = field(default_factory=dict)
    places: Mapping[str, Location] = field(default_factory=dict)
    find_field_places: Callable[[], Mapping[str, Mapping[str, Location]]] = dict
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    behind: Mapping[str, Commit] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    find_graph: Callable[[], Graph] = Graph
    at: datetime | None = None
    find_commit: Callable[[], str] = str
    base: str = ""

    def find_scope(self, address: str) -> Scope | None:
        """How a change is marked: as behind, or by whose doing it is."""
        return Scope.BEHIND if address in self.behind else self.scopes.get(address)

    def remarks_on(self, change: Change) -> tuple[str, ...]:
        """All that is said of a change, but for its impacts."""
        commit = self.behind.get(change.address)
        said = (f"this would undo a newer commit, {commit}: the checkout is behind",) if commit else ()
        return (*said, *change.remarks())

    @cached_property
    def field_places(self) -> Mapping[str, Mapping[str, Location]]:
        """Where each field that changes is written."""
        return self.find_field_places()

    @cached_property
    def graph(self) -> Graph:
        """What refers to what."""
        return self.find_graph()

    @cached_property
    def commit(self) -> str:
        """What was planned; empty where it is not known."""
        return self.find_commit()
