"""Segments: `/v4/segments`. The conditions are replaced as a whole, and what is left out stays [docs].

Choices where the pages are silent: a name may repeat; keys of a condition that the pages do not name are ignored;
`GET /segments/system` is one page; what refers to a segment that is deleted dangles. `assumptions` has the rest.
"""

from __future__ import annotations

import itertools
import re

from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import Record, Transaction
from reconciler.simulator.wire import Call, Response, each, one_of, refusal, shape, text

_COMPARATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "not_contains")
_CONDITION = {"metric": text(), "comparator": one_of(*_COMPARATORS), "value": text(), "negate": one_of(True, False)}
_IS_SYSTEM = "AND json_extract(body, '$.is_system') IS"


def _complete(call: Call, fields: Record, record: Record | None) -> Record:
    """`negate` is false if it is left out [docs]."""
    if record:
        _require_own(call, record)
    if "conditions" in fields:
        given = ({"negate": False, **each} for each in fields["conditions"])
        return {**fields, "conditions": [{name: each[name] for name in _CONDITION} for each in given]}
    return fields if record is None or call.assumed("segment-put") == "keep" else {**fields, "conditions": []}


def _require_own(call: Call, record: Record) -> None:
    if record["is_system"]:
        raise refusal(call.assumed("system-segment"), f"segment {record['id']} is predefined and read-only")


def _users(call: Call, record: Record) -> list[str]:
    _require_own(call, record)
    found = (
        call.transaction.mentioning(AUTOMATIONS.name, record["id"]) if call.assumed("delete-in-use") == "409" else ()
    )
    return [f"automation {each['id']}" for each in found if each["data"].get("segments") == record["id"]]


def _identify(transaction: Transaction, fields: Record) -> str:
    slug = re.sub("[^a-z0-9]+", "-", str(fields.get("name", "")).lower()).strip("-")[:200]
    if not slug or transaction.assumed("segment-ids") == "opaque":
        return transaction.new_id()
    numbered = (f"{slug}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([slug], numbered) if not transaction.known("segments", each))


SEGMENTS = Resource(
    name="segments",
    noun="segment",
    blank={"name": "", "is_system": False, "conditions": [], **dict.fromkeys(STAMPS)},
    checks={
        "name": text(1, 256),
        "conditions": each(shape(_CONDITION, required=("metric", "comparator", "value"))),
    },
    required=("name",),
    restated=("name",),
    complete=_complete,
    identify=_identify,
    users=_users,
    where=lambda records: ("" if records.assumed("segments-list") == "with-system" else f"{_IS_SYSTEM} NOT 1",),
    is_newest_first=lambda records: records.assumed("segments-order") == "newest",
    is_idempotent=True,
    ends_in_null=True,
)


def system(call: Call) -> Response:
    """`GET /segments/system`: the rows of the vendor, in the envelope of the list [docs]."""
    found = call.transaction.page(SEGMENTS.name, where=(f"{_IS_SYSTEM} 1",))
    return Response(200, {**SEGMENTS.listing(call, found), "next_cursor": None})
