"""The way back: what the configuration would have to say for a receipt's changes to be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.kinds import KINDS
from reconciler.model.desired import Desired, Fields, Lifecycle, Place, Resource, kind_of
from reconciler.model.memory import Entry
from reconciler.model.receipt import Receipt, ReceiptItem


def undone(receipt: Receipt, entries: Mapping[str, Entry]) -> Desired:
    """What the state holds, with a receipt's changes taken back, as something to plan towards.

    What was created goes, what was updated gets its fields back, what was deleted is made anew. The warnings say what
    cannot come back: a deleted object's id, and what was lost with it.
    """
    wanted = {address: dict(entry.applied) for address, entry in entries.items()}
    warnings = [f"this goes back from {receipt.id}; the configuration still says otherwise: revert that as well"]
    for item in receipt.items:
        if item.status != "done":
            continue
        warnings += _cannot(item)
        _take_back(item, wanted)
    ids = {item.id_before: item.address for item in receipt.items if item.id_before and item.action == "delete"}
    place = Place(f"receipt {receipt.id}", 1, 1)
    resources = {
        address: Resource(
            address, kind_of(address), _with_references(kind_of(address), fields, ids), place, Lifecycle(replace=True)
        )
        for address, fields in sorted(wanted.items())
    }
    return Desired(resources, warnings=tuple(warnings))


def _take_back(item: ReceiptItem, wanted: dict[str, dict[str, Any]]) -> None:
    if item.action == "create":
        wanted.pop(item.address, None)
    elif item.before is None:
        return
    elif item.action == "delete" and "[" not in item.address:
        wanted[item.address] = _writable(item)
    elif item.address in wanted:
        known = wanted[item.address]
        wanted[item.address] = {name: item.before.get(name, value) for name, value in known.items()}


def _writable(item: ReceiptItem) -> dict[str, Any]:
    """A deleted object's fields; a word that may be read and not be written (`error`) is left to the new one."""
    kind = KINDS[kind_of(item.address)]
    fields = dict(item.before or {})
    apart = kind.set_apart()
    if apart and fields.get(apart[0]) not in apart[1].words:
        fields.pop(apart[0], None)
    return fields


def _cannot(item: ReceiptItem) -> list[str]:
    kind = KINDS[kind_of(item.address)]
    if item.action == "delete" and item.before is not None:
        return [
            f"{item.address}: a new object is made; what cannot come back: {kind.lost_on_delete} ({item.id_before})"
        ]
    if item.action == "replace":
        return [f"{item.address}: the old object {item.id_before} cannot come back, nor {kind.lost_on_delete}"]
    if item.action == "forget":
        return [f"{item.address}: it was forgotten; an `imports` block brings it back under management"]
    return []


def _with_references(kind: str, fields: Fields, ids: Mapping[str, str]) -> dict[str, Any]:
    """The fields with the ids of deleted objects as references to what is made in their place."""
    result = dict(fields)
    for name, reference in KINDS[kind].reference_fields():
        items = result.get(name)
        if isinstance(items, list):
            result[name] = [
                {reference.key: ids[item["id"]].partition(".")[2]}
                if isinstance(item, dict) and item.get("id") in ids
                else item
                for item in items
            ]
    return result
