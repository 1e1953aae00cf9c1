"""A plan as people are shown it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler import commands
from reconciler.commands.plan import Planned, plan
from reconciler.commands.session import Session
from reconciler.errors import Location
from reconciler.lazy import load
from reconciler.model.reports import Review
from reconciler.output.forms import SHOW_COMMIT
from reconciler.plan.guards import Options
from reconciler.review import make_review


def review(session: Session, planned: Planned, now: datetime | None = None, *, forms: Collection[str] = ()) -> Review:
    """The review of a plan. `now` knows its time zone; left out, it is the clock's.

    `forms` are those that it will be shown in: git is asked for the commit only if one of them shows it.
    """
    made = planned.plan
    if planned.behind or planned.snapshot.newer_receipt:
        warnings = commands.evidence.warnings_of(planned.behind, planned.snapshot)
        made = replace(made, warnings=(*made.warnings, *warnings))
    given = Review(
        made,
        planned.desired,
        planned.live,
        at=now or session.door.clock(),
        commit=session.commit() if SHOW_COMMIT.intersection(forms) else "",
        base=planned.base,
        scopes=planned.scopes,
        behind=planned.behind,
        gone=dict(_gone(planned, session.opened.folder)),
    )
    zone = load("zoneinfo:ZoneInfo")(named) if (named := session.environment.time_zone) else None
    return make_review(given, zone=zone, sandbox_key=session.door.secret.sandbox)


def _gone(planned: Planned, folder: Path) -> Iterator[tuple[str, tuple[Location, str]]]:
    """Where the blocks stood of the addresses that are not in the configuration any more: the base knows the line, the
    state the file."""
    for change in (each for each in planned.plan.changes if each.address not in planned.desired.resources):
        address = planned.plan.moved.get(change.address, change.address)
        stood, entry = planned.before.resources.get(address), planned.state.entries.get(address)
        if stood is not None:
            yield change.address, (stood.location, planned.base)
        elif entry is not None and entry.file:
            yield change.address, (Location(str(folder / entry.file), 0, 0), entry.commit)


def preview(
    session: Session,
    options: Options,
    undo: str | None,
    *,
    base: str | None,
    only_scope: bool,
    out: Path | None,
    forms: Collection[str] = (),
) -> tuple[Planned, Review]:
    """A plan as `commands.plan.plan` makes it, and its review. `out`: the file to save the plan in; `forms` as
    of `review`."""
    planned = plan(session, options, undo, base=base, only_scope=only_scope)
    if out is not None:
        commands.saved_plan.save_plan(session, planned, out)
    return planned, review(session, planned, forms=forms)
