"""Maps and lists that know where they are written, and the collections that are open while a document is built.

They compare, print and serialise as dict and list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any, Final

from reconciler.errors import Location
from reconciler.lazy import frozen
from reconciler.text import cite, describe
from reconciler.yaml.parsers import MERGE

Position = tuple[int, int]
"""Line and column, both counted from 1."""
KeyPath = tuple[str | int, ...]
"""The keys and list indices that lead to a value, from the top of a document or of a resource."""
DEEPEST: Final = 64
"""The most levels of maps and lists within one another, those from aliases included. Versions of libyaml have limits of
their own; this one is reached first, so that the message is always the same."""
TOO_DEEP: Final = f"nested deeper than {DEEPEST} levels; expected at most {DEEPEST}; nothing after it is read"
NO_ANCHORS: Mapping[str, Position] = {}
NO_FILES: dict[str, str] = {}
"""Of all maps that are read. It is never written to."""


class LocatedMap(dict[str, Any]):
    """A map with the position of each key and value. A key that came by `<<` has the position of its origin.

    `anchors`: key → the position of the anchor, of values that came by an alias. `files`: key → the file, of keys and
    values that came from another file.
    """

    __slots__ = ("anchors", "files", "key_positions", "value_positions")

    anchors: Mapping[str, Position]
    files: dict[str, str]
    key_positions: dict[str, Position]
    value_positions: dict[str, Position]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.anchors = NO_ANCHORS
        self.files = NO_FILES
        self.key_positions = {}
        self.value_positions = {}

    def take(self, key: str, origin: LocatedMap, file: str = "") -> None:
        """Copy a key from another map, with its locations. `file` is the other map's file, "" if it is the same."""
        self[key] = origin[key]
        self.key_positions[key] = origin.key_positions[key]
        self.value_positions[key] = origin.value_positions[key]
        if found := origin.files.get(key, file):
            self.files[key] = found
        if key in origin.anchors:
            self.anchors = {**self.anchors, key: origin.anchors[key]}


class LocatedList(list[Any]):
    """A list with the position of each item."""

    __slots__ = ("positions",)

    positions: list[Position]

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.positions = []


@frozen
class Document:
    """One YAML document of a stream: its value, the file it stands in, and the position where the value begins."""

    value: Any
    file: str
    position: Position


def find_location(node: Any, path: Sequence[str | int], location: Location, *, key: bool = False) -> Location:
    """The location of the value (or its key) at a path, or of the nearest value around it. `location` is the node's."""
    for depth, step in enumerate(path):
        last = key and depth == len(path) - 1
        if isinstance(node, LocatedMap) and isinstance(step, str) and step in node:
            position = (node.key_positions if last else node.value_positions)[step]
            location = Location(node.files.get(step, location.file), *position)
        elif isinstance(node, LocatedList) and isinstance(step, int) and step < len(node):
            location = Location(location.file, *node.positions[step])
        else:
            return location
        node = node[step]
    return location


def walk(node: Any, key_path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """A value and all values within it, each after its path; outer values come first."""
    # Recursion is no danger: what was read has at most `DEEPEST` levels.
    yield key_path, node
    if isinstance(node, dict | list):
        for step, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from walk(value, (*key_path, step))


def find_key_path(node: Any, position: Sequence[int]) -> KeyPath:
    """The path of the outermost value that, or whose key, is at a position; empty if there is none."""
    for key_path, inside in walk(node):
        steps: Iterable[tuple[str | int, Position]] = ()
        if isinstance(inside, LocatedMap):
            steps = (*inside.key_positions.items(), *inside.value_positions.items())
        elif isinstance(inside, LocatedList):
            steps = enumerate(inside.positions)
        for step, at in steps:
            if at == tuple(position):
                return (*key_path, step)
    return ()


def copy_plain(node: Any) -> Any:
    """A value as plain maps and lists that share nothing with it."""
    if isinstance(node, dict):
        return {key: copy_plain(value) for key, value in node.items()}
    return [copy_plain(value) for value in node] if isinstance(node, list) else node


Report = Callable[[Position, str], None]

_NO_KEY: Final = object()
_DROPPED: Final = object()


class ListFrame:
    """An open list, or an open document: a list of its one value."""

    __slots__ = ("value",)

    wants_key = False

    def __init__(self) -> None:
        self.value = LocatedList()

    def put(self, value: Any, at: Position) -> None:
        self.value.append(value)
        self.value.positions.append(at)


class MapFrame:
    """An open map: it takes a key, then its value, and so on. Merges take effect when it closes."""

    __slots__ = ("key", "key_positions", "merges", "report", "value", "value_positions")

    def __init__(self, report: Report) -> None:
        self.value = LocatedMap()
        self.key_positions = self.value.key_positions
        self.value_positions = self.value.value_positions
        self.key: Any = _NO_KEY
        self.merges: list[tuple[Any, Position]] = []
        self.report = report

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return self.key is _NO_KEY

    def put(self, value: Any, at: Position) -> None:
        """Take the next key, or the value of the last key."""
        key = self.key
        if key is _NO_KEY:
            if value.__class__ is str and value not in self.key_positions:
                self.key = key = intern(value)  # ten thousand resources have the same few keys
                self.key_positions[key] = at
            else:
                self._refuse_key(value, at)
            return
        self.key = _NO_KEY
        if key.__class__ is str:
            self.value[key] = value
            self.value_positions[key] = at
        elif key is MERGE:
            self.merges.append((value, at))

    def _refuse_key(self, value: Any, at: Position) -> None:
        """Take a merge key, or report a wrong key."""
        self.key = _DROPPED
        if value is MERGE and self.merges:
            first = self.merges[0][1][0]
            self.report(at, f"duplicate key <<; it is written first at line {first}; expected one list: <<: [*a, *b]")
        elif value is MERGE:
            self.key = MERGE
        elif isinstance(value, str):
            first = self.key_positions[value][0]
            self.report(at, f"duplicate key {cite(value)}; it is written first at line {first}; expected it once")
        elif isinstance(value, (dict, list)):
            self.report(at, "a key must be a text, no map or list; text that begins with { or [ must be in quotes")
        else:
            self.report(at, f"a key must be a text; found {describe(value)}")

    def close(self) -> None:
        """Add the keys of the merges. Own keys win, then the earlier map of a list."""
        for value, at in self.merges:
            sources = zip(value, value.positions, strict=True) if isinstance(value, LocatedList) else [(value, at)]
            for source, position in sources:
                self._merge(source, position)

    def _merge(self, source: Any, at: Position) -> None:
        if not isinstance(source, LocatedMap):
            self.report(at, f"<< must be given a map or a list of maps; found {describe(source)}")
            return
        for key in source:
            if key not in self.key_positions:
                self.value.take(key, source)


Frame = ListFrame | MapFrame
