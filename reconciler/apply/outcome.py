"""What came of a write whose answer was lost: looked up, never assumed and never sent again blindly."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from reconciler.api import Reader
from reconciler.api.lists import read_list, read_table
from reconciler.api.pace import Sleep
from reconciler.errors import ApiFailed
from reconciler.kinds import Kind
from reconciler.kinds.comparison import differences
from reconciler.kinds.records import record_from
from reconciler.model.live import Record

WAITS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look: what was just created may show up late."""


class Finder:
    """Looks for what a lost create has made. `known`: the ids that were live before, which it cannot have made."""

    def __init__(self, reader: Reader, known: Collection[tuple[str, str]], sleep: Sleep = time.sleep) -> None:
        self._reader = reader
        self._known = frozenset(known)
        self._sleep = sleep

    def made(self, kind: Kind, body: Mapping[str, Any]) -> Record | None:
        """The object that holds what was sent and was not there before; None where there is none after a while.

        ApiFailed where two objects could be it: neither is guessed.
        """
        for wait in WAITS:
            self._sleep(wait)
            found = [record for record in self._records(kind) if self._fits(kind, body, record)]
            if len(found) > 1:
                ids = ", ".join(sorted(record.id for record in found))
                raise ApiFailed(
                    f"the answer to a create was lost, and {len(found)} new objects hold what was sent: {ids}",
                    hint="delete the one too many in the dashboard, then plan again",
                )
            if found:
                return found[0]
        return None

    def _records(self, kind: Kind) -> list[Record]:
        items = read_list(self._reader, kind.path, kind.pages.value)
        tables = {path: read_table(self._reader, path) for path in kind.lookups if items}
        return [record_from(kind, item, tables) for item in items]

    def _fits(self, kind: Kind, body: Mapping[str, Any], record: Record) -> bool:
        return (kind.name, record.id) not in self._known and not differences(kind, body, record.fields)
