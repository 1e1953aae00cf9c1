"""The state stage: what the last applies left behind, read and written."""

from reconciler.state.file import FileStore
from reconciler.state.journal import Journal, Replayed
from reconciler.state.recorder import Recorder
from reconciler.state.store import Holder, Snapshot, Store

__all__ = ["FileStore", "Holder", "Journal", "Recorder", "Replayed", "Snapshot", "Store"]
