"""Automations: `/v4/automations`.

`data` is "an arbitrary JSON object" in the seed and a fixed shape in newer pages; here the known keys are checked when
they are there and everything else is kept. Choices: sending what a read derives (`data.type`, a null action) is a 422,
so that a client which echoes a read is caught; `actions` without any action is a 422 ("at least one action" [docs]).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.simulator.resource import Resource
from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import Call, Check, Problem, Response, accept, each, nullable, one_of, shape, text

_ACTIONS = ("push", "screen")


def _show(_: Transaction, record: Record) -> Record:
    """`data` with what a read derives [docs]: explicit nulls in `actions`, and `type` from the actions there are."""
    data = record["data"]
    actions = data.get("actions") if isinstance(data, dict) else None
    if not isinstance(actions, dict):
        return record
    taken = [name for name in _ACTIONS if actions.get(name) is not None]
    derived = {"type": "_and_".join(taken)} if taken else {}
    return {**record, "data": {**data, "actions": {**dict.fromkeys(_ACTIONS), **actions}, **derived}}


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
    "segments": nullable(text()),
}
_REQUIRED = ("name", "status", "data")
AUTOMATIONS = Resource(
    name="automations",
    noun="automation",
    # No timestamps, no version [seed].
    blank={"name": "", "caption": "", "status": "inactive", "data": {}},
    checks={
        "name": text(1, 255),
        "caption": text(0, 1024),
        "status": one_of("active", "inactive"),
        "data": shape(_DATA),
    },
    required=_REQUIRED,
    restated=_REQUIRED,
    # A full replace: an omitted caption is cleared [docs].
    complete=lambda _, fields, record: {"caption": "", **fields} if record else fields,
    show=_show,
)
# `paused` is in newer pages, for this door only [docs]; `unknown` may be returned and must not be written.
_STATUS: dict[str, Check] = {"status": one_of("active", "inactive", "paused")}


def set_status(call: Call) -> Response:
    """`PATCH /automations/{id}/status`: a status in, nothing out [docs]; 204 [guess]."""
    record = AUTOMATIONS.find(call)
    AUTOMATIONS.change(call, record, accept(call.request.fields(), _STATUS, _STATUS))
    return Response(204)
