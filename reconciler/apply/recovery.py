"""What is looked up during an apply: what a lost write has done, and references to what the plan itself makes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from reconciler.api import Reader
from reconciler.api.lists import read_list, read_object, read_table
from reconciler.api.rate_limiter import POLL_DELAYS
from reconciler.errors import ApiFailed, IdentityAmbiguous, ReconcilerError
from reconciler.kinds import KINDS, Kind, Reference
from reconciler.kinds.comparison import find_differences, get_value
from reconciler.kinds.normalization import find_by_natural_key, is_made_of, is_normalized
from reconciler.kinds.references import WRITE_IT, PlannedFields, Targets, resolve_references
from reconciler.kinds.wire import LookupTable, decode_record, is_id, list_labels, read_parts
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Fields, Live, Raw, Record
from reconciler.model.plan import Action, Change, Plan
from reconciler.serialization import to_canonical

LOST = "the answer to a create was lost, and"
SAMPLE = 8
"""Objects that are read by id, to see whether a list is whole."""

Missing = Callable[[Record | None], str]
"""Says what a write has not done, by what an object is like now, None if there is none; empty if it has done all."""


def describe_missing(kind: Kind, change: Change, wanted: Fields, record: Record | None) -> str:
    """What a lost write has not done, in words; empty if it has done all, or the API has normalized what it sent."""
    if record is None:
        return "its object is not there"
    before = [(each.path, to_canonical(each.before)) for each in change.fields]
    return ", ".join(
        f"{each.path} is not as it was sent"
        for each in find_differences(kind, wanted, record.fields, change.remember)
        if (each.path, to_canonical(each.before)) in before
        or not is_normalized(each, get_value(wanted, each.outer_keys), get_value(record.fields, each.outer_keys))
    )


class LostResponseRecovery:
    """Looks for what lost writes have done. Safe to share between threads. `known`: the objects that were live before.
    `taken`: these, and those that we deleted or forgot earlier. No create of this run can have made them."""

    def __init__(self, reader: Reader, known: Collection[ObjectRef], taken: Iterable[ObjectRef]) -> None:
        self._reader = reader
        self._known = known
        self._taken = set(taken)
        self._lock = threading.Lock()

    def take(self, kind: Kind, object_id: str) -> bool:
        """Claims a new object for one create; False if it was there before, or another create has it."""
        ref = ObjectRef(kind.name, object_id)
        with self._lock:
            is_free = ref not in self._taken
            self._taken.add(ref)
            return is_free

    def find_made(self, kind: Kind, body: Mapping[str, Any]) -> Record | None:
        """The new object with the fields that were sent; None if there is none after all attempts. At last, an object
        with what the API may have normalized of them counts too. ApiFailed if two objects could be it, if one has its
        name and other fields, or if one of the lists was not whole: nothing is guessed, or created twice."""
        new: list[Record] = []
        known = {each.id for each in self._known if each.kind == kind.name}
        missing, returned = set[str](), set[str]()
        for _ in self._reader.poll():
            # The list and not the id: the answer that was lost is the only one that named it.
            records = self._read_records(kind)
            listed = {record.id for record in records}
            returned |= missing & listed
            missing = known - listed
            new = [record for record in records if record.ref not in self._taken]
            if found := self._claim(kind, [each for each in new if not find_differences(kind, body, each.fields)]):
                return found
        if found := self._claim(kind, [each for each in new if is_made_of(kind, body, each.fields)]):
            return found
        if named := ", ".join(sorted(record.id for record in find_by_natural_key(kind, body, new))):
            hint = "if it is the one that was made, adopt it with `imports`; else delete it, then plan again"
            raise ApiFailed(f"{LOST} what bears its name now holds something else: {named}", hint=hint)
        # A list that lacks an object that was live before and still is may lack the new one, too. One that has returned
        # was lacking in an earlier list. Of those that are still missing, a few are asked for by id.
        path, asked = kind.endpoints.path, sorted(missing)[:SAMPLE] if kind.endpoints.readable else ()
        live = (each for each in asked if is_id(kind, each) and read_object(self._reader, path, each) is not None)
        if (lacked := next(chain(sorted(returned), live), None)) is not None:
            message = f"{LOST} GET {path}, which would show what it has made, is not whole: it lacks {lacked}"
            hint = "it is not sent again; plan again later, and look for it in the dashboard"
            raise ApiFailed(f"{message}, which is live", hint=hint)
        return None

    def _claim(self, kind: Kind, found: list[Record]) -> Record | None:
        """The only one, if no other create has it. ApiFailed if there are several."""
        if len(found) > 1:
            ids = ", ".join(sorted(record.id for record in found))
            message = f"{LOST} {len(found)} new objects hold what was sent: {ids}"
            raise ApiFailed(message, hint="delete the one too many in the dashboard, then plan again")
        return found[0] if found and self.take(kind, found[0].id) else None

    def read_record(self, kind: Kind, object_id: str) -> Record | None:
        """The object as it is now, None if there is none or it has ended: by its id if the API can, else from the list.
        AnswerUnreadable if the API answers with another object."""
        if not kind.endpoints.readable:
            return next((record for record in self._read_records(kind) if record.id == object_id), None)
        item = read_object(self._reader, kind.endpoints.path, object_id)
        if item is None:
            return None
        parts = read_parts(kind, object_id, lambda path: self._reader.get(path).record())
        record = decode_record(kind, {**item, **parts}, {})
        return None if kind.has_ended(record.fields) else record

    def settle(self, kind: Kind, object_id: str, lost: ApiFailed, missing: Missing) -> Record | None:
        """Reads an object until a lost write shows, and returns it. ApiFailed, with the message of `lost` and what was
        seen, if it does not show or cannot be read."""
        seen = ""
        try:
            for _ in self._reader.poll():
                record = self.read_record(kind, object_id)
                if not (seen := missing(record)):
                    return record
        except ReconcilerError as error:
            seen = f"whether it was done could not be read: {error}"
        raise ApiFailed(f"{lost}; {seen}", hint=lost.hint) from lost

    def _read_records(self, kind: Kind) -> list[Record]:
        items = read_list(self._reader, kind.endpoints.path, kind.endpoints.pages.value)
        tables = {path: read_table(self._reader, path) for path in kind.endpoints.lookups if items}
        return [decode_record(kind, item, tables) for item in items if item.get(kind.identity.vendor_flag) is not True]


LAST_DELAY = 4.0
"""Seconds. One attempt more than elsewhere: a destination shows up after the object behind it does [guess]."""


def find_pending_fields(plan: Plan, kind: str) -> dict[str, Fields]:
    """Address → fields, of the objects of a kind that a plan creates."""
    making = (each for each in plan.changes if each.kind == kind and each.action in (Action.CREATE, Action.REPLACE))
    return {each.address: each.remember.applied for each in making if each.remember}


@dataclass(slots=True)
class _Reading:
    """A list as it was read. `created_before`: how many objects this run had created by then. `live`: what was live
    afterwards."""

    created_before: int
    available: LookupTable
    live: list[Record] | None = None


@frozen
class PendingReferences:
    """Replaces references by the items that the API takes, waiting until it offers them. Safe to share between threads.
    `before` is what was live when the plan was made. `taken`, and `coming` for what the plan makes: see
    `ReferenceResolver`. `find_id` gives the id of an address."""

    reader: Reader
    find_id: Callable[[str], str | None]
    before: Live
    taken: Collection[ObjectRef]
    coming: PlannedFields
    _made: dict[str, tuple[Record, int]] = field(default_factory=dict)
    _readings: dict[str, _Reading] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_created(self, kind: Kind, address: str, raw: Raw) -> Record:
        """Registers the record of a new object, so that references to it can be resolved, and returns it."""
        record = decode_record(kind, raw, self.before.lookups)
        with self._lock:
            self._made[address] = (record, len(self._made) + 1)
        return record

    def resolve(self, kind: Kind, fields: Fields) -> dict[str, Any]:
        """The fields with all references resolved. ApiFailed if the API does not offer an object that is referred to,
        IdentityAmbiguous if it does not prove which item stands for it."""
        return resolve_references(kind, fields, self._find_item)

    def _find_item(self, address: str, reference: Reference) -> Any:
        """What is sent for a reference: the id, or the item of the list, which may show up late."""
        # The object of the address, and its number among those that this run has created (0: none of them).
        with self._lock:
            record, number = self._made.get(address) or (None, 0)
        if record is None:
            object_id = self.find_id(address) or ""
            record = self.before.find(reference.kind, object_id)
            record = record or Record(reference.kind, object_id, object_id, {}, {"id": object_id})
        if not reference.lookup:
            return record.id
        path, reading, by_id = reference.lookup, None, reference.item(record.id)
        objections: list[str] = []
        for _ in self.reader.poll((*POLL_DELAYS, LAST_DELAY)):
            with self._lock:  # Threads share what one of them has read since this one read it last.
                if self._readings.get(path) is reading:
                    self._readings[path] = _Reading(len(self._made), LookupTable(read_table(self.reader, path)))
                reading = self._readings[path]
            item = by_id if reading.available.holds(by_id) else None
            # A list that was read before the object was made proves nothing about it.
            if item is None and reading.created_before >= number:
                item, objections = self._find_by_label(address, record, reference, reading)
            if item is not None:
                return item
        if objections:
            raise IdentityAmbiguous(" ".join(" ".join(objections).split()), hint=WRITE_IT)
        available = list_labels(reading.available) if reading else "none"
        message = f"{address} ({record.id}) is not among those that GET {path} offers: {available}"
        raise ApiFailed(message, hint="its provider may take no reports, or it shows up late: plan again")

    def _find_by_label(
        self, address: str, record: Record, reference: Reference, reading: _Reading
    ) -> tuple[dict[str, Any] | None, list[str]]:
        """The item that a label proves, else the reasons why none. Reads what is live now: a twin may be new."""
        kind, label = KINDS[reference.kind], reference.label(record.raw)
        if label is not None and not reading.available.find("label", label):
            return None, []
        with self._lock:
            if reading.live is None:
                items = read_list(self.reader, kind.endpoints.path, kind.endpoints.pages.value)
                reading.live = [decode_record(kind, each, self.before.lookups) for each in items]
        known = (*self.before.records.get(kind.name, {}).values(), *reading.live)
        live = {record.id: record} | {each.id: each for each in known}
        # What was written for it tells more than an answer does if its provider is not understood.
        written = self.coming(kind.name).get(address, {})
        target = replace(live[record.id], fields={**written, **live[record.id].fields})
        taken = set(self.taken)
        # What was offered before the object was made stands for something else.
        if address in self._made:
            earlier = self.before.lookups.get(reference.lookup, ())
            taken |= {ObjectRef(kind.name, str(item.get("id"))) for item in earlier}
        available = {reference.lookup: tuple(reading.available)}
        targets = Targets(reference, Live({kind.name: live}, available), taken, self.coming)
        item = targets.proof(target, address=address)
        return item, targets.explain_ambiguity(target, address) if item is None else []
