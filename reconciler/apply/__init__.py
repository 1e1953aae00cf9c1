"""The apply stage: Plan → ApplyReport."""

from reconciler.apply.execute import Event, execute
from reconciler.apply.stale import recheck_plan
from reconciler.apply.verify import Evidence, unsettled, verify

__all__ = ["Event", "Evidence", "execute", "recheck_plan", "unsettled", "verify"]
