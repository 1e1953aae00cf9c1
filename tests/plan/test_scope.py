"""What a plan is about: what is managed, what is asked for, and what is left alone."""

from __future__ import annotations

import json

import pytest
from world import World, automation, integration, report

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      spare: {title: Spare, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """
RELATED = {"integrations", "integrations/meta", "scheduled-reports", "scheduled-reports/destinations"}
COLLECTIONS = ("integrations", "scheduled-reports", "automations")


def test_the_unmanaged_is_listed_and_never_touched(world: World) -> None:
    """Live, but neither in the configuration nor in the state: named in each plan, left as it is."""
    hook = world.insert("integrations", **integration("Theirs"))
    daily = world.insert("scheduled-reports", **report("Their report", hook))
    flow = world.insert("automations", **automation("Their flow"))
    before = [world.live(each) for each in COLLECTIONS]
    world.settle(TEAM)
    assert world.plan().document["unmanaged"] == [
        {"kind": "integration", "id": hook, "name": "Theirs"},
        {"kind": "report", "id": daily, "name": "Their report"},
        {"kind": "automation", "id": flow, "name": "Their flow"},
    ]
    assert [world.live(each)[:1] for each in COLLECTIONS] == before


def test_prune_deletes_the_unmanaged_in_order(world: World) -> None:
    """Reports before the integrations that they use."""
    world.settle_once(TEAM)
    theirs = world.insert("integrations", **integration("Theirs"))
    daily = world.insert("scheduled-reports", **report("Their report", theirs))
    planned = world.plan("--prune")
    assert planned.actions() == {f"integration[{theirs}]": "delete", f"report[{daily}]": "delete"}
    assert planned.document["unmanaged"] == []
    world.requests()
    assert world.apply("--prune").code == 0
    assert world.writes() == [
        ("DELETE", f"/scheduled-reports/{daily}", None),
        ("DELETE", f"/integrations/{theirs}", None),
    ]
    assert world.plan("--prune").code == 0


def test_a_target_comes_with_what_it_needs(world: World) -> None:
    """The report needs its integration; the rest waits, and the plan says that there is a rest."""
    world.write(TEAM)
    planned = world.plan("--target", "report.daily")
    assert planned.actions() == {"integration.hook": "create", "report.daily": "create"}
    assert planned.document["warnings"][:2] == [
        "--target leaves 1 other change out",
        "--target needs no automations: not looked at",
    ]
    assert world.apply("--target", "report.daily").code == 0
    assert world.live("automations") == []
    assert world.plan().actions() == {"automation.flow": "create", "integration.spare": "create"}
    assert world.plan("--target", "report.daily").code == 0


@pytest.mark.parametrize(
    ("target", "lists"),
    [
        ("automation.flow", {"automations"}),
        ("report.daily", {"integrations", "integrations/meta", "scheduled-reports", "scheduled-reports/destinations"}),
        (
            "integration.spare",
            {"integrations", "integrations/meta", "scheduled-reports", "scheduled-reports/destinations"},
        ),
    ],
)
def test_a_target_reads_only_what_it_must(world: World, target: str, lists: set[str]) -> None:
    """A big project is not read whole for one object; what is not read is left as it is and not forgotten."""
    world.settle_once(TEAM)
    before = json.loads(world.state.read_text(encoding="utf-8"))["resources"]
    planned = world.plan("--target", target)
    assert planned.code == 0, planned.out
    assert {each["path"].removeprefix("/") for each in world.requests()} == lists
    assert world.apply("--target", target).code == 0
    assert json.loads(world.state.read_text(encoding="utf-8"))["resources"] == before
    assert world.plan().code == 0


def test_what_a_target_leaves_unread_is_not_judged(world: World) -> None:
    """Neither a guard nor a `moved` line takes what was not looked at for gone, and the share of deletes is of all."""
    world.settle_once(TEAM)
    moved = "    moved: [{from: report.daily, to: report.weekly}]\n"
    world.write("\n" + moved + TEAM.partition("    automations:")[0].replace("daily:", "weekly:"))
    planned = world.plan("--target", "automation.flow")
    assert planned.actions() == {"automation.flow": "delete"}, planned.out
    assert world.apply("--target", "automation.flow").code == 0
    assert "report.daily" in json.loads(world.state.read_text(encoding="utf-8"))["resources"]
    assert world.plan().actions() == {"report.weekly": "adopt"}


def test_a_target_of_another_project_is_refused(world: World) -> None:
    """None of what it looked at is live: as much of a reason to doubt the key as if it had looked at all."""
    world.settle_once(TEAM)
    world.remove("automations", world.id_of("automation.flow"))
    assert world.plan().actions() == {"automation.flow": "create"}
    refused = world.apply("--target", "automation.flow")
    assert refused.code == 5
    assert "none of the 1 object in the state that this looked at is live" in refused.err
    assert world.apply("--target", "automation.flow", "--allow", "wrong-project").code == 0


def test_a_targeted_delete_comes_with_what_must_go_first(world: World) -> None:
    """The integration cannot go while its report is there."""
    world.settle_once(TEAM)
    world.write("automations:\n  flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n")
    planned = world.plan("--target", "integration.hook")
    assert planned.actions() == {"integration.hook": "delete", "report.daily": "delete"}
    assert world.apply("--target", "integration.hook", "--target", "integration.spare").code == 0
    assert world.plan().code == 0


def test_a_targeted_replace_comes_with_its_reports(world: World) -> None:
    """They have to be pointed at the new one before the old one goes."""
    text = TEAM.replace("status: active}", "status: active, lifecycle: {replace: allow}}", 1)
    world.settle(text)
    world.write(text.replace("title: Hook", "title: New").replace("push: p1", "push: p2"))
    assert world.plan("--target", "integration.hook").actions() == {
        "integration.hook": "replace",
        "report.daily": "update",
    }
    assert world.apply("--target", "integration.hook").code == 0
    assert world.plan().actions() == {"automation.flow": "update"}


def test_a_target_may_be_a_pattern(world: World) -> None:
    """All addresses that fit it, of any kind, in the configuration or in the state; each with what it needs."""
    world.write(TEAM)
    assert world.plan("--target", "report.d*").actions() == {"integration.hook": "create", "report.daily": "create"}
    assert world.plan("--target", "*.[fs]*").actions() == {
        "automation.flow": "create",
        "integration.spare": "create",
    }
    assert len(world.plan("--target", "*").actions()) == 4
    assert world.apply().code == 0
    world.write("automations:\n  flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n")
    assert world.plan("--target", "integration.sp*").actions() == {"integration.spare": "delete"}


def test_a_target_may_name_what_is_not_managed(world: World) -> None:
    """Its brackets are no pattern."""
    world.settle_once(TEAM)
    theirs = world.insert("automations", **automation("Theirs"))
    assert world.plan("--prune", "--target", f"automation[{theirs}]").actions() == {f"automation[{theirs}]": "delete"}


@pytest.mark.parametrize("target", ["report.dayly", "report.dayly-*", "nothing", "nothing*", "report"])
def test_an_unknown_target_is_wrong_usage(world: World, target: str) -> None:
    """Exit 64 before anything is written, with the nearest address where there is one."""
    world.write(TEAM)
    refused = world.apply("--target", target)
    assert refused.code == 64
    assert target in refused.err
    if target.startswith("report."):
        assert 'did you mean "report.daily"' in refused.err
    assert world.writes() == []


@pytest.mark.parametrize("destroy", [False, True])
def test_removed_says_whether_the_object_goes_too(world: World, destroy: bool) -> None:
    """Without `destroy` it stays as it is, unmanaged; the block may stay in the file."""
    world.settle_once(TEAM)
    flow = world.id_of("automation.flow")
    kept = TEAM[: TEAM.index("    automations:")]
    world.write(kept + f"    removed: [{{from: automation.flow, destroy: {str(destroy).lower()}}}]\n")
    assert world.plan().actions() == {"automation.flow": "delete" if destroy else "forget"}
    assert world.apply().code == 0
    assert world.writes() == ([("DELETE", f"/automations/{flow}", None)] if destroy else [])
    again = world.plan()
    assert again.code == 0
    assert [each["id"] for each in again.document["unmanaged"]] == ([] if destroy else [flow])


def test_a_protected_object_may_be_forgotten(world: World) -> None:
    """`prevent_destroy` guards the object, and forgetting does not touch it."""
    protected = (
        "automations: {a: {name: A, status: active, data: {actions: {push: p}}, lifecycle: {prevent_destroy: true}}}"
    )
    world.settle(
        TEAM.replace("    automations:\n", "").replace(
            "      flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n", ""
        )
    )
    world.write(protected, "a.yaml")
    assert world.apply().code == 0
    world.write("removed: [{from: automation.a, destroy: true}]", "a.yaml")
    assert world.plan().code == 5
    world.write("removed: [{from: automation.a, destroy: false}]", "a.yaml")
    assert world.apply().code == 0
    assert len(world.live("automations")) == 1


def test_what_is_gone_already_is_forgotten(world: World) -> None:
    """Removed in the YAML and deleted in the dashboard: nothing is written."""
    world.settle_once(TEAM)
    world.remove("automations", world.id_of("automation.flow"))
    world.write(TEAM[: TEAM.index("    automations:")])
    assert world.plan().actions() == {"automation.flow": "forget"}
    world.requests()
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.plan().code == 0


def test_ignored_fields_are_left_as_they_are_live(world: World) -> None:
    """Neither compared nor sent, also within `data`; everything else still is."""
    text = TEAM.replace("name: Flow,", "name: Flow, lifecycle: {ignore_changes: [status, data.actions.push]},")
    text = text.replace("report_name: Daily", "report_name: Daily\n        lifecycle: {ignore_changes: [send_at]}")
    world.settle(text)
    flow, daily = world.id_of("automation.flow"), world.id_of("report.daily")
    world.edit("automations", flow, status="inactive", data={"actions": {"push": "theirs"}})
    world.edit("scheduled-reports", daily, send_at="23:30")
    assert world.plan().code == 0
    world.write(text.replace("name: Flow", "name: Renamed").replace("included_range_days: 1", "included_range_days: 7"))
    assert world.apply().code == 0
    writes = {path: body for _, path, body in world.writes()}
    assert writes[f"/scheduled-reports/{daily}"] == {"included_range_days": 7}
    sent = writes[f"/automations/{flow}"]
    assert (sent["name"], sent["status"], sent["data"]) == ("Renamed", "inactive", {"actions": {"push": "theirs"}})
    assert world.plan().code == 0


def test_ignored_fields_are_set_in_a_new_object(world: World) -> None:
    """There is nothing live to leave alone yet."""
    world.write(TEAM.replace("name: Flow,", "name: Flow, lifecycle: {ignore_changes: [status]},"))
    assert world.apply().code == 0
    assert world.live("automations")[0]["status"] == "active"
    assert world.plan().code == 0


def test_an_integration_that_others_still_use_says_so(world: World) -> None:
    """A delete that the API may refuse: the plan names who is in the way."""
    world.settle_once(TEAM)
    spare = world.id_of("integration.spare")
    theirs = world.insert("scheduled-reports", **report("Theirs", spare))
    world.write(TEAM.replace("      spare: {title: Spare, integration: slack, target_platform: iOS}\n", ""))
    notes = " ".join(world.plan().change("integration.spare")["notes"])
    assert f"report[{theirs}] (Theirs)" in notes
    done = world.apply()
    assert done.code == 1
    assert done.actions() == {"integration.spare": "failed"}
