"""A remembered object that no list shows is asked for by its id before anything is concluded from that."""

from __future__ import annotations

import pytest
from world import World, automation

from .conftest import ATTEMPTS, asked_by_id, flows, hooks, ran, refused, reports

MANY = 130
REPORTS, AUTOMATIONS, INTEGRATIONS = "/scheduled-reports", "/automations", "/integrations"
TWELVE = [f"f{number}" for number in range(12)]
APPLY = ("apply", "--auto-approve")


def test_an_empty_list_makes_nothing_a_second_time(world: World) -> None:
    """130 remembered reports, and the list says that there are none: exit 5 in words, after a few questions."""
    world.settle(reports(MANY))
    world.listed(REPORTS, [])
    first = world.id_of("report.r0")
    world.requests()
    done = ran(world, *APPLY)
    assert done.code == 5, done.out
    assert (
        f"GET {REPORTS} is not whole: report.r0 ({first}) is not in it, and GET {REPORTS}/{first} answers" in done.err
    )
    assert f"it lacks {MANY} objects" in done.err
    assert "no flag passes this" in done.err
    asked = world.requests()
    assert {each["method"] for each in asked} == {"GET"}
    assert len(asked) < 25 * ATTEMPTS
    world.end_faults()
    assert world.plan().code == 0


COMMANDS = [
    "plan",
    "plan --prune",
    "plan --target automation.b",
    "plan --undo latest",
    "plan --allow vanished --allow wrong-project --max-deletes 99",
    "apply --auto-approve",
    "drift",
    "drift --adopt",
    "explain automation.b",
    "graph",
    "import automation.other ID",
    "import automation.a A",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_asks(world: World, command: str) -> None:
    """Whatever concludes that something is gone is refused, and no flag passes it."""
    world.settle(flows("a", "b", "c"))
    other = world.insert("automations", **automation("Other"))
    world.listed(AUTOMATIONS, [each for each in world.live("automations") if each["name"] != "a"])
    told = refused(world, *command.replace("ID", other).split())
    assert world.id_of("automation.a") in told or command.endswith(" A")


def test_send_test_asks_too(world: World) -> None:
    """It would say that the report is not live yet."""
    world.settle(reports(2))
    world.listed(REPORTS, world.live("scheduled-reports")[1:])
    assert "is not whole" in refused(world, "send-test", "report.r0")


@pytest.mark.parametrize("collection", ["automations", "scheduled-reports"])
def test_a_list_that_lies_about_its_end(world: World, collection: str) -> None:
    """The first page says that there is no more: what stands on the second one is not made again."""
    world.settle(flows(*(f"f{number}" for number in range(MANY))) if collection == "automations" else reports(MANY))
    world.listed(f"/{collection}", world.live(collection))
    assert "it lacks 30 objects" in refused(world, *APPLY)


@pytest.mark.parametrize("collection", ["automations", "scheduled-reports"])
def test_both_lists_are_empty(world: World, collection: str) -> None:
    """Integrations cannot be asked for by id; what can be is proof enough."""
    world.settle(reports(3) + flows("a", "b"))
    world.listed(INTEGRATIONS, [])
    world.listed(f"/{collection}", [])
    assert f"GET /{collection} is not whole" in refused(world, *APPLY)


def test_one_that_is_hidden_among_many_that_are_gone(world: World) -> None:
    """A sample that is gone proves nothing of the rest, which is asked for as well."""
    world.settle(flows(*TWELVE, *(f"g{number}" for number in range(30))))
    for name in TWELVE[:11]:
        world.remove("automations", world.id_of(f"automation.{name}"))
    hidden = world.id_of("automation.g29")
    world.listed(AUTOMATIONS, [each for each in world.live("automations") if each["id"] != hidden])
    assert f"automation.g29 ({hidden})" in refused(world, "plan")


def test_a_404_is_proof(world: World) -> None:
    """What somebody has deleted is made again, after one question for it."""
    world.settle(flows("a", "b"))
    gone = world.id_of("automation.a")
    world.remove("automations", gone)
    world.requests()
    assert world.plan().actions() == {"automation.a": "create"}
    assert asked_by_id(world, "automations") == [gone]
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_nothing_missing_asks_no_more(world: World) -> None:
    """A plan without changes reads the lists, and no object by itself."""
    world.settle(reports(3) + flows("a"))
    assert world.plan().code == 0
    asked = [each["path"].partition("?")[0] for each in world.requests()]
    assert sorted(asked) == sorted(
        [INTEGRATIONS, "/integrations/meta", REPORTS, f"{REPORTS}/destinations", AUTOMATIONS]
    )


def test_what_is_only_late_is_waited_for(world: World) -> None:
    """The list lags behind by one reading, as after a write: the next look shows it, and nothing is refused."""
    world.settle(flows("a", "b"))
    world.listed(AUTOMATIONS, world.live("automations")[:1], "times=1")
    assert world.plan().code == 0
    world.listed(AUTOMATIONS, world.live("automations")[:1], f"times={ATTEMPTS}")
    assert world.plan().code == 5


@pytest.mark.parametrize(("answer", "code"), [("status 403", 4), ("status 500", 1), ("status 200, body='{}'", 1)])
def test_another_answer_is_no_proof(world: World, answer: str, code: int) -> None:
    """Only 404 says that it is gone: all else ends the run as a list that cannot be read does."""
    world.settle(flows("a", "b"))
    world.remove("automations", world.id_of("automation.a"))
    world.fault(f"GET /automations/*: {answer}")
    assert world.apply().code == code
    assert world.writes() == []


def test_the_answer_is_another_object(world: World) -> None:
    """It proves neither that the object is there nor that it is gone."""
    world.settle(flows("a", "b"))
    world.remove("automations", world.id_of("automation.a"))
    world.fault('GET /automations/*: status 200, body=\'{"object": "automation", "id": "x1"}\'')
    done = world.apply()
    assert done.code == 1
    assert "another object: x1" in done.err
    assert world.writes() == []


def test_an_object_that_a_run_has_put_aside_stays_remembered(world: World) -> None:
    """An old integration that a replace has not deleted yet, and that no list shows, is deleted all the same."""
    world.settle(hooks("a", "b", "c", more=", lifecycle: {replace: allow}"))
    old = world.id_of("integration.a")
    world.write(hooks("a", "b", "c", more=", lifecycle: {replace: allow}").replace("title: a", "title: A"))
    world.fault("DELETE /integrations/*: status 409")
    assert world.apply().code == 1
    world.end_faults()
    world.listed(INTEGRATIONS, [each for each in world.live("integrations") if each["id"] != old])
    assert world.plan().actions() == {f"integration[{old}]": "delete"}
    world.writes()
    assert world.apply().code == 0
    assert world.writes() == [("DELETE", f"{INTEGRATIONS}/{old}", None)]
    assert world.plan().code == 0
    world.end_faults()
    assert len(world.live("integrations")) == 3
