"""The dependency graph of an apply: which parts can start now, and which are skipped after a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reconciler.model.plan import Change, Request


class Part(NamedTuple):
    """A change, or the second half of a replace (the deletion of what was replaced)."""

    address: str
    cleanup: bool

    def requests(self, change: Change) -> tuple[Request, ...]:
        """What is sent for it."""
        return change.cleanup if self.cleanup else change.requests


class Schedule:
    """The parts of a plan that are still to be done. Not safe to share between threads."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._waits: dict[Part, set[Part]] = {}
        for change in changes:
            self._waits[Part(change.address, False)] = {Part(address, False) for address in change.depends_on}
            if change.cleanup:
                after = {Part(address, False) for address in (change.address, *change.cleanup_after)}
                self._waits[Part(change.address, True)] = after
        # Not `intersection_update`: it would iterate over the whole map for each part.
        for part, waits in self._waits.items():
            self._waits[part] = {other for other in waits if other in self._waits}
        self._freed: dict[Part, set[Part]] = {}
        for part, waits in self._waits.items():
            for other in waits:
                self._freed.setdefault(other, set()).add(part)

    def ready(self) -> list[Part]:
        """Takes out the parts that wait for nothing, in order."""
        parts = sorted(part for part, waits in self._waits.items() if not waits)
        for part in parts:
            del self._waits[part]
        return parts

    def done(self, part: Part) -> list[Part]:
        """Takes out the parts that waited for this one alone, in order."""
        freed = []
        for other in sorted(self._freed.get(part, ())):
            waits = self._waits.get(other)
            if waits is not None:
                waits.discard(part)
                if not waits:
                    freed.append(other)
                    del self._waits[other]
        return freed

    def failed(self, part: Part) -> Mapping[Part, str]:
        """Takes out all that waited for a part, directly or not, each with the address that failed."""
        skipped: dict[Part, str] = {}
        queue = [(part, part.address)]
        while queue:
            current, cause = queue.pop()
            for other in sorted(self._freed.get(current, ())):
                if other in self._waits:
                    del self._waits[other]
                    skipped[other] = cause
                    queue.append((other, cause))
        return skipped

    def rest(self) -> list[Part]:
        """Takes out all that is left, in order."""
        parts = sorted(self._waits)
        self._waits.clear()
        return parts
