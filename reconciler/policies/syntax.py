"""Expressions of CEL as trees, read from their compiled form: cel.expr.CheckedExpr, in Protocol Buffers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.lazy import frozen

# Numbers of fields: https://github.com/google/cel-spec, proto/cel/expr/checked.proto and syntax.proto.
CONTENT, TREE, SOURCE, POSITIONS, RESULT, IS_TEST = 2, 4, 5, 4, 3, 3
KINDS = {3: "constant", 4: "name", 5: "select", 6: "call", 7: "list", 8: "map", 9: "loop"}
TEXTS = {"constant": 6, "name": 1, "select": 2, "call": 2, "loop": 1}
CHILDREN = {"select": (1,), "call": (1, 3), "list": (1,), "map": (2,), "entry": (3, 4), "loop": (2, 4, 5, 6, 7)}
BYTES, LAST = 2, 0x80


@frozen
class Node:
    """One node, which stands `at` a character. `text` is the name, field, function or constant text, None if there is
    none. A loop has its range, start, condition, step and result, and the names of its item (`text`) and `result`.
    `is_test`: the field is only looked for, as has() does."""

    kind: str
    at: int
    text: str | None
    children: tuple[Node, ...]
    result: str = ""
    is_test: bool = False

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        yield self
        for each in self.children:
            yield from each.walk()


def read_tree(serialized: bytes) -> Node:
    """The tree of a compiled expression."""
    checked = dict(_read_fields(dict(_read_fields(serialized))[CONTENT]))
    pairs = (dict(_read_fields(value)) for number, value in _read_fields(checked[SOURCE]) if number == POSITIONS)
    return _read_node(checked[TREE], {each[1]: each.get(2, 0) for each in pairs})


def _read_node(data: bytes, positions: Mapping[int, int]) -> Node:
    parts = dict(_read_fields(data))
    number = next((each for each in parts if each in KINDS), 3)
    kind, inner = KINDS[number], sorted(_read_fields(parts.get(number, b"")), key=lambda each: each[0])
    words, below = dict(inner), [value for number, value in inner if number in CHILDREN.get(kind, ())]
    if kind == "map":
        below = [part for each in below for number, part in _read_fields(each) if number in CHILDREN["entry"]]
    text, result = words.get(TEXTS.get(kind, 0)), words[RESULT].decode() if kind == "loop" else ""
    children, at = tuple(_read_node(each, positions) for each in below), positions.get(parts.get(2, 0), 0)
    return Node(kind, at, text.decode() if text else text, children, result, kind == "select" and IS_TEST in words)


def _read_fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field of a message: its number, and its bytes or its whole number."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, end = _read_varint(data, at) if tag & 7 in (0, BYTES) else (8 if tag & 7 == 1 else 4, at)
        at = end + value if tag & 7 else end
        yield tag >> 3, data[end:at] if tag & 7 else value


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & (LAST - 1)) << shift
        at, shift = at + 1, shift + 7
        if byte < LAST:
            return value, at
