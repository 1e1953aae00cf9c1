"""What a plan makes clear of an address, and of what refers to what. Nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler import commands
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.config.load import Configuration
from reconciler.config.locations import line_reader
from reconciler.explain.explain import explain
from reconciler.explain.rules import ExplainInput
from reconciler.model.explanation import Explanation
from reconciler.model.reports import Graph
from reconciler.output.graph.references import configured, make_graph
from reconciler.plan.guards import Options
from reconciler.state.receipts import list_receipts


def explain_address(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned, line, receipts = plan(session, Options()), line_reader(), list_receipts(session.store)
    made, desired, now = planned.plan, planned.desired, session.door.clock()
    given = ExplainInput(made, desired, planned.state, planned.live, receipts, lambda place: line(place).strip(), now)
    explained = explain(target, given)
    if not desired.policies:
        return explained
    policies = commands.policies.explain(session, desired, explained.address)
    return replace(explained, rules=(*explained.rules, *policies))


def configured_graph(path: Path, environment: str | None) -> Graph:
    """The graph of the configuration alone: nothing is planned, and no key is needed."""
    configuration = Configuration(path)
    return configured(configuration.desired(configuration.environment(environment)))


def planned_graph(session: Session) -> Graph:
    """The graph of a plan, which no policy judges."""
    planned = plan(session, Options(judged=False))
    return make_graph(planned.plan, planned.desired, planned.live)
