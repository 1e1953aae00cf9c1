"""Remote configurations: `/v4/remote-configurations`, with their payload and its mapping.

Choices where the pages are silent: an archived one can be written, but for its status; a write of a part moves
`updated_at` of the record; two active ones may have one `context_key`; what stands in `segmentation_conditions` is kept
as it is. `store.ASSUMPTIONS` has the rest. Pinning a user is left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reconciler.simulator import wire
from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import Record
from reconciler.simulator.wire import Call, Check, Problem, Response, accept, invalid, nullable, one_of, refusal, shape

LONGEST_PAYLOAD = 64 * 1024
_NOT_ARCHIVED = "AND json_extract(body, '$.status') IS NOT 'archived'"
_PARTS = ("payload", "payload_mapping")
_MOVES = {"draft": ("active", "archived"), "active": ("archived",)}
_TYPES: Mapping[str, tuple[type, ...]] = {
    **{"String": (str,), "Number": (int, float), "Bool": (bool,), "Color": (str,)},
    **dict.fromkeys(("Json", "Products", "Screens"), (str, int, float, bool, list, dict)),
}


def _complete(call: Call, fields: Record, record: Record | None) -> Record:
    """A PUT resets what is left out; status and payload stay [docs]."""
    if record is None:
        if call.assumed("config-create") == "422" and (parts := [name for name in _PARTS if name in call.request.body]):
            raise invalid([(name, "has a path of its own") for name in parts])
        return {"status": call.assumed("config-status"), **fields}
    kept = {"context_key": record["context_key"]} if call.assumed("config-put") == "keep" else {}
    return {"segment_percent": 100, "segmentation_conditions": [], "context_key": None, **kept, **fields}


CONFIGS = Resource(
    name="remote-configurations",
    noun="remote_configuration",
    blank={
        **{"name": "", "status": "draft", "segment_percent": 100, "segmentation_conditions": [], "context_key": None},
        **dict.fromkeys(STAMPS),
        **{name: {} for name in _PARTS},
    },
    checks={
        "name": wire.text(1, 256),
        "context_key": nullable(wire.text()),
        "segment_percent": wire.number(0, 100),
        "segmentation_conditions": wire.each(shape({})),
    },
    required=("name",),
    restated=("name",),
    complete=_complete,
    show=lambda _, record: {name: value for name, value in record.items() if name not in _PARTS},
    identify=lambda transaction, _: str(uuid.uuid5(uuid.NAMESPACE_URL, transaction.new_id())),
    users=lambda call, record: ["apps"] * (record["status"] == "active" and call.assumed("delete-in-use") == "409"),
    where=lambda records: (_NOT_ARCHIVED if records.assumed("archived-configs") == "left-out" else "",),
    is_newest_first=lambda _: True,
    ends_in_null=True,
)


def read(call: Call) -> Response:
    """`GET /remote-configurations/{id}`: the only answer with `payload` [docs]."""
    record = CONFIGS.find(call)
    payload = {"payload": record["payload"]} if call.assumed("config-payload") == "record" else {}
    return Response(200, {**CONFIGS.show(call.transaction, record), **payload})


def set_status(call: Call) -> Response:
    """`PATCH /remote-configurations/{id}/status`: an archived one stays so [docs]."""
    record = CONFIGS.find(call)
    status = accept(call.request.fields(), {"status": one_of(*_MOVES, "archived")}, ("status",))["status"]
    if status not in _MOVES.get(record["status"], ()):
        answer = call.assumed("same-status" if status == record["status"] else "wrong-status")
        if answer != "200":
            raise refusal(answer, f"A remote configuration that is {record['status']} cannot become {status}")
    return CONFIGS.answer(call, CONFIGS.change(call, record, {"status": status}))


def _mapping(value: object) -> Iterator[Problem]:
    yield from shape({})(value)
    for key, word in value.items() if isinstance(value, dict) else ():
        yield from wire.below(key, one_of(*_TYPES)(word))


class Part(NamedTuple):
    """What a record has at a path of its own: the noun there, the name in the record, and the check of its `data`."""

    noun: str
    name: str
    check: Check

    def read(self, call: Call) -> Response:
        """`GET /…/{id}/PART`."""
        return self._answer(CONFIGS.find(call))

    def write(self, call: Call) -> Response:
        """`{"data": {…}}` replaces all that was there, by POST as by PUT [docs]."""
        record = CONFIGS.find(call)
        if self is PAYLOAD and call.request.length > LONGEST_PAYLOAD:
            raise refusal(413, f"The payload must not exceed {LONGEST_PAYLOAD} bytes")
        data = accept(call.request.fields(), {"data": self.check}, ("data",))["data"]
        if self is PAYLOAD and call.assumed("payload-check") == "mapping":
            types = {key: _TYPES.get(word, ()) for key, word in record["payload_mapping"].items()}
            mismatched = [key for key, value in data.items() if type(value) not in types.get(key, ())]
            if mismatched:
                raise invalid([(f"data.{key}", "is not as the payload mapping has it") for key in mismatched])
        return self._answer(CONFIGS.change(call, record, {self.name: data}))

    def _answer(self, record: Record) -> Response:
        url = f"{record['url']}/{self.name.replace('_', '-')}"
        return Response(200, {"object": self.noun, "url": url, "config_id": record["id"], "data": record[self.name]})


PAYLOAD = Part("remote_config_payload", "payload", shape({}))
MAPPING = Part("payload_mapping", "payload_mapping", _mapping)
