"""What the configuration wants: the value that the config stage gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import Location

Fields = Mapping[str, Any]


def make_address(kind: str, key: str) -> str:
    """The name of a resource everywhere: `report` and `daily-revenue` give `report.daily-revenue`."""
    return f"{kind}.{key}"


def address_kind(address: str) -> str:
    """The kind's name in an address: `report.daily-revenue` and `report[wbRlfw1x]` give `report`."""
    return address.partition(".")[0].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A path of a field that an update leaves as it is live; `until` (YYYY-MM-DD) and the rest are for people."""

    field: str
    until: str = ""
    reason: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How a resource may be treated. `prevent_destroy` None: it says nothing, and what the state remembers holds."""

    prevent_destroy: bool | None = None
    ignore_changes: tuple[Ignored, ...] = ()
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as written, variables put in. A reference stays as written: `{"integration": "release-alerts"}`.

    `positions` are line and column of each value within it, by its path (`data.initiators[0].uid`), in the same file.
    `file` is that file relative to the configuration's folder, with `/`. `sources` are the places of the variables that
    a value at a path is made of.
    """

    address: str
    kind: str
    fields: Fields
    location: Location
    lifecycle: Lifecycle = Lifecycle()
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    file: str = ""
    sources: Mapping[str, tuple[Location, ...]] = field(default_factory=dict)

    def field_location(self, path: str) -> Location:
        """Where the value at a path is written, or what it is within, or the resource itself."""
        while path and path not in self.positions:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return Location(self.location.file, *self.positions[path]) if path else self.location


@dataclass(frozen=True, slots=True)
class Moved:
    """A reviewed rename: the state's entry at `source` belongs to `target` from now on."""

    source: str
    target: str
    location: Location


@dataclass(frozen=True, slots=True)
class Removed:
    """A reviewed removal. Without `destroy` the object stays in the API and is forgotten."""

    source: str
    destroy: bool
    location: Location


@dataclass(frozen=True, slots=True)
class Import:
    """A reviewed adoption: the live object `id` is what `target` means."""

    target: str
    id: str
    location: Location


@dataclass(frozen=True, slots=True)
class Desired:
    """The whole configuration for one environment. `resources` are in the order of their addresses."""

    resources: Mapping[str, Resource]
    moved: tuple[Moved, ...] = ()
    removed: tuple[Removed, ...] = ()
    imports: tuple[Import, ...] = ()
    warnings: tuple[str, ...] = ()

    def files(self) -> set[str]:
        """The files that the resources are written in."""
        return {resource.location.file for resource in self.resources.values()}
