"""References to what did not exist when the plan was made, looked up once it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from reconciler.api import Reader
from reconciler.api.lists import read_table
from reconciler.api.pace import LOOKS
from reconciler.errors import ApiFailed
from reconciler.kinds import Kind, Reference
from reconciler.kinds.offered import Offered
from reconciler.kinds.references import resolved
from reconciler.model.desired import Fields
from reconciler.model.live import Raw

WAITS = (*LOOKS, 4.0)
"""Seconds before each look: what was just created may show up late."""

Sleep = Callable[[float], None]


class Resolver:
    """Puts what the API wants in the place of references. Safe to share between threads."""

    def __init__(self, reader: Reader, id_of: Callable[[str], str | None], sleep: Sleep = time.sleep) -> None:
        self._reader = reader
        self._id_of = id_of
        self._sleep = sleep
        self._records: dict[str, Raw] = {}
        self._lists: dict[str, Offered] = {}
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
        offered = None
        for wait in (0.0, *WAITS):
            if wait:
                self._sleep(wait)
            offered = self._newer(reference.lookup, offered)
            item = reference.resolve(target, offered)
            if item is not None:
                return item
        labels = ", ".join(offered.labels()) if offered else ""
        raise ApiFailed(
            f"{address} ({target.get('id')}) is not among those that GET {reference.lookup} offers: {labels or 'none'}",
            hint="its provider may take no reports, or it shows up late: plan again",
        )

    def _newer(self, path: str, than: Offered | None) -> Offered:
        """A list, read again where it is still the one that did not help; others wait for one reading."""
        with self._lock:
            if self._lists.get(path) is than:
                self._lists[path] = Offered(read_table(self._reader, path))
            return self._lists[path]
