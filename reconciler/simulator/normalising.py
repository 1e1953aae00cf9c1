"""How an API may alter values that it stores or shows.

Words, ids and references are left alone: the documents list the words, and another one would be another value.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

_LEFT_ALONE = frozenset(
    (
        *("object", "id", "url", "type", "integration", "target_platform", "status", "active", "environment"),
        *("send_at", "included_range_days", "destinations", "platform", "created_at", "updated_at"),
        *("metric", "comparator", "duration", "product_ids", "google_base_plan_id", "config_id", "context_key"),
        *("apple_product_id", "google_product_id", "stripe_product_id"),
    )
)
_DOCUMENTED = frozenset(("platform", "initiators", "actions", "segments", "uid", "type", "push", "screen"))
_CHANGES: Mapping[str, tuple[type, Callable[[Any], Any]]] = {
    "trim": (str, str.strip),
    "nfc": (str, lambda text: unicodedata.normalize("NFC", text)),
    "lower": (str, str.lower),
    "round": (float, lambda number: round(number, 2)),
    "defaults": (list, lambda items: [{"delay": 0, **each} if isinstance(each, dict) else each for each in items]),
    "drop": (dict, lambda fields: {name: value for name, value in fields.items() if name in _DOCUMENTED}),
    "sort": (list, lambda items: sorted(items, key=lambda item: json.dumps(item, sort_keys=True))),
}
_BELOW = {"drop": ("data",), "sort": ("data", "payload", "conditions", "segmentation_conditions", "product_ids")}
"""For each way the type of the values that it changes, and the change."""
WAYS = tuple(_CHANGES)


def normalise(way: str, body: Any) -> Any:
    """The fields as the way makes them. Maps and lists change below some fields alone: elsewhere the documents fix
    them."""
    if _CHANGES[way][0] not in (dict, list) or not isinstance(body, dict):
        return _changed(way, body)
    return {
        **body,
        **{name: _changed(way, body[name]) for name in _BELOW.get(way, ("data", "payload")) if name in body},
    }


def _changed(way: str, value: Any) -> Any:
    if isinstance(value, dict):
        value = {name: inner if name in _LEFT_ALONE else _changed(way, inner) for name, inner in value.items()}
    elif isinstance(value, list):
        value = [_changed(way, item) for item in value]
    changed_type, change = _CHANGES[way]
    return change(value) if isinstance(value, changed_type) else value
