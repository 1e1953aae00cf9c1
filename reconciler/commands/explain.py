"""Why an address is as it is, and what the next apply does about it."""

from __future__ import annotations

from dataclasses import replace

from reconciler import commands
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.config.locations import line_reader
from reconciler.explain.explain import explain
from reconciler.explain.rules import ExplainInput
from reconciler.model.results import Explanation
from reconciler.plan.guards import Options
from reconciler.state.receipts import list_receipts


def explain_address(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned = plan(session, Options())
    line = line_reader()
    receipts = list_receipts(session.store)
    explained = explain(
        target,
        ExplainInput(
            planned.plan,
            planned.desired,
            planned.state,
            planned.live,
            receipts,
            lambda place: line(place).strip(),
            session.door.clock(),
        ),
    )
    if not planned.desired.policies:
        return explained
    policies = commands.policies.explain(session, planned.desired, explained.address)
    return replace(explained, rules=(*explained.rules, *policies))
