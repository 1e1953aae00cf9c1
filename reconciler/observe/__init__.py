"""The observe stage: API → Live."""

from reconciler.observe.observe import observe

__all__ = ["observe"]
