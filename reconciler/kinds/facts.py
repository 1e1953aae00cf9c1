"""What a declaration expects of the API's records, held against the records that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from reconciler.errors import AnswerUnreadable, some_of
from reconciler.kinds.declaration import Kind, Schema
from reconciler.kinds.wire import in_short, record_from
from reconciler.model.diagnosis import Fact
from reconciler.model.inputs import Lookups, Raw


def find_facts(kind: Kind, rows: Sequence[Raw], lists: Lookups) -> Iterator[Fact]:
    """What holds of the records of a kind, as its list has them. `lists` are those of the API, by path."""
    always = sorted({each.name for each in kind.fields if each.required} | kind.server_fields)
    known, id_pattern = {*kind.field_names(), *kind.server_fields}, re.compile(kind.id_pattern.removesuffix("$"))
    expected: dict[str, Callable[[Raw], Iterable[object]]] = {
        f"says `object: {kind.object_name}`": lambda raw: (
            [raw.get("object")] if raw.get("object") != kind.object_name else []
        ),
        f"has an id like {kind.id_pattern}": lambda raw: [] if id_pattern.fullmatch(raw["id"]) else [raw["id"]],
        "has no field but the documented ones": lambda raw: sorted(raw.keys() - known),
        f"has all of {', '.join(always)}": lambda raw: [each for each in always if each not in raw],
        "has no word but the documented ones": lambda raw: _new_words(kind, raw, lists),
    }
    for text, find_odd in expected.items():
        odd = dict.fromkeys(in_short(each) for raw in rows for each in find_odd(raw))
        yield Fact(f"{kind.section}: a record {text}", not odd if rows else None, some_of(odd))
    for each in kind.claims:
        yield Fact(f"{kind.section}: {each.text}", each.holds(rows, lists))


def _new_words(kind: Kind, raw: Raw, lists: Lookups) -> Iterator[str]:
    try:
        fields = record_from(kind, raw, lists).fields
    except AnswerUnreadable:
        return
    failing = (kind.delivery.status, kind.delivery.failing) if kind.delivery else ()
    for each in kind.fields:
        if each.name in fields and (each.name, fields[each.name]) != failing:
            yield from _outside(each.schema, fields[each.name], each.name)


def _outside(schema: Schema, value: Any, path: str) -> Iterator[str]:
    """The values that the words of a schema do not name, at every depth."""
    words = [*schema.get("enum", ()), *(word for each in schema.get("oneOf", ()) for word in each.get("enum", ()))]
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _outside(schema.get("properties", {}).get(name, {}), inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _outside(schema.get("items", {}), inner, path)
    elif words and value not in words:
        yield f"{path} {value!r}"
