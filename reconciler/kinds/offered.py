"""A list of the API that references are looked up in, indexed: a project may have thousands of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from reconciler.model.live import Raw

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

    def labels(self) -> list[str]:
        """What people call them."""
        return sorted(str(item.get("label") or item.get("id")) for item in self._items.values())


def _identity(item: Raw) -> str:
    return repr((item.get("type"), item.get("id")))
