"""Values of fields as people read them in the page: short ones side by side, nested ones as a diff of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from reconciler.model.plan import Action, Cause, Change, FieldChange
from reconciler.output.labels import CAUSES
from reconciler.output.values import Line, reference_text
from reconciler.text import truncate

SHORT = 160
"""A value of so many characters stands on one line."""
LONGEST = 2000
"""Characters of a line; beyond, it is cut and says so."""
LINES = 200
"""Lines of a value; beyond, it is cut and says so."""
DEEPEST = 20
CONTEXT = 2


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field: `before` and `after` if both are short (None: there is nothing), else `lines`."""

    path: str
    cause: str
    cause_note: str
    before: str | None = None
    after: str | None = None
    lines: tuple[Line, ...] = ()
    more: str = ""

    @property
    def size(self) -> int:
        """Characters of it, about."""
        texts = (self.before or "", self.after or "", *(line.text for line in self.lines))
        return sum(len(text) + 40 for text in (self.path, *texts))


def field_view(change: Change, field: FieldChange, labels: Mapping[str, str]) -> FieldView:
    """A field as the page shows it. `labels`: id → what people call it."""
    made, gone = change.action is Action.CREATE, change.action is Action.DELETE
    note = "" if made or gone else CAUSES[field.cause].note
    view = FieldView(field.path, field.cause.value if note or field.cause is not Cause.CONFIG else "", note)
    before, after = (list(_side(value, labels)) for value in (field.before, field.after))
    if all(len(lines) <= 1 and all(len(line) <= SHORT for line in lines) for lines in (before, after)):
        return replace(view, before=before[0] if before else None, after=after[0] if after else None)
    before, after = (list(_side(value, labels, spread=True)) for value in (field.before, field.after))
    lines = list(_diff(before[: 2 * LINES], after[: 2 * LINES]))
    left = len(lines) - LINES + max(0, len(before) - 2 * LINES) + max(0, len(after) - 2 * LINES)
    more = f"{left} more lines are not in this page; --format json has them" if left > 0 else ""
    return replace(view, lines=tuple(Line(line.sign, _cut(line.text)) for line in lines[:LINES]), more=more)


def _side(value: Any, labels: Mapping[str, str], *, spread: bool = False) -> Iterator[str]:
    """The lines of a value, none if there is none. `spread`: a list has a line for each item, however short."""
    if spread and isinstance(value, list) and value:
        yield from _items(value, labels, 0)
    elif value is not None:
        yield from _lines(value, labels)


def _cut(line: str) -> str:
    return truncate(line, LONGEST, f"… ({len(line) - LONGEST} more characters; --format json has them)")


def _diff(before: list[str], after: list[str]) -> Iterator[Line]:
    if not (before and after):
        yield from (Line("-", text) for text in before)
        yield from (Line("+", text) for text in after)
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number:
            yield Line(" ", "⋯")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (Line(" ", text) for text in before[start:end])
                continue
            yield from (Line("-", text) for text in before[start:end])
            yield from (Line("+", text) for text in after[new_start:new_end])


def _lines(value: Any, labels: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """The value as YAML has it, every scalar as JSON has it; references by their addresses."""
    scalar = _on_one_line(value, labels)
    if scalar is not None or depth > DEEPEST:
        yield scalar if scalar is not None else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{_key(key)}:", inner, labels, depth)
    else:
        yield from _items(value, labels, depth)


def _items(items: list[Any], labels: Mapping[str, str], depth: int) -> Iterator[str]:
    for item in items:
        first, *rest = _lines(item, labels, depth + 1)
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _entry(head: str, value: Any, labels: Mapping[str, str], depth: int) -> Iterator[str]:
    on_one_line = _on_one_line(value, labels)
    if on_one_line is not None:
        yield f"{head} {on_one_line}"
        return
    yield head
    yield from (f"  {line}" for line in _lines(value, labels, depth + 1))


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _on_one_line(value: Any, labels: Mapping[str, str]) -> str | None:
    """A scalar, a reference, an id by what people call it, a short list of such; None for what takes more lines."""
    if not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        unnamed = json.dumps(value, ensure_ascii=False) if set(value) == {"type", "id"} else None
        return reference_text(value, labels) or unnamed
    if len(value) == 1 or not any(isinstance(item, dict | list) for item in value):
        items = [_on_one_line(item, labels) or "" for item in value]
        text = f"[{', '.join(items)}]"
        return text if all(items) and len(text) <= SHORT else None
    return None
