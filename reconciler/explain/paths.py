"""The spots within a value, by paths as plans write them: `data.initiators[0].uid`."""

from __future__ import annotations

from typing import Any

from reconciler.model.explanation import Held

NOWHERE = Held()


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
