"""The writes that a kind's declaration leads to: which requests, with which bodies, set which fields."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reconciler.kinds.comparison import overlaid
from reconciler.kinds.declaration import Kind, Put, Setter
from reconciler.model.desired import Fields
from reconciler.model.live import Record
from reconciler.model.plan import NEW_ID, Request


class CannotBeSent(Exception):
    """The API offers no way to write this; the text says why."""


def create_requests(kind: Kind, fields: Fields) -> tuple[Request, ...]:
    """The create, and the setting of what its body does not take."""
    body, setting = _body(kind, NEW_ID, kind.to_wire(fields))
    apart = kind.set_apart()
    if apart and setting and fields[apart[0]] == apart[1].initial:
        setting = ()
    sets = _set_by_body(fields, setting)
    return (Request("POST", kind.path, body, sets, creates=True, idempotent=kind.idempotent_create), *setting)


def update_requests(kind: Kind, record: Record, fields: Fields, changed: Collection[str]) -> tuple[Request, ...]:
    """What brings a live record to `fields`, of which `changed` differ.

    A field with an endpoint of its own is set there when nothing else changes. A partial PUT carries exactly what
    changes; a full one starts from the live record, so that what is not managed or not known is kept. Raises
    CannotBeSent where the API takes no such write.
    """
    apart = kind.set_apart()
    if apart and set(changed) == {apart[0]}:
        return (_setting(kind, record.id, *apart, fields[apart[0]]),)
    path = f"{kind.path}/{record.id}"
    if kind.put is Put.PARTIAL:
        body = kind.to_wire({name: fields[name] for name in kind.field_names() if name in changed})
        return (Request("PUT", path, body, tuple(body)),)
    if kind.put is Put.NONE:
        raise CannotBeSent("the API has no operation that changes it")
    full = kind.to_wire(overlaid({**unknown_fields(kind, record), **record.fields}, dict(fields)))
    body, setting = _body(kind, record.id, full)
    return (Request("PUT", path, body, _set_by_body(fields, setting)), *setting)


def delete_requests(kind: Kind, object_id: str) -> tuple[Request, ...]:
    """The delete."""
    return (Request("DELETE", f"{kind.path}/{object_id}", destroys=True),)


def unknown_fields(kind: Kind, record: Record) -> dict[str, Any]:
    """Fields of a record that nobody declared: a full replace would lose them, so they are sent back."""
    known = kind.server_fields | set(kind.field_names())
    return {name: value for name, value in record.raw.items() if name not in known}


def _set_by_body(fields: Fields, setting: tuple[Request, ...]) -> tuple[str, ...]:
    later = {name for request in setting for name in request.sets}
    return tuple(name for name in fields if name not in later)


def _body(kind: Kind, object_id: str, wire: dict[str, Any]) -> tuple[dict[str, Any], tuple[Request, ...]]:
    """The body, and what has to be set after it because the body does not take its value."""
    apart = kind.set_apart()
    if apart is None or apart[0] not in wire or wire[apart[0]] in apart[1].in_body:
        return wire, ()
    name, setter = apart
    body = {key: value for key, value in wire.items() if key != name}
    if setter.stand_in is not None:
        body[name] = setter.stand_in
    return body, (_setting(kind, object_id, name, setter, wire[name]),)


def _setting(kind: Kind, object_id: str, name: str, setter: Setter, word: Any) -> Request:
    if word not in setter.words:
        raise CannotBeSent(f"its live {name} is {word!r}, which may be read and not be written")
    return Request(setter.method, f"{kind.path}/{object_id}{setter.path}", {setter.key: setter.words[word]}, (name,))
