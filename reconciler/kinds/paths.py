"""The spots within fields, by paths as plans write them: `data.initiators[0].uid`."""

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
    """`data`, `["initiators", 0, "uid"]` give `data.initiators[0].uid`; an unusual key stands in quotes."""
    path = name
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            path += f".{key}" if PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return path


def keys_path(keys: Keys) -> str:
    """The path of a way that begins with the name of a field."""
    return dotted(str(keys[0]), keys[1:])


def path_keys(path: str) -> tuple[str | int, ...] | None:
    """The way into a value; None where the text is no path."""
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


def through_maps(keys: Keys) -> tuple[str, ...]:
    """The way up to the first list: a list is managed as a whole, so what is within it has no spot of its own."""
    return tuple(takewhile(lambda key: isinstance(key, str), keys))  # type: ignore[arg-type]


def value_at(fields: Any, keys: Keys) -> Any:
    """What a value holds at the end of a way through maps; None if there is nothing."""
    for key in keys:
        fields = fields.get(key) if isinstance(fields, dict) else None
    return fields


def value_within(value: Any, keys: Keys) -> Any:
    """What a value holds at the end of a way through maps and lists; None if there is nothing."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            value = value_at(value, (key,))
    return value


def with_value(fields: Fields, keys: Keys, value: Any) -> dict[str, Any]:
    """The fields with another value at the end of a way through maps; as they are if something else is in the way."""
    head, *rest = keys
    if not rest:
        return {**fields, str(head): value}
    inner = fields.get(str(head))
    if inner is not None and not isinstance(inner, dict):
        return dict(fields)
    return {**fields, str(head): with_value(inner or {}, rest, value)}
