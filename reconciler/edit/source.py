"""A file's text, what it means, and what stands where in it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.edit.tree import Node, Shape, roots_of
from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.yaml12 import Document, read
from reconciler.yaml12.decoding import place
from reconciler.yaml12.scalars import plain

BYTE_ORDER_MARK: Final = "\ufeff"
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_TO_DASH: Final = re.compile(r"(?:[&!]\S*[ \t\r\n]+)*(?:[ \t\r\n]|#[^\r\n]*)*-")
_INDENT: Final = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file indents: a map below a key by `step` columns, the dashes of a list below a key by `dash`."""

    step: int = 2
    dash: int = 2


class Source:
    """The text of a file without its byte order mark. ConfigurationInvalid where it has problems already.

    Refused where it has documents that only a tag makes empty.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
        self.text = text.removeprefix(BYTE_ORDER_MARK)
        found = _BREAK.search(self.text)
        self.eol = found[0] if found else "\n"
        self.documents = documents_of(path, text)
        self.roots = [root for root in roots_of(self.text) if not _is_null(root.node)]
        if len(self.roots) != len(self.documents):
            raise Refused(f"{path}: cannot be edited as it is written; take the documents out that hold nothing")

    def values(self) -> list[Any]:
        """What each document says."""
        return [document.value for document in self.documents]

    def uses(self) -> Counter[str]:
        """How often each anchor is used; a name that two documents give counts for both."""
        return sum((root.uses for root in self.roots), Counter())

    def problem(self, at: int, message: str) -> Problem:
        """Something to say about the text at an index."""
        return Problem(str(self.path), *place(self.text, at), message)

    def lines(self, text: str) -> list[str]:
        """A piece of the text by its lines, the last one too where it has no end."""
        return _BREAK.split(text)

    def line_start(self, at: int) -> int:
        """Where the line begins that holds an index."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def next_line(self, at: int) -> int:
        """Where the line behind an index begins, or the end of the text."""
        found = _BREAK.search(self.text, at)
        return found.end() if found else len(self.text)

    def column(self, at: int) -> int:
        """How many characters of its line stand before an index."""
        return at - self.line_start(at)

    def begins_line(self, at: int) -> bool:
        """Whether only white space stands before it on its line."""
        return not self.text[self.line_start(at) : at].strip()

    def dash(self, node: Node, position: int) -> int:
        """Where the dash of an item of a list in block style stands."""
        start = node.items[position - 1].end if position else node.start
        found = _TO_DASH.match(self.text, start)
        return found.end() - 1 if found else node.items[position].start

    def content_start(self, node: Node) -> int:
        """Where the first key or dash of a collection in block style stands, behind its anchor and tag."""
        return node.entries[0][0].start if node.shape is Shape.MAP else self.dash(node, 0)

    def behind(self, end: int, column: int) -> int:
        """Where a line can be put behind content that ends at `end` and is indented by `column`.

        Comments that follow and are indented as much belong to it, unless they belong to what follows them.
        """
        at = self.next_line(end)
        comments: list[tuple[int, int]] = []
        following = -1
        position = at
        while position < len(self.text):
            indent = _INDENT.match(self.text, position)
            first = indent.end() if indent else position
            after = self.next_line(position)
            if self.text[first : first + 1] == "#":
                comments.append((first - position, after))
            elif self.text[first:after].strip():
                following = first - position
                break
            position = after
        for indentation, after in comments:
            if indentation < column or indentation <= following:
                break
            at = after
        return at

    def layout(self) -> Layout:
        """How the file indents, by the first map and the first list below a key; as the README does without them."""
        step = dash = None
        for root in self.roots:
            for node in root.node.walk():
                if node.shape is not Shape.MAP or node.is_flow:
                    continue
                column = self.column(node.entries[0][0].start)
                for _, value in node.entries:
                    if value.is_block:
                        distance = self.column(self.content_start(value)) - column
                        if value.shape is Shape.MAP and step is None and distance > 0:
                            step = distance
                        elif value.shape is Shape.LIST and dash is None and distance >= 0:
                            dash = distance
                if step is not None and dash is not None:
                    return Layout(step, dash)
        step = step or 2
        return Layout(step, step if dash is None else dash)


def documents_of(path: Path, text: str) -> list[Document]:
    """The documents of a text. ConfigurationInvalid with every problem of it."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), str(path))
    if problems:
        raise ConfigurationInvalid(problems)
    return documents


def _is_null(node: Node) -> bool:
    """Whether a document says nothing; `yaml12.read` leaves it out."""
    is_plain = node.shape is Shape.SCALAR and not node.style and node.tag is None
    return is_plain and plain(node.text) is None
