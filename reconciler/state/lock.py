"""A lock that this run holds, and looks after: somebody may break it by force, and from then on others may write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.errors import ReconcilerError, Refused, StateUnusable
from reconciler.state.backend import Backend, LockInfo


@contextmanager
def release_on_exit(free: Callable[[], object], where: str, holder: LockInfo) -> Iterator[None]:
    """Runs a block, then frees its lock. `free` must leave a lock alone that is another's by now.

    Where the block itself failed, that is what is raised, with a note if the lock is left; else StateUnusable for a
    lock that could not be freed.
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


SHARE = 20
"""A look is due once the last one's time has passed this often: at most 5 % of a run goes into looking.

A store on this machine is looked at before every write: that costs next to nothing, however busy the machine is.
"""


class LockBroken(Refused):
    """The lock of this run was broken, so it may write no more."""

    def __init__(self, where: str, holder: LockInfo | None) -> None:
        super().__init__(
            f"{where}: the lock of this run was broken by force; now it is held by {holder or 'nobody'}",
            hint="nothing more is sent; plan again once the other run has ended",
        )


class ActiveLock:
    """Safe to be asked by several threads. `seconds`: what one exchange with the store takes, as far as is known."""

    def __init__(self, store: Backend, holder: LockInfo, seconds: float) -> None:
        self.holder = holder
        self._store = store
        self._mutex = threading.Lock()
        self._due = 0.0 if store.is_local else time.monotonic() + SHARE * seconds
        self._broken: LockBroken | None = None

    def check(self) -> None:
        """Raises LockBroken where another holds the lock by now, or nobody. No answer of the store is no reason."""
        with self._mutex:
            if self._broken is None and time.monotonic() >= self._due:
                self._look()
        if self._broken is not None:
            raise self._broken

    def _look(self) -> None:
        began = time.monotonic()
        try:
            now = self._store.holder()
        except ReconcilerError:
            now = self.holder
        if now != self.holder:
            self._broken = LockBroken(self._store.where, now)
        ended = time.monotonic()
        self._due = 0.0 if self._store.is_local else ended + SHARE * (ended - began)


@contextmanager
def hold_lock(store: Backend, holder: LockInfo) -> Iterator[ActiveLock]:
    """Holds the lock while the block runs. Locked where somebody else does."""
    began = time.monotonic()
    with store.lock(holder):
        yield ActiveLock(store, holder, time.monotonic() - began)
