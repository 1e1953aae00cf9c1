"""References between resources, and the items of the API's lists that are sent for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Kind, Reference
from reconciler.kinds.lookups import LookupTable
from reconciler.kinds.wire import in_short
from reconciler.model.inputs import Entry, Fields, Live, Lookups, ObjectRef, Raw, Record, make_address
from reconciler.serialization import canonical

BY_ID, BY_LABEL = "id", "label"
WRITE_IT = "write the line that is meant in place of the reference, or rename one of those that could bear the label"


class Proof(NamedTuple):
    """The item that is sent for an object, and what proves it: `id` or `label`."""

    item: dict[str, Any]
    by: str


class Labelled(NamedTuple):
    """What a label means: the items that bear it, and the objects that could bear it: ids of live ones, and of those
    that were live, addresses of planned ones. `item` is the one that is sent, None if nothing proves which it is."""

    items: list[Raw]
    bearers: list[str]
    item: dict[str, Any] | None


class Targets:
    """The objects that a reference may mean. An item stands for the object with its id. If no object has its id, it
    stands for the one with its label, but only if no other object could have that label, and no other such item has it.
    `records` are live. `taken` are further ids that objects have or had. `coming`: address → fields of planned
    objects."""

    def __init__(
        self, reference: Reference, records: Iterable[Record], taken: Collection[str], coming: Mapping[str, Fields]
    ) -> None:
        self._reference = reference
        self._records = {record.id: record for record in records}
        self._taken = self._records.keys() | set(taken)
        self._coming = coming
        self._bearers: dict[str | None, list[Record]] = defaultdict(list)
        for record in self._records.values():
            self._bearers[reference.label(record.raw)].append(record)

    def proof(self, record: Record, offered: LookupTable, address: str = "") -> Proof | None:
        """The item for an object, None if none is proven. `address` is the object's, if it has one."""
        if (own := self.by_id(record.id, offered)) is not None:
            return Proof(own, BY_ID)
        free = self._free(record, offered)
        if len(free) == 1 and next(self.twins(record, address), None) is None:
            return Proof(free[0], BY_LABEL)
        return None

    def by_id(self, object_id: str, offered: LookupTable) -> dict[str, Any] | None:
        """The item with an object's id, if there is one."""
        return self._item(object_id) if self._of_type(offered.find("id", object_id)) else None

    def possible(self, record: Record, offered: LookupTable) -> list[dict[str, Any]]:
        """The item for an object; if none is proven, all that could be it."""
        proof = self.proof(record, offered)
        return self._free(record, offered) if proof is None else [proof.item]

    def _free(self, record: Record, offered: LookupTable) -> list[dict[str, Any]]:
        """The items with the label of an object and the id of none."""
        return [self._item(item["id"]) for item in self.labelled(record, offered) if item["id"] not in self._taken]

    def labelled(self, record: Record, offered: LookupTable) -> list[Raw]:
        """The items with the label of an object, whatever their ids are."""
        label = self._reference.label(record.raw)
        return self._of_type(offered.find("label", label)) if label is not None else []

    def by_label(self, label: str, offered: LookupTable, lookups: Lookups) -> Labelled:
        """What a label means that is written. It counts if one item bears it, and at most one object, a live one, could
        bear it. `lookups`: the lists that tell the labels of planned objects."""
        items = self._of_type(offered.find("label", label))
        owners = [each["id"] for each in items if each["id"] in self._taken]
        live = [each.id for each in (*self._bearers.get(label, ()), *self._bearers.get(None, ()))]
        shown = {address: KINDS[self._reference.kind].shown(each, lookups) for address, each in self._coming.items()}
        coming = [address for address, record in shown.items() if self._reference.label(record) in (label, None)]
        bearers = list(dict.fromkeys([*owners, *live, *coming]))
        is_proven = len(items) == 1 and len(bearers) <= 1 and self._records.keys() >= set(bearers)
        return Labelled(items, bearers, self._item(items[0]["id"]) if is_proven else None)

    def twins(self, record: Record, address: str = "") -> Iterator[str]:
        """The other objects that could have the label of an object: ids of live ones, addresses of planned ones."""
        bearers = [*self._bearers.get(self._reference.label(record.raw), ()), *self._bearers.get(None, ())]
        yield from dict.fromkeys(each.id for each in bearers if each.id != record.id)
        for other, fields in self._coming.items():
            pairs = [(record.fields.get(name), fields.get(name)) for name in self._reference.labelled_by]
            # An unknown field could have any value.
            if other != address and all(None in pair or pair[0] == pair[1] for pair in pairs):
                yield other

    def behind(self, offered: LookupTable) -> dict[str, str]:
        """Id of an item → id of the live object that it is proven to stand for, if the two ids differ."""
        strangers = {item.get("label") for item in self._of_type(offered) if item["id"] not in self._taken}
        bearers = (self._bearers.get(label, ()) for label in strangers if isinstance(label, str))
        proofs = {record.id: self.proof(record, offered) for each in bearers for record in each}
        return {str(proof.item["id"]): each for each, proof in proofs.items() if proof and proof.by == BY_LABEL}

    def in_doubt(self, kind: Kind, record: Record, address: str, offered: LookupTable) -> list[str]:
        """Why the list proves nothing for an object, then a line to write for each candidate; nothing without one."""
        items = self.labelled(record, offered)
        if not items:
            return []
        why = (
            f"{address} ({record.id}) is not offered under its own id, "
            f'and the label "{self._reference.label(record.raw)}" does not prove which destination it is'
        )
        return self.candidates(kind, why, items, self.twins(record, address))

    def candidates(self, kind: Kind, why: str, items: Iterable[Raw], bearers: Iterable[str]) -> list[str]:
        """Why a label proves nothing, with the objects that could bear it, then a line to write for each item."""
        said = [self.described(kind, each) for each in bearers]
        shared = f", as it could be that of {' and '.join(said)}" if said else ""
        ids = [item["id"] for item in items]
        owners = [f"  # {self.described(kind, each)}" if each in self._records else "" for each in ids]
        lines = [
            f"  - {{type: {self._reference.type}, id: {each}}}{owner}" for each, owner in zip(ids, owners, strict=True)
        ]
        return [f"{why}{shared}. Offered under that label:", *lines]

    def described(self, kind: Kind, name: str) -> str:
        """A live object by its id, or one to come by its address, with what tells it from others."""
        live = name in self._records
        if not live and name not in self._coming:
            return f"the {kind.name} {name}, which is not live any more"
        fields = self._records[name].fields if live else self._coming[name]
        said = ", ".join(f"{each} {in_short(fields[each])}" for each in kind.natural_key if each in fields)
        return f"the live {kind.name} {name} ({said})" if live else f"{name} ({said}), made by this plan"

    def _of_type(self, items: Iterable[Raw]) -> list[Raw]:
        return [item for item in items if item.get("type") == self._reference.type and isinstance(item.get("id"), str)]

    def _item(self, item_id: str) -> dict[str, Any]:
        return {"type": self._reference.type, "id": item_id}


Resolve = Callable[[str, Reference], dict[str, Any] | None]
"""Given an address and the reference's declaration: the item that is sent, or None if it is not known yet."""


def referred(reference: Reference, item: Any) -> str | None:
    """The address that an item of a list field refers to, None if it is no reference."""
    if isinstance(item, dict) and isinstance(item.get(reference.key), str):
        return make_address(reference.kind, item[reference.key])
    return None


def named_label(reference: Reference, item: Any) -> str | None:
    """The label by which an item of a list field names what the API offers, None if it does not."""
    label = item.get(reference.label_key) if isinstance(item, dict) and "id" not in item else None
    return label if isinstance(label, str) else None


def list_items(kind: Kind, fields: Fields) -> Iterator[tuple[str, int, Any, Reference]]:
    """Every item that may refer to something: its field's name, its index in the list, itself, the declaration."""
    for name, reference in kind.reference_fields():
        items = fields.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            yield name, index, item, reference


def references(kind: Kind, fields: Fields) -> Iterator[tuple[str, str, int, Reference]]:
    """Every reference in the fields: its address, its field's name, its index in the list, its declaration."""
    for name, index, item, reference in list_items(kind, fields):
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


def known_objects(entries: Mapping[str, Entry]) -> set[ObjectRef]:
    """All objects that entries hold, and those that a replace has put aside."""
    return {ObjectRef.at(address, each) for address, entry in entries.items() for each in (entry.id, *entry.superseded)}


class ReferenceResolver:
    """Tells which items of the API's lists stand for which live objects; not safe to share between threads. `taken`:
    further objects that are or were. `planned`: for a kind, address → fields of what this run makes; it is called when
    a reference to that kind is resolved first."""

    def __init__(
        self,
        live: Live,
        taken: Collection[ObjectRef] = (),
        planned: Callable[[str], Mapping[str, Fields]] = lambda _kind: {},
    ) -> None:
        self._live = live
        self._taken = taken
        self._planned = planned
        self._targets: dict[Reference, Targets] = {}
        self._offers: dict[str, LookupTable] = {}
        self._labelled: dict[tuple[Reference, str], Labelled] = {}

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
        """The item that stands for an object, None if that is not proven. `used`: items that live objects hold already;
        what works today is not doubted. `address`: that of the object."""
        offers = self.offers(reference)
        return self.targets(reference).proof(record, LookupTable(used, also=offers) if used else offers, address)

    def by_label(self, reference: Reference, label: str) -> Labelled:
        """What a label means that is written."""
        if (reference, label) not in self._labelled:
            found = self.targets(reference).by_label(label, self.offers(reference), self._live.lookups)
            self._labelled[reference, label] = found
        return self._labelled[reference, label]

    def as_sent(self, reference: Reference, item: Any) -> Any:
        """An item that names its target by a label as it is sent; itself if it does not, or if nothing proves that."""
        label = named_label(reference, item)
        return item if label is None else self.by_label(reference, label).item or item

    def behind(self, reference: Reference) -> dict[str, str]:
        """Id of an item → id of the live object that it is proven to stand for, if the two ids differ."""
        return self.targets(reference).behind(self.offers(reference))

    def users(self) -> dict[ObjectRef, list[Record]]:
        """A live object → the records that refer to it. If nothing proves which object an item stands
        for, its record counts for each that it may be."""
        found: dict[ObjectRef, list[Record]] = defaultdict(list)
        for kind in KINDS.values():
            for name, reference in kind.reference_fields():
                possible = self._possible(reference)
                for record in self._live.records.get(kind.name, {}).values():
                    for item in record.fields.get(name) or ():
                        own = [str(item["id"])] if isinstance(item, dict) and item.get("id") else []
                        for target in possible.get(canonical(item), own):
                            found[ObjectRef(reference.kind, target)].append(record)
        return found

    def _possible(self, reference: Reference) -> dict[str, list[str]]:
        """Item → ids of the objects that it stands, or may stand, for by the API's list."""
        targets, offers = self.targets(reference), self.offers(reference)
        found: dict[str, list[str]] = defaultdict(list)
        for record in self._live.records.get(reference.kind, {}).values():
            for item in targets.possible(record, offers):
                found[canonical(item)].append(record.id)
        return found
