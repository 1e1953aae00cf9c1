"""JSON from values, and dataclasses from JSON by their types. Unknown fields and other types are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import cache, partial
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson


def to_json_text(value: Any, *, indented: bool = False, sort_keys: bool = False) -> str:
    """The JSON of a value, without escapes for letters; a dataclass is a map of its fields. If a text has half of a
    surrogate pair, which UTF-8 cannot encode, the whole JSON is ASCII, and reads back the same."""
    options = (orjson.OPT_INDENT_2 if indented else 0) | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        # orjson itself writes a dataclass in the order of the class, even with sorted keys.
        return orjson.dumps(value, _to_map, options | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except orjson.JSONEncodeError:
        # For numbers beyond 64 bits, half of a surrogate pair, and very deep nesting.
        return json.dumps(value, indent=2 if indented else None, sort_keys=sort_keys, default=_to_map)


def parse_json(text: str) -> Any:
    """The value of a JSON text. ValueError if it is none, or if a map has a key twice, which a merge of git can cause.

    A text that `to_json_text` would write so has no key twice: the first one would be gone. To write it takes a third
    of the time of a look at each map.
    """
    with suppress(orjson.JSONDecodeError):
        value = orjson.loads(text)
        if text == to_json_text(value, indented=True, sort_keys=True) + "\n":
            return value
    return json.loads(text, object_pairs_hook=_require_unique)


def _require_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def explain(error: Exception) -> str:
    """Why bytes or a text could not be read as JSON, in words that no version of Python changes."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start + 1}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def sha256(value: Any) -> str:
    """`sha256:` and the hash of a JSON value, the same whatever the order of its keys."""
    return "sha256:" + hashlib.sha256(to_canonical(value).encode()).hexdigest()


def to_canonical(value: Any) -> str:
    """A text that is the same for the same JSON value, whatever the order of its keys."""
    return to_json_text(value, sort_keys=True)


def _to_map(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _field_names(value.__class__)}


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


class DecodeError(ValueError):
    """The value has another type than expected; the message says where."""


Where = str | tuple[Any, str]
"""A path for messages, or the path around it and a step: only a message joins them."""
Decoder = Callable[[Any, Where], Any]
"""Takes a value and its path."""


def decode(wanted: Any, value: Any, where: Where) -> Any:
    """The value as the type `wanted`. DecodeError if it is something else."""
    return make_decoder(wanted)(value, where)


@cache
def make_decoder(wanted: Any) -> Decoder:
    """The decoder of a type. Cached, because a state has the same few types ten thousand times."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return lambda value, _: value
    if origin in (Union, types.UnionType):
        (option,) = (each for each in arguments if each is not type(None))
        decode_some = make_decoder(option)
        return lambda value, where: None if value is None else decode_some(value, where)
    if origin is tuple:
        return partial(_decode_tuple, make_decoder(arguments[0]))
    if origin is not None:
        return partial(_decode_map, None if arguments[1] is Any else make_decoder(arguments[1]))
    if dataclasses.is_dataclass(wanted):
        hints = get_type_hints(wanted).items()
        return partial(_decode_record, wanted, {name: (make_decoder(each), f".{name}") for name, each in hints})
    known = {each.value: each for each in wanted} if issubclass(wanted, Enum) else None
    return partial(_decode_exact, wanted) if known is None else partial(_decode_enum, known)


def _join_path(where: Where) -> str:
    return where if isinstance(where, str) else _join_path(where[0]) + where[1]


def _decode_exact(wanted: Any, value: Any, where: Where) -> Any:
    if type(value) is not wanted:
        raise DecodeError(f"{_join_path(where)}: expected {wanted.__name__}")
    return value


def _decode_enum(known: dict[Any, Any], value: Any, where: Where) -> Any:
    if not isinstance(value, str) or value not in known:
        raise DecodeError(f"{_join_path(where)}: expected one of {list(known)}")
    return known[value]


def _decode_tuple(item: Decoder, value: Any, where: Where) -> Any:
    if not isinstance(value, list):
        raise DecodeError(f"{_join_path(where)}: expected a list")
    return tuple([item(each, (where, f"[{index}]")) for index, each in enumerate(value)])


def _decode_map(item: Decoder | None, value: Any, where: Where) -> Any:
    """`item`: None if a value may be anything."""
    if not isinstance(value, dict):
        raise DecodeError(f"{_join_path(where)}: expected a map")
    return dict(value) if item is None else {key: item(each, (where, f".{key}")) for key, each in value.items()}


def _decode_record(wanted: Any, names: dict[str, tuple[Decoder, str]], value: Any, where: Where) -> Any:
    if not isinstance(value, dict):
        raise DecodeError(f"{_join_path(where)}: expected a map")
    if value.keys() != names.keys():
        unknown, missing = sorted(value.keys() - names.keys()), sorted(names.keys() - value.keys())
        what = f"no field {', '.join(unknown)}" if unknown else f"the field {', '.join(missing)}"
        raise DecodeError(f"{_join_path(where)}: expected {what}")
    return wanted(**{name: field(value[name], (where, step)) for name, (field, step) in names.items()})
