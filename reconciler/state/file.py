"""The state in a file: written atomically, one writer at a time, by compare-and-swap."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import Refused, StateUnusable
from reconciler.lazy import load
from reconciler.model.inputs import State
from reconciler.model.settings import Environment
from reconciler.serialization import to_json_text
from reconciler.state.backend import Locked, LockInfo, ReceiptFile, Snapshot, StateConflict, lock_error
from reconciler.state.document import BRING_BACK, from_text, to_text
from reconciler.state.journal import Journal
from reconciler.system import Unreadable, prepare_folder, read_regular, replace_atomically, require_replaceable

SWAP_SECONDS = 30.0  # A swap takes milliseconds; a slow network drive gets its time.
LARGEST, LARGEST_RECEIPT, LARGEST_HOLDER = 200_000_000, 100_000_000, 1_000_000
"""Bytes of a state, of a receipt, and of the file that says who holds the lock."""
LOCK_HINT = "remove it: a lock is a file of this machine, and no commit should bring one"


class FileBackend:
    """The state of one environment in one file, with its lock beside it. The operating system holds the lock, so it
    ends with the process, however that ends. All links to one file share its lock, and a write through a link replaces
    the file that it leads to."""

    is_local = True

    def __init__(self, environment: Environment, _folder: Path, journal: Journal) -> None:
        self.path = environment.state.path
        self.environment = environment.name
        self.journal = journal
        self._file = real = Path(os.path.realpath(self.path))
        self._lock = real.with_name(f"{real.name}.lock")
        self._swap = real.with_name(f"{real.name}.swap")
        self._holder = real.with_name(f"{real.name}.holder")
        self._receipts = real.with_name("receipts") / real.stem

    @property
    def where(self) -> str:
        return str(self.path)

    def read(self) -> Snapshot:
        content = self._read_content()
        if content is None:
            return Snapshot(State(self.environment), "")
        state = from_text(content, self.environment, self.where)
        receipt = self._find_newer_receipt(state)
        newer = f"the receipt {receipt} beside it" if receipt else ""
        return Snapshot(state, _compute_version(content), False, newer, int(receipt.partition("-")[0] or 0), self._file)

    def _find_newer_receipt(self, state: State) -> str:
        """The last receipt of this state that is newer than it, because somebody restored an earlier state file. Empty
        if there is a journal: then an interrupted apply left the receipt."""
        paths = [] if self.journal.path.exists() else sorted(self._receipts.glob("*-*.json"), reverse=True)
        numbers = {path: path.stem.partition("-")[0] for path in paths}  # A copy may have any name.
        # A receipt is as large as its apply, so only one that may be newer is read.
        for path in (each for each, number in numbers.items() if number.isdecimal() and int(number) > state.serial):
            # A damaged receipt says nothing of the other ones.
            with suppress(OSError, Unreadable, ValueError, AttributeError, RecursionError):
                if json.loads(read_regular(path, LARGEST_RECEIPT)).get("lineage", "") == state.lineage:
                    return path.stem
        return ""

    def write(self, state: State, version: str, note: str = "", receipt: ReceiptFile | None = None) -> str:
        content, failed = to_text(state).encode(), f"{self.path}: the state cannot be written"
        try:
            prepare_folder(self._file.parent)
            require_replaceable(self._swap)
            # Not the apply's lock: if that was broken by force, two runs write, and one of them must see the other.
            with load("filelock:FileLock")(self._swap, timeout=SWAP_SECONDS):
                current = self._read_content()
                if (_compute_version(current) if current is not None else "") != version:
                    raise StateConflict(self.where, self.journal)
                # The receipt first: a kill between the two leaves one too many, and never one too few.
                if receipt is not None:
                    replace_atomically(self._receipts / f"{receipt.name}.json", receipt.text.encode())
                replace_atomically(self._file, content)
        except Unreadable as error:
            raise StateUnusable(f"{self._swap}: {error}", hint=LOCK_HINT) from error
        except load("filelock:Timeout") as error:
            raise StateUnusable(f"{failed} (another process writes it)", hint="see what it waits for") from error
        except OSError as error:
            raise StateUnusable(f"{failed} ({error})", hint="see to the disk") from error
        return _compute_version(content)

    def receipts(self) -> dict[str, bytes]:
        try:
            return {path.stem: read_regular(path, LARGEST_RECEIPT) for path in sorted(self._receipts.glob("*.json"))}
        except (OSError, Unreadable) as error:
            raise StateUnusable(f"{self._receipts}: cannot be read ({error})", hint="see to the folder") from error

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[None]:
        lock = load("filelock:FileLock")(self._lock, timeout=0)
        try:
            prepare_folder(self._file.parent)
            require_replaceable(self._lock)
            lock.acquire()
        except Unreadable as error:
            raise StateUnusable(f"{self._lock}: {error}", hint=LOCK_HINT) from error
        except load("filelock:Timeout"):
            raise Locked(self.where, self.holder()) from None
        except OSError as error:
            raise StateUnusable(f"{self._lock}: cannot be written ({error})", hint="see to the disk") from error
        try:
            try:
                replace_atomically(self._holder, to_json_text(holder).encode())
            except OSError as error:
                raise StateUnusable(f"{self._holder}: cannot be written ({error})", hint="see to the disk") from error
            yield
        finally:
            # After `state unlock`, another run may hold the lock, and the name there is its own. The name goes before
            # the lock is released, or it could be that of the next run.
            if self.holder() == holder:
                self._holder.unlink(missing_ok=True)
            lock.release()

    def holder(self) -> LockInfo | None:
        try:
            return LockInfo.parse(read_regular(self._holder, LARGEST_HOLDER))
        except (OSError, Unreadable):
            return None

    def find_applier(self) -> LockInfo | None:
        holder = self.holder()
        if holder is None or not self._lock.exists():
            return None
        try:
            # A process that was killed has left its name, and no lock.
            with load("filelock:FileLock")(self._lock, timeout=0):
                return None
        except (load("filelock:Timeout"), OSError):
            return holder

    def unlock(self, run: str) -> None:
        """Removes the lock file of that run. The next run makes its own."""
        holder = self.holder()
        if holder is None or holder.run != run:
            raise lock_error(self.where, run, holder)
        try:
            self._lock.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(f"{self._lock} is in use ({error})", hint=f"end {holder.where} first") from error
        self._holder.unlink(missing_ok=True)

    def _read_content(self) -> bytes | None:
        try:
            return read_regular(self._file, LARGEST)
        except FileNotFoundError:
            return None
        except Unreadable as error:
            raise StateUnusable(f"{self.path}: the state {error}", hint=BRING_BACK) from error


def _compute_version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
