"""Who uses what among live objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from reconciler.json_text import canonical
from reconciler.kinds import KINDS, Reference
from reconciler.kinds.offered import Offered
from reconciler.kinds.targets import Targets
from reconciler.model.live import Live, Record

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
    offered = Offered(live.lookups.get(reference.lookup, ()))
    known: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for item in targets.possible(record, offered):
            known[canonical(item)].append(record.id)
    return dict(known)
