"""Automations, `/v4/automations`, and the segments that they are for, `/v4/segments`.

`data` is "an arbitrary JSON object" in the seed and a fixed shape in newer pages; here the known keys are checked when
they are there and everything else is kept. Choices: sending what a read derives (`data.type`, a null action) is a 422,
so that a client which echoes a read is caught; `actions` without any action is a 422 ("at least one action" [docs]).

The conditions of a segment are replaced as a whole, and what is left out stays [docs]. Choices where the pages are
silent: a name may repeat; keys of a condition that the pages do not name are ignored; `GET /segments/system` is one
page; what refers to a segment that is deleted dangles. `store.ASSUMPTIONS` has the rest.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from reconciler.simulator import wire
from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import Call, Check, Problem, Response, accept, refusal

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


def _check_actions(value: object) -> Iterator[Problem]:
    yield from wire.shape(dict.fromkeys(_ACTIONS, wire.text()))(value)
    if value == {}:
        yield "", "must have at least one action"


_INITIATOR = {"uid": wire.text(), "type": wire.text()}
_DATA: dict[str, Check] = {
    "type": lambda _: iter([("", "is derived by the server and cannot be written")]),
    "platform": wire.one_of("iOS", "Android", None),
    "initiators": wire.each(wire.shape(_INITIATOR, required=_INITIATOR)),
    "actions": _check_actions,
    "segments": wire.nullable(wire.text()),
}
_REQUIRED = ("name", "status", "data")
_WRITTEN = wire.one_of("active", "inactive")
AUTOMATIONS = Resource(
    name="automations",
    noun="automation",
    # No timestamps, no version [seed].
    blank={"name": "", "caption": "", "status": "inactive", "data": {}},
    checks={"name": wire.text(1, 255), "caption": wire.text(0, 1024), "status": _WRITTEN, "data": wire.shape(_DATA)},
    required=_REQUIRED,
    restated=_REQUIRED,
    # A full replace: an omitted caption is cleared [docs].
    complete=lambda _, fields, record: {"caption": "", **fields} if record else fields,
    show=_show,
)


def set_status(call: Call) -> Response:
    """`PATCH /automations/{id}/status`: a status in, nothing out [docs]; 204 [guess]."""
    record = AUTOMATIONS.find(call)
    # `paused` is in newer pages, for this path only [docs]; `unknown` may be returned and must not be written.
    check = wire.one_of("active", "inactive", "paused")
    AUTOMATIONS.change(call, record, accept(call.request.fields(), {"status": check}, ("status",)))
    return Response(204)


_COMPARATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "not_contains")
_CONDITION = {
    "metric": wire.text(),
    "comparator": wire.one_of(*_COMPARATORS),
    "value": wire.text(),
    "negate": wire.one_of(True, False),
}
_IS_SYSTEM = "AND json_extract(body, '$.is_system') IS"


def _complete_segment(call: Call, fields: Record, record: Record | None) -> Record:
    """`negate` is false if it is left out [docs]."""
    if record:
        _require_own(call, record)
    if "conditions" in fields:
        given = ({"negate": False, **each} for each in fields["conditions"])
        return {**fields, "conditions": [{name: each[name] for name in _CONDITION} for each in given]}
    return fields if record is None or call.assumption("segment-put") == "keep" else {**fields, "conditions": []}


def _require_own(call: Call, record: Record) -> None:
    if record["is_system"]:
        raise refusal(call.assumption("system-segment"), f"segment {record['id']} is predefined and read-only")


def _find_users(call: Call, record: Record) -> list[str]:
    _require_own(call, record)
    if call.assumption("delete-in-use") == "204":
        return []
    found = call.transaction.find_mentions(AUTOMATIONS.name, record["id"])
    return [f"automation {each['id']}" for each in found if each["data"].get("segments") == record["id"]]


def _identify(transaction: Transaction, fields: Record) -> str:
    slug = re.sub("[^a-z0-9]+", "-", str(fields.get("name", "")).lower()).strip("-")[:200]
    if not slug or transaction.assumption("segment-ids") == "opaque":
        return transaction.new_id()
    numbered = (f"{slug}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([slug], numbered) if not transaction.is_known("segments", each))


SEGMENTS = Resource(
    name="segments",
    noun="segment",
    blank={"name": "", "is_system": False, "conditions": [], **dict.fromkeys(STAMPS)},
    checks={
        "name": wire.text(1, 256),
        "conditions": wire.each(wire.shape(_CONDITION, required=("metric", "comparator", "value"))),
    },
    required=("name",),
    restated=("name",),
    complete=_complete_segment,
    identify=_identify,
    users=_find_users,
    where=lambda records: ("" if records.assumption("segments-list") == "with-system" else f"{_IS_SYSTEM} NOT 1",),
    is_newest_first=lambda records: records.assumption("segments-order") == "newest",
    is_idempotent=True,
    ends_in_null=True,
)


def system_segments(call: Call) -> Response:
    """`GET /segments/system`: the rows of the vendor, in the envelope of the list [docs]."""
    found = call.transaction.page(SEGMENTS.name, where=(f"{_IS_SYSTEM} 1",))
    return Response(200, {**SEGMENTS.listing(call, found), "next_cursor": None})
