"""Where each value within a resource is written, worked out only for those that somebody asks about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from reconciler.config.files import LARGEST, Disk
from reconciler.config.variables import variables_in
from reconciler.kinds.paths import dotted
from reconciler.model.desired import Location
from reconciler.system.files import Unreadable
from reconciler.yaml import LocatedList, LocatedMap
from reconciler.yaml.located import Mark


def lines_of(path: Path) -> Callable[[Location], str]:
    """Gives the line of a place in the configuration at `path`; nothing where it cannot be read any more.

    Each file is read once.
    """
    disk = Disk(path)
    known: dict[str, list[str]] = {}

    def line(place: Location) -> str:
        if place.file not in known:
            try:
                known[place.file] = disk.content(Path(place.file), LARGEST).decode("utf-8-sig").splitlines()
            except (Unreadable, UnicodeDecodeError):
                known[place.file] = []
        lines = known[place.file]
        return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""

    return line


class Marks(Mapping[str, Mark]):
    """Path (`data.initiators[0].uid`) → line and column: of the key where there is one, else of the item."""

    def __init__(self, node: Any) -> None:
        self._node = node

    def __getitem__(self, path: str) -> Mark:
        return self._table[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def _table(self) -> dict[str, Mark]:
        fields = self._node.items() if isinstance(self._node, LocatedMap) else ()
        table: dict[str, Mark] = {}
        for name, value in fields:
            table[name] = self._node.key_marks[name]
            table.update(_within(name, value))
        return table


class Sources(Mapping[str, tuple[Location, ...]]):
    """Path → where the variables are written that its value is made of."""

    def __init__(self, node: Any, set_at: Mapping[str, Location]) -> None:
        self._node = node
        self._set_at = set_at

    def __getitem__(self, path: str) -> tuple[Location, ...]:
        return self._table[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    @cached_property
    def _table(self) -> dict[str, tuple[Location, ...]]:
        fields = self._node.items() if isinstance(self._node, LocatedMap) else ()
        texts = (each for name, value in fields for each in _texts(name, value))
        found = {path: tuple(self._set_at[name] for name in variables_in(text)) for path, text in texts}
        return {path: places for path, places in found.items() if places}


def _texts(path: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(dotted(path, [key]), value)


def _within(path: str, node: Any) -> Iterator[tuple[str, Mark]]:
    if isinstance(node, LocatedMap):
        found = [(dotted(path, [key]), node.key_marks[key], value) for key, value in node.items()]
    elif isinstance(node, LocatedList):
        found = [(dotted(path, [at]), node.marks[at], value) for at, value in enumerate(node)]
    else:
        return
    for inner, mark, value in found:
        yield inner, mark
        yield from _within(inner, value)
