"""JSON as it is written: fast, readable where that can be, and never a text that a file cannot hold."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import orjson


def json_text(value: Any, *, indented: bool = False, sort_keys: bool = False) -> str:
    """The JSON of a value, letters of all languages as they are; a dataclass is a map of its fields.

    Half a surrogate pair, which an API may send and UTF-8 cannot hold, makes the whole text ASCII: it reads back as
    the same value.
    """
    options = (orjson.OPT_INDENT_2 if indented else 0) | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        # By itself it would write the fields of a dataclass in the order of the class, whatever was asked for.
        return orjson.dumps(value, _fields, options | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except orjson.JSONEncodeError:
        return _any_text(value, indent=2 if indented else None, sort_keys=sort_keys)


def unreadable(error: Exception) -> str:
    """Why bytes or a text could not be read as JSON. What is not the decoder's error is told as it tells itself."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start + 1}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def canonical(value: Any) -> str:
    """A text that is the same for the same JSON value, whatever the order of its keys."""
    return json_text(value, sort_keys=True)


def _any_text(value: Any, indent: int | None, *, sort_keys: bool) -> str:
    """In ASCII, what the faster one cannot: numbers beyond 64 bits, half a surrogate pair, very deep nesting."""
    return json.dumps(value, indent=indent, sort_keys=sort_keys, default=_fields)


def _fields(value: Any) -> dict[str, Any]:
    kind = type(value)
    if kind not in _names:
        _names[kind] = tuple(each.name for each in fields(kind))
    return {name: getattr(value, name) for name in _names[kind]}


_names: dict[type, tuple[str, ...]] = {}
"""The fields of each dataclass that was seen."""
