"""Expressions of CEL as trees, read from the form in which the library gives a compiled one (cel.expr.CheckedExpr)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# The numbers of the fields in https://github.com/cel-expr/cel-spec, proto/cel/expr/{checked,syntax}.proto.
_PACKED, _EXPRESSION, _SOURCE, _POSITIONS = 2, 4, 5, 4
_NODES = {3: "constant", 4: "name", 5: "select", 6: "call", 7: "list", 8: "map", 9: "loop"}
_CHILDREN = {"select": (1,), "call": (1, 3), "list": (1,), "loop": (2, 4, 5, 6, 7)}
_ENTRIES, _KEY, _VALUE = 2, 3, 4
_TEXT_CONSTANT = 6
_WIRE = {1: 8, 5: 4}


@dataclass(frozen=True, slots=True)
class Node:
    """One node. `text` is the name, the field, the function, or a constant text; `at` is where it stands (from 0).
    `children` of a loop are its range, the accumulator's start, the condition, the step and the result, and `bound` its
    variables: item and accumulator. `has_target`: the first child of a call stands before the dot. `is_test`: the field
    is only looked for, as has() does."""

    kind: str
    at: int
    text: str = ""
    children: tuple[Node, ...] = ()
    bound: tuple[str, str] = ("", "")
    is_test: bool = False
    is_text: bool = False

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        yield self
        for each in self.children:
            yield from each.walk()


def read_tree(serialized: bytes) -> Node:
    """The tree of a compiled expression."""
    checked = dict(_fields(dict(_fields(serialized))[_PACKED]))
    entries = (dict(_fields(value)) for number, value in _fields(checked[_SOURCE]) if number == _POSITIONS)
    return _node(checked[_EXPRESSION], {each[1]: each.get(2, 0) for each in entries})


def _node(data: bytes, positions: Mapping[int, int]) -> Node:
    parts = dict(_fields(data))
    number = next((each for each in parts if each in _NODES), 0)
    kind, at = _NODES.get(number, "constant"), positions.get(parts.get(2, 0), 0)
    inner = list(_fields(parts.get(number, b"")))
    words = dict(inner)
    if kind == "constant":
        text = words.get(_TEXT_CONSTANT)
        return Node(kind, at, text.decode() if text is not None else "", is_text=text is not None)
    if kind == "map":
        pairs = [dict(_fields(value)) for each, value in inner if each == _ENTRIES]
        below = [pair[part] for pair in pairs for part in (_KEY, _VALUE) if part in pair]
    else:
        below = [value for each, value in sorted(inner, key=lambda pair: pair[0]) if each in _CHILDREN.get(kind, ())]
    children = tuple(_node(each, positions) for each in below)
    if kind == "loop":
        return Node(kind, at, children=children, bound=(words[1].decode(), words[3].decode()))
    named = words.get({"name": 1, "select": 2, "call": 2}.get(kind, 0), b"")
    return Node(kind, at, named.decode(), children, is_test=kind == "select" and bool(words.get(3)))


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field of a message of Protocol Buffers: its number, and its bytes or its whole number."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        else:
            size, at = _varint(data, at) if wire == 2 else (_WIRE[wire], at)  # noqa: PLR2004 - of bytes
            yield tag >> 3, data[at : at + size]
            at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the mark of the last byte
            return value, at
