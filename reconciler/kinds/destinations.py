"""Finds the item of the API's list that stands for an object: proven by its id, by its label, or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.kinds.declaration import Kind, Reference
from reconciler.kinds.wire import in_short
from reconciler.model.desired import Fields
from reconciler.model.live import Raw, Record

MOST_NAMED = 20
FEW = 8
"""Up to this size a scan is faster than an index."""


class LookupTable:
    """The items of a list, each once by its type and id; the first of several wins.

    `also`: another table, whose items come first. Not safe to share between threads.
    """

    def __init__(self, items: Iterable[Any], also: LookupTable | None = None) -> None:
        unique: dict[str, Raw] = {}
        for item in items:
            if isinstance(item, dict):
                unique.setdefault(_identity(item), item)
        self._items = unique
        self._also = also
        self._indexes: dict[str, dict[str, list[Raw]]] = {}

    def find(self, name: str, value: Any) -> list[Raw]:
        """The items with that value under that key."""
        first = self._also.find(name, value) if self._also else []
        if len(self._items) <= FEW:
            own = [item for item in self._items.values() if repr(item.get(name)) == repr(value)]
            return [*first, *(item for item in own if not (self._also and self._also.holds(item)))]
        if name not in self._indexes:
            index = defaultdict(list)
            for item in self._items.values():
                index[repr(item.get(name))].append(item)
            self._indexes[name] = dict(index)
        own = self._indexes[name].get(repr(value), [])
        return [*first, *(item for item in own if not (self._also and self._also.holds(item)))]

    def holds(self, item: Raw) -> bool:
        """Whether an item of this type and id is among them."""
        return _identity(item) in self._items or bool(self._also and self._also.holds(item))

    def __iter__(self) -> Iterator[Raw]:
        """All items but those of `also`."""
        return iter(self._items.values())

    def described(self) -> str:
        """Their ids and labels."""
        return described(self._items.values())


def described(items: Iterable[Raw]) -> str:
    """The ids of items with their labels, the first of many; "none" if there are none."""
    items = list(items)
    labels = told_apart(find_labels(items))
    ids = sorted({str(item.get("id")) for item in items}, key=lambda each: (labels.get(each, each), each))
    names = [f'{each} ("{in_short(labels[each])}")' if each in labels else each for each in ids]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more or "none"


def find_labels(items: Iterable[Any]) -> dict[str, str]:
    """Id → label, of items that have both."""
    known = (each for each in items if isinstance(each, dict))
    return {str(each["id"]): str(each["label"]) for each in known if each.get("id") and each.get("label")}


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels; one that several ids share says how many."""
    counts = Counter(labels.values())
    return {
        object_id: f"{label}, one of {counts[label]} with this label" if counts[label] > 1 else label
        for object_id, label in labels.items()
    }


def _identity(item: Raw) -> str:
    return repr((item.get("type"), item.get("id")))


BY_ID, BY_LABEL = "id", "label"
WRITE_IT = "write the line that is meant in place of the reference, or rename one of those that could bear the label"
NOTHING: Mapping[str, Fields] = {}


class Proof(NamedTuple):
    """The item that is sent for an object, and what proves it: `id` or `label`."""

    item: dict[str, Any]
    by: str


class Targets:
    """The objects that a reference may mean.

    An item stands for the object with its id. If no object has its id, it stands for the one with its label, but
    only if no other object could have that label, and no other such item has it.

    `records` are live. `taken` are further ids that objects have or had. `coming` has the fields of planned objects, by
    address.
    """

    def __init__(
        self,
        reference: Reference,
        records: Iterable[Record],
        taken: Collection[str] = (),
        coming: Mapping[str, Fields] = NOTHING,
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
        free = [item for item in self.labelled(record, offered) if item["id"] not in self._taken]
        if len(free) == 1 and next(self.twins(record, address), None) is None:
            return Proof(self._item(free[0]["id"]), BY_LABEL)
        return None

    def by_id(self, object_id: str, offered: LookupTable) -> dict[str, Any] | None:
        """The item with an object's id, if there is one."""
        return self._item(object_id) if self._of_type(offered.find("id", object_id)) else None

    def possible(self, record: Record, offered: LookupTable) -> list[dict[str, Any]]:
        """The item for an object; if none is proven, all that could be it."""
        proof = self.proof(record, offered)
        if proof is not None:
            return [proof.item]
        return [self._item(item["id"]) for item in self.labelled(record, offered) if item["id"] not in self._taken]

    def labelled(self, record: Record, offered: LookupTable) -> list[Raw]:
        """The items with the label of an object, whatever their ids are."""
        label = self._reference.label(record.raw)
        return self._of_type(offered.find("label", label)) if label is not None else []

    def twins(self, record: Record, address: str = "") -> Iterator[str]:
        """The other objects that could have the label of an object: ids of live ones, addresses of planned ones."""
        bearers = [*self._bearers.get(self._reference.label(record.raw), ()), *self._bearers.get(None, ())]
        yield from dict.fromkeys(each.id for each in bearers if each.id != record.id)
        for other, fields in self._coming.items():
            if other != address and self._may_share(record.fields, fields):
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
        twins = [self._described(kind, each) for each in self.twins(record, address)]
        why = (
            f"{address} ({record.id}) is not offered under its own id, "
            f'and the label "{self._reference.label(record.raw)}" does not prove which destination it is'
        )
        shared = f", as it could be that of {' and '.join(twins)}" if twins else ""
        return [f"{why}{shared}. Offered under that label:", *(self._candidate(kind, item["id"]) for item in items)]

    def _candidate(self, kind: Kind, item_id: str) -> str:
        owner = f"  # {self._described(kind, item_id)}" if item_id in self._records else ""
        return f"  - {{type: {self._reference.type}, id: {item_id}}}{owner}"

    def _described(self, kind: Kind, name: str) -> str:
        """A live object by its id, or one to come by its address, with what tells it from others."""
        live = name in self._records
        fields = self._records[name].fields if live else self._coming[name]
        said = ", ".join(f"{each} {in_short(fields[each])}" for each in kind.natural_key if each in fields)
        return f"the live {kind.name} {name} ({said})" if live else f"{name} ({said}), made by this plan"

    def _may_share(self, one: Fields, other: Fields) -> bool:
        """Whether two objects could have one label; an unknown field could have any value."""
        pairs = [(one.get(name), other.get(name)) for name in self._reference.labelled_by]
        return all(None in pair or pair[0] == pair[1] for pair in pairs)

    def _of_type(self, items: Iterable[Raw]) -> list[Raw]:
        return [item for item in items if item.get("type") == self._reference.type and isinstance(item.get("id"), str)]

    def _item(self, item_id: str) -> dict[str, Any]:
        return {"type": self._reference.type, "id": item_id}
