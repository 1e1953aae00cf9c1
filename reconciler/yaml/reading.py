"""Reads a file of YAML: bytes → text → parse events → documents, in one loop without recursion.

The building goes on after a problem.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import yaml

from reconciler.errors import Problem
from reconciler.lazy import load
from reconciler.text import Searches, cite, cut, describe
from reconciler.yaml.located import DEEPEST, TOO_DEEP, Document, Frame, ListFrame, LocatedMap, MapFrame, Position
from reconciler.yaml.parsers import MAYBE, MERGE, TEXTS, UnfitError, decode, explain_tag, parse, read_plain

PIECES: Final = 2_500_000
"""Keys, values, and ends of maps and lists. A configuration of 100,000 resources uses three quarters of it."""
EXPANDED: Final = 1_000_000
"""Values that come by aliases."""
ALIAS: Final = "alias"
"""The code of a problem of an alias: nothing stands for its value."""
_MOST_SEARCHED: Final = 1000  # anchors that a misspelt alias is compared with
_NOTHING: Final = object()


@dataclass(slots=True)
class Budget:
    """How much is left of the limits that all files of a configuration share. They stop alias bombs."""

    pieces_left: int = PIECES
    expanded_left: int = EXPANDED

    @property
    def taken(self) -> int:
        """How many values there are, those from aliases included."""
        return PIECES - self.pieces_left + EXPANDED - self.expanded_left


class EndedError(Exception):
    """The text nests too deep or holds too much to go on. The problem is in the list already."""


class Builder:
    """Builds the documents of one file. After an error, `documents` and `problems` hold what was found before it."""

    def __init__(self, file: str, budget: Budget) -> None:
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self._file = file
        self._budget = budget
        self._is_full = False
        self._searches = Searches()
        self._anchors: dict[str, tuple[Any, Position]] = {}
        # By id, each measured collection with its size and height. A reference to it keeps its id unique.
        self._measured: dict[int, tuple[Any, int, int]] = {}
        self._top: Frame = ListFrame()
        self._stack: list[Frame] = []

    def build(self, events: Iterator[Any]) -> None:
        """Build all documents. Raises what the parser raises, and `EndedError`."""
        count = 0
        scalar_event = yaml.ScalarEvent
        try:
            for count, event in enumerate(islice(events, self._budget.pieces_left), 1):  # noqa: B007 - the last one counts
                if event.__class__ is scalar_event and event.anchor is None and event.tag is None:
                    value = event.value
                    if value[:1] in MAYBE and not event.style:
                        value = self._resolve(event)
                else:
                    value = _OTHERS[event.__class__](self, event)
                    if value is _NOTHING:
                        continue
                mark = event.start_mark
                self._top.put(value, (mark.line + 1, mark.column + 1))
        finally:
            self._budget.pieces_left -= count
        if (event := next(events, None)) is not None:
            most = f"expected at most {PIECES} in a configuration; nothing after it is read"
            self.report(_position(event), f"too many keys and values up to here; {most}")
            raise EndedError

    def report(self, at: Position, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self._file, *at, message))

    def _resolve(self, event: Any) -> Any:
        """Return what a scalar means that is plain or has a tag. For a key that is no string, report that, and return
        its text."""
        try:
            value = read_plain(event.value) if event.tag is None else event.value
            if event.tag not in (None, *TEXTS):
                self.report(_position(event), explain_tag(event.tag))
        except UnfitError as unfit:
            self.report(_position(event), str(unfit))
            value = unfit.placeholder
        if value is MERGE:
            return value if self._top.wants_key else event.value
        if value.__class__ is str or not self._top.wants_key:
            return value
        found = f"a key must be a text; found {describe(value)}"
        self.report(_position(event), f"{found}; write it in quotes: {cite(event.value)}")
        return event.value

    def _read_scalar(self, event: Any) -> Any:
        """Return the value of a scalar that has an anchor or a tag."""
        value = event.value
        if event.tag is not None or not event.style:
            value = self._resolve(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = event.value if value is MERGE else value, _position(event)
        return value

    def _read_alias(self, event: Any) -> Any:
        try:
            value, position = self._find_anchor(event.anchor)
        except UnfitError as error:
            if message := str(error):
                cause = f"{self._file} *{event.anchor}"
                self.problems.append(Problem(self._file, *_position(event), message, ALIAS, cause=cause))
            # A string as a key, and an empty map as a value, cause no second problem.
            return f"*{event.anchor}" if self._top.wants_key else LocatedMap()
        if isinstance(self._top, MapFrame) and isinstance(self._top.key, str):
            above = self._top.value
            above.anchors = {**above.anchors, self._top.key: position}
        return value

    def _find_anchor(self, name: str) -> tuple[Any, Position]:
        """Return the value of an alias and the position of its anchor. Raises `UnfitError`, without a message if the
        cause is reported already."""
        if name not in self._anchors:
            close = self._searches.suggest_similar(name, list(islice(self._anchors, _MOST_SEARCHED)))
            close = close.replace('"', "*", 1).replace('"', "")
            raise UnfitError(f"unknown alias *{cut(name)}; expected an anchor &{cut(name)} before it{close}")
        value, _ = found = self._anchors[name]
        frames = [*self._stack, self._top]
        if any(value is frame.value for frame in frames):
            raise UnfitError(f"recursive alias *{cut(name)}: it stands inside its own anchor; expected it outside")
        size, height = self._measure(value)
        if not height:
            return found
        if len(frames) + height > DEEPEST + 1:
            raise UnfitError(f"alias *{cut(name)} nests deeper than {DEEPEST} levels; expected at most {DEEPEST}")
        if self._is_full:
            raise UnfitError("")
        if size > self._budget.expanded_left:
            self._is_full = True
            most = f"expected at most {EXPANDED} through aliases in a configuration"
            raise UnfitError(f"alias *{cut(name)} expands to too many values; {most}")
        self._budget.expanded_left -= size
        return found

    def _measure(self, value: Any) -> tuple[int, int]:
        """Return how many values `value` has with itself, and how many levels. Recurses at most `DEEPEST` deep."""
        if not isinstance(value, (dict, list)):
            return 1, 0
        if id(value) not in self._measured:
            inner = [self._measure(item) for item in (value.values() if isinstance(value, dict) else value)]
            height = 1 + max((height for _, height in inner), default=0)
            self._measured[id(value)] = value, 1 + sum(size for size, _ in inner), height
        return self._measured[id(value)][1:]

    def _open_collection(self, event: Any) -> Any:
        frame: Frame = MapFrame(self.report) if event.__class__ is yaml.MappingStartEvent else ListFrame()
        at = _position(event)
        if event.tag is not None:
            self.report(at, explain_tag(event.tag))
        self._top.put(frame.value, at)
        self._stack.append(self._top)
        if len(self._stack) > DEEPEST:
            self.report(at, TOO_DEEP)
            raise EndedError
        if event.anchor is not None:
            self._anchors[event.anchor] = frame.value, at
        self._top = frame
        return _NOTHING

    def _close_collection(self, _event: Any) -> Any:
        if isinstance(self._top, MapFrame):
            self._top.close()
        self._top = self._stack.pop()
        return _NOTHING

    def _start_document(self, event: Any) -> Any:
        if event.version not in (None, (1, 2)):
            number = ".".join(map(str, event.version))
            message = f"%YAML {number} is not read; expected YAML 1.2; remove the line, or write %YAML 1.2"
            self.report(_position(event), message)
        self._anchors.clear()  # an anchor belongs to one document
        self._top = ListFrame()
        return _NOTHING

    def _end_document(self, _event: Any) -> Any:
        root: Any = self._top.value
        (value,), (position,) = root, root.positions
        if value is not None:
            self.documents.append(Document(value, self._file, position))
        return _NOTHING


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


_OTHERS: Final = {
    yaml.ScalarEvent: Builder._read_scalar,
    yaml.AliasEvent: Builder._read_alias,
    yaml.MappingStartEvent: Builder._open_collection,
    yaml.MappingEndEvent: Builder._close_collection,
    yaml.SequenceStartEvent: Builder._open_collection,
    yaml.SequenceEndEvent: Builder._close_collection,
    yaml.DocumentStartEvent: Builder._start_document,
    yaml.DocumentEndEvent: Builder._end_document,
    yaml.StreamStartEvent: lambda *_: _NOTHING,
    yaml.StreamEndEvent: lambda *_: _NOTHING,
}


def read(data: bytes, file: str, *, budget: Budget | None = None) -> tuple[list[Document], list[Problem]]:
    """Return the documents of the YAML 1.2 text `data`, and all problems, in the order of the text.

    `file` is the name in documents and problems. Empty documents are left out. No data makes it raise.

    Reading ends at text that is no YAML, nests too deep or exceeds `budget`; the documents before it are returned. A
    placeholder of a fitting type replaces a wrong value, so a caller should drop its own findings at a problem.
    """
    text, problems = decode(data, file)
    if problems:
        return [], problems
    builder = Builder(file, budget or Budget())
    is_collecting = gc.isenabled()
    # Building makes many objects and no cycles, so the passes of the cyclic garbage collector find nothing.
    gc.disable()
    try:
        builder.build(parse(text))
    except EndedError:
        pass
    except yaml.YAMLError as error:
        last = load("reconciler.yaml.mistakes:explain_error")(error, text, file)
        # What was found in the same line before has the same cause.
        builder.problems[:] = [*(each for each in builder.problems if each.line != last.line), last]
    finally:
        if is_collecting:
            gc.enable()
    return builder.documents, sorted(builder.problems)
