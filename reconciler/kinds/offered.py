"""A list of the API that references are looked up in, indexed: a project may have thousands of both."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.kinds.records import in_short
from reconciler.model.live import Raw

MOST_NAMED = 20
FEW = 8
"""As many items are looked through faster than they are indexed."""


class Offered:
    """The items of a list, each once by its type and id; the first of several wins.

    `also`: another such list, whose items come first. Its owner sees to it that one thread at a time asks.
    """

    def __init__(self, items: Iterable[Any], also: Offered | None = None) -> None:
        unique: dict[str, Raw] = {}
        for item in items:
            if isinstance(item, dict):
                unique.setdefault(_identity(item), item)
        self._items = unique
        self._also = also
        self._indexes: dict[str, dict[str, list[Raw]]] = {}

    def having(self, name: str, value: Any) -> list[Raw]:
        """The items in which that value stands under that name."""
        first = self._also.having(name, value) if self._also else []
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
        """All of them but those of `also`."""
        return iter(self._items.values())

    def described(self) -> str:
        """Their ids and labels."""
        return described(self._items.values())


def described(items: Iterable[Raw]) -> str:
    """The ids of items with their labels, the first of many; "none" if there are none."""
    items = list(items)
    labels = told_apart(labels_of(items))
    ids = sorted({str(item.get("id")) for item in items}, key=lambda each: (labels.get(each, each), each))
    names = [f'{each} ("{in_short(labels[each])}")' if each in labels else each for each in ids]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more or "none"


def labels_of(items: Iterable[Any]) -> dict[str, str]:
    """Id → label, of items that have both."""
    known = (each for each in items if isinstance(each, dict))
    return {str(each["id"]): str(each["label"]) for each in known if each.get("id") and each.get("label")}


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels; one that several ids bear says of how many."""
    counts = Counter(labels.values())
    return {
        object_id: f"{label}, one of {counts[label]} with this label" if counts[label] > 1 else label
        for object_id, label in labels.items()
    }


def _identity(item: Raw) -> str:
    return repr((item.get("type"), item.get("id")))
