"""What is no form of what was sent is a failure, as ever: a write that was not taken, another word, a late look."""

from __future__ import annotations

import json

import pytest
from world import World

from .team import automation, integration, listing, report, stored, team


def test_a_write_that_is_ignored_is_different(world: World) -> None:
    """The API answers well and does nothing: live is as it was, exit 6, and nothing is remembered of it."""
    world.settle(team(hook=integration(), daily=report()))
    world.write(team(hook=integration(), daily=report("Weekly")))
    world.fault("PUT /*: status 200")
    done = world.apply()
    assert done.code == 6
    assert {each["verification"] for each in done.document["results"]} == {"different"}
    assert stored(world, "report.daily") == {}
    assert world.plan().causes("report.daily") == {"report_name": "drift"}


def test_a_word_of_a_closed_list_is_never_another(world: World) -> None:
    """A status that was not taken, a time that was moved: exit 6, each time."""
    world.settle(team(hook=integration(), daily=report(), flow=automation()))
    world.write(
        team(hook=integration(status="paused"), daily=report(send_at="10:30"), flow=automation(status="paused"))
    )
    world.fault("PUT /*: status 200", "PATCH /*: status 204", "POST /*: status 200")
    for _ in range(2):
        done = world.apply()
        assert done.code == 6
        assert {each["verification"] for each in done.document["results"]} == {"different"}
    assert all(stored(world, address) == {} for address in ("integration.hook", "report.daily", "automation.flow"))


def test_an_integration_that_stays_in_error_is_different(world: World) -> None:
    """The worker gave up again before anybody looked: `error` is nothing that the API made of `active`."""
    world.settle(team(hook=integration()))
    world.edit("integrations", world.id_of("integration.hook"), active=2)
    world.fault('POST /integrations/*: worker "Hook" after')
    done = world.apply()
    assert done.code == 6
    assert stored(world, "integration.hook") == {}


def test_somebody_else_s_value_is_not_learned(world: World) -> None:
    """The name is another one when it is read back, and the API's answer did not say so."""
    world.settle(team(hook=integration(), daily=report()))
    world.write(team(hook=integration(), daily=report("Weekly")))
    live = world.live("scheduled-reports")[0]
    theirs = listing({**live, "report_name": "Theirs"})
    world.fault(f"GET /scheduled-reports: status 200, body='{theirs}', n=2, times=9")
    done = world.apply()
    assert done.code == 6
    assert stored(world, "report.daily") == {}


@pytest.mark.parametrize("name", ["Theirs", "daily", "Daily "])
def test_nothing_is_learned_of_a_field_that_was_not_sent(world: World, name: str) -> None:
    """Somebody renames the report right before our write of its time: the answer shows that name, and so does live."""
    world.settle(team(hook=integration(), daily=report()))
    world.write(team(hook=integration(), daily=report(send_at="10:30")))
    theirs = {**world.live("scheduled-reports")[0], "report_name": name, "send_at": "10:30"}
    world.fault(
        f"PUT /*: status 200 after, body='{json.dumps(theirs)}'",
        f"GET /scheduled-reports: status 200, body='{listing(theirs)}', n=2, times=9",
    )
    done = world.apply()
    assert done.code == 6
    assert stored(world, "report.daily") == {}
    assert world.plan().causes("report.daily") == {"report_name": "drift"}


@pytest.mark.parametrize("late", [1, 9])
def test_a_late_look_teaches_nothing(world: World, late: int) -> None:
    """The list still shows the name of before, which only differs in its letters' case: no look is believed."""
    world.settle(team(hook=integration(), daily=report("daily")))
    world.write(team(hook=integration(), daily=report("Daily")))
    old = listing(world.live("scheduled-reports")[0])
    world.fault(f"GET /scheduled-reports: status 200, body='{old}', n=2, times={late}")
    done = world.apply()
    assert done.code == (0 if late == 1 else 6), done.out
    assert stored(world, "report.daily") == {}
    assert done.document["warnings"] == []


def test_a_field_that_comes_to_nothing_is_different(world: World) -> None:
    """A new object without the caption that was sent: that is no form of it."""
    world.write(team(flow=automation(caption="Hello")))
    record = json.dumps({"object": "automation", "id": "auto0001", **automation(caption="")})
    world.insert("automations", id="auto0001", **automation(caption=""))
    world.fault(f"POST /automations: status 201, body='{record}', n=1")
    world.fault(f"GET /automations: status 200, body='{listing()}', n=1")
    done = world.apply()
    assert done.code == 6, done.out
    assert stored(world, "automation.flow") == {}
