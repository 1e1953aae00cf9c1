"""The state stage: what the last applies left behind, read and written. The stores are loaded where one is chosen."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules
from reconciler.state.backend import Backend, LockInfo, ReceiptFile, Snapshot, as_newest
from reconciler.state.journal import Journal, Replayed
from reconciler.state.lock import ActiveLock, hold_lock
from reconciler.state.recorder import Recorder

if TYPE_CHECKING:
    from reconciler.state import receipts
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = [
    "ActiveLock",
    "Backend",
    "Journal",
    "LockInfo",
    "ReceiptFile",
    "Recorder",
    "Replayed",
    "Snapshot",
    "as_newest",
    "hold_lock",
    "receipts",
]
