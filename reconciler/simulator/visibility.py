"""Late visibility: created records that reads do not show yet, as if a replica lagged behind."""

from __future__ import annotations

import threading
from collections import defaultdict

from reconciler.simulator.wire import BASE, Request

# A new integration is also missing from the destinations of reports.
_ALSO_SHOWN = {f"{BASE}/integrations": (f"{BASE}/scheduled-reports/destinations",)}


class VisibilityDelay:
    """Hides records for a number of reads of each path: the list, the record itself, the destinations.

    All pages of a list are one read. Each path counts alone, so a client that reads only one sees it in the end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def cover(self, project: str, url: str, readings: int) -> bool:
        """Hide the record at the url (`/v4/automations/ID`); False if it was hidden before."""
        collection, _, record_id = url.rpartition("/")
        with self._lock:
            if record_id in self._left[project, url]:
                return False
            for path in (url, collection, *_ALSO_SHOWN.get(collection, ())):
                self._left[project, path][record_id] = readings
        return True

    def over(self, project: str, request: Request) -> frozenset[str]:
        """The ids that this request does not see; a write sees everything. Counts a read at its first page."""
        if request.method != "GET":
            return frozenset()
        with self._lock:
            left = self._left.get((project, request.path), {})
            if _begins(request):
                left.update({record_id: count - 1 for record_id, count in left.items()})
            return frozenset(record_id for record_id, count in left.items() if count >= 0)

    def lift(self) -> None:
        """Show everything."""
        with self._lock:
            self._left.clear()


def _begins(request: Request) -> bool:
    query = request.query or {}
    return not query.get("starting_after") and query.get("offset", "0") == "0"
