"""The observe stage: API → Live."""

from reconciler.observe.expected import counted_by_kind, kinds_for, lookups_for, lookups_of
from reconciler.observe.observe import observe
from reconciler.observe.remembered import observe_remembered

__all__ = ["counted_by_kind", "kinds_for", "lookups_for", "lookups_of", "observe", "observe_remembered"]
