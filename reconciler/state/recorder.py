"""Collects what an apply changes in the state: each step goes to the journal, and `finish` writes the state once."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from reconciler.errors import KeyExposed, ReconcilerError, Refused
from reconciler.kinds import KINDS
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import NO_TOMBSTONES, Entry, Live, Tombstone
from reconciler.model.redaction import Spellings
from reconciler.serialization import to_canonical, to_json_text
from reconciler.state.backend import Backend, LockInfo, ReceiptFile, Snapshot
from reconciler.state.document import make_entry_document, to_text

KEYS = uuid.UUID("6f2f3c1e-6f4c-5d0f-9a3e-0e6b1f0d7c55")  # Namespace of our idempotency keys.


INTERVAL = 20
"""The next check is due when 20 times the time of the last one has passed: checks take at most 5 % of a run.

A check of a remote backend is a request of its own, so it cannot come before every write.
"""

LOCAL_SECONDS = 0.05
"""The time between two checks of a backend on this machine, however busy that is. A check before each of 1,500 writes
took a fifth of an apply's processor time."""


class ActiveLock:
    """The lock that this run holds. `check` looks now and then whether another run has broken it; several threads may
    call it at once. `seconds`: how long one request to the backend takes, as measured."""

    def __init__(self, backend: Backend, holder: LockInfo, seconds: float) -> None:
        self.holder = holder
        self._backend = backend
        self._mutex = threading.Lock()
        self._due = self._find_due(seconds)
        self._broken: Refused | None = None

    def check(self) -> None:
        """Refused if nobody or another run holds the lock. A backend that does not answer is no reason."""
        with self._mutex:
            began = time.monotonic()
            if self._broken is None and began >= self._due:
                now: LockInfo | None = self.holder
                with suppress(ReconcilerError):
                    now = self._backend.holder()
                if now != self.holder:
                    where = f"{self._backend.where}: the lock of this run was broken by force"
                    hint = "nothing more is sent; plan again once the other run has ended"
                    self._broken = Refused(f"{where}; now it is held by {now or 'nobody'}", hint=hint)
                self._due = self._find_due(time.monotonic() - began)
        if self._broken is not None:
            raise self._broken

    def _find_due(self, seconds: float) -> float:
        """When the next check is due, if one takes so many seconds."""
        return time.monotonic() + (LOCAL_SECONDS if self._backend.is_local else INTERVAL * seconds)


@contextmanager
def hold_lock(backend: Backend, holder: LockInfo) -> Iterator[ActiveLock]:
    """Holds the lock during the block. Locked if another run holds it."""
    began = time.monotonic()
    with backend.lock(holder):
        yield ActiveLock(backend, holder, time.monotonic() - began)


def add_counts(address: str, entry: Entry, live: Live, at: datetime) -> Entry:
    """The entry with the counters of its live object, as they were seen at a moment (UTC), or before it. If they are as
    they were, the earlier moment proves more, and the state changes less."""
    record = live.find(address_kind(address), entry.id)
    counts = KINDS[record.kind].read_delivery_counts(record.raw) if record else {}
    is_new = counts and counts != entry.counts
    return replace(entry, counts=counts, counted_at=f"{at:%Y-%m-%dT%H:%M:%SZ}") if is_new else entry


class Recorder:
    """The state of one run. Several threads may use it at once. Each step goes to the journal; `finish` writes all of
    them to the backend at once, under one serial."""

    def __init__(
        self,
        backend: Backend,
        snapshot: Snapshot,
        plan: str = "",
        lock: ActiveLock | None = None,
        *,
        commit: Callable[[], str] = str,
    ) -> None:
        """`commit` returns the commit of the configuration, empty if not known. Several threads call it."""
        self._active_lock = lock
        self._commit = commit
        self._backend = backend
        self._snapshot = snapshot
        self._journal = backend.journal
        replayed = self._journal.replay(snapshot.state)
        state, self._has_sent = replayed.state, bool(replayed.named)
        self._entries, self._tombstones = dict(state.entries), dict(state.tombstones)
        # The state that this run writes. Its maps change during the run.
        self._state = replace(
            snapshot.state,
            lineage=state.lineage or str(uuid.uuid4()),
            serial=snapshot.state.serial + 1,
            entries=self._entries,
            tombstones=self._tombstones,
            plan=plan,
        )
        self.lineage, self.serial = self._state.lineage, self._state.serial
        self._lock = threading.Lock()
        # The journal's last line of an address, if it is an outcome: the same outcome is not written twice.
        self._journaled: dict[str, Entry | None] = {}

    def entry(self, address: str) -> Entry | None:
        """The entry of an address as it is now; None if there is none."""
        with self._lock:
            return self._entries.get(address)

    def entries(self) -> dict[str, Entry]:
        """All entries as they are now."""
        with self._lock:
            return dict(self._entries)

    def tombstones(self) -> dict[str, Tombstone]:
        """The tombstones of objects that have no entry any more, by `kind[id]`."""
        with self._lock:
            return dict(self._tombstones)

    def idempotency_key(self, address: str, body: object) -> str:
        """The key of a create. A run after a crash gets the same key for the same body on top of the same state."""
        return str(uuid.uuid5(KEYS, to_canonical([self.lineage, self._snapshot.state.serial, address, body])))

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry], zone_data: str = "") -> None:
        """Starts the journal. `moved`: new address → old one; `refresh`: new entries of unchanged objects; `zone_data`:
        the version of the time zones that the plan used."""
        with self._lock:
            self._state = replace(self._state, zone_data=zone_data or self._state.zone_data)
            for target, source in moved.items():
                if source in self._entries:
                    self._entries[target] = self._entries.pop(source)
            self._entries.update(refresh)
            for address, entry in refresh.items() if self._tombstones else ():
                self._tombstones.pop(str(ObjectRef.at(address, entry.id)), None)
            # An earlier version may have written the key into the state.
            spellings = Spellings(self._journal.key)
            if spellings.are_in(to_text(self._state).encode("utf-8", "surrogatepass")):
                texts = {name: to_json_text(make_entry_document(each)) for name, each in self._entries.items()}
                named = [
                    name for name, text in texts.items() if spellings.are_in(text.encode("utf-8", "surrogatepass"))
                ]
                raise KeyExposed(
                    f"{self._backend.where}: the state holds the secret key, in {', '.join(named) or 'a name'}",
                    hint="make a new key, revoke this one, and plan again with the new one: this one may be known",
                )
            self._journal.start(self._snapshot.state, self._state)

    def intent(self, address: str, what: str) -> None:
        """Journals that a write is about to leave, and returns when the line is on the disk. Refused if another run
        holds the lock by now."""
        if self._active_lock is not None:
            self._active_lock.check()
        with self._lock:
            self._has_sent = True
            self._journaled.pop(address, None)
        self._journal.intent(address, what)

    def record(self, address: str, entry: Entry, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Sets the entry of an address, and returns when that is in the journal. `tombstones`: those of the object that
        the address had until then."""
        entry = replace(entry, commit=self._commit())
        with self._lock:
            # A superseded object may have been deleted while the one in its place was written to.
            if entry.superseded:
                known = {each: self._tombstones.get(str(ObjectRef.at(address, each))) for each in entry.superseded}
                left = tuple(each for each, tombstone in known.items() if not (tombstone and tombstone.deleted))
                entry = replace(entry, superseded=left)
            is_known = self._journaled.get(address) == entry
            self._journaled[address] = self._entries[address] = entry
            changed = self._set_tombstones(tombstones, str(ObjectRef.at(address, entry.id)))
        # Outside of the lock: one thread at a time works on an address, and the journal orders its lines itself.
        if changed or not is_known:
            self._journal.outcome(address, entry, changed)

    def forget(self, address: str, object_id: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Removes the entry of an address, and every tombstone of its object but these. The object stays live."""
        with self._lock:
            self._journaled[address] = None
            self._entries.pop(address, None)
            changed = self._set_tombstones(tombstones, str(ObjectRef.at(address, object_id)))
        self._journal.outcome(address, None, changed)

    def _set_tombstones(self, tombstones: Mapping[str, Tombstone], removed: str) -> dict[str, Tombstone | None]:
        """Adds tombstones, and removes the one named `removed` unless it is among them. Returns what changed. An object
        that has an entry gets no tombstone."""
        taken: Mapping[str, Tombstone] = {}
        if tombstones:
            managed = {str(ObjectRef.at(address, entry.id)) for address, entry in self._entries.items()}
            taken = {name: each for name, each in tombstones.items() if name not in managed}
        self._tombstones |= taken
        if removed in tombstones or removed not in self._tombstones:
            return dict(taken)
        del self._tombstones[removed]
        return {**taken, removed: None}

    def read_back(self, addresses: Iterable[str]) -> None:
        """Remembers that live was seen as it was sent. The journal need not say so: a run that is cut off has not."""
        with self._lock:
            for address in addresses:
                if address in self._entries:
                    self._entries[address] = replace(self._entries[address], read_back=True)

    def count(self, live: Live, at: datetime) -> None:
        """Remembers the counters of live objects. `at` (UTC) is when they were seen, or later: a delivery in between
        then counts for the object. The journal does not say so, and it is no reason to write the state."""
        with self._lock:
            self._entries |= {address: add_counts(address, each, live, at) for address, each in self._entries.items()}

    def record_delete(self, address: str, kind: str, object_id: str) -> None:
        """Records that an object was deleted. It was the one of the address, or one that a replace had superseded. Its
        tombstone stays for ever, because nothing proves that it may go. An integration cannot be asked for by its id,
        and lists and destinations may still show it: without the tombstone it would be adopted, or be taken for the
        destination of the next one. A report or an automation that answers 404 needs no such proof, but the guard
        `behind` needs the commit, and a checkout of any age may be applied. A tombstone has about 100 bytes."""
        tombstone = {str(ObjectRef(kind, object_id)): Tombstone(address, deleted=True, commit=self._commit())}
        with self._lock:
            self._tombstones |= tombstone
            entry = self._entries.get(address)
            if entry is not None and entry.id == object_id:
                self._entries.pop(address)
                self._journaled[address] = None
            left = {
                name: replace(each, superseded=tuple(old for old in each.superseded if old != object_id))
                for name, each in self._entries.items()
                if object_id in each.superseded and address_kind(name) == kind
            }
            self._entries |= left
        self._journal.outcome(address, self.entry(address), tombstone)
        for each, kept in left.items():
            self._journal.outcome(each, kept)

    def has_news(self) -> bool:
        """Whether this run, or one that broke off before it, has sent or learned anything."""
        known, now = self._snapshot.state, self.entries()
        before, after = ({name: each.as_wanted() for name, each in side.items()} for side in (known.entries, now))
        return self._has_sent or before != after or self.tombstones() != known.tombstones

    def finish(self, note: str = "", receipt: ReceiptFile | None = None) -> None:
        """Writes the state and the receipt, if they hold anything new. StateConflict if another run wrote the state."""
        with self._lock:
            known = self._snapshot.state
            is_same = self._entries == known.entries and self._tombstones == known.tombstones
            is_same = is_same and self._state.zone_data == known.zone_data
            try:
                if receipt is not None or self._snapshot.is_taken_over or not is_same:
                    self._backend.write(self._state, self._snapshot.version, note, receipt)
            except Refused:
                # The steps stay on the disk, for the next run or for a person: the state does not hold them.
                self._journal.close()
                raise
            self._journal.clear()
