"""An earlier plan, and a create whose answer was lost, meet a list that is short."""

from __future__ import annotations

from pathlib import Path

from plan_file.files import assert_refused, carry_out, save
from world import World, automation

from .conftest import ATTEMPTS, flows, hooks, refused, state_of

AUTOMATIONS, INTEGRATIONS = "/automations", "/integrations"


def saved(world: World, text: str, *arguments: str) -> Path:
    """A saved plan of that configuration."""
    world.write(text)
    return save(world, *arguments)


def test_what_an_earlier_try_has_made_is_not_made_again(world: World) -> None:
    """One of two was made before the run failed; then the list does not show it: nothing is sent a second time."""
    world.settle(flows("old"))
    path = saved(world, flows("old", "a", "b"))
    world.fault("POST /automations: status 409, n=2")
    assert carry_out(world, path, "--parallelism", "1").code == 6
    world.end_faults()
    world.listed(AUTOMATIONS, world.live("automations")[:1])
    world.writes()
    assert_refused(world, path, "is not whole")
    world.end_faults()
    assert carry_out(world, path).code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["a", "b", "old"]


def test_a_delete_is_not_taken_for_done(world: World) -> None:
    """A list that does not show an object does not say that it was deleted: it is neither forgotten nor buried."""
    world.settle(flows("a", "b", "c"))
    path = saved(world, flows("a", "b"))
    gone = world.id_of("automation.c")
    world.listed(AUTOMATIONS, [each for each in world.live("automations") if each["id"] != gone])
    assert_refused(world, path, gone)


def test_nor_is_one_of_what_nobody_manages(world: World) -> None:
    """The state does not know what --prune deletes; the plan does."""
    world.settle(flows("a", "b", "c"))
    theirs = world.insert("automations", **automation("Theirs"))
    path = save(world, "--prune")
    world.listed(AUTOMATIONS, [each for each in world.live("automations") if each["id"] != theirs])
    assert_refused(world, path, theirs)


def test_an_integration_that_is_not_listed_is_deleted_all_the_same(world: World) -> None:
    """It cannot be asked for, so the delete that was approved is sent: its answer is the proof."""
    world.settle(hooks("a", "b", "c"))
    path = saved(world, hooks("a", "b"))
    gone = world.id_of("integration.c")
    world.listed(INTEGRATIONS, [each for each in world.live("integrations") if each["id"] != gone])
    assert carry_out(world, path).code == 0
    assert world.writes() == [("DELETE", f"/integrations/{gone}", None)]
    world.end_faults()
    assert sorted(each["title"] for each in world.live("integrations")) == ["a", "b"]


def test_integrations_that_the_plan_saw(world: World) -> None:
    """All of them are missing now: the earlier plan is refused, although no flag can be given with it."""
    world.settle(hooks("a", "b") + flows("x"))
    path = saved(world, hooks("a", "b") + flows("x", "y"))
    world.listed(INTEGRATIONS, [])
    assert_refused(world, path, "2 of 2 integrations", "the plan saw them")


def test_a_lost_answer_is_not_looked_for_in_a_list_that_is_short(world: World) -> None:
    """What the list should show and does not proves nothing: the create fails, and is not sent again."""
    world.settle(flows("a", "b"))
    before = world.live("automations")
    world.write(flows("a", "b", "c"))
    world.fault("POST /automations: drop after, n=1")
    world.listed(AUTOMATIONS, before[:1], "n=2", f"times={ATTEMPTS}")
    done = world.apply()
    assert done.code == 1, done.out
    assert "is not whole" in done.out
    assert [method for method, *_ in world.writes()] == ["POST"]
    world.end_faults()
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["a", "b", "c"]


def test_a_lost_answer_where_somebody_deletes_meanwhile(world: World) -> None:
    """An object that is missing because it is gone does not make the list short: the create is sent once more."""
    world.settle(flows("a", "b"))
    world.write(flows("a", "b", "c"))
    world.fault("POST /automations: drop before, n=1")
    gone = world.id_of("automation.b")
    world.remove("automations", gone)
    assert world.plan().actions() == {"automation.b": "create", "automation.c": "create"}
    world.writes()
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["a", "b", "c"]


def test_the_state_is_as_it_was(world: World) -> None:
    """A refused plan leaves no tombstone either."""
    world.settle(flows("a", "b"))
    world.listed(AUTOMATIONS, [])
    refused(world, "apply", "--auto-approve")
    assert state_of(world)["tombstones"] == {}
