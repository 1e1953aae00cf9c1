"""The state in an object store: S3, Google Cloud Storage or Azure, by their conditional writes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from reconciler.errors import StateUnusable
from reconciler.model.inputs import State
from reconciler.model.settings import Environment, encode_segment
from reconciler.serialization import to_json_text
from reconciler.state.backend import Locked, LockInfo, ReceiptFile, Snapshot, StateConflict, lock_error, release_on_exit
from reconciler.state.document import from_text, to_text
from reconciler.state.journal import Journal
from reconciler.state.object_bucket import Bucket, Found
from reconciler.threads import Threads

FREE = b"{}\n"  # The content of a lock that nobody holds.
CONFIGURATIONS = "configurations"  # The first part of keys that have the configuration's name.
READERS = 8  # How many receipts are read in parallel.
STALE = json.dumps({"e_tag": '"00000000000000000000000000000000"', "version": "1"})  # A version that no object has.


class ObjectBackend:
    """The state of one environment in one object, with its lock in another beside it. The setting `url` is
    `s3://BUCKET/PREFIX`, `gs://…` or `az://CONTAINER/PREFIX`; WrongUsage if it is none of them. The lock stays if its
    process is killed. To release it, a free lock replaces it on condition that it is still the lock that was taken. A
    delete knows no condition, and could remove the lock of the next run. If a lock was broken while its holder goes on,
    there are two writers, and the swap of the state lets one of them through."""

    is_local = False

    def __init__(self, environment: Environment, _folder: Path, journal: Journal) -> None:
        self.environment = name = environment.name
        self.configuration = environment.configuration or ""
        self.journal = journal
        self._bucket = Bucket(environment.state.options["url"])
        home = f"{CONFIGURATIONS}/{encode_segment(self.configuration)}/" if self.configuration else ""
        self._name = f"{home}{name}.json"
        self._lock = f"{home}{name}.lock"
        self._receipts = f"{home}receipts/{name}/"
        # Earlier versions used keys without the configuration's name.
        self._old_name = f"{name}.json" if self.configuration else ""
        self._old_receipts = f"receipts/{name}/"

    @property
    def where(self) -> str:
        return self._bucket.where(self._name)

    def read(self) -> Snapshot:
        found = self._bucket.read(self._name)
        if found is None:
            old = self._read_old()
            return Snapshot(old[1], "", is_taken_over=True) if old else Snapshot(State(self.environment), "")
        return Snapshot(from_text(found.content, self.environment, self.where), found.version)

    def _read_old(self) -> tuple[Found, State] | None:
        """The state under the key of an earlier version, if it may be this configuration's. That object stays."""
        found = self._bucket.read(self._old_name) if self._old_name else None
        state = from_text(found.content, self.environment, self.where) if found else None
        return (found, state) if found and state and state.configuration in (None, self.configuration) else None

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        """As `Backend.write`; `note` is not kept, because an object has no log. The receipt is written first, and
        removed after a conflict: a run that is killed between the two leaves one receipt too many, and never one too
        few."""
        old = self._read_old() if not version else None
        if old is not None and old[1].configuration is None:
            # The old object gets this configuration's name, so that no other configuration takes it over.
            claimed = to_text(replace(old[1], configuration=self.configuration)).encode()
            if self._bucket.swap(self._old_name, claimed, old[0].version) is None:
                raise StateConflict(self.where, self.journal)
        key = f"{self._receipts}{receipt.name}.json" if receipt else ""
        # Its name has the serial: if it exists, another run has already continued from the same state.
        if receipt is not None and self._bucket.swap(key, receipt.text.encode(), "") is None:
            raise StateConflict(self.where, self.journal, receipt.name)
        written = self._bucket.swap(self._name, to_text(state).encode(), version)
        if written is None:
            if receipt is not None:
                with suppress(StateUnusable):  # The conflict is what counts; a receipt that stays does no harm.
                    self._bucket.remove(key)
            raise StateConflict(self.where, self.journal)
        return written

    def receipts(self) -> dict[str, bytes]:
        places = [self._old_receipts, self._receipts] if self._read_old() else [self._receipts]
        names = [name for place in places for name in self._bucket.names(place) if name.endswith(".json")]
        with Threads(READERS) as pool:
            found = dict(zip(names, pool.map(self._bucket.read, names), strict=True))
        return {name.rpartition("/")[2].removesuffix(".json"): each.content for name, each in found.items() if each}

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        """As `Backend.lock`. StateUnusable if the store ignores the conditions of writes."""
        # A random part, or two locks that one holder takes would be the same object.
        content = to_json_text({**asdict(holder), "lock": uuid.uuid4().hex}, indented=True).encode()
        found, mine = self._bucket.read(self._lock), None
        if found is None or found.content == FREE:
            mine = self._bucket.swap(self._lock, content, found.version if found else "")
        if mine is None:
            version, other = self._read_lock()
            raise Locked(self.where, other, self._make_unlock_hint() if version else "")
        with release_on_exit(lambda: self._bucket.swap(self._lock, FREE, mine), self.where, holder):
            self._prove_conditions()
            yield

    def holder(self) -> LockInfo | None:
        return self._read_lock()[1]

    find_applier = holder

    def unlock(self, run: str) -> None:
        version, holder = self._read_lock()
        if not holder or holder.run != run or self._bucket.swap(self._lock, FREE, version) is None:
            raise lock_error(self.where, run, holder, self._make_unlock_hint() if version else "")

    def _read_lock(self) -> tuple[str, LockInfo | None]:
        """The version of the lock, empty if nobody holds it, and its holder if it names one."""
        found = self._bucket.read(self._lock)
        return (found.version, LockInfo.parse(found.content)) if found and found.content != FREE else ("", None)

    def _prove_conditions(self) -> None:
        """Tries two writes that the lock must make fail: some S3 servers ignore the conditions."""
        if not self._bucket.root.startswith("s3:"):  # Only the API of S3 is served by many vendors.
            return
        for condition, version in (("If-None-Match", ""), ("If-Match", STALE)):
            if self._bucket.swap(self._lock, FREE, version) is not None:
                raise StateUnusable(
                    f"{self.where}: the store ignores the condition of a write ({condition}), "
                    "so two runs could write over each other",
                    hint="use a store that honours them: Amazon S3, Google Cloud Storage, Azure, R2, MinIO, Ceph",
                )

    def _make_unlock_hint(self) -> str:
        return f"once nobody is applying any more, delete {self._bucket.where(self._lock)}"
