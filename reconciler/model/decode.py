"""JSON → the dataclasses of the model, by their types. Strict: what is unknown, missing or of another type is no."""

from __future__ import annotations

import dataclasses
import types
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


class NotThat(ValueError):
    """The value is not what the type says; the text names the spot."""


def decode(wanted: Any, value: Any, where: str) -> Any:
    """The value as the type `wanted`. NotThat where it is something else."""
    origin = get_origin(wanted)
    if wanted is Any:
        return value
    if origin is not None:
        return _generic(origin, get_args(wanted), value, where)
    if dataclasses.is_dataclass(wanted):
        return _record(wanted, value, where)
    if issubclass(wanted, Enum):
        words = [each.value for each in wanted]
        _require(isinstance(value, str) and value in words, where, f"one of {words}")
        return wanted(value)
    _require(type(value) is wanted, where, wanted.__name__)
    return value


def _generic(origin: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin in (Union, types.UnionType):
        return _either(arguments, value, where)
    if origin is tuple:
        _require(isinstance(value, list), where, "a list")
        return tuple(decode(arguments[0], each, f"{where}[{index}]") for index, each in enumerate(value))
    _require(isinstance(value, dict), where, "a map")
    return {key: decode(arguments[1], each, f"{where}.{key}") for key, each in value.items()}


def _either(options: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None:
        _require(type(None) in options, where, "a value")
        return None
    (option,) = (each for each in options if each is not type(None))
    return decode(option, value, where)


def _record(wanted: Any, value: Any, where: str) -> Any:
    _require(isinstance(value, dict), where, "a map")
    hints = _hints(wanted)
    if value.keys() != hints.keys():
        unknown, missing = sorted(value.keys() - hints.keys()), sorted(hints.keys() - value.keys())
        _require(not unknown, where, f"no field {', '.join(unknown)}")
        _require(not missing, where, f"the field {', '.join(missing)}")
    return wanted(**{name: decode(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


@cache
def _hints(wanted: Any) -> dict[str, Any]:
    hints = get_type_hints(wanted)
    return {field.name: hints[field.name] for field in dataclasses.fields(wanted)}


def _require(fits: bool, where: str, expected: str) -> None:
    if not fits:
        raise NotThat(f"{where}: expected {expected}")
