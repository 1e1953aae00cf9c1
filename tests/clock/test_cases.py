"""When the UTC time of a local time is changed, and when that has to wait: a table of cases."""

from __future__ import annotations

import pytest
from world import World

from clock.conftest import SetClock, reports

BERLIN, NEW_YORK = "09:00 Europe/Berlin", "09:00 America/New_York"
SYDNEY, LORD_HOWE, CHATHAM = "09:00 Australia/Sydney", "09:00 Australia/Lord_Howe", "08:45 Pacific/Chatham"

CASES = [
    # rule, applied at, looked at, UTC times before and after ("" = nothing to do), from when on ("" = now)
    (BERLIN, "2027-03-20T12:00Z", "2027-03-27T07:59Z", "08:00", "", ""),  # spring, before the last one of winter
    (BERLIN, "2027-03-20T12:00Z", "2027-03-27T08:00Z", "08:00", "07:00", "2027-03-27T08:15:00Z"),  # it is pending
    (BERLIN, "2027-03-20T12:00Z", "2027-03-27T08:15Z", "08:00", "07:00", ""),
    (BERLIN, "2027-03-20T12:00Z", "2027-03-28T06:59Z", "08:00", "07:00", ""),
    (BERLIN, "2027-03-20T12:00Z", "2027-03-28T07:00Z", "08:00", "07:00", "2027-03-28T08:15:00Z"),  # it would be lost
    (BERLIN, "2027-03-20T12:00Z", "2027-03-28T08:14Z", "08:00", "07:00", "2027-03-28T08:15:00Z"),
    (BERLIN, "2027-03-20T12:00Z", "2027-03-28T08:15Z", "08:00", "07:00", ""),
    (BERLIN, "2027-03-20T12:00Z", "2027-04-04T03:00Z", "08:00", "07:00", ""),  # a week late
    (BERLIN, "2027-10-20T12:00Z", "2027-10-30T06:59Z", "07:00", "", ""),  # autumn
    (BERLIN, "2027-10-20T12:00Z", "2027-10-30T07:30Z", "07:00", "08:00", "2027-10-30T08:15:00Z"),  # twice on that day
    (BERLIN, "2027-10-20T12:00Z", "2027-10-30T08:15Z", "07:00", "08:00", ""),
    (BERLIN, "2027-10-20T12:00Z", "2027-10-31T06:59Z", "07:00", "08:00", ""),
    (BERLIN, "2027-10-20T12:00Z", "2027-10-31T07:20Z", "07:00", "08:00", "2027-10-31T08:15:00Z"),
    (BERLIN, "2027-10-20T12:00Z", "2027-11-06T03:00Z", "07:00", "08:00", ""),
    (NEW_YORK, "2027-03-01T12:00Z", "2027-03-14T02:00Z", "14:00", "13:00", ""),
    (NEW_YORK, "2027-03-01T12:00Z", "2027-03-14T13:30Z", "14:00", "13:00", "2027-03-14T14:15:00Z"),
    (SYDNEY, "2027-03-20T12:00Z", "2027-04-03T12:00Z", "22:00", "23:00", ""),  # the south: autumn in April
    (SYDNEY, "2027-03-20T12:00Z", "2027-04-02T22:20Z", "22:00", "23:00", "2027-04-02T23:15:00Z"),
    (SYDNEY, "2027-09-20T12:00Z", "2027-10-02T22:30Z", "23:00", "22:00", "2027-10-02T23:15:00Z"),
    (LORD_HOWE, "2027-03-20T12:00Z", "2027-04-03T12:00Z", "22:00", "22:30", ""),  # half an hour
    (LORD_HOWE, "2027-03-20T12:00Z", "2027-04-02T22:20Z", "22:00", "22:30", "2027-04-02T22:45:00Z"),
    (LORD_HOWE, "2027-09-20T12:00Z", "2027-10-02T22:10Z", "22:30", "22:00", "2027-10-02T22:45:00Z"),
    (CHATHAM, "2027-03-20T12:00Z", "2027-04-03T12:00Z", "19:00", "20:00", ""),
    ("09:15 Asia/Kathmandu", "2027-03-20T12:00Z", "2027-09-01T00:00Z", "03:30", "", ""),
    ("09:00 Asia/Kolkata", "2027-03-20T12:00Z", "2027-09-01T00:00Z", "03:30", "", ""),
    ("23:30 Europe/Berlin", "2027-03-20T12:00Z", "2027-03-28T21:45Z", "22:30", "21:30", "2027-03-28T22:45:00Z"),
    ("00:00 Europe/Berlin", "2027-10-20T12:00Z", "2027-10-31T12:00Z", "22:00", "23:00", ""),
    ("02:30 Europe/Berlin", "2027-03-20T12:00Z", "2027-03-27T12:00Z", "01:30", "01:00", ""),  # the clock skips it
    ("02:30 Europe/Berlin", "2027-03-27T12:00Z", "2027-03-28T12:00Z", "01:00", "00:30", ""),
    ("02:30 Europe/Berlin", "2027-10-20T12:00Z", "2027-10-30T12:00Z", "00:30", "", ""),  # it comes twice: the first
    ("02:30 Europe/Berlin", "2027-10-20T12:00Z", "2027-10-31T12:00Z", "00:30", "01:30", ""),
]


@pytest.mark.parametrize(("rule", "applied", "now", "before", "after", "from_"), CASES)
def test_a_case(
    world: World, at: SetClock, rule: str, applied: str, now: str, before: str, after: str, from_: str
) -> None:
    """What cannot be done now stands in `waiting`, and neither in the changes nor in the exit code."""
    at(applied)
    world.settle(reports(rule))
    assert [each["send_at"] for each in world.live("scheduled-reports")] == [before]
    at(now)
    planned = world.plan()
    same = {"path": "send_at", "before": before, "after": after}
    changes = [change["fields"] for change in planned.document["changes"]]
    is_now = bool(after and not from_)
    assert changes == ([[{**same, "cause": "clock", "rule": rule}]] if is_now else [])
    assert planned.document["waiting"] == ([{"address": "report.r0", **same, "not_before": from_}] if from_ else [])
    assert planned.code == (2 if is_now else 0)
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert world.writes() == ([("PUT", f"/scheduled-reports/{world.id_of('report.r0')}", {"send_at": after})] * is_now)
    assert world.plan().document["changes"] == []


def test_what_waits_can_be_done_from_then_on(world: World, at: SetClock) -> None:
    """The text says from when, and at that moment it is planned."""
    at("2027-03-20T12:00Z")
    world.settle(reports(BERLIN))
    at("2027-03-28T07:30Z")
    assert "from 2027-03-28 08:15 UTC on" in world.run("plan").out
    at("2027-03-28T08:15:00Z")
    assert world.plan().code == 2


def test_two_zones_at_once(world: World, at: SetClock) -> None:
    """Each has its own moment: New York changes two weeks before Berlin."""
    at("2027-03-01T12:00Z")
    world.settle(reports(BERLIN, NEW_YORK))
    at("2027-03-14T15:00Z")
    assert world.plan().actions() == {"report.r1": "update"}
    at("2027-03-28T07:30Z")
    planned = world.plan()
    assert planned.actions() == {"report.r1": "update"}
    assert [each["address"] for each in planned.document["waiting"]] == ["report.r0"]


def test_what_sends_nothing_need_not_wait(world: World, at: SetClock) -> None:
    """A draft has no delivery that could be lost."""
    at("2027-03-20T12:00Z")
    world.settle(reports(BERLIN, status="draft"))
    at("2027-03-28T07:30Z")
    assert world.plan().causes("report.r0") == {"send_at": "clock"}
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert world.plan().code == 0
