"""What refers to what."""

from __future__ import annotations

from pathlib import Path

from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.config.load import read_configuration
from reconciler.model.inputs import Live
from reconciler.model.plan import Plan
from reconciler.model.reports import Graph
from reconciler.output.references import make_graph
from reconciler.plan.guards import Options


def configured_graph(path: Path, environment: str | None) -> Graph:
    """The graph of the configuration alone: nothing is planned, and no key is needed."""
    configuration = read_configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    return make_graph(Plan(environment="", changes=()), desired, Live({}))


def planned_graph(session: Session) -> Graph:
    """The graph of a plan, which no policy judges."""
    planned = plan(session, Options(judged=False))
    return make_graph(planned.plan, planned.desired, planned.live)
