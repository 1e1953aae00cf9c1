"""Products and entitlement definitions, `/v4/products`, `/v4/entitlements`; remote configurations,
`/v4/remote-configurations`, with their payload and its mapping.

The first two are of the whole project [docs]. The caller chooses their ids. PATCH is partial, null clears, and a list
is replaced as a whole [docs, guess]. Choices where the pages are silent: a duration of a product that is no
subscription is a 422; `product_ids` keep their order; an entitlement keeps the id of a product that is deleted.

Choices for remote configurations: an archived one can be written, but not its status; a write of a part moves
`updated_at` of the record; two active ones may have one `context_key`; `segmentation_conditions` are kept as sent.
Pinning a user is left out. `store.ASSUMPTIONS` has the rest.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from reconciler.simulator import wire
from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import Record
from reconciler.simulator.wire import ID, WIDE_ID, ApiError, Call, Problem, Response, accept, invalid, refusal

_STORE_IDS = ("apple_product_id", "google_product_id", "google_base_plan_id", "stripe_product_id")
_SUBSCRIPTIONS = ("subscription_with_promo", "subscription")
_FIXED = ("type", "duration")
_TEXT = wire.nullable(wire.text())
_PRODUCT_ID = re.compile("[a-zA-Z0-9._-]{1,255}")


def _complete_product(call: Call, fields: Record, record: Record | None) -> Record:
    whole = {**dict.fromkeys(_FIXED), **(record or {}), **fields}
    changed = [name for name in _FIXED if record and whole[name] != record[name]]
    if changed and call.assumption("product-type") == "fixed":
        raise invalid([(name, "cannot be changed") for name in changed])
    has_duration, is_subscription = whole["duration"] is not None, whole["type"] in _SUBSCRIPTIONS
    is_asked = has_duration or call.assumption("product-duration") == "required"
    if (changed or record is None) and is_asked and has_duration is not is_subscription:
        raise invalid([("duration", "is for subscriptions only" if has_duration else "is required")])
    return fields


def _find_users(call: Call, record: Record) -> list[str]:
    if call.assumption("delete-in-use") == "204":
        return []
    found = call.transaction.find_mentions("entitlements", record["id"])
    return [f"entitlement {each['id']}" for each in found if record["id"] in (each["product_ids"] or ())]


def _complete_entitlement(call: Call, fields: Record, record: Record | None) -> Record:
    """A product that does not exist is refused [docs, of offerings: 400 `product_not_in_project`]."""
    ids = ID if call.assumption("entitlement-ids") == "narrow" else WIDE_ID
    if not ids.fullmatch(fields.get("id", "x")):
        raise invalid([("id", f"must match {ids.pattern}")])
    if record and fields.get("product_ids", ()) is None and call.assumption("null-products") == "ignore":
        return {name: value for name, value in fields.items() if name != "product_ids"}
    status = call.assumption("unknown-product")
    unknown = [each for each in fields.get("product_ids") or () if not call.transaction.get(PRODUCTS.name, each)]
    if unknown and status != "accepted":
        code = "product_not_in_project" if status == "400" else "relation_not_found"
        raise ApiError(int(status), code, f"Not in this project: {', '.join(unknown)}")
    return fields


PRODUCTS = Resource(
    name="products",
    noun="product",
    blank=dict.fromkeys((*_FIXED, *_STORE_IDS, *STAMPS)),
    checks={
        "id": wire.matching(_PRODUCT_ID),
        "type": wire.one_of(*_SUBSCRIPTIONS, "consumable", "lifetime"),
        "duration": wire.one_of("P1W", "P1M", "P3M", "P6M", "P1Y", None),
        **dict.fromkeys(_STORE_IDS, _TEXT),
    },
    required=("id", "type"),
    complete=_complete_product,
    users=_find_users,
    is_newest_first=lambda _: True,
    ids=WIDE_ID,
)
ENTITLEMENTS = Resource(
    name="entitlements",
    noun="entitlement",
    blank=dict.fromkeys((*STAMPS, "description", "product_ids")),
    checks={
        "id": wire.text(),
        "description": wire.nullable(wire.text()),
        "product_ids": wire.nullable(wire.each(wire.text())),
    },
    required=("id",),
    complete=_complete_entitlement,
    is_newest_first=lambda _: True,
    ids=WIDE_ID,
)


def list_products(call: Call) -> Response:
    """`GET /products`: newest first; `filter[type]`, repeated for several [docs]."""
    types = [value for name, value in parse_qsl(call.request.query_string) if name == "filter[type]"]
    among = ("AND json_extract(body, '$.type') IN (SELECT value FROM json_each(?))", json.dumps(types))
    return replace(PRODUCTS, where=lambda _: among).pages(call) if types else PRODUCTS.pages(call)


LONGEST_PAYLOAD = 64 * 1024
_NOT_ARCHIVED = "AND json_extract(body, '$.status') IS NOT 'archived'"
_PARTS = {"payload": "remote_config_payload", "payload_mapping": "payload_mapping"}  # And the nouns of their answers.
_MOVES = {"draft": ("active", "archived"), "active": ("archived",)}
_TYPES: Mapping[str, tuple[type, ...]] = {
    **{"String": (str,), "Number": (int, float), "Bool": (bool,), "Color": (str,)},
    **dict.fromkeys(("Json", "Products", "Screens"), (str, int, float, bool, list, dict)),
}


def _complete_config(call: Call, fields: Record, record: Record | None) -> Record:
    """A PUT resets what is left out; status and payload stay [docs]."""
    if record is None:
        parts = [name for name in _PARTS if name in call.request.body]
        if parts and call.assumption("config-create") == "422":
            raise invalid([(name, "has a path of its own") for name in parts])
        return {"status": call.assumption("config-status"), **fields}
    kept = {"context_key": record["context_key"]} if call.assumption("config-put") == "keep" else {}
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
        "context_key": _TEXT,
        "segment_percent": wire.number(0, 100),
        "segmentation_conditions": wire.each(wire.shape({})),
    },
    required=("name",),
    restated=("name",),
    complete=_complete_config,
    show=lambda _, record: {name: value for name, value in record.items() if name not in _PARTS},
    identify=lambda transaction, _: str(uuid.uuid5(uuid.NAMESPACE_URL, transaction.new_id())),
    users=lambda call, record: ["apps"] * (record["status"] == "active" and call.assumption("delete-in-use") == "409"),
    where=lambda records: (_NOT_ARCHIVED if records.assumption("archived-configs") == "left-out" else "",),
    is_newest_first=lambda _: True,
    ends_in_null=True,
)


def read_config(call: Call) -> Response:
    """`GET /remote-configurations/{id}`: the only answer with `payload` [docs]."""
    record = CONFIGS.find(call)
    payload = {"payload": record["payload"]} if call.assumption("config-payload") == "record" else {}
    return Response(200, {**CONFIGS.show(call.transaction, record), **payload})


def set_config_status(call: Call) -> Response:
    """`PATCH /remote-configurations/{id}/status`: an archived one stays so [docs]."""
    record = CONFIGS.find(call)
    status = accept(call.request.fields(), {"status": wire.one_of(*_MOVES, "archived")}, ("status",))["status"]
    if status not in _MOVES.get(record["status"], ()):
        answer = call.assumption("same-status" if status == record["status"] else "wrong-status")
        if answer != "200":
            raise refusal(answer, f"A remote configuration that is {record['status']} cannot become {status}")
    return CONFIGS.answer(call, CONFIGS.change(call, record, {"status": status}))


def _check_mapping(value: object) -> Iterator[Problem]:
    yield from wire.shape({})(value)
    for key, word in value.items() if isinstance(value, dict) else ():
        yield from wire.prefix_paths(key, wire.one_of(*_TYPES)(word))


def read_part(call: Call) -> Response:
    """`GET /…/{id}/PART`: what a record has at a path of its own."""
    return _answer_part(call, CONFIGS.find(call))


def write_part(call: Call) -> Response:
    """`{"data": {…}}` replaces all that was there, by POST as by PUT [docs]."""
    record, name = CONFIGS.find(call), _part_name(call)
    if name == "payload" and call.request.length > LONGEST_PAYLOAD:
        raise refusal(413, f"The payload must not exceed {LONGEST_PAYLOAD} bytes")
    check = wire.shape({}) if name == "payload" else _check_mapping
    data = accept(call.request.fields(), {"data": check}, ("data",))["data"]
    if name == "payload" and call.assumption("payload-check") == "mapping":
        types = {key: _TYPES.get(word, ()) for key, word in record["payload_mapping"].items()}
        if wrong := [key for key, value in data.items() if type(value) not in types.get(key, ())]:
            raise invalid([(f"data.{key}", "is not as the payload mapping has it") for key in wrong])
    return _answer_part(call, CONFIGS.change(call, record, {name: data}))


def _part_name(call: Call) -> str:
    return call.request.path.rpartition("/")[2].replace("-", "_")


def _answer_part(call: Call, record: Record) -> Response:
    name = _part_name(call)
    noun, url = _PARTS[name], f"{record['url']}/{name.replace('_', '-')}"
    return Response(200, {"object": noun, "url": url, "config_id": record["id"], "data": record[name]})
