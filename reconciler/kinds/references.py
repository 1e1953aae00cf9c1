"""References between resources: who refers to whom, and what is sent in a reference's place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Kind, Reference
from reconciler.kinds.destinations import LookupTable, Targets
from reconciler.model.desired import Fields, make_address
from reconciler.model.live import Live, Record
from reconciler.serialization import canonical

Resolve = Callable[[str, Reference], dict[str, Any] | None]
"""Given an address and the reference's declaration: the item that is sent, or None while it cannot be told."""


def referred(reference: Reference, item: Any) -> str | None:
    """The address that an item of a list field refers to, or None where it is something else."""
    if isinstance(item, dict) and isinstance(item.get(reference.key), str):
        return make_address(reference.kind, item[reference.key])
    return None


def references(kind: Kind, fields: Fields) -> Iterator[tuple[str, str, int, Reference]]:
    """Every reference in the fields: its address, its field's name, its index in the list, its declaration."""
    for name, reference in kind.reference_fields():
        items = fields.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            address = referred(reference, item)
            if address is not None:
                yield address, name, index, reference


def resolved(kind: Kind, fields: Fields, resolve: Resolve) -> dict[str, Any]:
    """The fields with every reference that `resolve` can tell put in; the others stay as they are written.

    What is named twice, by its key and by its id, is sent once.
    """
    result = dict(fields)
    for address, name, index, reference in references(kind, fields):
        item = resolve(address, reference)
        if item is not None:
            result[name] = [*result[name][:index], item, *result[name][index + 1 :]]
    for name, _ in kind.reference_fields():
        if isinstance(result.get(name), list) and len(result[name]) > 1:
            result[name] = list({canonical(item): item for item in result[name]}.values())
    return result


TargetsOf = Callable[[Reference], Targets]


def users(live: Live, targets_of: TargetsOf | None = None) -> dict[tuple[str, str], list[Record]]:
    """(kind, id) of a live object → the records that refer to it. Where nothing proves which object an item stands for,
    its record counts for each that it may be."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for kind in KINDS.values():
        for name, reference in kind.reference_fields():
            targets = _targets(live, reference, targets_of)
            for record in live.records.get(kind.name, {}).values():
                for item in record.fields.get(name) or ():
                    own = [str(item["id"])] if isinstance(item, dict) and item.get("id") else []
                    for target in targets.get(canonical(item), own):
                        found[reference.kind, target].append(record)
    return found


def _targets(live: Live, reference: Reference, targets_of: TargetsOf | None) -> Mapping[str, list[str]]:
    """Item → ids of the objects that it stands, or may stand, for by the API's list."""
    records = live.records.get(reference.kind, {}).values()
    targets = targets_of(reference) if targets_of else Targets(reference, records)
    offered = LookupTable(live.lookups.get(reference.lookup, ()))
    known: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for item in targets.possible(record, offered):
            known[canonical(item)].append(record.id)
    return dict(known)
