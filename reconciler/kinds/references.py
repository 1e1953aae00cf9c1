"""References between resources, and the items of the API's lists that are sent for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from reconciler.kinds import KINDS
from reconciler.kinds.comparison import Keys, get_value, with_value
from reconciler.kinds.declaration import Kind, Reference
from reconciler.kinds.wire import LookupTable, shorten
from reconciler.model.addresses import ObjectRef, address_key, make_address
from reconciler.model.inputs import Entry, Fields, Live, Raw, Record, Resource
from reconciler.serialization import to_canonical

WRITE_IT = "write the line that is meant in place of the reference, or rename one of those that could bear the label"


PlannedFields = Callable[[str], Mapping[str, Fields]]
"""Given a kind's name: address → fields, of the objects that this run makes."""


class Labelled(NamedTuple):
    """What a label means: the items with this label, and the objects that could have it: ids of live ones, and of those
    that were live, addresses of planned ones. `item` is the one that is sent, None if nothing proves which it is."""

    items: list[Raw]
    candidates: list[str]
    item: dict[str, Any] | None


class Targets:
    """The objects that a reference may mean. An item stands for the object with its id. If no object has its id, it
    stands for the one with its label, but only if no other object could have that label, and no other such item has it.
    `available` is the list in which the reference is looked up. `taken` and `planned`: see `ReferenceResolver`."""

    def __init__(self, reference: Reference, live: Live, taken: Collection[ObjectRef], planned: PlannedFields) -> None:
        self.available = LookupTable(live.lookups.get(reference.lookup, ()))
        self._reference = reference
        self._kind = KINDS[reference.kind]
        self._records = live.records.get(reference.kind, {})
        self._taken = self._records.keys() | {object_id for kind, object_id in taken if kind == reference.kind}
        self._coming = planned(reference.kind)
        self._lookups = live.lookups
        self._by_label: dict[str | None, list[Record]] = defaultdict(list)
        for record in self._records.values():
            self._by_label[reference.label(record.raw)].append(record)
        self._labelled_items: dict[str, Labelled] = {}

    def proof(self, record: Record, used: Collection[Any] = (), address: str = "") -> Any:
        """The item that stands for an object, None if that is not proven. It is the id if nothing is looked up. `used`:
        items that live objects hold already; what works today is not doubted. `address`: the object's, if it has
        one."""
        if not self._reference.lookup:
            return record.id
        if self._find("id", record.id) or self._find("id", record.id, used):
            return self._reference.item(record.id)
        free = self._find_free(record, used)
        is_proven = len(free) == 1 and next(self._find_twins(record, address), None) is None
        return free[0] if is_proven else None

    def possible(self, record: Record) -> list[Any]:
        """The item for an object; if none is proven, all that could be it."""
        item = self.proof(record)
        return self._find_free(record) if item is None else [item]

    def _find_free(self, record: Record, used: Collection[Any] = ()) -> list[dict[str, Any]]:
        """The items with the label of an object and the id of none."""
        found = self._find("label", self._reference.label(record.raw), used)
        return [self._reference.item(item["id"]) for item in found if item["id"] not in self._taken]

    def _find(self, name: str, value: str | None, used: Collection[Any] = ()) -> list[Raw]:
        """The items with a value under a key: those that are offered, then those that are used and not offered."""
        if value is None:  # An unknown label is not the missing label of an item.
            return []
        found = LookupTable(used).find(name, value) if used else []
        managed = (item for item in found if not self.available.holds(item))
        return self._filter_type([*self.available.find(name, value), *managed])

    def by_label(self, label: str) -> Labelled:
        """What a label in the configuration means. It counts if one item has it, and at most one object, a live one,
        could have it."""
        if label not in self._labelled_items:
            items = self._find("label", label)
            owners = [each["id"] for each in items if each["id"] in self._taken]
            live = [each.id for each in (*self._by_label.get(label, ()), *self._by_label.get(None, ()))]
            shown = {address: self._kind.shown(each, self._lookups) for address, each in self._coming.items()}
            coming = [address for address, record in shown.items() if self._reference.label(record) in (label, None)]
            candidates = list(dict.fromkeys([*owners, *live, *coming]))
            is_proven = len(items) == 1 and len(candidates) <= 1 and self._records.keys() >= set(candidates)
            item = self._reference.item(items[0]["id"]) if is_proven else None
            self._labelled_items[label] = Labelled(items, candidates, item)
        return self._labelled_items[label]

    def _find_twins(self, record: Record, address: str) -> Iterator[str]:
        """The other objects that could have the label of an object: ids of live ones, addresses of planned ones."""
        candidates = [*self._by_label.get(self._reference.label(record.raw), ()), *self._by_label.get(None, ())]
        yield from dict.fromkeys(each.id for each in candidates if each.id != record.id)
        for other, fields in self._coming.items():
            pairs = [(record.fields.get(name), fields.get(name)) for name in self._reference.labelled_by]
            # An unknown field could have any value.
            if other != address and all(None in pair or pair[0] == pair[1] for pair in pairs):
                yield other

    def find_aliases(self) -> dict[str, str]:
        """Id of an item → id of the live object that it is proven to stand for, if the two ids differ."""
        strangers = {item.get("label") for item in self._filter_type(self.available) if item["id"] not in self._taken}
        candidates = (self._by_label.get(label, ()) for label in strangers if isinstance(label, str))
        proofs = ((record.id, self.proof(record)) for each in candidates for record in each)
        return {str(item["id"]): each for each, item in proofs if item and item["id"] != each}

    def explain_ambiguity(self, record: Record, address: str) -> list[str]:
        """Why the list proves nothing for an object, then a line to write for each candidate; nothing without one."""
        label = self._reference.label(record.raw)
        why = f'{address} ({record.id}) is not offered under its own id, and the label "{label}" does not prove which '
        items = self._find("label", label)
        return self.candidates(f"{why}destination it is", items, self._find_twins(record, address)) if items else []

    def candidates(self, why: str, items: Iterable[Raw], candidates: Iterable[str]) -> list[str]:
        """Why a label proves nothing, with the objects that could have it, then a line to write for each item."""
        names = [self.describe(each) for each in candidates]
        shared = f", as it could be that of {' and '.join(names)}" if names else ""
        lines = [f"{why}{shared}. Offered under that label:"]
        for each in items:
            owner = f"  # {self.describe(each['id'])}" if each["id"] in self._records else ""
            lines.append(f"  - {{type: {self._reference.type}, id: {each['id']}}}{owner}")
        return lines

    def describe(self, name: str) -> str:
        """A live object by its id, or one to come by its address, with what tells it from others."""
        live = name in self._records
        if not live and name not in self._coming:
            return f"the {self._kind.name} {name}, which is not live any more"
        fields = self._records[name].fields if live else self._coming[name]
        names = [each for each in self._kind.identity.natural_key if each in fields]
        values = ", ".join(f"{each} {shorten(fields[each])}" for each in names)
        return f"the live {self._kind.name} {name} ({values})" if live else f"{name} ({values}), made by this plan"

    def _filter_type(self, items: Iterable[Raw]) -> list[Raw]:
        return [item for item in items if item.get("type") == self._reference.type and isinstance(item.get("id"), str)]


def find_address(reference: Reference, item: Any) -> str | None:
    """The address that a value refers to, None if it is no reference."""
    if isinstance(item, dict) and isinstance(item.get(reference.key), str):
        return make_address(reference.kind, item[reference.key])
    return None


def item_id(reference: Reference, item: Any) -> str | None:
    """The id of the object that a value may mean; None if it names none."""
    if reference.lookup:
        item = item.get("id") if isinstance(item, dict) and item.get("type") == reference.type else None
    return item if isinstance(item, str) else None


def find_named_label(reference: Reference, item: Any) -> str | None:
    """The label by which an item of a list field names what the API offers, None if it does not."""
    label = item.get(reference.label_key) if isinstance(item, dict) and "id" not in item else None
    return label if isinstance(label, str) else None


def list_items(name: str, reference: Reference, fields: Fields) -> list[tuple[Keys, Any]]:
    """The values at the place of a reference in a field, each with its keys: the items of a list, or the one value."""
    keys = (name, *reference.path)
    value = get_value(fields, keys)
    if isinstance(value, list):
        return [((*keys, index), item) for index, item in enumerate(value)]
    return [] if value is None or reference.lookup else [(keys, value)]


def find_reference_items(kind: Kind, fields: Fields) -> Iterator[tuple[Keys, Any, Reference]]:
    """Every value that may refer to something: its keys, itself, the declaration."""
    for name, reference in kind.reference_fields:
        yield from ((keys, item, reference) for keys, item in list_items(name, reference, fields))


def references(kind: Kind, fields: Fields) -> Iterator[tuple[str, Keys, Reference]]:
    """Every reference in the fields: its address, its keys, its declaration."""
    for keys, item, reference in find_reference_items(kind, fields):
        address = find_address(reference, item)
        if address is not None:
            yield address, keys, reference


def resolve_references(kind: Kind, fields: Fields, resolve: Callable[[str, Reference], Any]) -> dict[str, Any]:
    """The fields with each reference replaced that `resolve` knows: for an address and the declaration, the item that
    is sent, or None. An item that is named twice, by its key and by its id, is sent once."""
    result = dict(fields)
    if not kind.reference_fields:
        return result
    for address, keys, reference in references(kind, fields):
        item = resolve(address, reference)
        if item is not None:
            result = with_value(result, keys, item)
    for name, reference in kind.reference_fields:
        value = get_value(result, keys := (name, *reference.path))
        if isinstance(value, list) and len(value) > 1:
            result = with_value(result, keys, list({to_canonical(item): item for item in value}.values()))
    return result


def with_references(
    kind: Kind, fields: Fields, addresses: Mapping[ObjectRef, str], behind: Mapping[ObjectRef, ObjectRef] | None = None
) -> dict[str, Any]:
    """The fields with a reference in place of each item whose object has an address. `behind`: the object of an item's
    kind and id, if its own id is another one."""
    result = dict(fields)
    for keys, item, reference in find_reference_items(kind, fields):
        if (object_id := item_id(reference, item)) is not None:
            ref = ObjectRef(reference.kind, object_id)
            if address := addresses.get((behind or {}).get(ref, ref)):
                result = with_value(result, keys, {reference.key: address_key(address)})
    return result


def with_chosen_ids(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """The resources with the ids that their callers choose: as written, else the key. The id of such a resource in
    place of a reference is a reference to it."""
    result, keys = dict(resources), dict[ObjectRef, str]()
    for address, each in resources.items():
        if name := KINDS[each.kind].identity.chosen_id:
            key = address_key(address)
            result[address] = replace(each, fields={name: key, **each.fields})
            keys[ObjectRef(each.kind, str(result[address].fields[name]))] = address
    for address, each in result.items() if keys else ():
        if any(KINDS[reference.kind].identity.chosen_id for _, reference in KINDS[each.kind].reference_fields):
            result[address] = replace(each, fields=with_references(KINDS[each.kind], each.fields, keys))
    return result


def find_known_objects(entries: Mapping[str, Entry]) -> set[ObjectRef]:
    """All objects that entries hold, and those that a replace has put aside."""
    return {ObjectRef.at(address, each) for address, entry in entries.items() for each in (entry.id, *entry.superseded)}


class ReferenceResolver:
    """Tells which items of the API's lists stand for which live objects; not safe to share between threads. `taken`:
    further objects that are or were. `planned` is called when a reference to a kind is resolved first."""

    def __init__(
        self, live: Live, taken: Collection[ObjectRef] = (), planned: PlannedFields = lambda _kind: {}
    ) -> None:
        self._live = live
        self._taken = taken
        self._planned = planned
        self._targets: dict[Reference, Targets] = {}

    def targets(self, reference: Reference) -> Targets:
        """The objects that a reference may mean."""
        if reference not in self._targets:
            self._targets[reference] = Targets(reference, self._live, self._taken, self._planned)
        return self._targets[reference]

    def find_aliases(self, kind: Kind) -> dict[ObjectRef, ObjectRef]:
        """The kind and id of an item that a kind's lists hold → the object that it stands for, if the ids differ."""
        return {
            ObjectRef(reference.kind, item): ObjectRef(reference.kind, each)
            for _, reference in kind.lists
            for item, each in self.targets(reference).find_aliases().items()
        }

    def as_sent(self, reference: Reference, item: Any) -> Any:
        """An item that names its target by a label as it is sent; itself if it does not, or if nothing proves that."""
        label = find_named_label(reference, item)
        return item if label is None else self.targets(reference).by_label(label).item or item

    def users(self) -> dict[ObjectRef, list[Record]]:
        """A live object → the records that refer to it. If nothing proves which object an item stands
        for, its record counts for each that it may be."""
        found: dict[ObjectRef, list[Record]] = defaultdict(list)
        for kind in KINDS.values():
            for name, reference in kind.reference_fields:
                possible: dict[str, list[str]] = defaultdict(list)
                for target in self._live.records.get(reference.kind, {}).values():
                    for item in self.targets(reference).possible(target):
                        possible[to_canonical(item)].append(target.id)
                for record in self._live.records.get(kind.name, {}).values():
                    for _, item in list_items(name, reference, record.fields):
                        own = item_id(reference, item)
                        for each in possible.get(to_canonical(item), [own] if own else []):
                            found[ObjectRef(reference.kind, each)].append(record)
        return found
