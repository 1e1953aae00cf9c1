"""References to objects that the plan itself makes: their items are looked up when the objects are there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.api import Poll, Reader
from reconciler.api.lists import read_list, read_table
from reconciler.errors import ApiFailed, IdentityAmbiguous
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.destinations import WRITE_IT, LookupTable, Targets
from reconciler.kinds.references import ReferenceResolver, resolved
from reconciler.kinds.wire import record_from
from reconciler.model.desired import Fields
from reconciler.model.live import Live, Raw, Record
from reconciler.model.plan import Action, Plan

LAST_DELAY = 4.0
"""Seconds. One attempt more than elsewhere: a destination shows up after the object behind it does [guess]."""


def fields_to_come(plan: Plan, kind: str) -> dict[str, Fields]:
    """Address → fields, of the objects of a kind that a plan creates."""
    making = (each for each in plan.changes if each.kind == kind and each.action in (Action.CREATE, Action.REPLACE))
    return {each.address: each.remember.applied for each in making if each.remember}


@dataclass(slots=True)
class _Reading:
    """A list as it was read. `after`: how many objects this run had created before; `live`: what was live after."""

    after: int
    offered: LookupTable
    live: list[Record] | None = None


class PendingReferences:
    """Replaces references by the items that the API takes, waiting until it offers them. Safe to share between threads.

    `before` is what was live when the plan was made. `taken`, and `coming` for what the plan makes: see
    `ReferenceResolver`. `id_of` gives the id of an address.
    """

    def __init__(
        self,
        reader: Reader,
        id_of: Callable[[str], str | None],
        *,
        before: Live,
        taken: Collection[tuple[str, str]],
        coming: Callable[[str], Mapping[str, Fields]],
        poll: Poll | None = None,
    ) -> None:
        self._reader = reader
        self._id_of = id_of
        self._before = before
        self._taken = taken
        self._coming = coming
        self._poll = (poll or Poll()).longer(LAST_DELAY)
        self._made: dict[str, tuple[int, Raw]] = {}
        self._readings: dict[str, _Reading] = {}
        self._lock = threading.Lock()

    def created(self, address: str, raw: Raw) -> None:
        """Registers the record of a new object, so that references to it can be resolved."""
        with self._lock:
            self._made[address] = (len(self._made) + 1, raw)

    def fields(self, kind: Kind, fields: Fields) -> dict[str, Any]:
        """The fields with all references resolved. ApiFailed if the API does not offer an object that is referred to,
        IdentityAmbiguous if it does not prove which item stands for it."""
        return resolved(kind, fields, self._item)

    def _item(self, address: str, reference: Reference) -> dict[str, Any]:
        record, number = self._target(address, KINDS[reference.kind])
        only_ids, reading = Targets(reference, ()), None
        doubt: list[str] = []
        for _ in self._poll:
            reading = self._newer(reference.lookup, reading)
            item = only_ids.by_id(record.id, reading.offered)
            # A list that was read before the object was made proves nothing about it.
            if item is None and reading.after >= number:
                item, doubt = self._by_label(address, record, reference, reading)
            if item is not None:
                return item
        if doubt:
            raise IdentityAmbiguous(" ".join(" ".join(doubt).split()), hint=WRITE_IT)
        offered = reading.offered.described() if reading else "none"
        raise ApiFailed(
            f"{address} ({record.id}) is not among those that GET {reference.lookup} offers: {offered}",
            hint="its provider may take no reports, or it shows up late: plan again",
        )

    def _target(self, address: str, kind: Kind) -> tuple[Record, int]:
        """The object of an address, and its number among those that this run has created (0: none of them)."""
        with self._lock:
            number, raw = self._made.get(address, (0, None))
        if raw is not None:
            return record_from(kind, raw, self._before.lookups), number
        object_id = self._id_of(address) or ""
        known = self._before.records.get(kind.name, {}).get(object_id)
        return known or Record(kind.name, object_id, object_id, {}, {"id": object_id}), 0

    def _by_label(
        self, address: str, record: Record, reference: Reference, reading: _Reading
    ) -> tuple[dict[str, Any] | None, list[str]]:
        """The item that a label proves, else the reasons why none. Reads what is live now: a twin may be new."""
        kind, label = KINDS[reference.kind], reference.label(record.raw)
        if label is not None and not reading.offered.find("label", label):
            return None, []
        with self._lock:
            if reading.live is None:
                items = read_list(self._reader, kind.path, kind.pages.value)
                reading.live = [record_from(kind, each, self._before.lookups) for each in items]
        known = (*self._before.records.get(kind.name, {}).values(), *reading.live)
        live = {record.id: record} | {each.id: each for each in known}
        coming = self._coming(kind.name)
        # What was written for it tells more than an answer does if its provider is not understood.
        target = replace(live[record.id], fields={**coming.get(address, {}), **live[record.id].fields})
        taken = set(self._taken)
        # What was offered before the object was made stands for something else.
        if address in self._made:
            taken |= {(kind.name, str(item.get("id"))) for item in self._before.lookups.get(reference.lookup, ())}
        targets = ReferenceResolver(Live({kind.name: live}), taken, self._coming).targets(reference)
        proof = targets.proof(target, reading.offered, address)
        if proof is not None:
            return proof.item, []
        return None, targets.in_doubt(kind, target, address, reading.offered)

    def _newer(self, path: str, than: _Reading | None) -> _Reading:
        """A list, read again unless that was done since `than`. Threads share one reading."""
        with self._lock:
            if path not in self._readings or self._readings[path] is than:
                self._readings[path] = _Reading(len(self._made), LookupTable(read_table(self._reader, path)))
            return self._readings[path]
