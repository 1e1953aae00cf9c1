"""The lock of a run. Somebody may break it by force, and then others may write, so the run checks it as it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.errors import ReconcilerError, Refused, StateUnusable
from reconciler.state.backend import Backend, LockInfo


@contextmanager
def release_on_exit(free: Callable[[], object], where: str, holder: LockInfo) -> Iterator[None]:
    """Runs a block, then releases its lock with `free`, which must not release the lock of another run.

    If the block fails, its error is raised, with a note if the lock could not be released. Otherwise that is
    StateUnusable.
    """
    try:
        yield
    except BaseException as error:
        try:
            free()
        except ReconcilerError as left:
            error.add_note(f"the lock on {where} is left ({left}); `reconciler state unlock {holder.run}` frees it")
        raise
    try:
        free()
    except ReconcilerError as error:
        raise StateUnusable(
            f"{where}: all is done, but the lock could not be freed: {error}",
            hint=f"`reconciler state unlock {holder.run}` frees it",
        ) from error


INTERVAL = 20
"""The next check is due when 20 times the time of the last one has passed: checks take at most 5 % of a run.

A check of a remote backend is a request of its own, so it cannot come before every write.
"""

LOCAL_SECONDS = 0.05
"""The time between two checks of a backend on this machine, however busy that is. A check before each of 1,500 writes
took a fifth of an apply's processor time."""


class LockBroken(Refused):
    """The lock of this run was broken, so it may write no more."""

    def __init__(self, where: str, holder: LockInfo | None) -> None:
        super().__init__(
            f"{where}: the lock of this run was broken by force; now it is held by {holder or 'nobody'}",
            hint="nothing more is sent; plan again once the other run has ended",
        )


class ActiveLock:
    """Several threads may check it at once. `seconds`: how long one request to the backend takes, as measured."""

    def __init__(self, store: Backend, holder: LockInfo, seconds: float) -> None:
        self.holder = holder
        self._store = store
        self._mutex = threading.Lock()
        self._due = self._after(seconds)
        self._broken: LockBroken | None = None

    def check(self) -> None:
        """LockBroken if nobody or another run holds the lock. A backend that does not answer is no reason."""
        with self._mutex:
            if self._broken is None and time.monotonic() >= self._due:
                self._refresh()
        if self._broken is not None:
            raise self._broken

    def _refresh(self) -> None:
        began = time.monotonic()
        try:
            now = self._store.holder()
        except ReconcilerError:
            now = self.holder
        if now != self.holder:
            self._broken = LockBroken(self._store.where, now)
        self._due = self._after(time.monotonic() - began)

    def _after(self, seconds: float) -> float:
        """When the next check is due, if one takes so many seconds."""
        return time.monotonic() + (LOCAL_SECONDS if self._store.is_local else INTERVAL * seconds)


@contextmanager
def hold_lock(store: Backend, holder: LockInfo) -> Iterator[ActiveLock]:
    """Holds the lock during the block. Locked if another run holds it."""
    began = time.monotonic()
    with store.lock(holder):
        yield ActiveLock(store, holder, time.monotonic() - began)
