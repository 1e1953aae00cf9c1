"""`Retry-After` in any form: waited if the run may wait so long, and given up at once, in words, if it may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from offenders import for_all
from world import World, automation

from reconciler.api.response import Response

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FLOWS = "automations: {a: &flow {name: A, status: active, data: {actions: {push: p}}}, b: {<<: *flow, name: B}}\n"


@for_all(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5, 10", 10.0),
        ("60s", 60.0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 12:01:00", 60.0),
        ("Sat, 21 Nov 2026 12:01:00 -0000", 60.0),
        ("Sat, 21 Nov 2026 14:01:00 +0200", 60.0),
        ("Saturday, 21-Nov-26 12:01:00 GMT", 60.0),
        ("Sat Nov 21 12:01:00 2026", 60.0),
        ("2026-11-21T12:01:00Z", 60.0),
        ("2026-11-21T12:01:00", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_it_is_read_in_each_form(text: str, seconds: float) -> None:
    """Seconds with a fraction, the three forms of HTTP's dates, ISO 8601; a date without a zone is UTC."""
    assert Response("GET", "/x", 503, {"retry-after": text}, b"").retry_after(NOW) == seconds


@for_all("text", ["", "-5", "-0.5", "+5", "1e9", "0x10", "1_0", "inf", "NaN", "²", "soon", "5 minutes"])
def test_what_says_no_time_is_none(text: str) -> None:
    """The run waits as if nothing had been asked."""
    assert Response("GET", "/x", 503, {"retry-after": text}, b"").retry_after(NOW) is None


FAR = [
    "3600",
    "301.5",
    "9" * 400,
    format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True),
    format_datetime(datetime.now(UTC) + timedelta(days=2)).removesuffix(" +0000"),
    "Fri, 31 Dec 9999 23:59:59 GMT",
]


@pytest.mark.parametrize("text", FAR, ids=range(len(FAR)))
@pytest.mark.parametrize("status", [429, 503])
def test_a_plan_does_not_wait_longer_than_a_run_may(world: World, status: int, text: str) -> None:
    """Exit 1 at once, and the time until which the API asks to be left alone: each list was asked for once."""
    world.write(FLOWS)
    world.fault(f'GET /automations: status {status}, header="Retry-After: {text}"')
    planned = world.plan("--parallelism", "1")
    assert planned.code == 1
    assert "asks for a wait " in planned.err
    asked = [each["path"] for each in world.requests() if "automations" in each["path"]]
    assert len(asked) == 1


def test_an_apply_leaves_alone_who_asks_for_it(world: World) -> None:
    """The create that was turned away failed, and nothing that follows is sent: the report says why, the state is
    written, and the next apply does the rest."""
    world.write(FLOWS)
    world.fault('POST /automations: status 429, header="Retry-After: 7200", n=1')
    applied = world.apply("--parallelism", "1")
    assert applied.code == 1
    reasons = {each["address"]: each["reason"] for each in applied.document["results"]}
    assert "it asks for a wait until " in reasons["automation.a"]
    assert "was not sent: the API asks for a wait until " in reasons["automation.b"]
    assert world.live("automations") == []
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B"]


def test_a_short_wait_is_waited(world: World) -> None:
    """A fraction of a second, and a date that is over: the run goes on by itself."""
    world.write(FLOWS)
    world.insert("automations", **automation("Other"))
    world.fault('GET /automations: status 429, header="Retry-After: 0.01", n=1')
    world.fault('POST /automations: status 429, header="Retry-After: Wed, 21 Oct 2015 07:28:00", n=1')
    assert world.apply().code == 0
