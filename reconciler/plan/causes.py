"""Why a field differs: what was last applied, held against what is live and what is desired."""

from __future__ import annotations

from typing import Any

from reconciler.json_text import canonical
from reconciler.kinds.comparison import Difference, alike
from reconciler.model.memory import Entry
from reconciler.model.plan import Cause


class _NotWritten(Exception):
    """The field, or a key within it, was not managed when it was last applied."""


def cause_of(difference: Difference, entry: Entry | None) -> Cause:
    """`unknown` without a memory; else who moved: we (`config`), somebody else (`drift`), or both."""
    if entry is None:
        return Cause.UNKNOWN
    try:
        applied = _applied(entry, difference)
    except _NotWritten:
        return Cause.CONFIG
    ours = _same(difference, applied, difference.after)
    theirs = _same(difference, applied, difference.before)
    if ours and not theirs:
        return Cause.DRIFT
    return Cause.CONFIG if theirs else Cause.BOTH


def _applied(entry: Entry, difference: Difference) -> Any:
    value: Any = entry.applied
    for key in (difference.field.name, *difference.keys):
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            raise _NotWritten
    return value


def _same(difference: Difference, one: Any, other: Any) -> bool:
    if difference.field.unordered and isinstance(one, list) and isinstance(other, list):
        return set(map(canonical, one)) == set(map(canonical, other))
    return alike(one, other)
