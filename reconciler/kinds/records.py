"""A record of the API in the configuration's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.errors import AnswerUnreadable
from reconciler.kinds.declaration import Kind, Schema
from reconciler.model.live import Lookups, Raw, Record

ID = re.compile(r"[a-zA-Z0-9._-]{1,256}")
# They match the documented pattern of an id and are fixed segments of paths, or climb them.
FIXED_SEGMENTS = frozenset({"meta", "destinations", ".", ".."})
LONGEST_NAME = 255
"""Characters of a name, as all kinds document it. A longer one is cut where it is shown, and compared as it is."""
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def is_id(value: object) -> bool:
    """Whether a value may stand in a path as an id."""
    return isinstance(value, str) and ID.fullmatch(value) is not None and value not in FIXED_SEGMENTS


def record_from(kind: Kind, raw: Raw, lookups: Lookups) -> Record:
    """One record in the configuration's words. AnswerUnreadable if it is of another kind, or its id is none.

    A number that comes as a text, or a text that comes as a number, is read as what the field's schema says; all else
    that the schema does not know is kept as it came.
    """
    if unlike := other_object(kind, raw):
        raise AnswerUnreadable(f"{kind.path}: the API names {unlike}; expected records of {kind.object_name}")
    if not is_id(raw.get("id")):
        raise AnswerUnreadable(f"{kind.path}: the API names an object whose id is none: {in_short(raw.get('id'))!r}")
    schemas = {each.name: each.schema for each in kind.fields}
    fields = {name: _as(schemas.get(name, {}), value) for name, value in kind.from_wire(raw, lookups).items()}
    return Record(kind.name, raw["id"], in_short(raw.get(kind.name_field) or raw["id"]), fields, raw)


def other_object(kind: Kind, raw: Raw) -> str:
    """What a record says in `object` if that is not its kind's word; empty if it is, or if the record does not say.

    Records always have it [seed]; what is left out is tolerated, as everywhere.
    """
    word = raw.get("object")
    return "" if word is None or word == kind.object_name else f"a record of {in_short(word)}"


def in_short(value: Any) -> str:
    """What the API calls something, cut where nobody would read on."""
    text = str(value)
    return text if len(text) <= LONGEST_NAME else text[:LONGEST_NAME] + "…"


def _as(schema: Schema, value: Any) -> Any:
    """The value with each scalar in the type that the schema says, where that loses nothing."""
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if isinstance(value, dict) and "properties" in schema:
        known: Mapping[str, Schema] = schema["properties"]
        return {key: _as(known[key], inner) if key in known else inner for key, inner in value.items()}
    if isinstance(value, list) and "items" in schema:
        return [_as(schema["items"], inner) for inner in value]
    if "integer" in types and isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if "string" in types and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
