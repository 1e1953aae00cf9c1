"""Where each value within a resource is written. It is computed only for the resources that somebody asks about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from reconciler.config.files import LARGEST, Disk
from reconciler.config.text import masked
from reconciler.config.variables import variables_in
from reconciler.errors import Location
from reconciler.kinds.comparison import dotted
from reconciler.system import Unreadable
from reconciler.yaml import LocatedList, LocatedMap, Position

T = TypeVar("T")


def line_reader() -> Callable[[Location], str]:
    """A function that gives the line at a location, without Secret Keys.

    It reads each file once. Its answer is empty if the file cannot be read any more.
    """
    known: dict[str, list[str]] = {}

    def line(location: Location) -> str:
        if location.file not in known:
            try:
                file = Path(location.file)
                text = Disk(file).content(file, LARGEST).decode("utf-8-sig")
                known[location.file] = (masked(text) if "sk_" in text else text).splitlines()
            except (Unreadable, UnicodeDecodeError):
                known[location.file] = []
        lines = known[location.file]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else ""

    return line


class LazyMapping(Mapping[str, T]):
    """A mapping whose entries are made at the first access: most resources are never asked."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make

    def __getitem__(self, path: str) -> T:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def _entries(self) -> Mapping[str, T]:
        return self._make()


def value_positions(node: Any) -> Mapping[str, Position]:
    """Path (`data.initiators[0].uid`) → the position of the key or item, or of the anchor of an alias."""
    return LazyMapping(lambda: {path: position for path, position, _ in _values("", node)})


def variable_sources(node: Any, variables: Mapping[str, Location]) -> Mapping[str, tuple[Location, ...]]:
    """Path → where the variables are set that its value is made of. `variables`: name → where it is set."""

    def sources() -> dict[str, tuple[Location, ...]]:
        texts = ((path, value) for path, _, value in _values("", node) if isinstance(value, str))
        found = {path: tuple(variables[name] for name in variables_in(text)) for path, text in texts}
        return {path: locations for path, locations in found.items() if locations}

    return LazyMapping(sources)


def _values(path: str, node: Any) -> Iterator[tuple[str, Position, Any]]:
    """Each value within a node, at every depth: its path, its position, and itself."""
    if isinstance(node, LocatedMap):
        positions = {**node.key_positions, **node.anchors}
        found = [(dotted(path, [key]) if path else key, positions[key], node[key]) for key in node]
    elif isinstance(node, LocatedList):
        found = [(dotted(path, [at]), node.positions[at], value) for at, value in enumerate(node)]
    else:
        return
    for each in found:
        yield each
        yield from _values(each[0], each[2])
