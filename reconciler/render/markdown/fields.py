"""The fields of a change as the lines of a small diff: what changes, and nothing of what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.render.values import Say, changed, cut, cut_both, plain, shown

CAUSES = {
    Cause.CONFIG: "",
    Cause.DRIFT: "  # changed outside (drift)",
    Cause.BOTH: "  # changed here and outside (both)",
    Cause.UNKNOWN: "  # cause unknown: nothing is remembered of it",
}
MOST_LINES = 40


def diff_of(change: Change, labels: Mapping[str, str]) -> list[str]:
    """The lines of a ```diff block, in the order of the fields; empty where no field says anything."""
    if change.action is Action.DELETE:
        return []
    lines = [line for field in change.fields for line in _field(field, lambda value: _said(value, labels))]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"  … {more:,} more lines: see the full plan"] if more > 1 else lines


def _field(field: FieldChange, say: Say) -> Iterator[str]:
    cause = CAUSES[field.cause] if field.before is not None else ""
    before, after = field.before, field.after
    if any(isinstance(each, dict | list) for each in (before, after)):
        yield f"  {field.path}:{cause}"
        for line in changed(before, after, say, 1):
            yield f"{line.sign or ' '} {'  ' * line.depth}{line.text}"
    elif after is None:
        yield f"- {field.path}: {cut(plain(before))}{cause}"
    elif before is None:
        yield f"+ {field.path}: {cut(plain(after))}"
    else:
        old, new = cut_both(plain(before), plain(after))
        yield f"- {field.path}: {old}"
        yield f"+ {field.path}: {new}{cause}"


def _said(value: Any, labels: Mapping[str, str]) -> str:
    """A value within another; a reference by its address, an id by what people call it."""
    if isinstance(value, dict) and set(value) == {"type", "id"} and str(value["id"]) in labels:
        return cut(f"{labels[str(value['id'])]} ({value['id']})")
    if isinstance(value, dict) and len(value) == 1:
        ((key, name),) = value.items()
        if isinstance(name, str):
            return cut(f"{key}.{name} (id known once it exists)")
    return shown(value)
