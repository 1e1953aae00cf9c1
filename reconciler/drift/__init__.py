"""The drift stage: Memory, Live and Plan → Drift."""

from reconciler.drift.compare import drift

__all__ = ["drift"]
