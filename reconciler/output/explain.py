"""An explanation as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from reconciler.errors import Location
from reconciler.model.results import Explanation, FieldExplanation, FieldValue, LastApply, Rule, Verdict
from reconciler.output.document import document, select
from reconciler.output.labels import CAUSES, api_note
from reconciler.output.terminal import bold, dim, escape, fit, yellow
from reconciler.output.values import cut, format_value, named
from reconciler.text import columns, pad, short_commit

DEEPEST = 40  # so far to the right a broken value goes on at most
SOURCES = {"in the YAML": "not written", "live": "nothing", "last applied": "nothing"}
"""The three places of a value, and what is said if none is there."""
CALM = frozenset({Verdict.EQUAL, Verdict.STORED, Verdict.SERVER, Verdict.LEFT_OUT, Verdict.UNMANAGED})


def explanation_text(explanation: Explanation) -> str:
    """An explanation for a terminal: a field in sentences, an address as a table of its fields."""
    return fit("\n".join(_lines(explanation)))


def _lines(each: Explanation) -> Iterator[str]:
    live = f" ({escape(each.id)})" if each.id else ""
    path = f".{escape(each.path)}" if each.path else ""
    field = each.fields[0] if each.path and len(each.fields) == 1 else None
    verdict = field.verdict if field else each.verdict
    head = bold(f"{escape(each.address)}{path} in {escape(each.environment)}: {verdict}")
    yield f"{head} {format_value(each.name)}{live}{api_note(each.api)}"
    if field is not None:
        yield from _field(field, each)
        yield f"  last applied: {_last(each.last)}"
        return
    if each.place is not None:
        yield f"  YAML: {_at(each.place, each.line)}"
    yield f"  last applied: {_last(each.last)}"
    yield f"  the next apply: {each.next}"
    yield from (f"  {escape(note)}" for note in each.notes)
    yield from map(_rule, each.rules)
    yield ""
    yield from _table(each.fields, each.labels)


def _field(field: FieldExplanation, of: Explanation) -> Iterator[str]:
    if field.place is not None:
        yield f"  YAML: {_at(field.place, field.line)}"
    yield f"  written: {_value(field.written, of.labels) or 'not written'}"
    yield f"  live: {_value(field.live, of.labels) or 'nothing'}"
    yield f"  remembered: {_value(field.applied, of.labels) or 'nothing'}"
    if field.cause is not None:
        yield yellow(f"  cause: {CAUSES[field.cause].phrase}")
    yield f"  the next apply: {field.next}"
    yield from map(_rule, field.rules)
    if field.verdict is not Verdict.SERVER:
        yield from map(_rule, of.rules)


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


def _value(found: FieldValue, labels: Mapping[str, str]) -> str:
    return named(found.value, labels) if found.there else ""


def _table(fields: tuple[FieldExplanation, ...], labels: Mapping[str, str]) -> Iterator[str]:
    """A line for each field with its value; below it the three values, if they are not the same."""
    rows = []
    for each in fields:
        says = each.verdict.value
        if each.cause is not None and each.verdict is not Verdict.NEW:
            says += f", {CAUSES[each.cause].phrase}"
        rows.append((each, escape(each.path), says, _one_value(each, labels)))
    widest = max((columns(path) for _, path, _, _ in rows), default=0)
    longest = max((columns(says) for _, _, says, value in rows if value), default=0)
    hang = min(widest + longest + 4, DEEPEST)
    for each, path, says, value in rows:
        paint = str if each.verdict in CALM else yellow
        yield fit(paint(f"  {pad(path, widest)}  {pad(says, longest)}  {value}".rstrip()), hang)
        if not value:
            for (place, nothing), found in zip(SOURCES.items(), (each.written, each.live, each.applied), strict=True):
                yield f"      {place}: {_value(found, labels) or nothing}"


def _one_value(each: FieldExplanation, labels: Mapping[str, str]) -> str:
    """The value of a field, if all that is there is the same; empty if it is not."""
    there = [found for found in (each.written, each.live, each.applied) if found.there]
    if each.verdict is Verdict.EQUAL:
        is_same = _items(each.live) == _items(each.applied)
    else:
        is_same = all(found == there[0] for found in there)
    if not (is_same and there):
        return ""
    is_rule = each.verdict is Verdict.EQUAL and isinstance(each.live.value, str) and each.written != each.live
    return _value(there[-1], labels) + (f" ({_value(each.written, labels)})" if is_rule else "")


def _items(found: FieldValue) -> object:
    """A value to compare with one that is equal, so in which order a list comes says nothing."""
    value = found.value
    return sorted(json.dumps(item, sort_keys=True) for item in value) if isinstance(value, list) else value


def explanation_json(explanation: Explanation) -> str:
    """An explanation for programs. A value that is not there has no key: null is a value."""
    each = explanation
    return document(
        **select(each, "environment", "address", "kind", "name", "id", "path", "verdict", "action", "next"),
        place=_place(each),
        last_applied={**asdict(each.last), "commit": each.last.commit or None} if each.last else None,
        rules=_rules(each),
        notes=each.notes,
        fields=list(map(_field_document, each.fields)),
    )


def _field_document(field: FieldExplanation) -> dict[str, Any]:
    values = {"written": field.written, "live": field.live, "applied": field.applied}
    return {
        "path": field.path,
        "verdict": field.verdict,
        **{name: found.value for name, found in values.items() if found.there},
        "cause": field.cause,
        "next": field.next,
        "place": _place(field),
        "rules": _rules(field),
    }


def _place(of: Explanation | FieldExplanation) -> dict[str, Any] | None:
    return {**of.place._asdict(), "text": of.line} if of.place else None


def _rules(of: Explanation | FieldExplanation) -> list[dict[str, str]]:
    return [{"rule": rule.text, "source": rule.source} for rule in of.rules]
