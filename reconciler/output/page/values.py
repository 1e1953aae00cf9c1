"""Values of fields as people read them in the page: short ones side by side, nested ones as a diff of lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.output.labels import CAUSES
from reconciler.output.values import Line, ValueDiff, plain

SHORT = 160
"""A value of so many characters stands on one line."""
LONGEST = 2000
"""Characters of a line; beyond, it is cut and says so."""
LINES = 200
"""Lines of a value; beyond, it is cut and says so."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field: `before` and `after` if both are short (None: there is nothing), else `lines`."""

    path: str
    cause: str
    cause_note: str
    before: str | None
    after: str | None
    lines: tuple[Line, ...]
    more: str

    @property
    def size(self) -> int:
        """Characters of it, about."""
        texts = (self.before or "", self.after or "", *(line.text for line in self.lines))
        return sum(len(text) + 40 for text in (self.path, *texts))


def field_view(change: Change, field: FieldChange, labels: Mapping[str, str]) -> FieldView:
    """A field as the page shows it. `labels`: id → what people call it."""
    is_whole = change.action in (Action.CREATE, Action.DELETE)
    note = "" if is_whole else CAUSES[field.cause].note
    cause = field.cause.value if note or field.cause is not Cause.CONFIG else ""
    before, after = (None if value is None else plain(value) for value in (field.before, field.after))
    is_nested = any(isinstance(value, dict | list) and value for value in (field.before, field.after))
    lines: list[Line] = []
    if is_nested or any(side and len(side) > SHORT for side in (before, after)):
        before, after, lines = None, None, list(ValueDiff(labels, LONGEST).lines(field.before, field.after))
    left = len(lines) - LINES
    more = f"{left} more lines are not in this page; --format json has them" if left > 0 else ""
    return FieldView(field.path, cause, note, before, after, tuple(lines[:LINES]), more)
