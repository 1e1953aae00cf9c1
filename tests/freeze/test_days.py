"""The days of a freeze are those of a zone, whatever its clock does at midnight."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from world import World

from .conftest import SetClock, flow, settings

CASES = [
    # Berlin is an hour ahead in winter, two in summer.
    ("Europe/Berlin", "2026-12-20", "2026-12-19T23:00", "2026-12-20T23:00", "2026-12-21 00:00"),
    ("Europe/Berlin", "2026-06-01", "2026-05-31T22:00", "2026-06-01T22:00", "2026-06-02 00:00"),
    # The day on which it becomes summer has 23 hours; the one on which it ends has 25.
    ("Europe/Berlin", "2027-03-28", "2027-03-27T23:00", "2027-03-28T22:00", "2027-03-29 00:00"),
    ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00", "2026-10-26 00:00"),
    # Chile: on the first Sunday of September, 00:00 is 01:00; on the first of April, 24:00 is 23:00 once more.
    ("America/Santiago", "2026-09-05", "2026-09-05T04:00", "2026-09-06T04:00", "2026-09-06 01:00"),
    ("America/Santiago", "2026-09-06", "2026-09-06T04:00", "2026-09-07T03:00", "2026-09-07 00:00"),
    ("America/Santiago", "2027-04-03", "2027-04-03T03:00", "2027-04-04T04:00", "2027-04-04 00:00"),
    # Cuba: the clock is put back at 01:00, so that midnight comes twice. The first is the beginning of the day.
    ("America/Havana", "2026-10-31", "2026-10-31T04:00", "2026-11-01T04:00", "2026-11-01 00:00"),
    ("America/Havana", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00", "2026-11-02 00:00"),
    # The ends of the world, and half an hour.
    ("Pacific/Kiritimati", "2026-12-20", "2026-12-19T10:00", "2026-12-20T10:00", "2026-12-21 00:00"),
    ("Pacific/Pago_Pago", "2026-12-20", "2026-12-20T11:00", "2026-12-21T11:00", "2026-12-21 00:00"),
    ("Asia/Kolkata", "2026-12-20", "2026-12-19T18:30", "2026-12-20T18:30", "2026-12-21 00:00"),
]


@pytest.mark.parametrize(("zone", "day", "begins", "ends", "opens"), CASES)
def test_one_day_of_a_zone(world: World, at: SetClock, zone: str, day: str, begins: str, ends: str, opens: str) -> None:
    """It is closed from the first moment of the day to the last, and what is told is the clock of the place."""
    window = f"{{from: {day}, to: {day}, reason: one day}}"
    world.write(settings(window, more=f"time_zone: {zone}\n"), "reconciler.yaml")
    world.write(flow())
    at(f"{begins}:00Z")
    closed = world.run("apply", "--auto-approve")
    assert closed.code == 5
    assert f"it opens at {opens} {zone}, {ends.replace('T', ' ')} UTC" in closed.err
    at(_earlier(ends))
    assert world.run("apply", "--auto-approve").code == 5
    for moment in (_earlier(begins), f"{ends}:00Z"):
        at(moment)
        assert world.run("apply", "--auto-approve").code == 0
        for live in world.live("automations"):
            world.remove("automations", live["id"])
        world.state.unlink()


def _earlier(moment: str) -> str:
    """The last second before a full minute."""
    return f"{datetime.fromisoformat(moment + ':00+00:00') - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
