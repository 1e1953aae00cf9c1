"""Paths to values within fields, as plans write them: `data.initiators[0].uid`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from reconciler.model.desired import Fields

Keys = Sequence[str | int]
PLAIN_KEY = re.compile(r"[\w-]+")
STEP = re.compile(r'\.?([\w-]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')


def dotted(name: str, keys: Iterable[str | int]) -> str:
    """`data`, `["initiators", 0, "uid"]` give `data.initiators[0].uid`; an unusual key is quoted: `data["a b"]`."""
    path = name
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            path += f".{key}" if PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return path


def keys_path(keys: Keys) -> str:
    """The path of keys of which the first is the name of a field."""
    return dotted(str(keys[0]), keys[1:])


def path_keys(path: str) -> tuple[str | int, ...] | None:
    """The keys of a path; None if the text is no path."""
    keys: list[str | int] = []
    at = 0
    while at < len(path):
        found = STEP.match(path, at)
        if found is None or (path[at] == "." and at == 0):
            return None
        name, number, quoted = found.groups()
        try:
            keys.append(int(number) if number is not None else json.loads(quoted) if quoted is not None else name)
        except ValueError:
            return None
        at = found.end()
    return tuple(keys)


def is_within(path: str, outer: str) -> bool:
    """Whether a path is that of `outer`, or of something in it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def through_maps(keys: Keys) -> tuple[str, ...]:
    """The keys up to the first list: a list is managed as a whole."""
    return tuple(takewhile(lambda key: isinstance(key, str), keys))  # type: ignore[arg-type]


def value_at(fields: Any, keys: Keys) -> Any:
    """The value at these keys of nested maps; None if there is none."""
    for key in keys:
        fields = fields.get(key) if isinstance(fields, dict) else None
    return fields


def value_within(value: Any, keys: Keys) -> Any:
    """The value at these keys of nested maps and lists; None if there is none."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            value = value_at(value, (key,))
    return value


def with_value(fields: Fields, keys: Keys, value: Any) -> dict[str, Any]:
    """A copy of the fields with another value at these keys of nested maps; unchanged if a key leads to no map."""
    head, *rest = keys
    if not rest:
        return {**fields, str(head): value}
    inner = fields.get(str(head))
    if inner is not None and not isinstance(inner, dict):
        return dict(fields)
    return {**fields, str(head): with_value(inner or {}, rest, value)}
