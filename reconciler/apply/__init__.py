"""The apply stage: Plan → ApplyReport."""

from reconciler.apply.evidence import Evidence
from reconciler.apply.execute import Event, execute
from reconciler.apply.standing import standing
from reconciler.apply.verify import unsettled, verify

__all__ = ["Event", "Evidence", "execute", "standing", "unsettled", "verify"]
