"""Keeps the state true while an apply goes on: every step is in the journal before the next one begins."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import Refused
from reconciler.json_text import canonical
from reconciler.model.memory import Entry, Memory
from reconciler.state.held import HeldLock
from reconciler.state.journal import Journal
from reconciler.state.store import Attachment, Snapshot, Store

KEYS = uuid.UUID("6f2f3c1e-6f4c-5d0f-9a3e-0e6b1f0d7c55")
"""Namespace of our idempotency keys."""


class Recorder:
    """The memory of one run, safe to be told things by several threads.

    Steps go to the journal; `finish` writes them to the store in one piece. All of a run bears one serial.
    """

    def __init__(self, store: Store, snapshot: Snapshot, plan: str = "", held: HeldLock | None = None) -> None:
        self._held = held
        self._plan = plan
        self._store = store
        self._snapshot = snapshot
        self._journal = Journal(store.journal)
        memory = self._journal.replay(snapshot.memory).memory
        self._entries = dict(memory.entries)
        self._lineage = memory.lineage or str(uuid.uuid4())
        self._lock = threading.Lock()
        # What the journal's last line of an address says, if that is an outcome: it need not be said twice.
        self._told: dict[str, Entry | None] = {}

    def entry(self, address: str) -> Entry | None:
        """What is remembered of an address now."""
        with self._lock:
            return self._entries.get(address)

    def entries(self) -> dict[str, Entry]:
        """All that is remembered now."""
        with self._lock:
            return dict(self._entries)

    def idempotency_key(self, address: str, body: object) -> str:
        """The same for the same create on top of the same state: a run after a crash repeats it and no other."""
        return str(uuid.uuid5(KEYS, canonical([self._lineage, self._snapshot.memory.serial, address, body])))

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry]) -> None:
        """Starts the journal; renames what has moved, takes over what is known of the unchanged."""
        with self._lock:
            for target, source in moved.items():
                if source in self._entries:
                    self._entries[target] = self._entries.pop(source)
            self._entries.update(refresh)
            self._journal.start(self._snapshot.memory, self._memory())

    def intent(self, address: str, what: str) -> None:
        """Writes down that a write is about to leave. LockBroken where this run may write no more."""
        if self._held is not None:
            self._held.check()
        with self._lock:
            self._told.pop(address, None)
        self._journal.sync(self._journal.intent(address, what))

    def record(self, address: str, entry: Entry | None) -> None:
        """Remembers an address from now on, or forgets it, and has that in the journal before it returns."""
        with self._lock:
            if entry is not None and self._told.get(address) == entry:
                return
            self._told[address] = entry
            if entry is None:
                self._entries.pop(address, None)
            else:
                self._entries[address] = entry
        # One thread at a time has to do with an address, and the journal lets one line after the other in by itself.
        self._journal.outcome(address, entry)

    def gone(self, object_id: str) -> None:
        """Forgets an object that a replace had put aside."""
        with self._lock:
            for address, entry in self._entries.items():
                if object_id in entry.superseded:
                    left = tuple(each for each in entry.superseded if each != object_id)
                    self._entries[address] = replace(entry, superseded=left)
                    self._journal.outcome(address, self._entries[address])

    @property
    def serial(self) -> int:
        """The serial that all writes of this run bear."""
        return self._snapshot.memory.serial + 1

    def finish(self, note: str = "", receipt: Attachment | None = None) -> None:
        """Writes the memory and the receipt, if there is anything new in them. StateMoved where somebody else wrote."""
        with self._lock:
            try:
                if receipt is not None or self._entries != self._snapshot.memory.entries:
                    self._store.write(self._memory(), self._snapshot.version, note, receipt)
            except Refused:
                self._journal.close()
                raise
            self._journal.clear()

    def _memory(self) -> Memory:
        base = self._snapshot.memory
        return Memory(base.environment, self._lineage, self.serial, dict(self._entries), self._plan)
