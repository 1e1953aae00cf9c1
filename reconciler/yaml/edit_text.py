"""Values to YAML text in a given place: on one line, or as lines at a column."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.yaml.anchors import DEEPEST
from reconciler.yaml.edit_source import Layout, UnwritableError
from reconciler.yaml.writing import double_quoted, dump

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_IN_FLOW: Final = frozenset(",?[]{}:")
_LONGEST_FLOW_ITEM: Final = 100
_LONGEST_INT: Final = 1600
"""Bits: an integer that is read has at most 500 characters."""


def written(value: Any, depth: int = 0) -> Any:
    """A live value for YAML: plain maps and lists, and `$${` for `${`.

    UnwritableError if YAML or a configuration cannot express it.
    """
    if value is None or (isinstance(value, int) and value.bit_length() < _LONGEST_INT):
        return value
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise UnwritableError("half of a character (a surrogate) cannot be written in YAML")
        return value.replace("${", "$${")
    if isinstance(value, float) and math.isfinite(value):
        return value
    if depth > DEEPEST:
        raise UnwritableError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, Mapping):
        return {_key(key): written(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [written(item, depth + 1) for item in value]
    raise UnwritableError(f"a {type(value).__name__} such as this is no value that YAML can hold here")


def _key(key: Any) -> str:
    if not isinstance(key, str) or _SURROGATE.search(key):
        raise UnwritableError("a key that is no text cannot be written in YAML")
    if "${" in key:
        raise UnwritableError("a key with ${ cannot be written; variables stand in values only")
    return key


def scalar(value: Any, *, in_flow: bool = False) -> str:
    """A scalar on one line, in quotes if readers could differ, or if a flow collection needs them."""
    text = dump(value).rstrip("\n")
    if not isinstance(value, str) or text.startswith('"'):
        return double_quoted(value) if "\n" in text else text
    needs_quotes = text.startswith(("|", ">", "? ")) or "\n" in text or (in_flow and _IN_FLOW & set(text))
    return double_quoted(value) if needs_quotes else text


def flow(value: Any) -> str:
    """A value on one line, collections in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key, in_flow=True)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value, in_flow=True)


def inline(value: Any) -> str:
    """A value on one line behind a key or a dash in block style."""
    return flow(value) if isinstance(value, dict | list) else scalar(value)


def literal(text: Any, column: int) -> tuple[str, list[str]] | None:
    """The header and the lines of a text as a literal block at a column; None if quotes are better."""
    lines = dump(text).split("\n")[:-1] if isinstance(text, str) and "\n" in text else []
    if not lines or not lines[0].startswith("|"):
        return None
    return lines[0], [" " * column + line[2:] if line else "" for line in lines[1:]]


def entry(key: str, value: Any, column: int, layout: Layout) -> list[str]:
    """The lines of a key with its value, the key at a column."""
    head = " " * column + scalar(key) + ":"
    block = literal(value, column + layout.step)
    if block:
        return [f"{head} {block[0]}", *block[1]]
    if isinstance(value, dict | list) and value:
        return [head, *below(value, column, layout)]
    return [f"{head} {inline(value)}"]


def below(value: dict[str, Any] | list[Any], column: int, layout: Layout) -> list[str]:
    """The lines of a collection below a key at a column."""
    if isinstance(value, dict):
        return entries(value, column + layout.step, layout)
    return [line for each in value for line in item(each, column + layout.dash, layout)]


def entries(value: Mapping[str, Any], column: int, layout: Layout) -> list[str]:
    """The lines of a map, its keys at a column."""
    return [line for key, inner in value.items() for line in entry(key, inner, column, layout)]


def item(value: Any, column: int, layout: Layout, *, as_flow: bool | None = None) -> list[str]:
    """The lines of an item of a list, its dash at a column.

    Without `as_flow`, a map of several scalars stands on one line, as in `- {type: target_integration, id: x}`.
    """
    as_flow = _is_short(value) if as_flow is None else as_flow
    dash = " " * column + "-"
    block = literal(value, column + layout.step)
    if block:
        return [f"{dash} {block[0]}", *block[1]]
    if isinstance(value, dict | list) and value and not as_flow:
        inner = column + 2
        lines = (
            entries(value, inner, layout)
            if isinstance(value, dict)
            else [line for each in value for line in item(each, inner, layout)]
        )
        return [f"{dash} {lines[0].lstrip(' ')}", *lines[1:]]
    return [f"{dash} {inline(value)}"]


def _is_short(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) <= 1:  # one key needs no braces
        return False
    return not any(isinstance(inner, dict | list) for inner in value.values()) and len(flow(value)) < _LONGEST_FLOW_ITEM
