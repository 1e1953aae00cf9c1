"""The open collections of a document while it is built: where the next value goes."""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any, Final

from reconciler.yaml.located import LocatedList, LocatedMap, Mark
from reconciler.yaml.scalars import MERGE, node_kind
from reconciler.yaml.syntax import quoted

Report = Callable[[Mark, str], None]

_NO_KEY: Final = object()
_DROPPED: Final = object()


class RootFrame:
    """The document itself: it takes one value."""

    __slots__ = ("mark", "value")

    wants_key = False
    in_brackets = False

    def __init__(self) -> None:
        self.value: Any = None
        self.mark: Mark = (1, 1)

    def put(self, value: Any, at: Mark) -> None:
        """Take the value of the document."""
        self.value = value
        self.mark = at

    def close(self) -> None:
        """Do nothing: a document has no end of its own."""


class ListFrame:
    """An open list."""

    __slots__ = ("append", "append_mark", "in_brackets", "value")

    wants_key = False
    in_brackets: bool

    def __init__(self) -> None:
        self.value = LocatedList()
        self.append = self.value.append
        self.append_mark = self.value.marks.append

    def put(self, value: Any, at: Mark) -> None:
        """Take the next item."""
        self.append(value)
        self.append_mark(at)

    def close(self) -> None:
        """Do nothing: a list is whole as it is."""


class MapFrame:
    """An open map: it takes a key, then its value, and so on. The merges are worked out when it closes."""

    __slots__ = ("in_brackets", "key", "key_marks", "merges", "report", "value", "value_marks")

    in_brackets: bool

    def __init__(self, report: Report) -> None:
        self.value = LocatedMap()
        self.key_marks = self.value.key_marks
        self.value_marks = self.value.value_marks
        self.key: Any = _NO_KEY
        self.merges: list[tuple[Any, Mark]] = []
        self.report = report

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key."""
        return self.key is _NO_KEY

    def put(self, value: Any, at: Mark) -> None:
        """Take the next key, or the value of the last one."""
        key = self.key
        if key is _NO_KEY:
            if value.__class__ is str and value not in self.key_marks:
                self.key = key = intern(value)
                self.key_marks[key] = at
            else:
                self._odd_key(value, at)
            return
        self.key = _NO_KEY
        if key.__class__ is str:
            self.value[key] = value
            self.value_marks[key] = at
        elif key is MERGE:
            self.merges.append((value, at))

    def _odd_key(self, value: Any, at: Mark) -> None:
        """Take a key that is a merge, or one that is wrong, and report it."""
        self.key = _DROPPED
        if value is MERGE:
            self._merge_key(at)
        elif isinstance(value, str):
            first = self.key_marks[value][0]
            self.report(at, f"duplicate key {quoted(value)}; it is written first at line {first}; expected it once")
        else:
            hint = "; text that begins with { or [ must be in quotes" if isinstance(value, (dict, list)) else ""
            self.report(at, f"a key must be a string; found {node_kind(value)}{hint}")

    def _merge_key(self, at: Mark) -> None:
        if self.merges:
            first = self.merges[0][1][0]
            self.report(at, f"duplicate key <<; it is written first at line {first}; expected one list: <<: [*a, *b]")
        else:
            self.key = MERGE

    def close(self) -> None:
        """Add what the merges bring: own keys win, then the earlier map of a list."""
        for value, at in self.merges:
            sources = zip(value, value.marks, strict=True) if isinstance(value, LocatedList) else [(value, at)]
            for source, place in sources:
                self._merge(source, place)

    def _merge(self, source: Any, at: Mark) -> None:
        if not isinstance(source, LocatedMap):
            self.report(at, f"<< must be given a map or a list of maps; found {node_kind(source)}")
            return
        for key, value in source.items():
            if key not in self.key_marks:
                self.value[key] = value
                self.key_marks[key] = source.key_marks[key]
                self.value_marks[key] = source.value_marks[key]


Frame = RootFrame | ListFrame | MapFrame
