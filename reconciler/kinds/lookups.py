"""The items of the API's lists that are sent for references, and their labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.kinds.wire import in_short
from reconciler.model.inputs import Raw

MOST_NAMED = 20


class LookupTable:
    """The items of a list, each once by its type and id; the first of several wins. `also`: another table, whose items
    come first. Not safe to share between threads."""

    def __init__(self, items: Iterable[Any], also: LookupTable | None = None) -> None:
        self._items: dict[str, Raw] = {}
        for item in items:
            if isinstance(item, dict):
                self._items.setdefault(_identity(item), item)
        self._also = also
        self._indexes: dict[str, dict[str, list[Raw]]] = {}

    def find(self, name: str, value: Any) -> list[Raw]:
        """The items with that value under that key."""
        if name not in self._indexes:
            index = self._indexes[name] = defaultdict(list)
            for item in self._items.values():
                index[repr(item.get(name))].append(item)
        own = self._indexes[name].get(repr(value), [])
        if self._also is None:
            return own
        return [*self._also.find(name, value), *(item for item in own if not self._also.holds(item))]

    def holds(self, item: Raw) -> bool:
        """Whether an item of this type and id is among them."""
        return _identity(item) in self._items or bool(self._also and self._also.holds(item))

    def __iter__(self) -> Iterator[Raw]:
        return iter(self._items.values())


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
    known = (each for each in items if isinstance(each, dict) and each.get("id") and each.get("label"))
    return {str(each["id"]): str(each["label"]) for each in known}


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels; one that several ids share says how many."""
    counts = Counter(labels.values())
    return {
        object_id: f"{label}, one of {counts[label]} with this label" if counts[label] > 1 else label
        for object_id, label in labels.items()
    }


def _identity(item: Raw) -> str:
    return repr((item.get("type"), item.get("id")))
