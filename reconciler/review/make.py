"""Strings the parts of a review together."""

from __future__ import annotations

from datetime import datetime, tzinfo

from reconciler.model.desired import Desired
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.review import Review
from reconciler.review.graph import graph_of
from reconciler.review.impact import impacts_of
from reconciler.review.tasks import tasks_of


def make_review(
    plan: Plan, desired: Desired, live: Live, *, now: datetime, zone: tzinfo | None = None, commit: str = ""
) -> Review:
    """What is shown of a plan that was made of `desired` and `live`.

    `now` knows its zone and decides which delivery is the next one; `zone` is the reader's, for times beside UTC.
    """
    return Review(
        plan=plan,
        impacts=impacts_of(plan, desired, live, now=now, zone=zone),
        places={address: resource.place for address, resource in desired.resources.items()},
        tasks=tasks_of(plan),
        graph=graph_of(plan, desired, live),
        at=now,
        commit=commit,
    )
