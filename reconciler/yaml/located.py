"""Values that know where they are written. They compare, print and serialise as the dict and the list that they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Mark = tuple[int, int]
"""Line and column, both counted from 1."""


class LocatedMap(dict[str, Any]):
    """A map with the mark of each key and of each value. Keys that came by `<<` have the marks of their origin."""

    __slots__ = ("key_marks", "value_marks")

    key_marks: dict[str, Mark]
    value_marks: dict[str, Mark]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key_marks = {}
        self.value_marks = {}


class LocatedList(list[Any]):
    """A list with the mark of each item."""

    __slots__ = ("marks",)

    marks: list[Mark]

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.marks = []


@dataclass(frozen=True)
class Document:
    """One YAML document of a stream: its value, the file it stands in, and the mark where the value begins."""

    value: Any
    file: str
    mark: Mark


def find_position(node: Any, path: tuple[str | int, ...], fallback: Mark, *, key: bool = False) -> Mark:
    """Where a value (or its key) stands in a file, as near as it is known."""
    mark = fallback
    for depth, step in enumerate(path):
        last = key and depth == len(path) - 1
        if isinstance(node, LocatedMap) and isinstance(step, str) and step in node:
            mark = (node.key_marks if last else node.value_marks)[step]
        elif isinstance(node, LocatedList) and isinstance(step, int) and step < len(node):
            mark = node.marks[step]
        else:
            return mark
        node = node[step]
    return mark
