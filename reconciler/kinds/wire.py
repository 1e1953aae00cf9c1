"""Converts records of the API to fields, and fields to requests; reads the items of its lists."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from reconciler.errors import AnswerUnreadable
from reconciler.kinds.comparison import as_declared, overlay, without_nulls
from reconciler.kinds.declaration import Kind, SubEndpoint
from reconciler.model.inputs import Entry, Fields, Lookups, Raw, Record
from reconciler.model.plan import NEW_ID, Request
from reconciler.serialization import sha256
from reconciler.text import COUNTED, abridge, truncate


def is_id(kind: Kind, value: object) -> bool:
    """Whether a value may be used as an id in a path."""
    # These match the documented pattern, but are fixed segments of paths, or lead up in a path.
    if not isinstance(value, str) or value in ("meta", "destinations", "system", ".", ".."):
        return False
    return re.fullmatch(kind.identity.id_pattern.removesuffix("$"), value) is not None


def make_object_path(kind: Kind, object_id: str) -> str:
    """The path of an object."""
    # NEW_ID is put in the place of an id that a create in the same run returns.
    return f"{kind.endpoints.path}/{object_id if object_id == NEW_ID else quote(object_id, safe='')}"


def decode_record(kind: Kind, raw: Raw, lookups: Lookups) -> Record:
    """A record of the API as fields of the configuration. AnswerUnreadable if it is of another kind, or has no id.
    Numbers and texts are converted to the type of the field's schema. All else is kept as it is."""
    identity, path = kind.identity, kind.endpoints.path
    if difference := find_other_object(kind, raw):
        raise AnswerUnreadable(f"{path}: the API names {difference}; expected records of {identity.object_name}")
    if not is_id(kind, raw.get("id")):
        raise AnswerUnreadable(f"{path}: the API names an object whose id is none: {shorten(raw.get('id'))!r}")
    values = {**raw, **kind.from_wire(raw, lookups)}
    shown = ((each.name, each.schema, values.get(each.name)) for each in kind.fields)
    fields = {name: as_declared(schema, value) for name, schema, value in shown if value is not None}
    return Record(kind.name, raw["id"], shorten(raw.get(identity.name_field) or raw["id"]), fields, raw)


def read_parts(kind: Kind, object_id: str, read: Callable[[str], Raw]) -> dict[str, Any]:
    """The values that only an endpoint of their own tells, by field. `read` gives the answer of a path."""
    path = make_object_path(kind, object_id)
    return {name: read(f"{path}{each.path}").get(each.key) for name, each in kind.parts}


def find_other_object(kind: Kind, raw: Raw) -> str:
    """The `object` of a record if it is not that of the kind; empty if it is, or is missing. Records always have one
    [seed]; a missing one is tolerated."""
    word = raw.get("object")
    return "" if word is None or word == kind.identity.object_name else f"a record of {shorten(word)}"


def shorten(value: Any) -> str:
    """A name of the API, truncated for messages at the 255 characters that all kinds document."""
    return truncate(str(value), 255)


class CannotBeSent(Exception):
    """The API offers no way to write this; the text says why."""


def make_create_requests(kind: Kind, fields: Fields) -> tuple[Request, ...]:
    """The create, and the requests for values that its body does not take."""
    at = kind.endpoints
    create = Request(at.create, at.path, kind.to_wire(fields), creates=True, idempotent=at.idempotent_create)
    return _with_settings(kind, NEW_ID, fields, create, fields)


def make_update_requests(kind: Kind, record: Record, fields: Fields, changed: Collection[str]) -> tuple[Request, ...]:
    """The requests that change a live record to `fields`, of which those in `changed` differ. If nothing else changes,
    a field with an endpoint of its own is set there alone. A partial update has only what changes. A full one starts
    from the live record, so that unmanaged and unknown fields keep their values. CannotBeSent if the API has no such
    write."""
    apart = dict(kind.sub_endpoints)
    if apart.keys() >= set(changed):
        changed_apart = ((name, each) for name, each in apart.items() if name in changed)
        return tuple(_make_set_request(kind, record.id, name, each, fields[name]) for name, each in changed_apart)
    method, path = kind.endpoints.update, make_object_path(kind, record.id)
    if method is None:
        raise CannotBeSent("the API has no operation that changes it")
    if kind.endpoints.partial_update:
        body = kind.to_wire({name: fields[name] for name in kind.field_names if name in changed})
        return _with_settings(kind, record.id, body, Request(method, path, body), changed)
    full = kind.to_wire(overlay({**find_unknown_fields(kind, record), **record.fields}, dict(fields)))
    full.pop(kind.identity.chosen_id, None)  # It is in the path, and cannot be changed.
    return _with_settings(kind, record.id, fields, Request(method, path, full), changed)


def make_delete_requests(kind: Kind, object_id: str) -> tuple[Request, ...]:
    """The delete, or the write of the state that takes its place."""
    if method := kind.endpoints.delete:
        return (Request(method, make_object_path(kind, object_id), destroys=True),)
    name, each = next((name, each) for name, each in kind.sub_endpoints if each.terminal)
    return (replace(_make_set_request(kind, object_id, name, each, each.terminal), sets=(), destroys=True),)


def find_unknown_fields(kind: Kind, record: Record) -> dict[str, Any]:
    """The fields of a record that the kind does not declare: a full update sends them back, or they would be lost."""
    known = kind.server_fields | set(kind.field_names)
    return {name: value for name, value in record.raw.items() if name not in known}


def _with_settings(
    kind: Kind, object_id: str, fields: Fields, request: Request, changed: Collection[str]
) -> tuple[Request, ...]:
    """The request that writes fields, and those that set the values in `changed` that its body does not take."""
    body, later = dict(request.body or {}), []
    for name, sub_endpoint in kind.sub_endpoints:
        if name not in body or (isinstance(body[name], str) and body[name] in sub_endpoint.in_body):
            continue
        value = body.pop(name)
        if sub_endpoint.placeholder is not None:
            body[name] = sub_endpoint.placeholder
        is_initial = request.creates and fields.get(name) == sub_endpoint.initial
        if not is_initial and (sub_endpoint.placeholder is not None or name in changed):
            later.append(_make_set_request(kind, object_id, name, sub_endpoint, value))
    apart = {name for each in later for name in each.sets}
    return (replace(request, body=body, sets=tuple(each for each in fields if each not in apart)), *later)


def _make_set_request(kind: Kind, object_id: str, name: str, sub_endpoint: SubEndpoint, value: Any) -> Request:
    if sub_endpoint.words and value not in sub_endpoint.words:
        raise CannotBeSent(f"its live {name} is {value!r}, which may be read and not be written")
    body = {sub_endpoint.key: sub_endpoint.words[value] if sub_endpoint.words else without_nulls(value)}
    path = f"{make_object_path(kind, object_id)}{sub_endpoint.path}"
    return Request(sub_endpoint.method, path, body, (name,))


def find_rules(record: Record, entry: Entry | None, wanted: Fields) -> dict[str, str]:
    """The local times that live UTC times came from, by field: those that we have set, or that are wanted now."""
    if entry is None or not entry.rules:
        return {}
    times = ((name, rule, record.fields.get(name)) for name, rule in entry.rules.items())
    return {name: rule for name, rule, live in times if live in (entry.applied.get(name), wanted.get(name))}


def compute_fingerprint(kind: Kind, record: Record, rules: Fields | None = None) -> str:
    """The hash of what a write could overwrite: the declared fields, and for a full update the unknown ones too. Fields
    that the server sets (counters, times) are left out: they change by themselves. `rules` are local times in place of
    UTC times."""
    seen = {**record.fields, **(rules or {})}
    if kind.endpoints.has_full_update:
        seen |= find_unknown_fields(kind, record)
    return sha256(seen)


class LookupTable:
    """The items of a list, each once by its type and id; the first of several wins. Threads do not share it."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items: dict[str, Raw] = {}
        for item in items:
            if isinstance(item, dict):
                self._items.setdefault(_make_key(item), item)
        self._indexes: dict[str, dict[str, list[Raw]]] = {}

    def find(self, name: str, value: Any) -> list[Raw]:
        """The items with that value under that key."""
        if name not in self._indexes:
            index = self._indexes[name] = defaultdict(list)
            for item in self._items.values():
                index[repr(item.get(name))].append(item)
        return self._indexes[name].get(repr(value), [])

    def holds(self, item: Raw) -> bool:
        """Whether an item of this type and id is among them."""
        return _make_key(item) in self._items

    def __iter__(self) -> Iterator[Raw]:
        return iter(self._items.values())


def list_labels(items: Iterable[Raw]) -> str:
    """The ids of items with their labels, the first of many; "none" if there are none."""
    items = list(items)
    labels = make_distinct(find_labels(items))
    ids = sorted({str(item.get("id")) for item in items}, key=lambda each: (labels.get(each, each), each))
    names = [f'{each} ("{shorten(labels[each])}")' if each in labels else each for each in ids]
    return abridge(names, 20, COUNTED) or "none"  # A person does not compare more than 20.


def find_labels(items: Iterable[Any]) -> dict[str, str]:
    """Id → label, of items that have both."""
    known = (each for each in items if isinstance(each, dict) and each.get("id") and each.get("label"))
    return {str(each["id"]): str(each["label"]) for each in known}


def make_distinct(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels; one that several ids share says how many."""
    counts, result = Counter(labels.values()), dict(labels)
    for object_id, label in labels.items():
        if counts[label] > 1:
            result[object_id] = f"{label}, one of {counts[label]} with this label"
    return result


def _make_key(item: Raw) -> str:
    return repr((item.get("type"), item.get("id")))
