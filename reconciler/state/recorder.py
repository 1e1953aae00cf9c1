"""Keeps the state true while an apply goes on: every step is in the journal before the next one begins."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from reconciler.errors import KeyExposed, Refused
from reconciler.model.desired import address_kind
from reconciler.model.redaction import Spellings
from reconciler.model.state import NO_TOMBSTONES, Entry, State, Tombstone, object_name
from reconciler.serialization import canonical, json_text
from reconciler.state.backend import Backend, ReceiptFile, Snapshot
from reconciler.state.document import entry_document, to_text
from reconciler.state.journal import Journal
from reconciler.state.lock import ActiveLock

KEYS = uuid.UUID("6f2f3c1e-6f4c-5d0f-9a3e-0e6b1f0d7c55")
"""Namespace of our idempotency keys."""


class Recorder:
    """The memory of one run, safe to be told things by several threads.

    Steps go to the journal; `finish` writes them to the store in one piece. All of a run bears one serial.
    """

    def __init__(
        self,
        store: Backend,
        snapshot: Snapshot,
        plan: str = "",
        held: ActiveLock | None = None,
        *,
        commit: Callable[[], str] = str,
    ) -> None:
        """`commit` gives the commit of the configuration (empty: not known); it is asked when something is recorded, by
        several threads."""
        self._held = held
        self._commit = commit
        self._plan = plan
        self._store = store
        self._snapshot = snapshot
        self._journal = Journal(store.journal)
        state = self._journal.replay(snapshot.state).state
        self._entries = dict(state.entries)
        self._tombstones = dict(state.tombstones)
        self._lineage = state.lineage or str(uuid.uuid4())
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

    def tombstones(self) -> dict[str, Tombstone]:
        """What is remembered now of objects that have no entry any more, by `kind[id]`."""
        with self._lock:
            return dict(self._tombstones)

    def idempotency_key(self, address: str, body: object) -> str:
        """The same for the same create on top of the same state: a run after a crash repeats it and no other."""
        return str(uuid.uuid5(KEYS, canonical([self._lineage, self._snapshot.state.serial, address, body])))

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry]) -> None:
        """Starts the journal; renames what has moved, takes over what is known of the unchanged."""
        with self._lock:
            for target, source in moved.items():
                if source in self._entries:
                    self._entries[target] = self._entries.pop(source)
            self._entries.update(refresh)
            for address, entry in refresh.items() if self._tombstones else ():
                self._tombstones.pop(object_name(address_kind(address), entry.id), None)
            state = self._memory()
            self._require_no_key(state)
            self._journal.start(self._snapshot.state, state)

    def _require_no_key(self, state: State) -> None:
        """KeyExposed if what is remembered holds the key: an earlier version may have written it."""
        spellings = Spellings(self._store.journal.key)
        if not spellings.are_in(to_text(state).encode("utf-8", "surrogatepass")):
            return
        entries = {name: json_text(entry_document(each)) for name, each in state.entries.items()}
        named = [name for name, text in entries.items() if spellings.are_in(text.encode("utf-8", "surrogatepass"))]
        raise KeyExposed(
            f"{self._store.where}: the state holds the secret key, in {', '.join(named) or 'a name'}",
            hint="make a new key, revoke this one, and plan again with the new one: this one may be known",
        )

    def intent(self, address: str, what: str) -> None:
        """Writes down that a write is about to leave. LockBroken where this run may write no more."""
        if self._held is not None:
            self._held.check()
        with self._lock:
            self._told.pop(address, None)
        self._journal.sync(self._journal.intent(address, what))

    def record(self, address: str, entry: Entry, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Remembers an address from now on, as this run's commit wrote it, and has that in the journal before it
        returns. `tombstones`: what is remembered of the object that it had until then."""
        entry = replace(entry, commit=self._commit())
        with self._lock:
            is_told = self._told.get(address) == entry
            self._told[address] = self._entries[address] = entry
            news = self._bury(tombstones, object_name(address_kind(address), entry.id))
        # One thread at a time has to do with an address, and the journal lets one line after the other in by itself.
        if news or not is_told:
            self._journal.outcome(address, entry, news)

    def forget(self, address: str, object_id: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Forgets an address, and all that is remembered of its object but these tombstones. The object is left as it
        is."""
        with self._lock:
            self._told[address] = None
            self._entries.pop(address, None)
            news = self._bury(tombstones, object_name(address_kind(address), object_id))
        self._journal.outcome(address, None, news)

    def _bury(self, tombstones: Mapping[str, Tombstone], lifted: str) -> dict[str, Tombstone | None]:
        """Takes over tombstones, and drops the one named `lifted` unless it is among them. Gives what is news.

        An object that has an entry gets no tombstone.
        """
        taken: Mapping[str, Tombstone] = {}
        if tombstones:
            held = {object_name(address_kind(address), entry.id) for address, entry in self._entries.items()}
            taken = {name: each for name, each in tombstones.items() if name not in held}
        self._tombstones |= taken
        if lifted in tombstones or lifted not in self._tombstones:
            return dict(taken)
        del self._tombstones[lifted]
        return {**taken, lifted: None}

    def read_back(self, addresses: Iterable[str]) -> None:
        """Remembers that live was seen as it was sent. The journal need not say so: a run that is cut off has not."""
        with self._lock:
            for address in addresses:
                if address in self._entries:
                    self._entries[address] = replace(self._entries[address], read_back=True)

    def deleted(self, address: str, kind: str, object_id: str) -> None:
        """Remembers that an object was deleted, and forgets it: the address that it had, or the place of one that a
        replace had put aside."""
        tombstone = Tombstone(address, deleted=True, commit=self._commit())
        buried = {object_name(kind, object_id): tombstone}
        with self._lock:
            self._tombstones |= buried
            entry = self._entries.get(address)
            if entry is not None and entry.id == object_id:
                self._entries.pop(address)
                self._told[address] = None
            left = self._without(kind, object_id)
            self._entries |= left
        self._journal.outcome(address, self.entry(address), buried)
        for each, kept in left.items():
            self._journal.outcome(each, kept)

    def _without(self, kind: str, object_id: str) -> dict[str, Entry]:
        """The entries that had put that object aside, without it."""
        return {
            address: replace(entry, superseded=tuple(each for each in entry.superseded if each != object_id))
            for address, entry in self._entries.items()
            if object_id in entry.superseded and address_kind(address) == kind
        }

    @property
    def lineage(self) -> str:
        """The lineage of the state that this run writes."""
        return self._lineage

    @property
    def serial(self) -> int:
        """The serial that all writes of this run bear."""
        return self._snapshot.state.serial + 1

    def finish(self, note: str = "", receipt: ReceiptFile | None = None) -> None:
        """Writes the state and the receipt, if there is anything new in them. StateConflict if somebody else wrote."""
        with self._lock:
            try:
                if receipt is not None or self._is_news():
                    self._store.write(self._memory(), self._snapshot.version, note, receipt)
            except Refused:
                self._journal.close()
                raise
            self._journal.clear()

    def _is_news(self) -> bool:
        known = self._snapshot.state
        is_same = self._entries == known.entries and self._tombstones == known.tombstones
        return self._snapshot.is_taken_over or not is_same

    def _memory(self) -> State:
        return State(
            self._snapshot.state.environment,
            self._lineage,
            self.serial,
            dict(self._entries),
            self._plan,
            self._snapshot.state.configuration,
            dict(self._tombstones),
        )
