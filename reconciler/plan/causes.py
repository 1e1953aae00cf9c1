"""Why a field differs: what was last applied, held against what is live and what is desired."""

from __future__ import annotations

from typing import Any

from reconciler.json_text import canonical
from reconciler.kinds.comparison import Difference, alike, shown_last
from reconciler.kinds.paths import value_within
from reconciler.model.desired import Fields
from reconciler.model.memory import Entry
from reconciler.model.plan import Cause


class _NotWritten(Exception):
    """The field, or a key within it, was not managed when it was last applied."""


def cause_of(difference: Difference, entry: Entry | None) -> Cause:
    """`unknown` without a memory; else who moved: we (`config`), somebody else (`drift`), or both."""
    if entry is None:
        return Cause.UNKNOWN
    try:
        applied, shown = _held(entry.applied, difference), _held(shown_last(entry), difference)
    except _NotWritten:
        return Cause.CONFIG
    ours = _same(difference, applied, difference.after)
    theirs = _same(difference, applied, difference.before) or _same(difference, shown, difference.before)
    if ours and not theirs:
        return Cause.DRIFT
    return Cause.CONFIG if theirs else Cause.BOTH


def _held(fields: Fields, difference: Difference) -> Any:
    """The value at a difference. A list is managed as a whole: a key that an item has not is none, and no other's."""
    value: Any = fields
    for key in difference.spot:
        if not (isinstance(value, dict) and key in value):
            raise _NotWritten
        value = value[key]
    return value_within(value, difference.keys[len(difference.spot) - 1 :])


def _same(difference: Difference, one: Any, other: Any) -> bool:
    if difference.field.unordered and isinstance(one, list) and isinstance(other, list):
        return set(map(canonical, one)) == set(map(canonical, other))
    return alike(one, other)
