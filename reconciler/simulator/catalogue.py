"""Products and entitlement definitions: `/v4/products`, `/v4/entitlements`. Both are of the whole project [docs].

The caller chooses their ids. PATCH is partial, null clears, and a list is replaced as a whole [docs, guess].

Choices where the pages are silent: a duration of a product that is no subscription is a 422; `product_ids` keep their
order; an entitlement keeps the id of a product that is deleted. `store.ASSUMPTIONS` has the rest.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import parse_qsl

from reconciler.simulator import wire
from reconciler.simulator.resource import STAMPS, Resource
from reconciler.simulator.store import Record
from reconciler.simulator.wire import ID, WIDE_ID, ApiError, Call, Response, each, invalid, matching, nullable, one_of

_STORE_IDS = ("apple_product_id", "google_product_id", "google_base_plan_id", "stripe_product_id")
_SUBSCRIPTIONS = ("subscription_with_promo", "subscription")
_FIXED = ("type", "duration")
_PRODUCT_ID = re.compile("[a-zA-Z0-9._-]{1,255}")


def _complete_product(call: Call, fields: Record, record: Record | None) -> Record:
    whole = {**dict.fromkeys(_FIXED), **(record or {}), **fields}
    changed = [name for name in _FIXED if record and whole[name] != record[name]]
    if changed and call.assumed("product-type") == "fixed":
        raise invalid([(name, "cannot be changed") for name in changed])
    has_duration, is_subscription = whole["duration"] is not None, whole["type"] in _SUBSCRIPTIONS
    is_asked = has_duration or call.assumed("product-duration") == "required"
    if (changed or record is None) and is_asked and has_duration is not is_subscription:
        raise invalid([("duration", "is for subscriptions only" if has_duration else "is required")])
    return fields


def _users(call: Call, record: Record) -> list[str]:
    found = call.transaction.mentioning("entitlements", record["id"]) if call.assumed("delete-in-use") == "409" else ()
    return [f"entitlement {each['id']}" for each in found if record["id"] in (each["product_ids"] or ())]


def _complete_entitlement(call: Call, fields: Record, record: Record | None) -> Record:
    """A product that does not exist is refused [docs, of offerings: 400 `product_not_in_project`]."""
    ids = ID if call.assumed("entitlement-ids") == "narrow" else WIDE_ID
    if not ids.fullmatch(fields.get("id", "x")):
        raise invalid([("id", f"must match {ids.pattern}")])
    if record and fields.get("product_ids", ()) is None and call.assumed("null-products") == "ignore":
        return {name: value for name, value in fields.items() if name != "product_ids"}
    status = call.assumed("unknown-product")
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
        "id": matching(_PRODUCT_ID),
        "type": one_of(*_SUBSCRIPTIONS, "consumable", "lifetime"),
        "duration": one_of("P1W", "P1M", "P3M", "P6M", "P1Y", None),
        **dict.fromkeys(_STORE_IDS, nullable(wire.text())),
    },
    required=("id", "type"),
    complete=_complete_product,
    users=_users,
    is_newest_first=lambda _: True,
    ids=WIDE_ID,
)
ENTITLEMENTS = Resource(
    name="entitlements",
    noun="entitlement",
    blank=dict.fromkeys((*STAMPS, "description", "product_ids")),
    checks={"id": wire.text(), "description": nullable(wire.text()), "product_ids": nullable(each(wire.text()))},
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
