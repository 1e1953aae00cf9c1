"""The state stage: what the last applies left behind, read and written. The stores are loaded where one is chosen."""

from reconciler.state.backend import Attachment, Holder, Snapshot, Store, as_newest
from reconciler.state.journal import Journal, Replayed
from reconciler.state.lock import HeldLock, held
from reconciler.state.recorder import Recorder

__all__ = [
    "Attachment",
    "HeldLock",
    "Holder",
    "Journal",
    "Recorder",
    "Replayed",
    "Snapshot",
    "Store",
    "as_newest",
    "held",
]
