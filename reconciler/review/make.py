"""Strings the parts of a review together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import partial

from reconciler.model.desired import Desired, Place
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.review import Commit, Graph, Impact, Review, Scope
from reconciler.review.tasks import tasks_of


def make_review(
    plan: Plan,
    desired: Desired,
    live: Live,
    *,
    now: datetime,
    zone: tzinfo | None = None,
    sandbox_key: bool | None = None,
    find_commit: Callable[[], str] = str,
    base: str = "",
    scopes: Mapping[str, Scope] | None = None,
    behind: Mapping[str, Commit] | None = None,
) -> Review:
    """What is shown of a plan that was made of `desired` and `live`.

    `now` knows its zone and decides which delivery is the next one; `zone` is the reader's, for times beside UTC.
    `sandbox_key`: whether the key is of the sandbox, None where not known. `find_commit` tells what was planned,
    `base` is what it was compared with, which gave the `scopes`; `behind` are the newer commits
    that changes would undo.
    """
    impacts: Mapping[str, tuple[Impact, ...]] = {}
    if plan.changes:
        from reconciler.review.impact import impacts_of  # noqa: PLC0415 - most plans of a day change nothing

        impacts = impacts_of(plan, desired, live, now=now, zone=zone, sandbox_key=sandbox_key)
    return Review(
        plan=plan,
        impacts=impacts,
        places={address: resource.place for address, resource in desired.resources.items()},
        find_field_places=partial(_field_places, plan, desired),
        tasks=tasks_of(plan),
        find_graph=partial(_graph, plan, desired, live),
        at=now,
        find_commit=find_commit,
        base=base,
        scopes=scopes or {},
        behind=behind or {},
    )


def _graph(plan: Plan, desired: Desired, live: Live) -> Graph:
    from reconciler.review.graph import graph_of  # noqa: PLC0415 - only for the forms that draw

    return graph_of(plan, desired, live)


def _field_places(plan: Plan, desired: Desired) -> Mapping[str, Mapping[str, Place]]:
    return {
        change.address: {each.path: resource.place_of(each.path) for each in change.fields}
        for change in plan.changes
        if (resource := desired.resources.get(change.address)) is not None
    }
