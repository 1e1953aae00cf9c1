"""The export stage: Live → YAML and the memory that goes with it."""

from reconciler.export.export import Exported, block_of, export

__all__ = ["Exported", "block_of", "export"]
