"""The state stage: what the last applies left behind, read and written."""

from reconciler.state.file import FileStore
from reconciler.state.git import GitStore
from reconciler.state.held import HeldLock, held
from reconciler.state.journal import Journal, Replayed
from reconciler.state.object import ObjectStore
from reconciler.state.recorder import Recorder
from reconciler.state.store import Attachment, Holder, Snapshot, Store

__all__ = [
    "Attachment",
    "FileStore",
    "GitStore",
    "HeldLock",
    "Holder",
    "Journal",
    "ObjectStore",
    "Recorder",
    "Replayed",
    "Snapshot",
    "Store",
    "held",
]
