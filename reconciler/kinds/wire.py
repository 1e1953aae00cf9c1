"""Converts records of the API to fields, and fields to requests."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import AnswerUnreadable
from reconciler.kinds.comparison import overlaid
from reconciler.kinds.declaration import Kind, Put, Schema, SubEndpoint
from reconciler.model.inputs import Entry, Fields, Lookups, Raw, Record
from reconciler.model.plan import NEW_ID, Request
from reconciler.serialization import sha256
from reconciler.text import truncate

ID = re.compile(r"[a-zA-Z0-9._-]{1,256}")
# They match the documented pattern of an id, but are fixed segments of paths, or lead up in a path.
FIXED_SEGMENTS = frozenset({"meta", "destinations", ".", ".."})
LONGEST_NAME = 255
"""Characters of a name, as all kinds document it. A longer one is truncated in messages alone."""
CHANGED_AT = "updated_at"
"""Reports and integrations have it; automations have no times [seed]."""
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def is_id(value: object) -> bool:
    """Whether a value may be used as an id in a path."""
    return isinstance(value, str) and ID.fullmatch(value) is not None and value not in FIXED_SEGMENTS


def record_from(kind: Kind, raw: Raw, lookups: Lookups) -> Record:
    """A record of the API as fields of the configuration. AnswerUnreadable if it is of another kind, or has no id.
    Numbers and texts are converted to the type of the field's schema. All else is kept as it is."""
    if unlike := other_object(kind, raw):
        raise AnswerUnreadable(f"{kind.path}: the API names {unlike}; expected records of {kind.object_name}")
    if not is_id(raw.get("id")):
        raise AnswerUnreadable(f"{kind.path}: the API names an object whose id is none: {in_short(raw.get('id'))!r}")
    schemas = {each.name: each.schema for each in kind.fields}
    fields = {name: _as(schemas.get(name, {}), value) for name, value in kind.from_wire(raw, lookups).items()}
    return Record(kind.name, raw["id"], in_short(raw.get(kind.name_field) or raw["id"]), fields, raw)


def other_object(kind: Kind, raw: Raw) -> str:
    """The `object` of a record if it is not that of the kind; empty if it is, or is missing. Records always have one
    [seed]; a missing one is tolerated."""
    word = raw.get("object")
    return "" if word is None or word == kind.object_name else f"a record of {in_short(word)}"


def in_short(value: Any) -> str:
    """A name of the API, truncated."""
    return truncate(str(value), LONGEST_NAME)


def _as(schema: Schema, value: Any) -> Any:
    """The value with each scalar in the type of the schema, if nothing is lost by that."""
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


class CannotBeSent(Exception):
    """The API offers no way to write this; the text says why."""


def create_requests(kind: Kind, fields: Fields) -> tuple[Request, ...]:
    """The create, and the request for a value that its body does not take."""
    create = Request("POST", kind.path, kind.to_wire(fields), creates=True, idempotent=kind.idempotent_create)
    return _with_setting(kind, NEW_ID, fields, create)


def update_requests(kind: Kind, record: Record, fields: Fields, changed: Collection[str]) -> tuple[Request, ...]:
    """The requests that change a live record to `fields`, of which those in `changed` differ. A field with an endpoint
    of its own is set there if nothing else changes. A partial PUT has only what changes. A full one starts from the
    live record, so that unmanaged and unknown fields keep their values. CannotBeSent if the API has no such write."""
    apart = kind.sub_endpoint()
    if apart and set(changed) == {apart[0]}:
        return (_set_request(kind, record.id, *apart, fields[apart[0]]),)
    path = f"{kind.path}/{record.id}"
    if kind.put is Put.PARTIAL:
        body = kind.to_wire({name: fields[name] for name in kind.field_names() if name in changed})
        return (Request("PUT", path, body, tuple(body)),)
    if kind.put is Put.NONE:
        raise CannotBeSent("the API has no operation that changes it")
    full = kind.to_wire(overlaid({**unknown_fields(kind, record), **record.fields}, dict(fields)))
    return _with_setting(kind, record.id, fields, Request("PUT", path, full))


def delete_requests(kind: Kind, object_id: str) -> tuple[Request, ...]:
    """The delete."""
    return (Request("DELETE", f"{kind.path}/{object_id}", destroys=True),)


def unknown_fields(kind: Kind, record: Record) -> dict[str, Any]:
    """The fields of a record that the kind does not declare: a full PUT sends them back, or they would be lost."""
    known = kind.server_fields | set(kind.field_names())
    return {name: value for name, value in record.raw.items() if name not in known}


def _with_setting(kind: Kind, object_id: str, fields: Fields, request: Request) -> tuple[Request, ...]:
    """The request that writes fields, and the one that sets a value that its body does not take."""
    apart, body = kind.sub_endpoint(), dict(request.body or {})
    if apart is None or apart[0] not in body or body[apart[0]] in apart[1].in_body:
        return (replace(request, sets=tuple(fields)),)
    name, setter = apart
    setting = _set_request(kind, object_id, name, setter, body.pop(name))
    if setter.placeholder is not None:
        body[name] = setter.placeholder
    if request.creates and fields[name] == setter.initial:
        return (replace(request, body=body, sets=tuple(fields)),)
    return (replace(request, body=body, sets=tuple(each for each in fields if each != name)), setting)


def _set_request(kind: Kind, object_id: str, name: str, setter: SubEndpoint, word: Any) -> Request:
    if word not in setter.words:
        raise CannotBeSent(f"its live {name} is {word!r}, which may be read and not be written")
    return Request(setter.method, f"{kind.path}/{object_id}{setter.path}", {setter.key: setter.words[word]}, (name,))


def came_from(record: Record, entry: Entry | None, wanted: Fields) -> dict[str, str]:
    """The local times that live UTC times came from, by field: those that we have set, or that are wanted now."""
    if entry is None or not entry.rules:
        return {}
    times = ((name, rule, record.fields.get(name)) for name, rule in entry.rules.items())
    return {name: rule for name, rule, live in times if live in (entry.applied.get(name), wanted.get(name))}


def fingerprint(kind: Kind, record: Record, rules: Fields | None = None) -> str:
    """The hash of what a write could overwrite: the declared fields, and for a full PUT the unknown ones too. Fields
    that the server sets (counters, times) are left out: they change by themselves. `rules` are local times in place of
    UTC times."""
    seen = {**record.fields, **(rules or {})}
    if kind.put is Put.FULL:
        seen |= unknown_fields(kind, record)
    return sha256(seen)
