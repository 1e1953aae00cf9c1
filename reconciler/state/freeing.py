"""The end of a lock that outlives its process: freed whatever happens, and said where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.errors import ReconcilerError, StateUnusable
from reconciler.state.store import Holder


@contextmanager
def freed_after(free: Callable[[], object], where: str, holder: Holder) -> Iterator[None]:
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
