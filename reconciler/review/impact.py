"""What a change does to people: deliveries that stop or start, what is lost, what is fed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from reconciler.model.desired import Desired
from reconciler.model.live import Live
from reconciler.model.plan import Plan
from reconciler.model.review import Impact


def impacts_of(
    plan: Plan, desired: Desired, live: Live, *, now: datetime, zone: tzinfo | None
) -> Mapping[str, tuple[Impact, ...]]:
    """Address → what its change does, the gravest first. `now` decides which delivery is the next one."""
    return {}
