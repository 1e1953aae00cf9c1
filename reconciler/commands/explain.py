"""Why an address is as it is, and what the next apply does about it."""

from __future__ import annotations

from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.config.locations import lines_of
from reconciler.explain import Scenery, explain
from reconciler.model.explanation import Explanation
from reconciler.plan import Options
from reconciler.state.receipts import history


def explanation_of(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned = plan(session, Options())
    lines = lines_of(session.configuration.path)
    receipts = history(session.store)
    return explain(target, Scenery(planned.plan, planned.desired, planned.memory, planned.live, receipts, lines))
