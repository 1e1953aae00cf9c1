"""Reads the tree of a compiled expression; refuses fields that do not exist, and what has no bound. Needs no CEL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.schema import LIFECYCLE
from reconciler.lazy import frozen
from reconciler.text import quote, suggest_similar

# Numbers of fields: https://github.com/google/cel-spec, proto/cel/expr/checked.proto and syntax.proto.
CONTENT, TREE, SOURCE, POSITIONS, RESULT, IS_TEST = 2, 4, 5, 4, 3, 3
NODE_KINDS = {3: "constant", 4: "name", 5: "select", 6: "call", 7: "list", 8: "map", 9: "loop"}
NODE_TEXTS = {"constant": 6, "name": 1, "select": 2, "call": 2, "loop": 1}
NODE_CHILDREN = {"select": (1,), "call": (1, 3), "list": (1,), "map": (2,), "entry": (3, 4), "loop": (2, 4, 5, 6, 7)}
LENGTH_DELIMITED, CONTINUES = 2, 0x80
MOST_WORK, OF_PATTERN = 59, 20
"""How many functions a loop may call for each item: 2 patterns and 19 others. A pattern counts for 20."""


class CelError(Exception):
    """An expression that cannot be judged, and why; `at` is the character of it, from 0. `key`: which one it is."""

    def __init__(self, message: str, at: int = 0, key: str = "") -> None:
        super().__init__(message)
        self.at, self.key = at, key


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


@frozen
class Shape:
    """What is known of a value: its type in CEL, the fields of a map if no others can be there, the items of a list.
    `what` is what messages call it."""

    type: str = "dyn"
    fields: Mapping[str, Shape] | None = None
    item: Shape | None = None
    what: str = "it"


ANY, TEXT = Shape(), Shape("string")
TYPES = {"string": "string", "integer": "int", "boolean": "bool", "array": "list", "object": "map"}


def _make_shape(schema: Mapping[str, Any], what: str) -> Shape:
    """The shape of the values of a JSON Schema."""
    kind, fields, closed = schema.get("type"), schema.get("properties"), schema.get("additionalProperties") is False
    known = {name: _make_shape(each, name) for name, each in fields.items()} if fields and closed else None
    item = _make_shape(schema["items"], f"an item of {what}") if "items" in schema else None
    return Shape(TYPES.get(kind, "dyn") if isinstance(kind, str) else "dyn", known, item, what)


def _shape_fields(kinds: Sequence[str]) -> Shape:
    """The shape of the fields of a resource of one of these kinds; none are all."""
    fields: dict[str, Shape] = {}
    for each in (each for name in kinds or KINDS for each in KINDS[name].fields):
        shape = _make_shape(each.schema, each.name)
        fields[each.name] = shape if fields.get(each.name, shape) == shape else ANY
    return Shape("map", fields, what=f"the kind {' or '.join(kinds or KINDS)}")


@lru_cache
def list_variables(kinds: tuple[str, ...], given: tuple[str, ...] | None = None) -> Mapping[str, Shape]:
    """What the expressions of a policy of these kinds may name. `given`: the values of its ready rule."""
    own, texts = _shape_fields(kinds), Shape("list", item=TEXT)
    or_null = replace(own, type="dyn")
    words = dict.fromkeys(("address", "kind", "key", "file"), TEXT)
    listed = Shape("list", item=Shape("map", {**words, "fields": _shape_fields(())}, what="a resource"))
    change = {"action": TEXT, "before": or_null, "after": or_null, "fields": texts, "causes": texts}
    known = {**words, "resource": own, "environment": TEXT, "name": TEXT, "resources": listed, "references": listed}
    known |= {"lifecycle": _make_shape(LIFECYCLE, "lifecycle"), "change": Shape("map", change, what="change")}
    if given is not None:
        known["with"] = Shape("map", dict.fromkeys(given, ANY), what="with")
        known |= {"clock": Shape("map", {"day": TEXT, "time": TEXT}, what="clock"), "alike": Shape("int")}
    return known


def check(tree: Node, names: Mapping[str, Shape]) -> None:
    """CelError if an expression names a field that does not exist, or has no bound.

    A loop may make no value for each item, because that could be as large as all of them together.
    """
    _visit(tree, names)
    every = list(tree.walk())
    loops = {each.at: each for each in every if each.kind == "loop"}
    for loop in loops.values():
        body = [each for part in loop.children[2:4] for each in part.walk()]  # the condition and the step
        calls = [each for each in body if each.kind == "call" and each.at not in loops]
        for each in body:
            called = each.text if each.kind == "call" else each.kind
            makes = called in ("list", "map", "_+_") and each.at not in loops
            is_result = called == "list" and each.at == loop.at
            if (makes and _find_names(each)) or (is_result and _find_names(each) - {loop.text}):
                raise CelError("makes a value for each item of a list; expected no +, [] and {} there", each.at)
            if called in ("_==_", "_!=_", "@in") and any(map(_is_listed, each.children)):
                raise CelError("compares a list of resources for each item of a list; expected fields of them", each.at)
            if called == "matches" and any(part in (each.children[-1].text or "") for part in ("{", "\\p", "\\P")):
                raise CelError("matches() for each item of a list; expected a pattern without {…} and \\p", each.at)
        if sum(OF_PATTERN if each.text == "matches" else 1 for each in calls) > MOST_WORK:
            message = "does too much for each item of a list; expected fewer functions, at most 2 matches()"
            raise CelError(message, loop.at)
    for pattern in (each.children[-1] for each in every if each.kind == "call" and each.text == "matches"):
        if pattern.kind != "constant" and not (pattern.kind == "select" and pattern.children[0].text == "with"):
            raise CelError("matches() with a pattern that is made of data; expected a text", pattern.at)


def _is_listed(node: Node) -> bool:
    """Whether a value may be a list of resources itself: a comparison of it visits each of them."""
    inner = node.children if node.kind == "call" and node.text in ("_?_:_", "dyn") else ()
    return node.text in ("resources", "references") if node.kind == "name" else any(map(_is_listed, inner))


def _find_names(node: Node) -> set[str | None]:
    """The variables that a value is made of, but for those of loops within it."""
    every = list(node.walk())
    bound = {name for each in every if each.kind == "loop" for name in (each.text, each.result)}
    return {each.text for each in every if each.kind == "name"} - bound


def _visit(node: Node, scope: Mapping[str, Shape]) -> Shape:
    """What is known of a node's value."""
    name = node.text or ""
    if node.kind == "name":
        return scope.get(name, ANY)
    if node.kind in ("list", "map") and any(map(_is_listed, node.children)):
        raise CelError("puts a list of resources into a value; expected fields of them", node.at)
    first, *_ = [_visit(each, scope) for each in node.children[: 1 if node.kind == "loop" else None]] or [ANY]
    if node.kind == "loop":
        for each in node.children[2:4]:
            _visit(each, {**scope, name: first.item or ANY, node.result: ANY})
    if node.kind == "select" and first.fields is not None:
        if name not in first.fields:
            expected = f"expected one of {', '.join(first.fields)}{suggest_similar(name, list(first.fields))}"
            raise CelError(f"{first.what} has no field {quote(name)}; {expected}", node.at + 1)
        return first.fields[name]
    return (first.item if name == "_[_]" else None) or ANY


def read_tree(serialized: bytes) -> Node:
    """The tree of a compiled expression."""
    checked = dict(_read_fields(dict(_read_fields(serialized))[CONTENT]))
    pairs = (dict(_read_fields(value)) for number, value in _read_fields(checked[SOURCE]) if number == POSITIONS)
    return _read_node(checked[TREE], {each[1]: each.get(2, 0) for each in pairs})


def _read_node(data: bytes, positions: Mapping[int, int]) -> Node:
    parts = dict(_read_fields(data))
    number = next((each for each in parts if each in NODE_KINDS), 3)
    kind, inner = NODE_KINDS[number], sorted(_read_fields(parts.get(number, b"")), key=lambda each: each[0])
    words, below = dict(inner), [value for number, value in inner if number in NODE_CHILDREN.get(kind, ())]
    if kind == "map":
        below = [part for each in below for number, part in _read_fields(each) if number in NODE_CHILDREN["entry"]]
    text, result = words.get(NODE_TEXTS.get(kind, 0)), words[RESULT].decode() if kind == "loop" else ""
    children, at = tuple(_read_node(each, positions) for each in below), positions.get(parts.get(2, 0), 0)
    return Node(kind, at, text.decode() if text else text, children, result, kind == "select" and IS_TEST in words)


def _read_fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each field of a message: its number, and its bytes or its whole number."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, end = _read_varint(data, at) if tag & 7 in (0, LENGTH_DELIMITED) else (8 if tag & 7 == 1 else 4, at)
        at = end + value if tag & 7 else end
        yield tag >> 3, data[end:at] if tag & 7 else value


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & (CONTINUES - 1)) << shift
        at, shift = at + 1, shift + 7
        if byte < CONTINUES:
            return value, at
