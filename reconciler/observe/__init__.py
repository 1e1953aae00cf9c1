"""The observe stage: API → Live."""

from reconciler.observe.expected import counted_by_kind, kinds_for, lookups_for, lookups_of
from reconciler.observe.observe import observe

__all__ = ["counted_by_kind", "kinds_for", "lookups_for", "lookups_of", "observe"]
