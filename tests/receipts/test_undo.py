"""`plan --undo` goes back, and says plainly what cannot come back."""

from __future__ import annotations

import pytest
from size import ends
from world import World, automation

from .paths import TEAM, content, receipts, undo, warned

REPLACEABLE = TEAM.replace("status: active}\n      more", "status: active, lifecycle: {replace: allow}}\n      more")
WITHOUT_FLOW = TEAM[: TEAM.index("    automations")]
EDITS = {
    "report": ('send_at: "09:00"\n        included_range_days: 1', 'send_at: "10:00"\n        included_range_days: 7'),
    "destinations": ("[{integration: hook}, {integration: more}]", "[{integration: more}]"),
    "caption": ("caption: Hello", 'caption: ""'),
    "status of an automation": ("caption: Hello\n        status: active", "caption: Hello\n        status: paused"),
    "status of an integration": ("target_platform: iOS, status: paused", "target_platform: iOS, status: active"),
    "changed in data": ("push: p1", "push: p2"),
    "new in data": ("actions: {push: p1}", "actions: {push: p1, screen: s1}, segments: g1"),
    "another list in data": ('[{uid: "2", type: event}]', '[{uid: "2", type: event}, {uid: "3", type: event}]'),
    "an empty list in data": ('[{uid: "2", type: event}]', "[]"),
    "a null in data": ("platform: iOS, initiators", "platform: null, initiators"),
}


@pytest.mark.parametrize("edit", ends(EDITS))
def test_an_update(world: World, edit: str) -> None:
    """The old content is live again, all of it; and the reverted configuration has nothing left to do."""
    world.settle_once(TEAM)
    before = content(world)
    world.write(TEAM.replace(*EDITS[edit]))
    assert world.apply().code == 0
    assert content(world) != before
    planned = undo(world)
    assert set(planned.actions().values()) == {"update"}
    assert warned(planned, "revert the YAML too, or the next plan makes the changes again")
    assert content(world) == before
    world.write(TEAM)
    assert world.plan().code == 0


def test_an_update_while_the_rest_goes_on(world: World) -> None:
    """A later edit of another field stays: only what that receipt changed is taken back."""
    world.settle_once(TEAM)
    world.settle(TEAM.replace("09:00", "10:00"))
    receipt = receipts(world)[0]["id"]
    later = TEAM.replace("09:00", "10:00").replace("included_range_days: 1", "included_range_days: 7")
    world.settle(later)
    undo(world, receipt)
    world.write(later.replace("10:00", "09:00"))
    assert world.plan().code == 0


def test_a_create(world: World) -> None:
    """What was made goes, and nothing else."""
    world.settle(WITHOUT_FLOW)
    before = content(world)
    world.write(TEAM)
    assert world.apply().code == 0
    assert undo(world).actions() == {"automation.flow": "delete"}
    assert content(world) == before


def test_the_first_apply(world: World) -> None:
    """All that is managed goes: the guard asks for a word first."""
    world.settle_once(TEAM)
    refused = world.run("plan", "--undo", "latest")
    assert refused.code == 5
    assert "--allow empty-configuration" in refused.err
    undo(world, "latest", "--allow", "empty-configuration")
    assert content(world) == {"integrations": [], "scheduled-reports": [], "automations": []}


def test_a_delete(world: World) -> None:
    """A report and its integration are created again, the report re-pointed at the new one; the id and the credentials
    cannot come back, and that is said."""
    world.settle_once(TEAM)
    before = content(world, "id", "url", "destinations")
    old, daily = world.id_of("integration.hook"), world.id_of("report.daily")
    rest = TEAM[: TEAM.index("    reports")] + TEAM[TEAM.index("    automations") :]
    world.write(
        rest.replace("      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}\n", "")
    )
    assert world.apply().code == 0
    planned = undo(world)
    assert planned.actions() == {"integration.hook": "create", "report.daily": "create"}
    assert planned.change("report.daily")["depends_on"] == ["integration.hook"]
    assert warned(planned, "integration.hook", old, "credentials", "cannot come back")
    assert warned(planned, "report.daily", daily, "cannot come back")
    assert content(world, "id", "url", "destinations") == before
    new = world.id_of("integration.hook")
    assert new != old
    (live,) = world.live("scheduled-reports")
    assert {each["id"] for each in live["destinations"]} == {new, world.id_of("integration.more")}
    world.write(TEAM)
    assert world.plan().code == 0


def test_a_delete_that_a_report_was_taken_off_for(world: World) -> None:
    """The report stayed and stopped using it: it uses the new one again."""
    world.settle_once(TEAM)
    world.write(
        TEAM.replace(
            "      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}\n", ""
        ).replace("{integration: hook}, ", "")
    )
    assert world.apply().code == 0
    assert undo(world).actions() == {"integration.hook": "create", "report.daily": "update"}
    world.write(TEAM)
    assert world.plan().code == 0


def test_a_replace(world: World) -> None:
    """A third one is made under the old title, the reports follow; the first cannot come back."""
    world.settle(REPLACEABLE)
    before = content(world, "id", "url", "destinations")
    first = world.id_of("integration.hook")
    world.settle(REPLACEABLE.replace("title: Hook", "title: New"))
    second = world.id_of("integration.hook")
    planned = undo(world)
    assert planned.actions() == {"integration.hook": "replace", "report.daily": "update"}
    assert warned(planned, "integration.hook", first, "cannot come back", "credentials")
    third = world.id_of("integration.hook")
    assert len({first, second, third}) == 3
    assert content(world, "id", "url", "destinations") == before
    (live,) = world.live("scheduled-reports")
    assert {each["id"] for each in live["destinations"]} == {third, world.id_of("integration.more")}
    world.write(REPLACEABLE)
    assert world.plan().code == 0


def test_adopted_and_moved(world: World) -> None:
    """Nothing of the API was changed by it, so nothing is; what takes it back is said."""
    world.insert("automations", **automation("Flow"))
    world.write("automations: {flow: {name: Flow}}\n".replace("}}", ", status: active, data: {actions: {push: p1}}}}"))
    assert world.apply().code == 0
    planned = undo(world)
    assert planned.actions() == {}
    assert warned(planned, "automation.flow", "state rm")
    world.settle(
        "automations: {stream: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
        "moved: [{from: automation.flow, to: automation.stream}]\n"
    )
    planned = undo(world)
    assert planned.actions() == {}
    assert warned(planned, "automation.stream", "mv")
    assert world.writes() == []


def test_what_a_person_renamed_meanwhile_is_not_replaced(world: World) -> None:
    """A report is taken back. The integration that it goes to was renamed outside, which no receipt did."""
    world.settle_once(TEAM)
    world.write(TEAM.replace(*EDITS["report"]))
    assert world.apply().code == 0
    hook = world.id_of("integration.hook")
    world.edit("integrations", hook, title="Renamed")
    assert "replace" not in undo(world).actions().values()
    assert world.id_of("integration.hook") == hook
    assert hook in [each["id"] for each in world.live("integrations")]


def test_forgotten(world: World) -> None:
    """The object is still there; the way back is a line of YAML, which is named."""
    world.settle_once(TEAM)
    world.write(WITHOUT_FLOW + "    removed: [{from: automation.flow, destroy: false}]\n")
    assert world.apply().code == 0
    planned = undo(world)
    assert planned.actions() == {}
    assert warned(planned, "automation.flow", "imports")


def test_what_nobody_managed(world: World) -> None:
    """It was pruned: it has no address to come back under; how it was is in the receipt."""
    world.settle_once(TEAM)
    theirs = world.insert("automations", **automation("Theirs"))
    world.write(TEAM.replace("p1", "p2"))
    assert world.apply("--prune").code == 0
    planned = undo(world)
    assert planned.actions() == {"automation.flow": "update"}
    assert warned(planned, f"automation[{theirs}]", "in the receipt")
    assert [each["name"] for each in world.live("automations")] == ["Flow"]


def test_an_error_cannot_come_back(world: World) -> None:
    """An integration that was in error was activated: only the server sets that word, and that is said."""
    world.settle_once(TEAM)
    world.edit("integrations", world.id_of("integration.hook"), active=2)
    world.write(TEAM.replace("p1", "p2"))
    assert world.apply().code == 0
    planned = undo(world)
    assert planned.actions() == {"automation.flow": "update"}
    assert warned(planned, "integration.hook", "'error'", "cannot come back")
    world.write(TEAM)
    assert world.plan().code == 0


def test_an_automation_whose_status_could_not_be_read(world: World) -> None:
    """It comes back, and does not run: what it did is not known."""
    world.settle_once(TEAM)
    world.edit("automations", world.id_of("automation.flow"), status="unknown")
    world.write(WITHOUT_FLOW)
    assert world.apply().code == 0
    planned = undo(world)
    assert warned(planned, "automation.flow", "'unknown'")
    assert [each["status"] for each in world.live("automations")] == ["inactive"]


def test_what_failed_is_not_taken_back(world: World) -> None:
    """It is said to be looked at; what was done beside it is taken back."""
    world.settle_once(TEAM)
    before = content(world)
    world.insert("destinations", id="nowhere1", label="Email: Nowhere")
    world.fault("PUT /scheduled-reports/*: status 422, n=1")
    world.write(TEAM.replace("p1", "p2").replace("{integration: more}]", "{type: target_integration, id: nowhere1}]"))
    assert world.apply().code == 6
    planned = undo(world)
    assert planned.actions() == {"automation.flow": "update"}
    assert warned(planned, "report.daily", "was not done")
    assert content(world) == before


def test_an_undo_can_be_undone(world: World) -> None:
    """It is an apply like any other, with a receipt of its own."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("p1", "p2"))
    assert world.apply().code == 0
    after = content(world)
    undo(world)
    assert content(world) != after
    undo(world)
    assert content(world) == after
    assert len(receipts(world)) == 4


def test_a_protected_object_stays_protected(world: World) -> None:
    """Going back forgets no protection: neither is a protected create undone, nor does an undo lift it."""
    guarded = TEAM.replace("        name: Flow", "        lifecycle: {prevent_destroy: true}\n        name: Flow")
    world.settle(WITHOUT_FLOW)
    world.settle(guarded)
    refused = world.run("plan", "--undo", "latest")
    assert refused.code == 5
    assert "prevent_destroy" in refused.err
    world.settle(guarded.replace("09:00", "10:00"))
    undo(world)
    world.write(WITHOUT_FLOW)
    assert world.plan().code == 5


def test_an_undo_is_a_plan(world: World) -> None:
    """It reads and never writes; nothing happens until it is applied, and its YAML counts for nothing."""
    world.settle_once(TEAM)
    world.settle(TEAM.replace("p1", "p2"))
    world.write(WITHOUT_FLOW)
    planned = world.run("plan", "--undo", "latest", "--detailed-exitcode", "--format", "json")
    assert (planned.code, planned.actions()) == (2, {"automation.flow": "update"})
    assert world.writes() == []
