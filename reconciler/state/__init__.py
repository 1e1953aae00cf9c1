"""The state stage: what the last applies left behind, read and written."""

from reconciler.state.file import FileStore
from reconciler.state.recorder import Recorder

__all__ = ["FileStore", "Recorder"]
