"""An API that stores a value otherwise than it was sent: that is learned once, warned about, and no change."""

from __future__ import annotations

import json

import pytest
from size import crossed, ends
from world import World

from .team import automation, integration, named, report, team

HOOK = integration(" Hoo\u0301k ")
DAILY = report("Cafe\u0301 Daily ")
FLOW = automation(
    " Flo\u0301w",
    caption="Hello You ",
    data={
        "platform": "iOS",
        "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}],
        "actions": {"push": "P1"},
        "note": "Ours",
        "share": 0.12345,
    },
)
TEAM = team(hook=HOOK, daily=DAILY, flow=FLOW)
TEXTS = {
    ("automation.flow", "name"),
    ("integration.hook", "title"),
    ("report.daily", "report_name"),
}
WAYS = {
    "trim": TEXTS | {("automation.flow", "caption")},
    "nfc": TEXTS,
    "lower": TEXTS
    | {("automation.flow", path) for path in ("caption", "data.initiators", "data.actions.push", "data.note")},
    "round": {("automation.flow", "data.share")},
    "defaults": {("automation.flow", "data.initiators")},
    "drop": {("automation.flow", "data.note"), ("automation.flow", "data.share")},
    "sort": {("automation.flow", "data.initiators")},
}
SHOWN = [pytest.param(way, "shown", marks=pytest.mark.exhaustive) for way in WAYS]
every_way = pytest.mark.parametrize(("way", "phase"), crossed(WAYS, ["stored", "shown"]))
few_ways = pytest.mark.parametrize(("way", "phase"), [*ends([(way, "stored") for way in WAYS]), *SHOWN])


@every_way
def test_the_second_plan_is_empty(world: World, way: str, phase: str) -> None:
    """The apply that learns it is verified, exit 0, with a warning a value; each plan says it again, and drift shows
    nothing. Whether the answers show it does not matter."""
    world.fault(f"* /*: normalise {way} {phase}")
    world.write(TEAM)
    done = world.apply()
    assert done.code == 0, done.out
    assert {each["verification"] for each in done.document["results"]} == {"verified"}
    assert named(done.document["warnings"]) == WAYS[way]
    for _ in range(2):
        again = world.plan()
        assert again.code == 0, again.out
        assert named(again.document["warnings"]) == WAYS[way]
        assert len(again.document["warnings"]) == len(WAYS[way])
    assert world.run("drift").code == 0
    world.writes()
    assert world.apply().code == 0
    assert world.writes() == []


@few_ways
def test_what_somebody_changes_afterwards_is_drift(world: World, way: str, phase: str) -> None:
    """Neither what was sent nor what was stored: the cause is drift, apply puts it back, and all is as before."""
    world.fault(f"* /*: normalise {way} {phase}")
    world.write(TEAM)
    assert world.apply().code == 0
    live = world.live("automations")[0]
    data = {
        "platform": "iOS",
        "initiators": [{"uid": "X", "type": "event"}, {"uid": "A", "type": "event"}],
        "actions": {"push": "P9"},
        "note": "theirs",
        "share": 9.5,
    }
    world.edit("automations", live["id"], name="Theirs", caption="theirs", data=data)
    world.edit("scheduled-reports", world.id_of("report.daily"), report_name="Theirs")
    planned = world.plan()
    assert planned.code == 2
    assert planned.actions() == {"automation.flow": "update", "report.daily": "update"}
    assert {*planned.causes("automation.flow").values(), *planned.causes("report.daily").values()} == {"drift"}
    assert "name" in planned.causes("automation.flow")
    assert world.run("drift").code == 2
    done = world.apply()
    assert done.code == 0, done.out
    assert world.plan().code == 0


@few_ways
def test_an_update_is_learned_as_a_create_is(world: World, way: str, phase: str) -> None:
    """What is written over another value, and what nobody wrote before."""
    plain = automation("Plain", data={"actions": {"push": "p0"}})
    world.settle(team(hook=HOOK, daily=DAILY, flow=plain))
    world.fault(f"* /*: normalise {way} {phase}")
    world.write(team(hook=HOOK, daily=report("Cafe\u0301 Weekly "), flow=FLOW))
    done = world.apply()
    if (way, phase) == ("drop", "shown"):
        # The key was not there before, and no answer says that it is dropped: it may as well not show yet.
        assert done.code == 6
        done = world.apply()
    assert done.code == 0, done.out
    ours = {each for each in WAYS[way] if each[0] == "automation.flow"}
    assert named(done.document["warnings"]) >= ours
    again = world.plan()
    assert again.code == 0, again.out


@few_ways
def test_what_was_not_read_back_is_learned_by_the_next_apply(world: World, way: str, phase: str) -> None:
    """The apply could not read back, as one before this version did not learn: one more apply, and the plan is empty.

    What is sent comes out as it was live before; it was sent twice and came out so twice.
    """
    world.fault(f"* /*: normalise {way} {phase}")
    world.write(TEAM)
    world.apply()
    document = json.loads(world.state.read_text(encoding="utf-8"))
    for entry in document["resources"].values():
        entry.pop("stored", None)
        entry.pop("read_back", None)
    world.state.write_text(json.dumps(document), encoding="utf-8")
    done = world.apply()
    assert done.code == 0, done.out
    assert "manual" not in done.actions().values()
    assert world.plan().code == 0
