"""What the API cannot change: a step for a person, or a new object in the old one's place."""

from __future__ import annotations

import json

import pytest
from world import Json, World, report

TEAM = """
    integrations:
      hook:
        title: Hook
        integration: webhooks
        target_platform: iOS
        status: active
        lifecycle: {replace: %s}
    reports:
      first: &report
        report_name: First
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
      second: {<<: *report, report_name: Second}
    """
REFUSING = TEAM.replace("        lifecycle: {replace: %s}\n", "")
ALLOWING = TEAM % "allow"
EDITS = {
    "title": ("title: Hook", "title: New hook"),
    "integration": ("integration: webhooks", "integration: slack"),
    "target_platform": ("target_platform: iOS", "target_platform: Android"),
}


def target(object_id: str) -> list[Json]:
    """A report's destinations."""
    return [{"type": "target_integration", "id": object_id}]


@pytest.mark.parametrize("field", EDITS)
def test_what_cannot_be_changed_is_left_to_a_person(world: World, field: str) -> None:
    """The plan says what to do and what depends on it; nothing is written; exit 2 where that is asked for."""
    world.settle_once(REFUSING)
    world.write(REFUSING.replace(*EDITS[field]))
    planned = world.plan()
    assert (planned.code, planned.actions()) == (2, {"integration.hook": "manual"})
    change = planned.change("integration.hook")
    assert [each["path"] for each in change["fields"]] == [field]
    notes = " ".join(change["notes"])
    assert "dashboard" in notes
    assert "replace: allow" in notes
    assert 'this integration feeds 2 reports: "First", "Second"' in notes
    world.requests()
    assert world.apply().code == 0
    done = world.apply("--detailed-exitcode")
    assert (done.code, done.actions()) == (2, {"integration.hook": "manual"})
    assert world.writes() == []
    assert world.plan().code == 2


def test_a_manual_step_that_was_done_is_done(world: World) -> None:
    """Somebody renames it in the dashboard as the plan said: nothing is left to do."""
    world.settle_once(REFUSING)
    world.write(REFUSING.replace(*EDITS["title"]))
    world.edit("integrations", world.id_of("integration.hook"), title="New hook")
    assert world.plan().code == 0


def test_a_replace_makes_repoints_and_then_deletes(world: World) -> None:
    """No report is ever without a target; the plan says what is lost: the id and the credentials."""
    world.settle_once(ALLOWING)
    old, first, second = (world.id_of(each) for each in ("integration.hook", "report.first", "report.second"))
    world.write(ALLOWING.replace(*EDITS["title"]))
    planned = world.plan()
    assert planned.actions() == {"integration.hook": "replace", "report.first": "update", "report.second": "update"}
    assert next(each["address"] for each in planned.document["changes"]) == "integration.hook"
    assert "loses its id and its credentials" in " ".join(planned.change("integration.hook")["notes"])
    world.requests()
    assert world.apply().code == 0
    new = world.id_of("integration.hook")
    assert new != old
    create, activate, *repointed, delete = world.writes()
    assert create[:2] == ("POST", "/integrations")
    assert create[2]["title"] == "New hook"
    assert activate == ("POST", f"/integrations/{new}/status", {"status": 1})
    assert sorted(repointed, key=lambda each: each[1]) == sorted(
        (("PUT", f"/scheduled-reports/{each}", {"destinations": target(new)}) for each in (first, second)),
        key=lambda each: each[1],
    )
    assert delete == ("DELETE", f"/integrations/{old}", None)
    assert world.plan().code == 0


def test_a_new_one_that_a_person_has_made_is_taken_and_named(world: World) -> None:
    """Nobody can tell who made it, so the plan names it and does not say who; it makes no second one."""
    world.settle_once(ALLOWING)
    theirs = world.insert("integrations", title="New hook", integration="webhooks", target_platform="iOS", active=0)
    world.write(ALLOWING.replace(*EDITS["title"]))
    planned = world.plan()
    assert planned.actions()["integration.hook"] == "replace"
    assert f"the new one stands already: {theirs} has its name" in " ".join(planned.change("integration.hook")["notes"])
    world.requests()
    assert world.apply().code == 0
    assert ("POST", "/integrations") not in [(method, path) for method, path, _ in world.writes()]
    assert world.id_of("integration.hook") == theirs
    assert [each["id"] for each in world.live("integrations")] == [theirs]
    assert world.plan().code == 0


def test_an_old_one_that_is_still_used_stays_and_is_remembered(world: World) -> None:
    """An unmanaged report delivers to it: the new one stands, the API refuses the delete, the next plan knows."""
    world.settle_once(ALLOWING)
    old = world.id_of("integration.hook")
    theirs = world.insert("scheduled-reports", **report("Theirs", old))
    world.write(ALLOWING.replace(*EDITS["title"]))
    planned = world.plan()
    assert f"report[{theirs}] (Theirs)" in " ".join(planned.change("integration.hook")["notes"])
    done = world.apply()
    assert done.code == 6
    (failed,) = [each for each in done.document["results"] if each["status"] == "failed"]
    assert failed["address"] == "integration.hook"
    assert old in failed["reason"]
    assert done.actions()["report.first"] == "done"
    again = world.plan()
    assert again.actions() == {f"integration[{old}]": "delete"}
    world.remove("scheduled-reports", theirs)
    assert world.apply().code == 0
    assert [each["title"] for each in world.live("integrations")] == ["New hook"]
    assert world.plan().code == 0


def test_a_delete_that_was_left_is_forgotten_beside_an_update(world: World) -> None:
    """The old object is deleted while the new one is still being written to: the state has it no more."""
    world.settle_once(ALLOWING)
    theirs = world.insert("scheduled-reports", **report("Theirs", world.id_of("integration.hook")))
    world.write(ALLOWING.replace(*EDITS["title"]))
    assert world.apply().code == 6
    world.remove("scheduled-reports", theirs)
    world.write(ALLOWING.replace(*EDITS["title"]).replace("status: active", "status: paused", 1))
    world.fault("POST /integrations/*/status: delay 0.5 before")
    assert world.apply("--parallelism", "2").code == 0
    resources = json.loads(world.state.read_text())["resources"]
    assert {address: each["superseded"] for address, each in resources.items() if each.get("superseded")} == {}


def test_a_replace_keeps_its_other_fields(world: World) -> None:
    """A field that is ignored in updates is set in the new object, or it would have none."""
    world.settle(ALLOWING.replace("{replace: allow}", "{replace: allow, ignore_changes: [status]}"))
    text = ALLOWING.replace("{replace: allow}", "{replace: allow, ignore_changes: [status]}")
    world.write(text.replace(*EDITS["integration"]))
    assert world.apply().code == 0
    ((live),) = world.live("integrations")
    assert (live["integration"], live["active"]) == ("Slack", 1)
    assert world.plan().code == 0
