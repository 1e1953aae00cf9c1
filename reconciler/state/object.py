"""The state in an object store: S3, Google Cloud Storage or Azure, by their conditional writes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from reconciler.errors import Refused, StateUnusable
from reconciler.model.state import State
from reconciler.serialization import unreadable
from reconciler.state.backend import Locked, LockInfo, ReceiptFile, Snapshot, StateConflict, path_segment
from reconciler.state.document import from_text, to_text
from reconciler.state.journal_file import JournalFile
from reconciler.state.lock import release_on_exit
from reconciler.state.object_bucket import PATIENCE_SECONDS, Bucket, Found
from reconciler.threads import Threads

FREE = b"{}\n"
"""What a lock holds that nobody holds."""

CONFIGURATIONS = "configurations"
"""What the keys begin with that carry a configuration's name."""

READERS = 8
"""How many receipts are read at once."""

STALE = json.dumps({"e_tag": '"00000000000000000000000000000000"', "version": "1"})
"""A version that no object has."""


class ObjectBackend:
    """The state of one environment in one object, with its lock in another beside it.

    `url` is `s3://BUCKET/PREFIX`, `gs://…` or `az://CONTAINER/PREFIX`; WrongUsage where it is none. `journal` is the
    file on this machine. The lock outlives a process that is killed. It is given back by putting a free one in its
    place, on condition that it is still the one that was taken: a delete knows no such condition, and could take away
    the lock of whoever came next. A lock that was broken by force while its holder went on leaves two writers, and of
    these the swap of the state lets one through.
    """

    is_local = False

    def __init__(
        self,
        url: str,
        environment: str,
        journal: JournalFile,
        *,
        configuration: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.environment = environment
        self.configuration = configuration
        self.journal = journal
        self._bucket = Bucket(url, patience)
        home = f"{CONFIGURATIONS}/{path_segment(configuration)}/" if configuration else ""
        self._name = f"{home}{environment}.json"
        self._lock = f"{home}{environment}.lock"
        self._receipts = f"{home}receipts/{environment}/"
        # Where they were before keys carried the configuration's name.
        self._old_name = f"{environment}.json" if configuration else ""
        self._old_receipts = f"receipts/{environment}/"

    @property
    def where(self) -> str:
        """The object's address."""
        return self._bucket.where(self._name)

    def read(self) -> Snapshot:
        """What the object holds; an empty memory where there is none. StateUnusable where it cannot be used."""
        found = self._bucket.read(self._name)
        if found is None:
            old = self._old()
            return Snapshot(old, "", is_taken_over=True) if old else Snapshot(State(self.environment), "")
        return Snapshot(self._memory(found), found.version)

    def _old(self) -> State | None:
        """The state in the place where all were before keys carried a name, if it may be this configuration's: the
        object stays, and the first write of the new one says whose it was."""
        found = self._bucket.read(self._old_name) if self._old_name else None
        state = self._memory(found) if found else None
        return state if state and state.configuration in (None, self.configuration) else None

    def _claim_old(self) -> None:
        """Writes into the old place whose state it was, so that no other configuration takes it for its own."""
        found = self._bucket.read(self._old_name)
        state = self._memory(found) if found else None
        if found and state and state.configuration is None:
            claimed = to_text(replace(state, configuration=self.configuration)).encode()
            if self._bucket.swap(self._old_name, claimed, found.version) is None:
                raise StateConflict(self.where, self.journal)

    def _memory(self, found: Found) -> State:
        try:
            text = found.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StateUnusable(
                f"{self.where}: the state is damaged ({unreadable(error)})",
                hint="bring an earlier version of the object back; without any, move it away: "
                "the next plan then adopts what is live by name, and deletes nothing",
            ) from error
        return from_text(text, self.environment, self.where)

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """Puts a memory in the place of that version and gives the new one; StateConflict where it is another by now.

        `note` goes nowhere: an object has no log. The receipt is written first and taken back where the state moved,
        so that whoever is killed between the two has one too many, and never one too few.
        """
        if self._old_name and not version:
            self._claim_old()
        if receipt is not None:
            self._keep(receipt)
        written = self._bucket.swap(self._name, to_text(state).encode(), version)
        if written is None:
            if receipt is not None:
                self._take_back(receipt)
            raise StateConflict(self.where, self.journal)
        return written

    def receipts(self) -> dict[str, str]:
        """The receipts beside the state, the oldest first. StateUnusable where one cannot be read."""
        places = [self._old_receipts, self._receipts] if self._old_name and self._old() else [self._receipts]
        names = [name for place in places for name in self._bucket.names(place) if name.endswith(".json")]
        with Threads(READERS) as pool:
            found = dict(zip(names, pool.map(self._bucket.read, names), strict=True))
        try:
            return {
                name.rpartition("/")[2].removesuffix(".json"): each.content.decode("utf-8")
                for name, each in found.items()
                if each is not None
            }
        except UnicodeDecodeError as error:
            where = self._bucket.where(self._receipts)
            raise StateUnusable(f"{where}: a receipt is damaged ({unreadable(error)})", hint="move it away") from error

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        """Holds the lock while the block runs. Locked where somebody else does; it is freed only while it is ours.

        StateUnusable where the store cannot be used, or takes a condition and does not heed it.
        """
        mine = self._take(holder)
        with release_on_exit(lambda: self._bucket.swap(self._lock, FREE, mine), self.where, holder):
            self._prove_conditions()
            yield

    def holder(self) -> LockInfo | None:
        """Who holds the lock, None where nobody does or the lock does not say it."""
        found = self._bucket.read(self._lock)
        return None if found is None else _holder(found)

    def unlock(self, run: str) -> None:
        """Breaks the lock of that run, and no other. Refused where another run holds it, or none."""
        found = self._bucket.read(self._lock)
        if found is None or found.content == FREE:
            raise Refused(f"{self.where}: run {run} does not hold the lock; held by: nobody")
        holder = _holder(found)
        if holder is None:
            raise Refused(f"{self.where}: it is locked, but the lock does not say by whom", hint=self._by_hand())
        if holder.run != run or self._bucket.swap(self._lock, FREE, found.version) is None:
            raise Refused(f"{self.where}: run {run} does not hold the lock; held by: {holder}")

    def _keep(self, receipt: ReceiptFile) -> None:
        # Its name bears the serial: who finds it taken comes after somebody that goes on from the same state
        if self._bucket.swap(self._key_of(receipt), receipt.text.encode(), "") is None:
            raise StateConflict(self.where, self.journal)

    def _take_back(self, receipt: ReceiptFile) -> None:
        # That the state moved is the news; a receipt that stays for all that does no harm
        with suppress(StateUnusable):
            self._bucket.remove(self._key_of(receipt))

    def _key_of(self, receipt: ReceiptFile) -> str:
        return f"{self._receipts}{receipt.name}.json"

    def _take(self, holder: LockInfo) -> str:
        # Told apart by more than the holder, or whoever takes it twice would have it twice
        content = json.dumps({**holder.document(), "lock": uuid.uuid4().hex}, indent=2, ensure_ascii=False).encode()
        found = self._bucket.read(self._lock)
        if found is not None and found.content != FREE:
            raise self._locked(found)
        mine = self._bucket.swap(self._lock, content, found.version if found else "")
        if mine is None:
            raise self._locked(self._bucket.read(self._lock))
        return mine

    def _prove_conditions(self) -> None:
        """Two writes that must be refused, while the lock stands there: some servers drop the conditions unread."""
        if not self._bucket.asks_a_server_of_any_make:
            return
        for condition, version in (("If-None-Match", ""), ("If-Match", STALE)):
            if self._bucket.swap(self._lock, FREE, version) is not None:
                raise StateUnusable(
                    f"{self.where}: the store takes conditional writes ({condition}) and does not heed them, "
                    "so two runs could write over each other",
                    hint="use a store that honours them: Amazon S3, Google Cloud Storage, Azure, R2, MinIO, Ceph",
                )

    def _locked(self, found: Found | None) -> Locked:
        holder = None if found is None else _holder(found)
        locked = Locked(self.where, holder)
        if found is not None and holder is None and found.content != FREE:
            locked.hint = self._by_hand()
        return locked

    def _by_hand(self) -> str:
        return f"once nobody is applying any more, delete {self._bucket.where(self._lock)}"


def _holder(found: Found) -> LockInfo | None:
    try:
        document = json.loads(found.content)
        return LockInfo(**{name: str(document[name]) for name in ("run", "who", "since", "where")})
    except (ValueError, TypeError, KeyError):
        return None
