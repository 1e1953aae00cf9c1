"""The spots within a value, by paths as plans write them: `data.initiators[0].uid`."""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.model.explanation import Held

STEP = re.compile(r'\.?([\w-]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')
NOWHERE = Held()


def keys_of(path: str) -> tuple[str | int, ...] | None:
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


def held(value: Any, keys: tuple[str | int, ...]) -> Held:
    """What a value holds at the end of that way."""
    for key in keys:
        in_map = isinstance(value, dict) and key in value
        in_list = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not (in_map or in_list):
            return NOWHERE
        value = value[key]
    return Held(value, there=True)


def is_within(path: str, outer: str) -> bool:
    """Whether a path is that of `outer`, or of something in it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))
