"""Names that an API has trimmed: nothing is made twice, and nothing is guessed."""

from __future__ import annotations

import pytest
from size import ends
from world import World

from .team import Fields, automation, integration, listing, named, report, stored, team

COLLECTIONS = ("integrations", "scheduled-reports", "automations")


def format_count(world: World) -> list[int]:
    """How many objects of each kind live."""
    return [len(world.live(each)) for each in COLLECTIONS]


@pytest.mark.parametrize("phase", ["stored", "shown"])
@pytest.mark.parametrize("way", ["trim", "nfc"])
def test_a_lost_state_leads_to_adopt(world: World, way: str, phase: str) -> None:
    """All is found by its names as the API keeps them, and nothing is written."""
    world.fault(f"* /*: normalise {way} {phase}")
    names = [f" Caf\u0065\u0301 {each} " for each in ("Hook", "Daily", "Flow")]
    world.write(team(hook=integration(names[0]), daily=report(names[1]), flow=automation(names[2])))
    assert world.apply().code == 0
    warned = world.plan().document["warnings"]
    world.state.unlink()
    planned = world.plan()
    assert set(planned.actions().values()) == {"adopt"}
    assert named(planned.document["warnings"]) == named(warned)
    world.writes()
    assert world.apply().code == 0
    assert world.writes() == []
    again = world.plan()
    assert (again.code, named(again.document["warnings"])) == (0, named(warned))
    assert format_count(world) == [1, 1, 1]


def test_a_name_in_another_case_is_another_name(world: World) -> None:
    """It is made, and the plan says which object may be meant."""
    world.insert("automations", **automation("flow", caption=""))
    world.write(team(flow=automation("Flow")))
    planned = world.plan()
    assert planned.actions() == {"automation.flow": "create"}
    assert any("flow" in each and "imports" in each for each in planned.document["warnings"])


def test_two_that_differ_in_a_space_are_not_guessed(world: World) -> None:
    """Neither is exactly what is written: exit 5, both ids. One that is exactly that is it."""
    ids = [world.insert("automations", **automation(name, caption="")) for name in ("Flow", "Flow ")]
    world.write(team(flow=automation(" Flow")))
    refused = world.plan()
    assert refused.code == 5
    assert all(each in refused.err for each in ids)
    world.write(team(flow=automation("Flow")))
    planned = world.plan()
    assert planned.actions() == {"automation.flow": "adopt"}
    assert planned.change("automation.flow")["id"] == ids[0]


def test_two_resources_that_differ_in_a_space_are_refused(world: World) -> None:
    """An API that trims would make one name of them: said offline, at the place of the second."""
    world.write(
        """
        automations:
          first: {name: "Flow", status: active, data: {actions: {push: p1}}}
          second: {name: "Flow ", status: active, data: {actions: {push: p1}}}
        """
    )
    refused = world.run("validate")
    assert refused.code == 3
    assert "automation.second has the same name" in refused.err + refused.out
    assert "except for spaces" in refused.err + refused.out


def test_a_name_with_a_space_too_many_is_put_right(world: World) -> None:
    """What lives as "Flow " is what is written as "Flow": it is renamed and not made a second time."""
    made = world.insert("automations", **automation("Flow ", caption=""))
    world.write(team(flow=automation("Flow")))
    planned = world.plan()
    assert planned.change("automation.flow")["id"] == made
    assert world.apply().code == 0
    assert [each["name"] for each in world.live("automations")] == ["Flow"]
    assert world.plan().code == 0


@pytest.mark.parametrize("way", ends(["trim", "nfc", "lower", "defaults", "drop", "sort", "round"]))
def test_a_create_whose_answer_is_lost_is_not_made_twice(world: World, way: str) -> None:
    """What the API has made of it is found, and learned."""
    data: Fields = {
        "actions": {"push": "P1"},
        "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}],
        "note": "Ours",
        "share": 0.12345,
    }
    world.fault(
        f"* /*: normalise {way}", "POST /automations: drop after, n=1", "POST /scheduled-reports: drop after, n=1"
    )
    world.write(
        team(
            hook=integration(),
            daily=report("Cafe\u0301 "),
            flow=automation("Flo\u0301w ", caption="Hi You ", data=data),
        )
    )
    done = world.apply()
    assert done.code == 0, done.out
    assert format_count(world) == [1, 1, 1]
    assert world.plan().code == 0


def test_a_lost_create_beside_what_somebody_made_meanwhile_is_not_guessed(world: World) -> None:
    """An object of its name that holds something else: it is named, and nothing is sent again."""
    world.write(team(flow=automation()))
    world.fault("POST /automations: drop before, n=1")
    theirs = listing({"id": "theirs01", "object": "automation", **automation(caption="theirs", status="paused")})
    world.fault(f"GET /automations: status 200, body='{theirs}', n=2, times=9")
    failed = world.apply()
    assert failed.code == 1
    assert "theirs01" in failed.out
    assert [method for method, *_ in world.writes()] == ["POST"]


def test_a_lost_update_is_found_done(world: World) -> None:
    """The answer is lost, and what the API made of the new name is live: it is done, and not sent again."""
    world.settle(team(hook=integration(), daily=report(), flow=automation()))
    world.fault("* /*: normalise trim", "PUT /*: drop after, every=1, times=2")
    world.write(team(hook=integration(), daily=report("Weekly "), flow=automation("Other ")))
    done = world.apply()
    assert done.code == 0, done.out
    assert stored(world, "report.daily") == {"report_name": "Weekly"}
    assert world.plan().code == 0


def test_a_saved_plan_does_not_make_what_appeared_meanwhile(world: World) -> None:
    """Somebody made an object of that name, which the API trimmed: the plan is stale."""
    world.write(team(flow=automation("Flow ", caption="ours")))
    path = str(world.folder.parent / "saved.plan")
    world.plan("--out", path)
    world.insert("automations", **automation("Flow", caption="theirs"))
    refused = world.apply("--plan", path)
    assert refused.code == 5
    assert "appeared meanwhile" in refused.err
    assert world.writes() == []


def test_an_interrupted_replace_finds_what_it_has_made(world: World) -> None:
    """The new integration's title was trimmed and nobody could write its id down: it is not made once more."""
    world.settle(team(hook=integration("Old"), daily=report()))
    world.fault("* /*: normalise trim")
    world.insert("integrations", title="New", integration="webhooks", target_platform="iOS", active=1)
    world.write(team(hook=integration("New ", lifecycle={"replace": "allow"}), daily=report()))
    assert world.plan().actions()["integration.hook"] == "replace"
    assert world.apply().code == 0
    assert [each["title"] for each in world.live("integrations")] == ["New"]
    assert world.plan().code == 0
