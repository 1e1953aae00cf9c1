"""A plan as people are shown it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from reconciler import commands
from reconciler.commands.plan import Planned, plan
from reconciler.commands.session import Session
from reconciler.lazy import load
from reconciler.model.review import Review
from reconciler.plan import Options
from reconciler.review import make_review


def review(session: Session, planned: Planned, now: datetime | None = None) -> Review:
    """The review of a plan. `now` knows its time zone; left out, it is the clock's."""
    made = planned.plan
    if planned.behind or planned.snapshot.newer_receipt:
        warnings = commands.evidence.warnings_of(planned.behind, planned.snapshot)
        made = replace(made, warnings=(*made.warnings, *warnings))
    zone = session.environment.time_zone
    return make_review(
        made,
        planned.desired,
        planned.live,
        now=now or datetime.now(UTC),
        zone=load("zoneinfo:ZoneInfo")(zone) if zone else None,
        sandbox_key=session.door.secret.sandbox,
        find_commit=session.commit,
        base=planned.base,
        scopes=planned.scopes,
        behind=planned.behind,
    )


def preview(
    session: Session,
    options: Options,
    undo: str | None,
    *,
    base: str | None,
    only_scope: bool,
    out: Path | None,
) -> tuple[Planned, Review]:
    """A plan as `commands.plan.plan` makes it, and its review. `out`: the file to save the plan in."""
    planned = plan(session, options, undo, base=base, only_scope=only_scope)
    if out is not None:
        commands.saved_plan.save_plan(session, planned, out)
    return planned, review(session, planned)
