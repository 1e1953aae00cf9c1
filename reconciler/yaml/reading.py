"""Reads a file of YAML: bytes → text → parse events → documents, in one loop without recursion.

The building goes on after a problem.
"""

from __future__ import annotations

import gc
from itertools import islice
from typing import Any, Final

import yaml

from reconciler.errors import Problem
from reconciler.lazy import load
from reconciler.yaml.anchors import ALIAS, DEEPEST, PIECES, AliasError, Anchors, Budget
from reconciler.yaml.located import Document, Frame, ListFrame, LocatedMap, MapFrame, Position
from reconciler.yaml.parsers import parser_for
from reconciler.yaml.scalars import MAYBE, MERGE, UnfitError, node_kind, plain, tag_problem, tagged
from reconciler.yaml.syntax import decode, position_at, quoted, too_deep

_NOTHING: Final = object()


class EndedError(Exception):
    """The text nests too deep or holds too much to go on. The problem is in the list already."""


class Builder:
    """Builds the documents of one file. After an error, `documents` and `problems` hold what was found before it."""

    def __init__(self, text: str, file: str, budget: Budget) -> None:
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._budget = budget
        self._anchors = Anchors(budget)
        self._root = ListFrame()
        self._top: Frame = self._root
        self._stack: list[Frame] = []

    def build(self, parser: Any) -> None:
        """Build all documents. Raises what the parser raises, and `EndedError`."""
        events = iter(parser.get_event, None)
        count = 0
        event: Any = None
        scalar_event = yaml.ScalarEvent
        try:
            for count, event in enumerate(islice(events, self._budget.pieces_left), 1):  # noqa: B007 - the last one counts
                if event.__class__ is scalar_event and event.anchor is None and event.tag is None:
                    value = event.value
                    if value[:1] in MAYBE and not event.style:
                        value = self._resolved(event)
                else:
                    value = _OTHERS[event.__class__](self, event)
                    if value is _NOTHING:
                        continue
                mark = event.start_mark
                self._top.put(value, (mark.line + 1, mark.column + 1))
        except yaml.MarkedYAMLError as error:
            self._end_if_too_deep(event, error)
            raise
        finally:
            self._budget.pieces_left -= count
        if (event := next(events, None)) is not None:
            most = f"expected at most {PIECES} in a configuration; nothing after it is read"
            self.report(_start(event), f"too many keys and values up to here; {most}")
            raise EndedError

    def _end_if_too_deep(self, last: Any, error: yaml.MarkedYAMLError) -> None:
        """Raise `EndedError` if the text that the parser read after the event `last` nests too deep."""
        mark: Any = error.problem_mark
        begin = last.end_mark.index if last is not None else 0
        left = DEEPEST - len(self._stack)
        index = too_deep(self._text[begin : mark.index], left, in_brackets=self._top.in_brackets)
        if index is not None:
            self._report_too_deep(position_at(self._text, begin + index))
            raise EndedError

    def _report_too_deep(self, at: Position) -> None:
        self.report(at, f"nested deeper than {DEEPEST} levels; expected at most {DEEPEST}; nothing after it is read")

    def report(self, at: Position, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self._file, *at, message))

    def _resolved(self, event: Any) -> Any:
        """Return what a scalar means that is plain or has a tag. For a key that is no string, report that, and return
        its text."""
        try:
            tag = event.tag
            value = plain(event.value) if tag is None else tagged(tag, event.value)
        except UnfitError as unfit:
            self.report(_start(event), str(unfit))
            value = unfit.placeholder
        if value is MERGE:
            return value if self._top.wants_key else event.value
        if value.__class__ is str or not self._top.wants_key:
            return value
        found = f"a key must be a string; found {node_kind(value)}"
        self.report(_start(event), f"{found}; write it in quotes: {quoted(event.value)}")
        return event.value

    def _scalar(self, event: Any) -> Any:
        """Return the value of a scalar that has an anchor or a tag."""
        value = event.value
        if event.tag is not None or not event.style:
            value = self._resolved(event)
        if event.anchor is not None:
            self._anchors.add(event.anchor, event.value if value is MERGE else value, _start(event))
        return value

    def _alias(self, event: Any) -> Any:
        try:
            value = self._anchors.use(event.anchor, len(self._stack))
        except AliasError as error:
            if message := str(error):
                cause = f"{self._file} *{event.anchor}"
                self.problems.append(Problem(self._file, *_start(event), message, ALIAS, cause=cause))
            # A string as a key, and an empty map as a value, cause no second problem.
            return f"*{event.anchor}" if self._top.wants_key else LocatedMap()
        if isinstance(self._top, MapFrame) and isinstance(self._top.key, str):
            above = self._top.value
            above.anchors = {**above.anchors, self._top.key: self._anchors.positions[event.anchor]}
        return value

    def _open(self, event: Any) -> Any:
        is_map = event.__class__ is yaml.MappingStartEvent
        in_brackets = event.flow_style
        frame: Frame = MapFrame(self.report, in_brackets=in_brackets) if is_map else ListFrame(in_brackets=in_brackets)
        at = _start(event)
        if event.tag is not None:
            self.report(at, tag_problem(event.tag))
        self._top.put(frame.value, at)
        self._stack.append(self._top)
        if len(self._stack) > DEEPEST:
            self._report_too_deep(at)
            raise EndedError
        if event.anchor is not None:
            self._anchors.add(event.anchor, frame.value, at, is_open=True)
        self._top = frame
        return _NOTHING

    def _collection_end(self, _event: Any) -> Any:
        frame = self._top
        if isinstance(frame, MapFrame):
            frame.close()
        self._anchors.close(frame.value)
        self._top = self._stack.pop()
        return _NOTHING

    def _document_start(self, event: Any) -> Any:
        if event.version not in (None, (1, 2)):
            number = ".".join(map(str, event.version))
            message = f"%YAML {number} is not read; expected YAML 1.2; remove the line, or write %YAML 1.2"
            self.report(_start(event), message)
        self._anchors.begin_document()
        self._root = self._top = ListFrame()
        return _NOTHING

    def _document_end(self, _event: Any) -> Any:
        (value,), (position,) = self._root.value, self._root.value.positions
        if value is not None:
            self.documents.append(Document(value, self._file, position))
        return _NOTHING


def _start(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


_OTHERS: Final = {
    yaml.ScalarEvent: Builder._scalar,
    yaml.AliasEvent: Builder._alias,
    yaml.MappingStartEvent: Builder._open,
    yaml.MappingEndEvent: Builder._collection_end,
    yaml.SequenceStartEvent: Builder._open,
    yaml.SequenceEndEvent: Builder._collection_end,
    yaml.DocumentStartEvent: Builder._document_start,
    yaml.DocumentEndEvent: Builder._document_end,
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
    builder = Builder(text, file, budget or Budget())
    parser = parser_for(text)
    is_collecting = gc.isenabled()
    # Building makes many objects and no cycles, so the passes of the cyclic garbage collector find nothing.
    gc.disable()
    try:
        builder.build(parser)
    except EndedError:
        pass
    except yaml.YAMLError as error:
        last = load("reconciler.yaml.mistakes:syntax_problem")(error, text, file)
        # What was found in the same line before has the same cause.
        builder.problems[:] = [*(each for each in builder.problems if each.line != last.line), last]
    finally:
        parser.dispose()
        if is_collecting:
            gc.enable()
    return builder.documents, sorted(builder.problems)
