"""The state stage: reads and writes the state, its journal and its receipts. A backend is loaded when it is chosen."""

from reconciler.state.backend import Backend, LockInfo, ReceiptFile, Snapshot, as_newest
from reconciler.state.journal import Journal, Replayed
from reconciler.state.lock import ActiveLock, hold_lock
from reconciler.state.recorder import Recorder

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
]
