"""Values that know where they are written. They compare, print and serialise as the dict and the list that they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Position = tuple[int, int]
"""Line and column, both counted from 1."""


NO_ANCHORS: Mapping[str, Position] = {}


class LocatedMap(dict[str, Any]):
    """A map with the position of each key and value. A key that came by `<<` has the position of its origin.

    `anchors`: key → the position of the anchor, of values that came by an alias.
    """

    __slots__ = ("anchors", "key_positions", "value_positions")

    anchors: Mapping[str, Position]
    key_positions: dict[str, Position]
    value_positions: dict[str, Position]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.anchors = NO_ANCHORS
        self.key_positions = {}
        self.value_positions = {}


class LocatedList(list[Any]):
    """A list with the position of each item."""

    __slots__ = ("positions",)

    positions: list[Position]

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.positions = []


@dataclass(frozen=True)
class Document:
    """One YAML document of a stream: its value, the file it stands in, and the position where the value begins."""

    value: Any
    file: str
    position: Position


def find_position(node: Any, path: tuple[str | int, ...], fallback: Position, *, key: bool = False) -> Position:
    """Where a value (or its key) stands in a file, as near as it is known."""
    position = fallback
    for depth, step in enumerate(path):
        last = key and depth == len(path) - 1
        if isinstance(node, LocatedMap) and isinstance(step, str) and step in node:
            position = (node.key_positions if last else node.value_positions)[step]
        elif isinstance(node, LocatedList) and isinstance(step, int) and step < len(node):
            position = node.positions[step]
        else:
            return position
        node = node[step]
    return position
