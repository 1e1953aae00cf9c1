"""References between resources: which there are, and which items of the API's lists are sent for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Kind, Reference
from reconciler.kinds.destinations import LookupTable, Proof, Targets
from reconciler.model.desired import Fields, address_kind, make_address
from reconciler.model.live import Live, Record
from reconciler.model.state import Entry
from reconciler.serialization import canonical

Resolve = Callable[[str, Reference], dict[str, Any] | None]
"""Given an address and the reference's declaration: the item that is sent, or None if it is not known yet."""


def referred(reference: Reference, item: Any) -> str | None:
    """The address that an item of a list field refers to, None if it is no reference."""
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
    """The fields with each reference replaced that `resolve` knows. An item that is named twice, by its key and by its
    id, is sent once."""
    result = dict(fields)
    for address, name, index, reference in references(kind, fields):
        item = resolve(address, reference)
        if item is not None:
            result[name] = [*result[name][:index], item, *result[name][index + 1 :]]
    for name, _ in kind.reference_fields():
        if isinstance(result.get(name), list) and len(result[name]) > 1:
            result[name] = list({canonical(item): item for item in result[name]}.values())
    return result


def known_objects(entries: Mapping[str, Entry]) -> set[tuple[str, str]]:
    """(kind, id) of all objects that entries hold, and of those that a replace has put aside."""
    return {
        (address_kind(address), object_id)
        for address, entry in entries.items()
        for object_id in (entry.id, *entry.superseded)
    }


def _nothing_planned(_kind: str) -> Mapping[str, Fields]:
    return {}


class ReferenceResolver:
    """Tells which items of the API's lists stand for which live objects; not safe to share between threads.

    `taken`: (kind, id) of further objects that are or were. `planned`: for a kind, address → fields of what this run
    makes; it is called when a reference to that kind is resolved first.
    """

    def __init__(
        self,
        live: Live,
        taken: Collection[tuple[str, str]] = (),
        planned: Callable[[str], Mapping[str, Fields]] = _nothing_planned,
    ) -> None:
        self._live = live
        self._taken = taken
        self._planned = planned
        self._targets: dict[Reference, Targets] = {}
        self._offers: dict[str, LookupTable] = {}

    def targets(self, reference: Reference) -> Targets:
        """The objects that a reference may mean."""
        if reference not in self._targets:
            kind = reference.kind
            taken = [object_id for name, object_id in self._taken if name == kind]
            records = self._live.records.get(kind, {}).values()
            self._targets[reference] = Targets(reference, records, taken, self._planned(kind))
        return self._targets[reference]

    def offers(self, reference: Reference) -> LookupTable:
        """The list of the API in which a reference is looked up."""
        if reference.lookup not in self._offers:
            self._offers[reference.lookup] = LookupTable(self._live.lookups.get(reference.lookup, ()))
        return self._offers[reference.lookup]

    def proof(
        self, record: Record, reference: Reference, used: Collection[Any] = (), address: str = ""
    ) -> Proof | None:
        """The item that stands for an object, None if that is not proven.

        `used`: items that live objects hold already; what works today is not doubted. `address`: that of the object.
        """
        offers = self.offers(reference)
        return self.targets(reference).proof(record, LookupTable(used, also=offers) if used else offers, address)

    def behind(self, reference: Reference) -> dict[str, str]:
        """Id of an item → id of the live object that it is proven to stand for, if the two ids differ."""
        return self.targets(reference).behind(self.offers(reference))

    def users(self) -> dict[tuple[str, str], list[Record]]:
        """(kind, id) of a live object → the records that refer to it. If nothing proves which object an item stands
        for, its record counts for each that it may be."""
        found: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for kind in KINDS.values():
            for name, reference in kind.reference_fields():
                possible = self._possible(reference)
                for record in self._live.records.get(kind.name, {}).values():
                    for item in record.fields.get(name) or ():
                        own = [str(item["id"])] if isinstance(item, dict) and item.get("id") else []
                        for target in possible.get(canonical(item), own):
                            found[reference.kind, target].append(record)
        return found

    def _possible(self, reference: Reference) -> dict[str, list[str]]:
        """Item → ids of the objects that it stands, or may stand, for by the API's list."""
        targets, offers = self.targets(reference), self.offers(reference)
        found: dict[str, list[str]] = defaultdict(list)
        for record in self._live.records.get(reference.kind, {}).values():
            for item in targets.possible(record, offers):
                found[canonical(item)].append(record.id)
        return found
