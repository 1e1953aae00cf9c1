"""The apply stage: Plan → ApplyReport."""

from reconciler.apply.execute import Event, execute
from reconciler.apply.stale import standing
from reconciler.apply.verify import Evidence, unsettled, verify

__all__ = ["Event", "Evidence", "execute", "standing", "unsettled", "verify"]
