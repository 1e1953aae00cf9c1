"""A fault that alters values on their way in, or in responses, as an API may normalise what it stores.

Words, ids and references are left alone: the documents list the words, and another one would be another value.
"""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.simulator.effects import Scene

_LEFT_ALONE = frozenset(
    (
        *("object", "id", "url", "type", "integration", "target_platform", "status", "active", "environment"),
        *("send_at", "included_range_days", "destinations", "platform", "created_at", "updated_at"),
    )
)
_DOCUMENTED = frozenset(("platform", "initiators", "actions", "segments", "uid", "type", "push", "screen"))
_NESTED = "data"
_LOOKUPS = ("/meta", "/destinations")


def _each_value(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with each scalar changed, at every depth."""
    if isinstance(value, dict):
        return {name: inner if name in _LEFT_ALONE else _each_value(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_each_value(item, change) for item in value]
    return change(value)


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda body: _each_value(body, lambda value: change(value) if isinstance(value, str) else value)


def _round(body: Any) -> Any:
    return _each_value(body, lambda value: round(value, 2) if isinstance(value, float) else value)


def _within_data(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Changes what is below `data` alone, the only place of maps and lists that the documents leave open."""

    def changed(body: Any) -> Any:
        if not isinstance(body, dict) or _NESTED not in body:
            return body
        return {**body, _NESTED: change(body[_NESTED])}

    return changed


def _with_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_defaults(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [{"delay": 0, **item} if isinstance(item, dict) else item for item in value]
    return value


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_unknown(inner) for name, inner in value.items() if name in _DOCUMENTED}
    return [_without_unknown(item) for item in value] if isinstance(value, list) else value


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in value.items()}
    return sorted(value, key=lambda item: json.dumps(item, sort_keys=True)) if isinstance(value, list) else value


WAYS: Mapping[str, Callable[[Any], Any]] = {
    "trim": _of_text(str.strip),
    "nfc": _of_text(lambda text: unicodedata.normalize("NFC", text)),
    "lower": _of_text(str.lower),
    "round": _round,
    "defaults": _within_data(_with_defaults),
    "drop": _within_data(_without_unknown),
    "sort": _within_data(_sorted),
}


def normalise_applies(scene: Scene, late: bool, way: str) -> bool:
    """A write for what is stored, a read of records for what is shown."""
    return (scene.request.method == "GET") is late and not scene.request.path.endswith(_LOOKUPS)


def normalise(scene: Scene, late: bool, way: str) -> bool:
    """Values are stored otherwise than they were sent; late: they are stored as sent, and shown otherwise."""
    change = WAYS[way]
    if not late:
        before = scene.taken or scene.request
        scene.taken = dataclasses.replace(before, body=change(before.body))
        return bool(scene.taken.body != before.body)
    answer = scene.response
    if answer is None or not isinstance(answer.body, dict):
        return False
    if isinstance(answer.body.get("data"), list):
        shown = {**answer.body, "data": [change(record) for record in answer.body["data"]]}
    else:
        shown = change(answer.body)
    scene.response = dataclasses.replace(answer, body=shown)
    return bool(shown != answer.body)
