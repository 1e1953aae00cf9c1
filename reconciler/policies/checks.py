"""What can be known of an expression before it is judged: fields that do not exist, and what has no bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.schema import LIFECYCLE
from reconciler.policies.syntax import Node
from reconciler.text import closest, quote

MOST_GROWTH, MANY = 64, 16
"""How many times as large as its data a value may become; and how many items a list is taken to have."""
MOST_WORK = 50
WORK = {"matches": 20, "_+_": 1, "contains": 1, "size": 1, "string": 1}
"""The work on texts that an expression may do for each item of a list."""
KEEPS = ("_[_]", "string", "bytes", "dyn", "_?_:_")
"""Functions whose result may be as large as an argument; that of `+` is as large as both together, others are small."""


class Wrong(Exception):
    """An expression that cannot be judged, and why; `at` is the character of it, from 0. `key`: which one it is."""

    def __init__(self, message: str, at: int = 0, key: str = "") -> None:
        super().__init__(message)
        self.at, self.key = at, key


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value: its type in CEL, the fields of a map if no others can be there, the items of a list.
    `weight` is 0 if it is small for sure; `what` is what messages call it."""

    type: str = "dyn"
    fields: Mapping[str, Shape] | None = None
    item: Shape | None = None
    weight: int = 1
    what: str = "it"


Known = tuple[Shape, int]
"""What is known of a value, and how many times as large as the data it may be."""
ANY, TEXT = Shape(), Shape("string", weight=0)
TYPES = {"string": "string", "integer": "int", "boolean": "bool", "array": "list", "object": "map"}


def _shape(schema: Mapping[str, Any], what: str) -> Shape:
    """The shape of the values of a JSON Schema."""
    kind, fields, closed = schema.get("type"), schema.get("properties"), schema.get("additionalProperties") is False
    known = {name: _shape(each, name) for name, each in fields.items()} if fields and closed else None
    item = _shape(schema["items"], f"an item of {what}") if "items" in schema else None
    return Shape(TYPES.get(kind, "dyn") if isinstance(kind, str) else "dyn", known, item, what=what)


def _fields(kinds: Sequence[str]) -> Shape:
    """The shape of the fields of a resource of one of these kinds; none are all."""
    fields: dict[str, Shape] = {}
    for each in (each for name in kinds or KINDS for each in KINDS[name].fields):
        shape = _shape(each.schema, each.name)
        fields[each.name] = shape if fields.get(each.name, shape) == shape else ANY
    return Shape("map", fields, what=f"the kind {' or '.join(kinds or KINDS)}")


@lru_cache
def variables(kinds: tuple[str, ...], given: tuple[str, ...] | None = None) -> Mapping[str, Shape]:
    """What the expressions of a policy of these kinds may name. `given`: the values of its ready rule."""
    own, texts = _fields(kinds), Shape("list", item=TEXT)
    or_null = replace(own, type="dyn")
    words = dict.fromkeys(("address", "kind", "key", "file"), TEXT)
    listed = Shape("list", item=Shape("map", {**words, "fields": _fields(())}, what="a resource"))
    change = {"action": TEXT, "before": or_null, "after": or_null, "fields": texts, "causes": texts}
    known = {**words, "resource": own, "environment": TEXT, "name": TEXT, "resources": listed, "references": listed}
    known |= {"lifecycle": _shape(LIFECYCLE, "lifecycle"), "change": Shape("map", change, what="change")}
    if given is not None:
        known["with"] = Shape("map", dict.fromkeys(given, Shape(weight=0)), what="with")
        known |= {"clock": Shape("map", {"day": TEXT, "time": TEXT}, what="clock"), "alike": Shape("int")}
    return known


def check(tree: Node, names: Mapping[str, Shape]) -> None:
    """Wrong if an expression names a field that does not exist, or has no bound."""
    _visit(tree, {name: (shape, shape.weight) for name, shape in names.items()})


def _visit(node: Node, scope: Mapping[str, Known]) -> Known:
    if node.kind == "loop":
        return _visit_loop(node, scope)
    if node.kind == "name":
        return scope.get(node.text or "", (ANY, 0))
    below = [_visit(each, scope) for each in node.children]
    weights = [weight for _, weight in below]
    if node.kind == "select":
        return _visit_field(node, *below[0])
    if node.kind != "call":
        return ANY, max(sum(weights), 1 if node.text is not None or node.children else 0)
    if node.text == "matches":
        _require_pattern(node.children[-1], is_in_loop="@result" in scope)
    weight = sum(weights) if node.text == "_+_" else max(weights, default=0) if node.text in KEEPS else 0
    if weight > MOST_GROWTH:
        raise Wrong(f"makes a value more than {MOST_GROWTH} times as large as the data; expected fewer of +", node.at)
    return (below[0][0].item if node.text == "_[_]" else None) or ANY, weight


def _visit_field(node: Node, shape: Shape, weight: int) -> Known:
    name = node.text or ""
    if shape.fields is None:
        return ANY, weight
    if name not in shape.fields:
        expected = f"expected one of {', '.join(shape.fields)}{closest(name, list(shape.fields))}"
        raise Wrong(f"{shape.what} has no field {quote(name)}; {expected}", node.at + 1)
    return shape.fields[name], min(weight, shape.fields[name].weight)


def _visit_loop(node: Node, scope: Mapping[str, Known]) -> Known:
    shape, weight = _visit(node.children[0], scope)
    condition, step, item = node.children[2], node.children[3], node.text or ""
    inner = {**scope, item: (shape.item or ANY, weight), node.result: (ANY, 0), "@result": (ANY, 0)}
    _visit(condition, inner)
    # What stands outside of the list is in the result once for each item.
    outside = _visit(step, {**inner, item: (shape.item or ANY, 0)})[1]
    made = _visit(step, inner)[1] + MANY * outside
    if made > MOST_GROWTH:
        raise Wrong("makes a list that is too large for its data; expected fewer of + and map()", node.at)
    calls = (each for part in (condition, step) for each in part.walk() if each.kind == "call" and each.at != node.at)
    if sum(WORK.get(each.text or "", 0) for each in calls) > MOST_WORK:
        raise Wrong("does too much with texts for each item of a list; expected fewer of matches() and +", node.at)
    return ANY, made


def _require_pattern(pattern: Node, *, is_in_loop: bool) -> None:
    """Wrong if the pattern of matches() is made of data, or takes long to compile for each item of a list."""
    if pattern.kind != "constant" and not (pattern.kind == "select" and pattern.children[0].text == "with"):
        raise Wrong("matches() with a pattern that is made of data; expected a text", pattern.at)
    if is_in_loop and any(part in (pattern.text or "") for part in ("{", "\\p", "\\P")):
        raise Wrong("matches() for each item of a list; expected a pattern without {…} and \\p", pattern.at)
