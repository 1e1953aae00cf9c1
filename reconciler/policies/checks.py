"""What can be known of an expression before it is judged: fields that do not exist, and what has no bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.schema import LIFECYCLE
from reconciler.policies.syntax import Node
from reconciler.text import closest, quote

MOST_GROWTH = 64
"""How many times as large as its data an expression may make a value."""
MANY = 100
"""So many items a list is taken to have."""
MOST_WORK = 50
"""The work on texts that one expression may do within its loops."""
WORK = {"matches": 20, "_+_": 1, "contains": 1, "size": 1, "string": 1}
KEEPS = {"_[_]", "string", "bytes", "dyn", "_?_:_"}
"""Functions whose result may be as large as an argument; that of `+` is as large as both together, others are small."""


class Wrong(Exception):
    """An expression that cannot be judged, and why; `at` is the character of it, counted from 0."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value: its type in CEL, the fields of a map if no others can be there, the items of a list.
    `weight` is 0 if it is small for sure; `what` is what messages call it."""

    type: str = "dyn"
    fields: Mapping[str, Shape] | None = None
    item: Shape | None = None
    weight: int = 1
    what: str = "it"


ANY = Shape()
TEXT = Shape("string", weight=0)
TYPES = {"string": "string", "integer": "int", "boolean": "bool", "array": "list", "object": "map"}


def shape_of_schema(schema: Mapping[str, Any], what: str = "it") -> Shape:
    """The shape of the values of a JSON Schema."""
    kind = schema.get("type")
    if not isinstance(kind, str):
        return ANY
    fields = None
    if "properties" in schema and schema.get("additionalProperties") is False:
        fields = {name: shape_of_schema(each, name) for name, each in schema["properties"].items()}
    item = shape_of_schema(schema["items"], f"an item of {what}") if "items" in schema else None
    return Shape(TYPES.get(kind, "dyn"), fields, item, what=what)


def shape_of_kinds(kinds: Iterable[Kind]) -> Shape:
    """The shape of the fields of a resource that has one of these kinds."""
    every = list(kinds)
    fields: dict[str, Shape] = {}
    for kind in every:
        for each in kind.fields:
            shape = shape_of_schema(each.schema, each.name)
            fields[each.name] = shape if fields.get(each.name, shape) == shape else ANY
    return Shape("map", fields, what="the kind " + " or ".join(kind.name for kind in every))


@lru_cache
def variables(kinds: tuple[str, ...], given: tuple[str, ...] | None = None) -> Mapping[str, Shape]:
    """What an expression may name, for a policy of these kinds (none: every kind). `given`: what a ready rule has."""
    own = shape_of_kinds([KINDS[name] for name in kinds] or KINDS.values())
    words = dict.fromkeys(("address", "kind", "key", "file"), TEXT)
    listed = Shape("list", item=Shape("map", {**words, "fields": shape_of_kinds(KINDS.values())}, what="a resource"))
    texts = Shape("list", item=TEXT)
    change = {"action": TEXT, "before": own, "after": own, "fields": texts, "causes": texts}
    known = {
        **words,
        "resource": own,
        "environment": TEXT,
        "name": TEXT,
        "resources": listed,
        "references": listed,
        "lifecycle": shape_of_schema(LIFECYCLE, "lifecycle"),
        "change": Shape("map", change, what="change"),
    }
    if given is not None:
        rule = Shape("map", dict.fromkeys(given, Shape(weight=0)), what="with")
        clock = Shape("map", {"day": TEXT, "time": TEXT}, what="clock", weight=0)
        known |= {"with": rule, "clock": clock, "alike": Shape("int")}
    return known


def check(tree: Node, names: Mapping[str, Shape]) -> None:
    """Wrong if an expression names a field that does not exist, or has no bound."""
    _visit(tree, {name: (shape, shape.weight) for name, shape in names.items()})
    loops = [each for each in tree.walk() if each.kind == "loop"]
    for loop in loops:
        body = [each for part in loop.children[2:4] for each in part.walk()]
        work = sum(WORK.get(each.text, 0) for each in body if each.kind == "call" and each.at != loop.at)
        if work > MOST_WORK:
            raise Wrong("does too much with texts for each item of a list; expected fewer of matches() and +", loop.at)
        for each in (each for each in body if each.text == "matches" and each.kind == "call"):
            if any(part in each.children[-1].text for part in ("{", "\\p", "\\P")):
                raise Wrong("matches() for each item of a list; expected a pattern without {…} and \\p", each.at)
    for each in tree.walk():
        if each.kind == "call" and each.text == "matches" and not _is_fixed(each.children[-1]):
            raise Wrong("matches() with a pattern that is made of data; expected a text", each.at)


def _is_fixed(pattern: Node) -> bool:
    """Whether a pattern is written, in the expression or in the values of a ready rule."""
    return pattern.is_text or (pattern.kind == "select" and pattern.children[0].text == "with")


def _visit(node: Node, scope: Mapping[str, tuple[Shape, int]]) -> tuple[Shape, int]:
    """What is known of a node's value, and how many times as large as the data it may be."""
    if node.kind == "loop":
        return _visit_loop(node, scope)
    if node.kind == "name":
        return scope.get(node.text, (ANY, 0))
    below = [_visit(each, scope) for each in node.children]
    weights = [weight for _, weight in below]
    if node.kind == "select":
        return _field(node, *below[0])
    if node.kind != "call":
        return ANY, max(sum(weights), 1 if node.is_text or node.children else 0)
    if node.text == "_[_]" and below[0][0].item:
        return below[0][0].item, weights[0]
    weight = sum(weights) if node.text == "_+_" else max(weights, default=0) if node.text in KEEPS else 0
    if weight > MOST_GROWTH:
        raise Wrong(f"makes a value more than {MOST_GROWTH} times as large as the data; expected fewer of +", node.at)
    return ANY, weight


def _field(node: Node, shape: Shape, weight: int) -> tuple[Shape, int]:
    if shape.fields is None:
        return ANY, weight
    if node.text not in shape.fields:
        expected = f"expected one of {', '.join(shape.fields)}{closest(node.text, list(shape.fields))}"
        raise Wrong(f"{shape.what} has no field {quote(node.text)}; {expected}", node.at + 1)
    found = shape.fields[node.text]
    return found, min(weight, found.weight)


def _visit_loop(node: Node, scope: Mapping[str, tuple[Shape, int]]) -> tuple[Shape, int]:
    shape, weight = _visit(node.children[0], scope)
    step, (item, result) = node.children[3], node.bound
    inner = {**scope, item: (shape.item or ANY, weight), result: (ANY, 0)}
    _visit(node.children[2], inner)
    # What stands outside of the list is in the result once for each item.
    outside = _visit(step, {**inner, item: (shape.item or ANY, 0)})[1]
    made = _visit(step, inner)[1] + MANY * outside
    if made > MOST_GROWTH * MANY:
        raise Wrong("makes a list that is too large for its data; expected fewer of + and map()", node.at)
    return ANY, made
