"""The state stage: reads and writes the state, its journal and its receipts. A backend is loaded when it is chosen."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules
from reconciler.state.backend import Backend, LockInfo, ReceiptFile, Snapshot, as_newest
from reconciler.state.journal import Journal, Replayed

if TYPE_CHECKING:
    from reconciler.state import receipts
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = [
    "Backend",
    "Journal",
    "LockInfo",
    "ReceiptFile",
    "Replayed",
    "Snapshot",
    "as_newest",
    "receipts",
]
