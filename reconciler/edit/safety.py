"""What must not be touched, and whether an edit came out as it was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.edit.outcome import MismatchError, UnsafeError
from reconciler.edit.tree import Node, Shape, is_merge
from reconciler.edit.wording import has_variable
from reconciler.yaml12 import read


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same and of the same type: `true` is not 1, and 1 is not 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def copied(value: Any) -> Any:
    """The value as plain maps and lists that share nothing."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def require_read(path: Path, text: str, expected: Sequence[Any]) -> None:
    """MismatchError unless the text has no problem and its documents say exactly what is expected."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), str(path))
    if problems:
        raise MismatchError(str(problems[0]))
    if not same([document.value for document in documents], list(expected)):
        raise MismatchError("it would not read as what was wanted")


def anchor_trouble(node: Node, uses: Mapping[str, int]) -> str:
    """Why nothing in a node may be changed: other places are changed with it. Empty where none are."""
    if node.shape is Shape.ALIAS:
        return f"comes by the alias *{node.text}, and a change at its anchor would change other values too"
    if node.anchor and uses[node.anchor]:
        return f"has the anchor &{node.anchor}, and a change would change the values that use it too"
    return ""


def require_plain(node: Node) -> None:
    """UnsafeError where a node that is to go holds an anchor, an alias, a merge or a variable."""
    for each in node.walk():
        if trouble := anchor_trouble(each, Counter({each.anchor or "": 1})):
            raise UnsafeError(each.start, trouble)
        if each.shape is Shape.SCALAR and has_variable(each.text):
            raise UnsafeError(each.start, "holds a variable, and what it stands for differs between environments")
        if each.shape is Shape.MAP and any(is_merge(key) for key, _ in each.entries):
            raise UnsafeError(each.start, "holds <<, and what comes by it is shared")
