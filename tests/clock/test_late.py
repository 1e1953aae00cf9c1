"""A write that leaves later than it was planned: it is checked against the clock right before it leaves."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from world import KEY, World

from clock.conftest import SetClock, reports
from reconciler.api.rate_limiter import RateLimiter
from reconciler.commands import apply as applying
from reconciler.commands import plan as planning
from reconciler.commands.session import open_session
from reconciler.plan.guards import Options

BERLIN = "09:00 Europe/Berlin"
WINTER, BEFORE, AFTER = "2027-03-20T12:00Z", "2027-03-28T06:59:30Z", "2027-03-28T07:10Z"
IGNORED = "}], lifecycle: {ignore_changes: [status]}}"


def test_a_status_that_is_ignored(world: World, at: SetClock, tmp_path: Path) -> None:
    """Whether a report is sent is what is live, and not what is managed."""
    at(WINTER)
    world.settle(reports(BERLIN).replace("}]}", IGNORED))
    at(BEFORE)
    saved = str(tmp_path / "plan")
    world.plan("--out", saved)
    at(AFTER)
    late = world.run("apply", "--plan", saved, "--auto-approve")
    assert (late.code, world.writes()) == (5, [])
    assert "from 2027-03-28 08:15 UTC on" in late.err


def test_a_draft_whose_status_is_ignored(world: World, at: SetClock, tmp_path: Path) -> None:
    """It sends nothing, so nothing has to wait."""
    at(WINTER)
    world.settle(reports(BERLIN).replace("}]}", IGNORED))
    world.edit("scheduled-reports", world.id_of("report.r0"), status="draft")
    at(BEFORE)
    saved = str(tmp_path / "plan")
    world.plan("--out", saved)
    at(AFTER)
    assert world.run("apply", "--plan", saved, "--auto-approve").code == 0
    assert [body for *_, body in world.writes()] == [{"send_at": "07:00"}]


@pytest.mark.parametrize("is_new", [True, False])
def test_the_api_asks_for_a_wait(world: World, at: SetClock, *, is_new: bool) -> None:
    """After a 429, all requests wait, also those that were checked before: a minute later is too late."""
    at(WINTER)
    if not is_new:
        world.settle(reports(BERLIN))
    world.write(reports(BERLIN if not is_new else "08:00 Europe/Berlin"))
    at(BEFORE if not is_new else "2027-03-27T06:59:30Z")
    variables = {"QONVERSION_SECRET": KEY, "RECONCILER_NOW": os.environ["RECONCILER_NOW"]}
    with open_session(world.folder, None, world.url, variables, 1) as session, applying.lock_state(session) as lock:
        planned = planning.plan(session, Options())
        assert planned.plan.changes

        def sleep(seconds: float) -> None:
            assert session.transport.now is not None
            session.transport.now += timedelta(seconds=seconds)

        session.transport.rate_limiter = RateLimiter(
            1, sleep=sleep, clock=lambda: session.transport.clock().timestamp()
        )
        session.transport.rate_limiter.on_throttled(60.0)
        world.requests()
        report = applying.apply(session, planned, lock, lambda _: None)
    assert [each.status for each in report.outcomes] == ["failed"]
    assert "by now" in report.outcomes[0].reason or "lost or doubled" in report.outcomes[0].reason
    assert world.writes() == []
