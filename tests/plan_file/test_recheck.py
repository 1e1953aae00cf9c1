"""Before each write of a saved plan: as seen, it is written; already as wanted, skipped; else nothing is."""

from __future__ import annotations

import pytest
from world import World, automation, integration, report

from .conftest import Between
from .files import FLOW, TEAM, assert_refused, carry_out, save

CHANGED = TEAM.replace("09:00", "10:00")
HOOK = "integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}}\n"
DATA = {"platform": None, "initiators": [], "actions": {"push": "p1"}}


def test_edited_in_between(world: World) -> None:
    """Exit 5; the address, its id and the field that moved are named; not even the others are written."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    daily = world.id_of("report.daily")
    world.edit("scheduled-reports", daily, send_at="11:30")
    refused = assert_refused(
        world, path, "stale", f"report.daily: {daily} was changed meanwhile: send_at", "plan again"
    )
    assert "report.weekly" not in refused.err
    assert sorted(each["send_at"] for each in world.live("scheduled-reports")) == ["09:00", "11:30"]


def test_edited_in_a_field_that_the_plan_does_not_change(world: World) -> None:
    """What was reviewed was another object: stale as well, and that field is named."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    world.edit("scheduled-reports", world.id_of("report.weekly"), status="draft")
    assert_refused(world, path, "report.weekly", "changed meanwhile: status")


def test_a_field_that_nobody_declared(world: World) -> None:
    """A full replace would overwrite it, so it counts where there is one."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("push: p1", "push: p2"))
    path = save(world)
    world.edit("automations", world.id_of("automation.flow"), new_field=1)
    assert_refused(world, path, "automation.flow")


def test_what_the_server_counts_is_no_edit(world: World) -> None:
    """Runs and times move by themselves."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    world.edit("scheduled-reports", world.id_of("report.daily"), runs=7, updated_at="2030-01-01T00:00:00Z")
    assert carry_out(world, path).code == 0
    assert len(world.writes()) == 2


def test_already_as_wanted(world: World) -> None:
    """Somebody did it by hand: nothing is sent for it, it is said, and the rest is done."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="10:00")
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert [where for _, where, _ in world.writes()] == [f"/scheduled-reports/{world.id_of('report.weekly')}"]
    (result,) = [each for each in done.document["results"] if each["address"] == "report.daily"]
    assert (result["status"], result["reason"]) == ("done", "it was as wanted already")
    assert world.plan().code == 0


def test_what_was_to_be_updated_is_gone(world: World) -> None:
    """Nobody decided to make a new one."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    daily = world.id_of("report.daily")
    world.remove("scheduled-reports", daily)
    assert_refused(world, path, f"report.daily: {daily} is gone")


def test_what_was_to_be_deleted_is_gone(world: World) -> None:
    """Then it is as wanted: forgotten, and nothing is sent."""
    world.settle_once(TEAM)
    world.write(TEAM[: TEAM.index("    automations")])
    path = save(world)
    world.remove("automations", world.id_of("automation.flow"))
    assert carry_out(world, path).code == 0
    assert world.writes() == []
    assert world.plan().code == 0


@pytest.mark.parametrize(
    ("kept", "collection", "address", "fields"),
    [
        (TEAM[: TEAM.index("    automations")], "automations", "automation.flow", {"caption": "Mine"}),
        (FLOW, "integrations", "integration.hook", {"active": 0}),
        (FLOW, "scheduled-reports", "report.daily", {"included_range_days": 7}),
    ],
    ids=["automation", "integration", "report"],
)
def test_what_was_to_be_deleted_was_edited(
    world: World, kept: str, collection: str, address: str, fields: dict[str, object]
) -> None:
    """Somebody still cares for it: exit 5, with the field."""
    world.settle_once(TEAM)
    world.write(kept)
    path = save(world)
    world.edit(collection, world.id_of(address), **fields)
    field = {"active": "status"}.get(*fields, *fields)
    assert_refused(world, path, address, f"changed meanwhile: {field}")


def test_a_name_that_appeared(world: World) -> None:
    """What the plan would make stands there, otherwise: no second one is made."""
    world.write(FLOW)
    path = save(world)
    theirs = world.insert("automations", **automation("Flow", status="inactive"))
    assert_refused(world, path, f"automation.flow: {theirs} (Flow) appeared meanwhile")
    assert len(world.live("automations")) == 1


def test_a_name_that_appeared_as_wanted(world: World) -> None:
    """Somebody made exactly that by hand: it is taken, and nothing written."""
    world.write(FLOW)
    path = save(world)
    theirs = world.insert("automations", **automation("Flow", data=DATA))
    assert carry_out(world, path).code == 0
    assert world.writes() == []
    assert world.id_of("automation.flow") == theirs
    assert world.plan().code == 0


def test_a_name_that_appeared_twice(world: World) -> None:
    """Never the first, never the last: both ids are named."""
    world.write(FLOW)
    path = save(world)
    theirs = [world.insert("automations", **automation("Flow", data=DATA)) for _ in range(2)]
    assert_refused(world, path, *theirs)


def test_a_new_key_for_the_same_name(world: World) -> None:
    """The one is deleted and the other made, as the plan says; the one that goes is not taken for the one to come."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("flow:", "stream:"))
    path = save(world)
    old = world.id_of("automation.flow")
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert sorted(method for method, *_ in world.writes()) == ["DELETE", "POST"]
    (live,) = world.live("automations")
    assert live["id"] == world.id_of("automation.stream") != old
    assert world.plan().code == 0


def test_an_integration_is_looked_at_when_the_run_begins(world: World) -> None:
    """It cannot be read by itself: the list that the run begins with decides."""
    world.settle_once(HOOK)
    world.write(HOOK.replace("active", "paused"))
    path = save(world)
    hook = world.id_of("integration.hook")
    world.edit("integrations", hook, active=2, last_error_message="401")
    assert_refused(world, path, "integration.hook", "changed meanwhile: status")
    world.edit("integrations", hook, active=1)
    assert carry_out(world, path).code == 0
    assert world.writes() == [("POST", f"/integrations/{hook}/status", {"status": 0})]


@pytest.mark.parametrize("action", ["PUT", "DELETE"])
def test_somebody_is_quicker_than_a_write(world: World, between: Between, action: str) -> None:
    """As seen when the run began, edited right before its own write: that one is not written, and exit 6 says so."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.write(CHANGED if action == "PUT" else HOOK)
    path = save(world, *(["--max-deletes", "9"] if action == "DELETE" else []))
    between.before(
        "GET", f"/scheduled-reports/{daily}$", lambda: world.edit("scheduled-reports", daily, send_at="23:30")
    )
    done = carry_out(world, path)
    assert done.code == 6
    (failed,) = [each for each in done.document["results"] if each["status"] == "failed"]
    assert failed["address"] == "report.daily"
    assert f"{daily} was changed by somebody else" in failed["reason"]
    assert not [where for method, where, _ in world.writes() if daily in where and method != "GET"]
    assert next(each for each in world.live("scheduled-reports") if each["id"] == daily)["send_at"] == "23:30"


def test_somebody_deletes_right_before_our_delete(world: World, between: Between) -> None:
    """Gone is gone."""
    world.settle_once(TEAM)
    world.write(TEAM[: TEAM.index("    automations")])
    path = save(world)
    flow = world.id_of("automation.flow")
    between.before("GET", f"/automations/{flow}$", lambda: world.remove("automations", flow))
    assert carry_out(world, path).code == 0
    assert world.plan().code == 0


def test_adopt_in_a_saved_plan(world: World) -> None:
    """Nothing is written to the API; what was edited or is gone since is not adopted unseen."""
    theirs = world.insert("automations", **automation("Flow", data=DATA))
    world.write(FLOW)
    path = save(world)
    world.edit("automations", theirs, caption="Edited")
    assert_refused(world, path, "automation.flow", theirs)
    world.edit("automations", theirs, caption="")
    assert carry_out(world, path).code == 0
    assert world.writes() == []
    assert world.id_of("automation.flow") == theirs
    other = world.insert("integrations", **integration("Hook"))
    world.write(FLOW + HOOK)
    path = save(world)
    world.remove("integrations", other)
    assert_refused(world, path, f"integration.hook: {other} is gone")


def test_forget_in_a_saved_plan(world: World) -> None:
    """The object stays, whatever has become of it."""
    world.settle(FLOW + HOOK)
    flow = world.id_of("automation.flow")
    world.write(HOOK + "removed: [{from: automation.flow, destroy: false}]\n")
    path = save(world)
    world.edit("automations", flow, caption="Edited")
    assert carry_out(world, path).code == 0
    assert world.writes() == []
    assert [each["id"] for each in world.live("automations")] == [flow]
    assert "automation.flow" not in world.state.read_text(encoding="utf-8")


def test_manual_in_a_saved_plan(world: World) -> None:
    """A step for a person is no step of ours; exit 2 where that is asked for, and stdout is one document."""
    world.settle(HOOK + FLOW)
    world.write(HOOK.replace("title: Hook", "title: Other") + FLOW.replace("p1", "p2"))
    path = save(world)
    done = carry_out(world, path, "--detailed-exitcode")
    assert done.code == 2, done.err
    assert done.actions() == {"integration.hook": "manual", "automation.flow": "done"}
    assert [method for method, *_ in world.writes()] == ["PUT"]


def test_moved_and_pruned_in_a_saved_plan(world: World) -> None:
    """The new address takes the entry over; what nobody manages goes, as it was seen."""
    world.settle(HOOK + FLOW)
    flow = world.id_of("automation.flow")
    theirs = world.insert("scheduled-reports", **report("Theirs", world.id_of("integration.hook")))
    world.write(HOOK + FLOW.replace("flow:", "stream:") + "moved: [{from: automation.flow, to: automation.stream}]\n")
    path = save(world, "--prune")
    world.edit("scheduled-reports", theirs, send_at="01:00")
    assert_refused(world, path, f"report[{theirs}]", "send_at")
    world.edit("scheduled-reports", theirs, send_at="09:00")
    assert carry_out(world, path).code == 0
    assert [(method, where) for method, where, _ in world.writes()] == [("DELETE", f"/scheduled-reports/{theirs}")]
    assert world.id_of("automation.stream") == flow
    assert world.plan().code == 0


def test_a_destination_by_id_that_is_not_offered_any_more(world: World) -> None:
    """Exit 5 with its id. While it is offered, the plan is carried out."""
    mail = world.insert("integrations", **integration("Mail"))
    world.write(TEAM.replace("{integration: hook}", f"{{type: target_integration, id: {mail}}}"))
    path = save(world)
    world.edit("integrations", mail, offered=False)
    refused = assert_refused(world, path, "stale", f"report.daily: {mail} is not offered", "plan again")
    assert f"report.weekly: {mail} is not offered" in refused.err
    world.edit("integrations", mail, offered=True)
    assert carry_out(world, path).code == 0


def test_a_destination_that_belongs_to_another_integration_by_now(world: World) -> None:
    """The same id is offered, under the label of another integration: the report would go there."""
    world.set_destinations_apart()
    hook = world.insert("integrations", **integration("Hook", destination="d1"))
    world.write(TEAM)
    path = save(world)
    world.edit("integrations", hook, destination="d2")
    other = world.insert("integrations", **integration("Other", destination="d1"))
    assert_refused(world, path, "stale", f"report.daily: it refers to integration.hook ({hook}): nothing proves")
    world.remove("integrations", other)
    world.edit("integrations", hook, destination="d1")
    assert carry_out(world, path).code == 0
    assert {item["id"] for each in world.live("scheduled-reports") for item in each["destinations"]} == {"d1"}


def test_a_destination_that_is_given_away_right_before_a_write(world: World, between: Between) -> None:
    """What was sent is live, and it is the wrong one: it is held against what the reference means."""
    world.set_destinations_apart()
    hook = world.insert("integrations", **integration("Hook", destination="d1"))
    world.write(TEAM)
    path = save(world)

    def give_away() -> None:
        world.edit("integrations", hook, destination="d2")
        world.insert("integrations", **integration("Other", destination="d1"))

    between.before("POST", "/scheduled-reports$", give_away)
    # One at a time: the other report must not be sent while it is given away.
    done = carry_out(world, path, "--parallelism", "1")
    assert done.code == 6
    ended = {each["address"]: each for each in done.document["results"]}
    assert ended["report.daily"]["verification"] == "different"
    assert f"integration.hook ({hook})" in ended["report.daily"]["reason"]


def test_a_plan_that_sends_no_destination_asks_for_none(world: World) -> None:
    """What the reports have already is not doubted."""
    world.settle_once(TEAM)
    world.write(CHANGED)
    path = save(world)
    world.edit("integrations", world.id_of("integration.hook"), offered=False)
    assert carry_out(world, path).code == 0
    assert "/scheduled-reports/destinations" not in [each["path"] for each in world.requests()]
