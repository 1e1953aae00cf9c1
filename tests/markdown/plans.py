"""Reviews made by hand, for what would take a simulated API too long."""

from __future__ import annotations

from typing import Any

from reconciler.model.plan import Action, Cause, Change, FieldChange, Plan, Refusal, Unmanaged
from reconciler.model.reports import Impact, Review, Weight


def change(action: Action, key: str, *, name: str = "", **fields: tuple[Any, Any]) -> Change:
    """A change of a report; `fields` are path → (before, after)."""
    made = tuple(FieldChange(path, before, after, Cause.CONFIG) for path, (before, after) in fields.items())
    return Change(
        f"report.{key}", "report", action, None if action is Action.CREATE else f"id-{key}", name or key, made
    )


def review(*changes: Change, **more: Any) -> Review:
    """A plan of these, with the rest of a Review by name."""
    of_plan = {name: more.pop(name) for name in ("unmanaged", "warnings", "refusals", "labels") if name in more}
    return Review(Plan("production", changes, digest="sha256:" + "0" * 64, **of_plan), **more)


def many(number: int, action: Action, **fields: tuple[Any, Any]) -> tuple[Change, ...]:
    """So many changes of one kind."""
    return tuple(change(action, f"number-{each:05d}", **fields) for each in range(number))


def hostile(text: str) -> Review:
    """A plan in which everything that others can name is that text."""
    fields = {
        "caption": (text, f"{text} more"),
        "list": ([text], [{"id": text, "type": text}]),
        "map": (None, {text: text}),
    }
    changes = (
        change(Action.DELETE, "gone", name=text),
        change(Action.UPDATE, "changed", name=text, **fields, **{f"{text}\n{text}": ([text], [])}),
        change(Action.CREATE, "made", name=text, **{text[:20] or "x": (None, text)}),
    )
    impacts = {
        each.address: (Impact(Weight.STOPS, f'stops "{text}" to {text}'), Impact(Weight.FEEDS, text))
        for each in changes
    }
    return review(
        *changes,
        impacts=impacts,
        tasks=(text, f"report.changed: {text}"),
        warnings=(text, f"the report {text} is odd"),
        refusals=(Refusal("guard", text, text),),
        unmanaged=(Unmanaged("report", "id", text),),
        labels={text: text},
        commit=text,
        base=text,
    )
