"""References to what did not exist when the plan was made, looked up once it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from reconciler.api import Reader
from reconciler.api.lists import Item, read_table
from reconciler.errors import ApiFailed
from reconciler.kinds import Kind, Reference
from reconciler.kinds.references import resolved
from reconciler.model.desired import Fields
from reconciler.model.live import Raw

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look: what was just created may show up late."""

Sleep = Callable[[float], None]


class Resolver:
    """Puts what the API wants in the place of references. Safe to share between threads."""

    def __init__(self, reader: Reader, id_of: Callable[[str], str | None], sleep: Sleep = time.sleep) -> None:
        self._reader = reader
        self._id_of = id_of
        self._sleep = sleep
        self._records: dict[str, Raw] = {}
        self._lists: dict[str, list[Item]] = {}
        self._lock = threading.Lock()

    def created(self, address: str, raw: Raw) -> None:
        """Tells what the API answered when it made something, for others to refer to."""
        with self._lock:
            self._records[address] = raw

    def fields(self, kind: Kind, fields: Fields) -> dict[str, Any]:
        """The fields with all references put in. ApiFailed where the API does not offer what is referred to."""
        return resolved(kind, fields, self._item)

    def _item(self, address: str, reference: Reference) -> dict[str, Any]:
        with self._lock:
            target = self._records.get(address) or {"id": self._id_of(address)}
            for wait in WAITS:
                self._sleep(wait)
                if wait or reference.lookup not in self._lists:
                    self._lists[reference.lookup] = read_table(self._reader, reference.lookup)
                item = reference.resolve(target, self._lists[reference.lookup])
                if item is not None:
                    return item
        labels = ", ".join(sorted(str(each.get("label") or each.get("id")) for each in self._lists[reference.lookup]))
        raise ApiFailed(
            f"{address} ({target.get('id')}) is not among those that GET {reference.lookup} offers: {labels or 'none'}",
            hint="its provider may take no reports, or it shows up late: plan again",
        )
