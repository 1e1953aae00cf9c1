"""The text of a file, its documents, and the lines of each value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.yaml import Document, LocatedList, LocatedMap, read
from reconciler.yaml.located import Position

Way = tuple[str | int, ...]
"""The keys and list indices that lead to a value, from the top of a document or of a resource."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file's text before and after, not yet written; `before` is "" for a new file.

    Both have the line breaks and the byte order mark of the file, so writing `content` changes only what was edited.
    """

    path: Path
    before: str
    after: str

    @property
    def is_change(self) -> bool:
        return self.before != self.after

    @property
    def content(self) -> bytes:
        """The new bytes of the file."""
        return self.after.encode("utf-8")


@dataclass(frozen=True, slots=True)
class Left:
    """A value that was not changed: its path, and a problem with its position and the reason."""

    way: Way
    problem: Problem


@dataclass(frozen=True, slots=True)
class Adopted:
    """Values that were set in a file, and those that were left."""

    edit: Edit
    left: tuple[Left, ...] = ()


class UnsafeError(Exception):
    """A text that cannot be changed without changing more, or losing something. `str()` says why."""


class UnwritableError(Exception):
    """A value that YAML or a configuration cannot express. `str()` says why."""


BYTE_ORDER_MARK: Final = "\ufeff"
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_QUOTED: Final = r""""(?:[^"\\\r\n]|\\.)*"|'(?:[^'\r\n]|'')*'"""
BEGINS: Final = r"(?<=[\[{,:\s])"
"""What is before a value in a flow collection: the quote in `it's` begins no quoted text."""
_COLON: Final = re.compile(rf"(?:{_QUOTED}|[^\s\"'#].*?)[ \t]*:(?=\s|$)")
_FLOW: Final = rf"[\[{{](?:{BEGINS}(?:{_QUOTED})|(?!{BEGINS})[\"']|(?![ \t]\#)[^\"'\r\n])*[\]}}]"
_PLAIN: Final = r"(?![\[{\"'#])(?:(?![ \t]+\#)[^\r\n])*?"
_WORDS: Final = re.compile(rf"[ \t]*+({_QUOTED}|{_FLOW}|{_PLAIN}|)[ \t]*(?:(?<=[ \t])\#[^\r\n]*)?(?=[\r\n]|\Z)")
"""The text after a colon or a dash on its line, with the white space and the comment around it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file indents: a map below a key by `step` columns, the dashes of a list below a key by `dash`."""

    step: int = 2
    dash: int = 2


@dataclass(frozen=True, slots=True)
class Slot:
    """The key or dash of a value in block style.

    `line` and `column` of the key or dash, and `end`, the line after the value, count from 0. `behind` is the index in
    the text after the colon or dash. `position` is where the value begins.
    """

    line: int
    column: int
    end: int
    behind: int
    position: Position
    is_item: bool = False


class Source:
    """The text of a file without its byte order mark, its last line ended. ConfigurationInvalid if it has problems."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.documents = documents_of(path, text)
        self.byte_order_mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
        self.text = text.removeprefix(BYTE_ORDER_MARK)
        found = re.search(r"\r\n|\r|\n", self.text)
        self.eol = found[0] if found else "\n"
        self.is_ended = not self.text or self.text.endswith(("\r", "\n"))
        self.text += "" if self.is_ended else self.eol
        self.lines = _LINE.findall(self.text)
        self.starts = [0, *accumulate(map(len, self.lines))]

    def root(self, document: Document) -> Slot:
        """The slot of a whole document."""
        return Slot(-1, -1, len(self.lines), 0, document.position)

    def words(self, slot: Slot) -> tuple[int, int]:
        """The span of the value on the line of its key or dash; UnsafeError if it has more lines."""
        found = _WORDS.match(self.text, slot.behind)
        if found is None:
            raise UnsafeError("is written on several lines")
        return found.span(1) if found[1] else (slot.behind, slot.behind)

    def entries(self, slot: Slot, value: LocatedMap) -> dict[str, Slot]:
        """The slots of the keys of a map in block style, without those that come by `<<`."""
        entries = {}
        for key, position in value.key_positions.items():
            line, column = position[0] - 1, position[1] - 1
            if position[1] != slot.position[1] or not slot.line <= line < slot.end:
                continue
            colon = _COLON.match(self.lines[line], column)
            if colon is None:
                raise UnsafeError("has a key that is not followed by a colon on its line")
            end = self._end(line, column, is_list=isinstance(value[key], list))
            entries[key] = Slot(line, column, end, self.starts[line] + colon.end(), value.value_positions[key])
        return entries

    def items(self, slot: Slot, value: LocatedList) -> list[Slot]:
        """The slots of the items of a list in block style; empty if one does not begin its line."""
        column = slot.position[1] - 1
        dash = re.compile(rf" {{{column}}}-(?=\s)")
        lines = [line for line in range(slot.line + 1, slot.end) if dash.match(self.lines[line])]
        if len(lines) != len(value):
            return []
        return [
            Slot(line, column, self._end(line, column), self.starts[line] + column + 1, position, is_item=True)
            for line, position in zip(lines, value.positions, strict=True)
        ]

    def begins_line(self, slot: Slot) -> bool:
        """Whether only white space is before the key."""
        return not self.lines[slot.line][: slot.column].strip()

    def behind(self, line: int, column: int) -> int:
        """The line at which to insert after content that ends before `line` and is indented by `column`.

        Comments that follow with the same indentation belong to the content, unless they belong to what comes next.
        """
        at = line
        following = next((indent for _, indent, first in self._margins(line) if first not in ("", "#")), -1)
        for number, indent, first in self._margins(line):
            if first == "#" and indent >= column and indent > following:
                at = number + 1
            elif first:
                break
        return at

    def layout(self) -> Layout:
        """The indentation of the first map and the first list below a key; two columns without them."""
        step = dash = above = None
        for number, indent, first in self._margins(0):
            if first in ("", "#"):
                continue
            if above is not None and first == "-" and indent >= above and dash is None:
                dash = indent - above
            elif above is not None and first != "-" and indent > above and step is None:
                step = indent - above
            is_bare_key = self.lines[number].partition(" #")[0].rstrip().endswith(":")
            above = indent if is_bare_key and first != "-" else None
        step = step or 2
        return Layout(step, step if dash is None else dash)

    def _margins(self, line: int) -> Iterable[tuple[int, int, str]]:
        """Each line from one on: its number, its indentation and its first character."""
        for number in range(line, len(self.lines)):
            text = self.lines[number].strip()
            yield number, len(self.lines[number]) - len(self.lines[number].lstrip(" ")), text[:1]

    def _end(self, line: int, column: int, *, is_list: bool = False) -> int:
        """The line after the last one of a key or a dash, without comments and blank lines at the end."""
        end, text = line + 1, None
        is_text = re.search(r"(?:[:-]|[&!]\S+)[ \t]+[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?$", self.lines[line].rstrip())
        for number, indent, first in self._margins(line + 1):
            if first == "#" and not (is_text and text is not None and indent >= text):
                continue
            if first and indent <= column and not (is_list and indent == column and first == "-"):
                break
            if first:
                text = indent if text is None else text
                end = number + 1
        return end


def documents_of(path: Path, text: str) -> list[Document]:
    """The documents of a text. ConfigurationInvalid with every problem of it."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), str(path))
    if problems:
        raise ConfigurationInvalid(problems)
    return documents
