"""What somebody changed to a form of what was sent is drift: it was read back once, so the API has not made it."""

from __future__ import annotations

from typing import Any

import pytest
from world import World

from .team import automation, integration, listing, report, stored, team

LOOK_ALIKE = {
    "another case": ("automations", {"name": "FLOW", "data": {"actions": {"push": "p1"}}}),
    "a value that is gone": ("automations", {"name": "Flow", "data": {"actions": {"screen": "s1"}}}),
}
"""Name → a collection, and what somebody makes of the automation in it."""
FLOW = team(flow=automation(data={"actions": {"push": "p1"}}))


def saved(world: World) -> str:
    """A plan in a file."""
    path = str(world.folder.parent / "saved.plan")
    assert world.plan("--out", path).code == 2
    return path


@pytest.fixture(params=LOOK_ALIKE.values(), ids=LOOK_ALIKE)
def drifted(request: pytest.FixtureRequest, world: World) -> World:
    """What was applied and read back, and changed by somebody since."""
    collection, fields = request.param
    world.settle(FLOW)
    world.edit(collection, world.id_of("automation.flow"), **fields)
    return world


def is_put_right(world: World) -> bool:
    """Whether live is what is wanted, and nothing else was learned."""
    (flow,) = world.live("automations")
    return flow["name"] == "Flow" and flow["data"]["actions"]["push"] == "p1" and not stored(world, "automation.flow")


def test_an_apply_puts_it_right(drifted: World) -> None:
    """It is sent, and there is no warning that the API keeps something else."""
    done = drifted.apply()
    assert done.code == 0, done.err
    assert done.document["warnings"] == []
    assert is_put_right(drifted)


def test_a_saved_plan_puts_it_right(drifted: World) -> None:
    """The plan saw it and wants it otherwise, so it is not \"as it was wanted already\"."""
    done = drifted.apply("--plan", saved(drifted))
    assert done.code == 0, done.err
    assert done.document["warnings"] == []
    assert is_put_right(drifted)


def test_a_saved_plan_is_put_right_twice(drifted: World) -> None:
    """The same drift, the same plan with the same digest as that which wrote the state last: it is sent again."""
    collection, fields = "automations", drifted.live("automations")[0]
    first = saved(drifted)
    assert drifted.apply("--plan", first).code == 0
    drifted.edit(collection, drifted.id_of("automation.flow"), name=fields["name"], data=fields["data"])
    done = drifted.apply("--plan", saved(drifted))
    assert done.code == 0, done.err
    assert is_put_right(drifted)


@pytest.mark.parametrize("meanwhile", [{"name": "FLOW"}, {"data": {"actions": {"screen": "s1"}}}])
def test_what_somebody_does_after_the_plan_is_stale(world: World, meanwhile: dict[str, Any]) -> None:
    """An earlier apply has sent these very values, but what is live now is no answer to that: nothing is written."""
    world.settle(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    path = saved(world)
    world.edit("automations", world.id_of("automation.flow"), **meanwhile)
    world.requests()
    refused = world.apply("--plan", path)
    assert refused.code == 5
    assert "the plan is stale, and nothing was written" in refused.err
    assert world.writes() == []
    assert stored(world, "automation.flow") == {}


def test_a_list_that_is_late_teaches_nothing(world: World) -> None:
    """The write is done and answered, and every look still shows what somebody had made of it: exit 6."""
    world.settle(team(hook=integration(), daily=report("Daily")))
    world.edit("scheduled-reports", world.id_of("report.daily"), report_name="DAILY")
    old = listing(world.live("scheduled-reports")[0])
    world.fault(f"GET /scheduled-reports: status 200, body='{old}', n=2, times=9")
    done = world.apply()
    assert done.code == 6, done.out
    assert stored(world, "report.daily") == {}
