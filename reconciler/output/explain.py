"""An explanation as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from reconciler.errors import Location
from reconciler.model.explanation import Explanation, FieldExplanation, Held, LastApply, Rule, Verdict
from reconciler.output.labels import CAUSES
from reconciler.output.terminal import bold, dim, escape, yellow
from reconciler.output.values import cut, format_value, plain
from reconciler.text import short_commit

FORMAT_VERSION = 1
WIDEST = 32
"""Columns of one value in the table."""
HEAD = ("field", "", "in the YAML", "live", "last applied")
CALM = frozenset({Verdict.EQUAL, Verdict.STORED, Verdict.SERVER, Verdict.LEFT_OUT, Verdict.UNMANAGED})


def explanation_text(explanation: Explanation) -> str:
    """An explanation for a terminal: a field in sentences, an address as a table of its fields."""
    return "\n".join(_lines(explanation))


def _lines(each: Explanation) -> Iterator[str]:
    live = f" ({escape(each.id)})" if each.id else ""
    path = f".{escape(each.path)}" if each.path else ""
    field = each.fields[0] if each.path and len(each.fields) == 1 else None
    verdict = field.verdict if field else each.verdict
    head = bold(f"{escape(each.address)}{path} in {escape(each.environment)}: {verdict}")
    yield f"{head} {format_value(each.name)}{live}"
    if field is not None:
        yield from _field(field, each.rules)
        yield f"  last applied: {_last(each.last)}"
        return
    if each.place is not None:
        yield f"  YAML: {_at(each.place, each.line)}"
    yield f"  last applied: {_last(each.last)}"
    yield f"  the next apply: {each.next}"
    yield from (f"  {escape(note)}" for note in each.notes)
    yield from map(_rule, each.rules)
    yield ""
    yield from _table(each.fields)


def _field(field: FieldExplanation, of_object: Iterable[Rule]) -> Iterator[str]:
    if field.place is not None:
        yield f"  YAML: {_at(field.place, field.line)}"
    yield f"  written: {_whole(field.written, 'not written')}"
    yield f"  live: {_whole(field.live, 'nothing')}"
    yield f"  remembered: {_whole(field.applied, 'nothing')}"
    if field.cause is not None:
        yield yellow(f"  cause: {CAUSES[field.cause].phrase}")
    yield f"  the next apply: {field.next}"
    yield from map(_rule, field.rules)
    if field.verdict is not Verdict.SERVER:
        yield from map(_rule, of_object)


def _last(last: LastApply | None) -> str:
    if last is None:
        return "no receipt names it"
    commit = f", {escape(short_commit(last.commit))}" if last.commit else ""
    how = escape(f"{last.action} {last.status}, {last.at}, by {last.who}")
    return f"{how}{commit} (receipt {escape(last.receipt)})"


def _at(place: Location, line: str) -> str:
    return escape(str(place)) + (f"  {dim(escape(cut(line)))}" if line else "")


def _rule(rule: Rule) -> str:
    return f"  rule: {escape(rule.text)}" + dim(f"  [{escape(rule.source)}]")


def _whole(held: Held, nothing: str) -> str:
    return plain(held.value) if held.there else nothing


def _table(fields: tuple[FieldExplanation, ...]) -> Iterator[str]:
    rows = [HEAD, *(_row(each) for each in fields)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row, each in zip(rows, (None, *fields), strict=True):
        text = "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield dim(text) if each is None else text if each.verdict in CALM else yellow(text)


def _row(each: FieldExplanation) -> tuple[str, ...]:
    cause = f", {CAUSES[each.cause].phrase}" if each.cause is not None and each.verdict is not Verdict.NEW else ""
    values = (_cell(held) for held in (each.written, each.live, each.applied))
    return (escape(each.path), f"{each.verdict}{cause}", *values)


def _cell(held: Held) -> str:
    text = plain(held.value) if held.there else "-"
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def explanation_json(explanation: Explanation) -> str:
    """An explanation for programs. A value that is not there has no key: null is a value."""
    each = explanation
    document = {
        "format_version": FORMAT_VERSION,
        "environment": each.environment,
        "address": each.address,
        "kind": each.kind,
        "name": each.name,
        "id": each.id,
        "path": each.path or None,
        "verdict": each.verdict.value,
        "action": each.action.value if each.action else None,
        "next": each.next,
        "place": _place(each.place, each.line),
        "last_applied": {**asdict(each.last), "commit": each.last.commit or None} if each.last else None,
        "rules": [_rule_document(rule) for rule in each.rules],
        "notes": list(each.notes),
        "fields": [_field_document(field) for field in each.fields],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _field_document(field: FieldExplanation) -> dict[str, Any]:
    values = {"written": field.written, "live": field.live, "applied": field.applied}
    return {
        "path": field.path,
        "verdict": field.verdict.value,
        **{name: held.value for name, held in values.items() if held.there},
        "cause": field.cause.value if field.cause else None,
        "next": field.next,
        "place": _place(field.place, field.line),
        "rules": [_rule_document(rule) for rule in field.rules],
    }


def _place(place: Location | None, line: str) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "column": place.column, "text": line}


def _rule_document(rule: Rule) -> dict[str, str]:
    return {"rule": rule.text, "source": rule.source}
