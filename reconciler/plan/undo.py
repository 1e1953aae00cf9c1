"""The way back: what the configuration would have to say for a receipt's changes to be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import Location
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import differences
from reconciler.model.apply_report import Receipt, ReceiptItem
from reconciler.model.desired import Desired, Fields, Lifecycle, Resource, address_kind
from reconciler.model.state import Entry

DONE = "done"


def plan_undo(receipt: Receipt, entries: Mapping[str, Entry]) -> Desired:
    """What the state holds, with a receipt's changes taken back, as something to plan towards.

    What was created goes, what was updated gets back the fields that this receipt changed, what was deleted is made
    anew. The warnings say what cannot come back: a deleted object's id, and what was lost with it.
    """
    wanted = {address: dict(entry.applied) for address, entry in entries.items()}
    warnings = [f"this goes back from {receipt.id}; the configuration still says otherwise: revert that as well"]
    for item in receipt.items:
        warnings += _cannot(item)
        if item.status == DONE:
            _take_back(item, wanted, entries.get(item.address))
    # Ids become references, so that who refers to a new object gets its new id.
    ids = {(address_kind(address), entry.id): address for address, entry in entries.items()}
    ids |= {
        (address_kind(item.address), item.id_before): item.address
        for item in receipt.items
        if item.id_before and item.status == DONE and item.action in ("delete", "replace")
    }
    ids = {key: address for key, address in ids.items() if address in wanted}
    place = Location(f"receipt {receipt.id}", 1, 1)
    resources = {
        address: Resource(
            address,
            address_kind(address),
            _with_references(address_kind(address), fields, ids),
            place,
            Lifecycle(address in entries and entries[address].protected, replace=True),
        )
        for address, fields in sorted(wanted.items())
    }
    return Desired(resources, warnings=tuple(warnings))


def _take_back(item: ReceiptItem, wanted: dict[str, dict[str, Any]], known: Entry | None) -> None:
    if item.action == "create":
        wanted.pop(item.address, None)
    elif item.before is None:
        return
    elif item.action == "delete":
        if _managed(item):
            wanted[item.address] = _writable(item)
    elif item.address in wanted:
        wanted[item.address] |= _changed_back(item, wanted[item.address], known)


def _changed_back(item: ReceiptItem, fields: Fields, known: Entry | None) -> dict[str, Any]:
    """The fields that a receipt changed, as they were before; what came later to other fields stays."""
    before = _writable(item)
    changed = {
        each.field.name for each in differences(KINDS[address_kind(item.address)], item.after or {}, before, known)
    }
    return {name: _without_news(before[name], fields[name]) for name in changed if name in before and name in fields}


def _without_news(before: Any, known: Any) -> Any:
    """A value as it was; keys that it had not are written as null, or they would count as not managed and stay."""
    if not (isinstance(before, dict) and isinstance(known, dict)):
        return before
    news = {key: None for key in known if key not in before}
    return {key: _without_news(value, known.get(key)) for key, value in before.items()} | news


def _managed(item: ReceiptItem) -> bool:
    """Whether an item has an address of the configuration's: `report[wbRlfw1x]` was nobody's."""
    return "[" not in item.address


def _writable(item: ReceiptItem) -> dict[str, Any]:
    """The fields before; for a word that may be read and not be written (`error`) stands what a new object bears."""
    fields = dict(item.before or {})
    if _unwritable(item) is not None:
        name, setter = KINDS[address_kind(item.address)].sub_endpoint() or ("", None)
        fields.pop(name)
        if item.action == "delete" and setter is not None and setter.placeholder is not None:
            fields[name] = setter.placeholder
    return fields


def _unwritable(item: ReceiptItem) -> str | None:
    """The field whose word before may be read and not be written, and that word."""
    apart = KINDS[address_kind(item.address)].sub_endpoint()
    if apart is None or item.before is None or item.before.get(apart[0]) in (None, *apart[1].words):
        return None
    return f"its {apart[0]} {item.before[apart[0]]!r}, which only the server sets"


def _cannot(item: ReceiptItem) -> list[str]:
    kind = KINDS[address_kind(item.address)]
    address, old = item.address, item.id_before
    if item.status != DONE:
        return [
            f"{address}: its {item.action} was not done, or in part only, and is not taken back: look at it yourself"
        ]
    if item.action == "delete" and not _managed(item):
        return [f"{address}: it was not managed, so no new one is made; how it was is in the receipt"]
    if item.action == "delete" and item.before is not None:
        said = [f"{address}: a new object is made; what cannot come back: {kind.lost_on_delete} ({old})"]
    elif item.action == "replace":
        said = [f"{address}: the old object {old} cannot come back, nor {kind.lost_on_delete}: a third one is made"]
    elif item.action == "adopt":
        said = [
            f"{address}: it was taken under management, and stays so; `reconciler state rm` or `mv` takes that back"
        ]
    elif item.action == "forget":
        said = [f"{address}: it was forgotten; an `imports` block brings it back under management"]
    else:
        said = []
    lost = _unwritable(item)
    return [*said, f"{address}: what cannot come back: {lost}"] if lost else said


def _with_references(kind: str, fields: Fields, ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The fields with the ids of what is managed as references to it."""
    result = dict(fields)
    for name, reference in KINDS[kind].reference_fields():
        items = result.get(name)
        if isinstance(items, list):
            addresses = [
                ids.get((reference.kind, str(each.get("id")))) if isinstance(each, dict) else None for each in items
            ]
            result[name] = [
                {reference.key: address.partition(".")[2]} if address else item
                for address, item in zip(addresses, items, strict=True)
            ]
    return result
