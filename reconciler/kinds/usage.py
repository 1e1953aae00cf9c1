"""Who uses what among live objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.json_text import canonical
from reconciler.kinds import KINDS, Reference
from reconciler.model.live import Live, Record

StandsFor = Callable[[Record, Reference], dict[str, Any] | None]
"""The item that stands for a live object in the lists of those that refer to it, or None where it is not offered."""


def users(live: Live, stands_for: StandsFor) -> dict[tuple[str, str], list[Record]]:
    """(kind, id) of a live object that is referred to → the records that refer to it."""
    found: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for kind in KINDS.values():
        for name, reference in kind.reference_fields():
            targets = _targets(live, reference, stands_for)
            for record in live.records.get(kind.name, {}).values():
                for item in record.fields.get(name) or ():
                    target = targets.get(canonical(item)) or (item.get("id") if isinstance(item, dict) else None)
                    if target:
                        found[reference.kind, str(target)].append(record)
    return found


def _targets(live: Live, reference: Reference, stands_for: StandsFor) -> Mapping[str, str]:
    """Item → id, where the API's list says that another id than the object's own stands for it."""
    known = {}
    for record in live.records.get(reference.kind, {}).values():
        item = stands_for(record, reference)
        if item is not None:
            known[canonical(item)] = record.id
    return known
