"""The anchors of a document, and the values of their aliases. Limits of number and depth stop alias bombs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from reconciler.text import WORD_CHARACTERS, close_matches
from reconciler.yaml.located import Position
from reconciler.yaml.syntax import shown

PIECES: Final = 2_500_000
"""Keys, values, and ends of maps and lists. A configuration of 100,000 resources uses three quarters of it."""
EXPANDED: Final = 1_000_000
"""Values that come by aliases."""


@dataclass(slots=True)
class Budget:
    """How much is left of the limits that all files of a configuration share."""

    pieces_left: int = PIECES
    expanded_left: int = EXPANDED

    @property
    def taken(self) -> int:
        """How many values there are, those from aliases included."""
        return PIECES - self.pieces_left + EXPANDED - self.expanded_left


DEEPEST: Final = 64
"""The most levels of maps and lists within one another, those from aliases included."""

_MOST_SUGGESTIONS: Final = 20
_MOST_SEARCHED: Final = 1000


ALIAS: Final = "alias"
"""The code of a problem of an alias: nothing stands for its value."""


class AliasError(Exception):
    """An alias that cannot be used. `str()` is the message; it is empty if the cause is reported already."""


class Anchors:
    """The values of the anchors of a document. All files together may expand to what their `Budget` has left."""

    def __init__(self, budget: Budget) -> None:
        self._values: dict[str, Any] = {}
        self.positions: dict[str, Position] = {}
        self._open: set[int] = set()
        self._budget = budget
        self._is_full = False
        self._suggestions = 0
        # By id, each measured collection with its size and height. A reference to it keeps its id unique.
        self._measured: dict[int, tuple[Any, int, int]] = {}

    def begin_document(self) -> None:
        """Forget all anchors: the next document has its own."""
        self._values.clear()
        self._open.clear()

    def add(self, name: str, value: Any, at: Position, *, is_open: bool = False) -> None:
        """Set the value of an anchor. No alias can use an open collection before `close`."""
        self._values[name] = value
        self.positions[name] = at
        if is_open:
            self._open.add(id(value))

    def close(self, value: Any) -> None:
        """Mark a collection as complete."""
        self._open.discard(id(value))

    def use(self, name: str, depth: int) -> Any:
        """Return the value of an alias that is `depth` collections deep. Raises `AliasError`."""
        if name not in self._values:
            raise AliasError(
                f"unknown alias *{shown(name)}; expected an anchor &{shown(name)} before it{self._near(name)}"
            )
        value = self._values[name]
        if not isinstance(value, (dict, list)):
            return value
        if id(value) in self._open:
            raise AliasError(f"recursive alias *{shown(name)}: it stands inside its own anchor; expected it outside")
        self._charge(value, name, depth)
        return value

    def _near(self, name: str) -> str:
        """Return the suggestion for an unknown alias. A search costs time, so a file gets at most 20."""
        self._suggestions += 1
        if self._suggestions > _MOST_SUGGESTIONS:
            return ""
        known = (f"*{each}" for each in islice(self._values, _MOST_SEARCHED))
        close = close_matches(f"*{name}"[:WORD_CHARACTERS], known)
        return f"; did you mean {shown(close[0])}?" if close else ""

    def _charge(self, value: Any, name: str, depth: int) -> None:
        size, height = self._measure(value)
        if depth + height > DEEPEST:
            raise AliasError(f"alias *{shown(name)} nests deeper than {DEEPEST} levels; expected at most {DEEPEST}")
        if self._is_full:
            raise AliasError("")
        if size > self._budget.expanded_left:
            self._is_full = True
            most = f"expected at most {EXPANDED} through aliases in a configuration"
            raise AliasError(f"alias *{shown(name)} expands to too many values; {most}")
        self._budget.expanded_left -= size

    def _measure(self, value: Any) -> tuple[int, int]:
        """Return how many values `value` has with itself, and how many levels. Recurses at most `DEEPEST` deep."""
        if not isinstance(value, (dict, list)):
            return 1, 0
        known = self._measured.get(id(value))
        if known is not None:
            return known[1:]
        size, height = 1, 0
        for item in value.values() if isinstance(value, dict) else value:
            item_size, item_height = self._measure(item)
            size += item_size
            height = max(height, item_height)
        self._measured[id(value)] = (value, size, height + 1)
        return size, height + 1
