"""The export stage: Live → YAML and the memory that goes with it."""

from reconciler.export.export import Exported, export

__all__ = ["Exported", "export"]
