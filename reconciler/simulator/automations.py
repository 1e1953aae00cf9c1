"""Automations: `/v4/automations`.

`data` is "an arbitrary JSON object" in the seed and a fixed shape in newer pages; here the known keys are checked when
they are there and everything else is kept. Choices: sending what a read derives (`data.type`, a null action) is a 422,
so that a client which echoes a read is caught; `actions` without any action is a 422 ("at least one action" [docs]).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.simulator.resource import Resource, page_limit
from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import Call, Check, Problem, Response, accept, each, one_of, shape, text

_ACTIONS = ("push", "screen")
RESTARTED = {"X-Qon-Pagination-Restarted": "true"}


def _blank(_: str) -> Record:
    """A new record: no timestamps, no version [seed]."""
    return {"name": "", "caption": "", "status": "inactive", "data": {}}


def _show(_: Transaction, record: Record) -> Record:
    """`data` with what a read derives [docs]: explicit nulls in `actions`, and `type` from the actions there are."""
    data = record["data"]
    actions = data.get("actions") if isinstance(data, dict) else None
    if not isinstance(actions, dict):
        return record
    taken = [name for name in _ACTIONS if actions.get(name) is not None]
    derived = {"type": "_and_".join(taken)} if taken else {}
    return {**record, "data": {**data, "actions": {**dict.fromkeys(_ACTIONS), **actions}, **derived}}


AUTOMATIONS = Resource("automations", "automation", _blank, _show)


def _some_action(value: object) -> Iterator[Problem]:
    yield from shape(dict.fromkeys(_ACTIONS, text()))(value)
    if value == {}:
        yield "", "must have at least one action"


_INITIATOR = {"uid": text(), "type": text()}
_DATA: dict[str, Check] = {
    "type": lambda _: iter([("", "is derived by the server and cannot be written")]),
    "platform": one_of("iOS", "Android", None),
    "initiators": each(shape(_INITIATOR, required=_INITIATOR)),
    "actions": _some_action,
    "segments": lambda value: text()(value) if value is not None else iter(()),
}
_FIELDS: dict[str, Check] = {
    "name": text(1, 255),
    "caption": text(0, 1024),
    "status": one_of("active", "inactive"),
    "data": shape(_DATA),
}
_REQUIRED = ("name", "status", "data")
# `paused` is in newer pages, for this door only [docs]; `unknown` may be returned and must not be written.
_STATUS: dict[str, Check] = {"status": one_of("active", "inactive", "paused")}


def listing(call: Call) -> Response:
    """`GET /automations`: pages by `limit` and `starting_after`, `next_cursor` only while there is more [docs].

    A cursor that is no longer live restarts from the top and says so in a header [docs, of another resource].
    """
    limit = page_limit(call)
    cursor = (call.request.query or {}).get("starting_after")
    found = call.transaction.after(AUTOMATIONS.name, cursor, limit=limit + 1) if cursor else None
    stale = bool(cursor) and found is None
    if found is None:
        found = call.transaction.page(AUTOMATIONS.name, limit=limit + 1)
    page, has_more = found[:limit], len(found) > limit
    body = AUTOMATIONS.listing(call, page, has_more=has_more)
    if has_more:
        body["next_cursor"] = page[-1]["id"]
    return Response(200, body, RESTARTED if stale else None)


def create(call: Call) -> Response:
    """`POST /automations`: name, status, data and perhaps a caption in, the record out [seed]; 201 [guess]."""
    fields = accept(call.request.fields(), _FIELDS, _REQUIRED)
    return AUTOMATIONS.answer(call, AUTOMATIONS.make(call, fields), 201)


def replace(call: Call) -> Response:
    """`PUT /automations/{id}`: a full replace, an omitted caption is cleared [docs]."""
    record = AUTOMATIONS.find(call)
    fields = accept(call.request.fields(), _FIELDS, _REQUIRED)
    return AUTOMATIONS.answer(call, AUTOMATIONS.change(call, record, {"caption": "", **fields}))


def set_status(call: Call) -> Response:
    """`PATCH /automations/{id}/status`: a status in, nothing out [docs]; 204 [guess]."""
    record = AUTOMATIONS.find(call)
    AUTOMATIONS.change(call, record, accept(call.request.fields(), _STATUS, _STATUS))
    return Response(204)
