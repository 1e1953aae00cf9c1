"""What refers to what."""

from __future__ import annotations

from pathlib import Path

from reconciler import review as review_stage
from reconciler.commands.plan import plan
from reconciler.commands.review import review
from reconciler.commands.session import Session
from reconciler.config import read_configuration
from reconciler.model.review import Graph
from reconciler.plan import Options


def configured_graph(path: Path, environment: str | None) -> Graph:
    """The graph of the configuration alone: nothing is planned, and no key is needed."""
    configuration = read_configuration(path)
    return review_stage.graph.configured(configuration.desired(configuration.environment(environment)))


def planned_graph(session: Session) -> Graph:
    """The graph of a plan."""
    return review(session, plan(session, Options())).graph
