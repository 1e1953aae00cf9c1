"""JSON from values, and dataclasses from JSON by their types. Unknown fields and other types are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from collections.abc import Callable
from enum import Enum
from functools import cache, partial
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson


def json_text(value: Any, *, indented: bool = False, sort_keys: bool = False) -> str:
    """The JSON of a value, without escapes for letters; a dataclass is a map of its fields. If a text has half of a
    surrogate pair, which UTF-8 cannot encode, the whole JSON is ASCII, and reads back the same."""
    options = (orjson.OPT_INDENT_2 if indented else 0) | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        # orjson itself writes a dataclass in the order of the class, even with sorted keys.
        return orjson.dumps(value, _to_map, options | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except orjson.JSONEncodeError:
        # For numbers beyond 64 bits, half of a surrogate pair, and very deep nesting.
        return json.dumps(value, indent=2 if indented else None, sort_keys=sort_keys, default=_to_map)


def explain(error: Exception) -> str:
    """Why bytes or a text could not be read as JSON, in words that no version of Python changes."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start + 1}"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def sha256(value: Any) -> str:
    """`sha256:` and the hash of a JSON value, the same whatever the order of its keys."""
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    """A text that is the same for the same JSON value, whatever the order of its keys."""
    return json_text(value, sort_keys=True)


def _to_map(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _field_names(value.__class__)}


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in dataclasses.fields(kind))


class DecodeError(ValueError):
    """The value has another type than expected; the message says where."""


Decoder = Callable[[Any, str], Any]
"""Takes a value and its path for messages."""


def decode(wanted: Any, value: Any, where: str) -> Any:
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
        return partial(_decode_optional, make_decoder(option))
    if origin is tuple:
        return partial(_decode_tuple, make_decoder(arguments[0]))
    if origin is not None:
        return partial(_decode_map, None if arguments[1] is Any else make_decoder(arguments[1]))
    if dataclasses.is_dataclass(wanted):
        decoders = {name: make_decoder(each) for name, each in get_type_hints(wanted).items()}
        return partial(_decode_record, wanted, decoders)
    known = {each.value: each for each in wanted} if issubclass(wanted, Enum) else None
    return partial(_decode_exact, wanted) if known is None else partial(_decode_enum, known)


def _decode_exact(wanted: Any, value: Any, where: str) -> Any:
    if type(value) is not wanted:
        raise DecodeError(f"{where}: expected {wanted.__name__}")
    return value


def _decode_enum(known: dict[Any, Any], value: Any, where: str) -> Any:
    if not isinstance(value, str) or value not in known:
        raise DecodeError(f"{where}: expected one of {list(known)}")
    return known[value]


def _decode_optional(option: Decoder, value: Any, where: str) -> Any:
    return None if value is None else option(value, where)


def _decode_tuple(item: Decoder, value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise DecodeError(f"{where}: expected a list")
    return tuple([item(each, f"{where}[{index}]") for index, each in enumerate(value)])


def _decode_map(item: Decoder | None, value: Any, where: str) -> Any:
    """`item`: None if a value may be anything."""
    if not isinstance(value, dict):
        raise DecodeError(f"{where}: expected a map")
    return dict(value) if item is None else {key: item(each, f"{where}.{key}") for key, each in value.items()}


def _decode_record(wanted: Any, names: dict[str, Decoder], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise DecodeError(f"{where}: expected a map")
    if value.keys() != names.keys():
        unknown, missing = sorted(value.keys() - names.keys()), sorted(names.keys() - value.keys())
        what = f"no field {', '.join(unknown)}" if unknown else f"the field {', '.join(missing)}"
        raise DecodeError(f"{where}: expected {what}")
    return wanted(**{name: field(value[name], f"{where}.{name}") for name, field in names.items()})
