"""What stands from where to where in a YAML text: a tree of spans, made from the very parser that reads the values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from reconciler.yaml12.parsers import parser_for

_BLANKS: Final = " \t\r\n"
_BREAKS: Final = re.compile(r"[\r\n]")
_COLON: Final = re.compile(r"[ \t]*:")
_KEEPS: Final = re.compile(r"(?:[&!]\S*\s+)*[|>][0-9]?\+")


class Shape(Enum):
    """What a node is."""

    SCALAR = "text"
    MAP = "a map"
    LIST = "a list"
    ALIAS = "an alias"


@dataclass(slots=True, eq=False)
class Node:
    """One node of a text, `start` and `end` its indices there, anchor and tag included.

    The end of a collection in block style is where its last content ends, comments and blank lines left out. `text` is
    a scalar's value or an alias's name, `style` one of ' " | > or "" for a plain scalar.
    """

    shape: Shape
    start: int
    end: int
    text: str = ""
    style: str = ""
    is_flow: bool = False
    anchor: str | None = None
    tag: str | None = None
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether it is a collection on lines of its own."""
        return self.shape in (Shape.MAP, Shape.LIST) and not self.is_flow

    @property
    def is_missing(self) -> bool:
        """Whether nothing at all is written, which means null."""
        return self.start == self.end and self.shape is Shape.SCALAR

    def own(self) -> dict[str, tuple[Node, Node]]:
        """Key → its node and its value's, of the entries that are written in this map itself."""
        return {key.text: (key, value) for key, value in self.entries if not is_merge(key)}

    def walk(self) -> Iterator[Node]:
        """This node and all below it; an alias is not followed."""
        yield self
        for key, value in self.entries:
            yield from key.walk()
            yield from value.walk()
        for item in self.items:
            yield from item.walk()


@dataclass(slots=True)
class Root:
    """One document: its node, and how often each anchor of it is used."""

    node: Node
    uses: Counter[str]


def is_merge(key: Node) -> bool:
    """Whether this key is `<<`."""
    return key.text == "<<" and not key.style and key.shape is Shape.SCALAR and key.tag in (None, _MERGE)


_MERGE: Final = "tag:yaml.org,2002:merge"
_COLLECTIONS: Final = {"MappingStartEvent": Shape.MAP, "SequenceStartEvent": Shape.LIST}


def roots_of(text: str) -> list[Root]:
    """The documents of a text that `yaml12.read` has no problem with, the empty ones too."""
    parser = parser_for(text, accelerated=None)
    try:
        return list(_Grower(text).grow(parser))
    finally:
        parser.dispose()


def colon_after(text: str, key: Node) -> int | None:
    """The index behind the colon of a key, None where there is none on its line."""
    found = _COLON.match(text, key.end)
    return found.end() if found else None


class _Grower:
    """Makes nodes of events; a collection is closed once its last child is known."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[Node, list[Node]]] = []

    def grow(self, parser: Any) -> Iterator[Root]:
        top: list[Node] = []
        while (event := parser.get_event()) is not None:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                top = []
                self._open = [(Node(Shape.LIST, 0, 0), top)]
            elif name == "DocumentEndEvent":
                yield Root(top[0], Counter(node.text for node in top[0].walk() if node.shape is Shape.ALIAS))
            elif name in _COLLECTIONS:
                node = self._node(_COLLECTIONS[name], event)
                node.is_flow = bool(event.flow_style)
                self._open.append((node, []))
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                self._close(event)
            elif name in ("ScalarEvent", "AliasEvent"):
                self._open[-1][1].append(self._leaf(name, event))

    def _node(self, shape: Shape, event: Any) -> Node:
        node = Node(shape, event.start_mark.index, event.end_mark.index, anchor=event.anchor)
        node.tag = getattr(event, "tag", None)
        return node

    def _leaf(self, name: str, event: Any) -> Node:
        if name == "AliasEvent":
            node = self._node(Shape.ALIAS, event)
            node.text, node.anchor = event.anchor, None
            return node
        node = self._node(Shape.SCALAR, event)
        node.text, node.style = event.value, event.style or ""
        if node.style in ("|", ">"):
            node.end = self._end_of_block(node)
        return node

    def _end_of_block(self, node: Node) -> int:
        """The end of a block scalar's last line; blank lines behind it count where they are kept (`|+`)."""
        inside = self._text[node.start : node.end]
        if not _KEEPS.match(inside):
            end = node.start + len(inside.rstrip(_BLANKS))
            found = _BREAKS.search(self._text, end)
            return found.start() if found else len(self._text)
        return node.end - (2 if inside.endswith("\r\n") else inside.endswith(("\n", "\r")))

    def _close(self, event: Any) -> None:
        node, children = self._open.pop()
        if node.shape is Shape.LIST:
            node.items = children
        else:
            node.entries = list(zip(children[::2], children[1::2], strict=True))
            for key, value in node.entries:
                self._place(key, value)
        node.end = event.end_mark.index if node.is_flow else max(child.end for child in children)
        self._open[-1][1].append(node)

    def _place(self, key: Node, value: Node) -> None:
        """Parsers put a value that is not written at the next thing that is; it belongs behind its key."""
        if value.is_missing:
            colon = colon_after(self._text, key)
            value.start = value.end = key.end if colon is None else colon
