"""Three kinds, three ways to set a status; and statuses that may be read and not be written."""

from __future__ import annotations

import pytest
from world import World, automation

FLOW = """
    automations:
      welcome: {name: Welcome, status: active, data: {platform: iOS, actions: {push: p1}}}
    """
PAUSED = FLOW.replace("status: active", "status: paused")
HOOK = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    """
LEFT_ALONE = HOOK.replace(", status: active", "")


def test_the_status_alone_of_an_automation_is_one_patch(world: World) -> None:
    """Nothing else of it is sent, so nothing else can be lost."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("status: active", "status: inactive"))
    assert world.apply().code == 0
    path = f"/automations/{world.id_of('automation.welcome')}/status"
    assert world.writes() == [("PATCH", path, {"status": "inactive"})]


def test_a_paused_automation_is_created_inactive_and_then_paused(world: World) -> None:
    """The pages list `paused` for the status endpoint alone."""
    world.write(PAUSED)
    assert world.apply().code == 0
    created, paused = world.writes()
    assert (created[0], created[1], created[2]["status"]) == ("POST", "/automations", "inactive")
    assert paused == ("PATCH", f"/automations/{world.id_of('automation.welcome')}/status", {"status": "paused"})
    assert world.plan().code == 0


def test_a_paused_automation_stays_paused_when_its_data_changes(world: World) -> None:
    """The PUT cannot say paused, so it is said once more."""
    world.settle_once(PAUSED)
    world.write(PAUSED.replace("push: p1", "push: p2"))
    assert world.apply().code == 0
    assert [(method, body["status"]) for method, _, body in world.writes()] == [
        ("PUT", "inactive"),
        ("PATCH", "paused"),
    ]
    assert world.live("automations")[0]["status"] == "paused"
    assert world.plan().code == 0


@pytest.mark.parametrize("data", ["p1", "p2"])
def test_an_unknown_live_status_gives_way_to_a_written_one(world: World, data: str) -> None:
    """`unknown` may be returned and must not be written: what the YAML says is sent in its place, however much of the
    automation changes."""
    world.settle_once(FLOW)
    world.edit("automations", world.id_of("automation.welcome"), status="unknown")
    world.write(FLOW.replace("push: p1", f"push: {data}"))
    assert world.plan().causes("automation.welcome")["status"] == "drift"
    assert world.apply().code == 0
    assert "unknown" not in str(world.writes())
    assert world.live("automations")[0]["status"] == "active"
    assert world.plan().code == 0


def test_an_ignored_unknown_status_is_left_to_a_person(world: World) -> None:
    """With `ignore_changes: [status]` a full replace would have to send `unknown`: `manual`, and no write."""
    ignoring = FLOW.replace("status: active", "lifecycle: {ignore_changes: [status]}, status: active")
    world.settle(ignoring)
    world.edit("automations", world.id_of("automation.welcome"), status="unknown")
    assert world.plan().code == 0
    world.write(ignoring.replace("push: p1", "push: p2"))
    planned = world.plan()
    assert (planned.code, planned.actions()) == (2, {"automation.welcome": "manual"})
    assert "unknown" in " ".join(planned.change("automation.welcome")["notes"])
    assert world.apply("--detailed-exitcode").code == 2
    assert world.writes() == []


def test_an_integration_in_error_is_reactivated_with_the_servers_words(world: World) -> None:
    """The plan shows since when and why the deliveries fail, for the reviewer to see to the credentials first."""
    world.settle_once(HOOK)
    hook = world.id_of("integration.hook")
    world.edit(
        "integrations", hook, active=2, last_error_at="2026-05-01T10:00:00Z", last_error_message="401 from the target"
    )
    change = world.plan().change("integration.hook")
    assert change["action"] == "update"
    assert change["fields"] == [{"path": "status", "before": "error", "after": "active", "cause": "drift"}]
    assert any("2026-05-01T10:00:00Z" in line and "401 from the target" in line for line in change["impact"])
    assert world.apply().code == 0
    assert world.writes() == [("POST", f"/integrations/{hook}/status", {"status": 1})]
    assert world.plan().code == 0


@pytest.mark.parametrize("active", [0, 1, 2, 7])
def test_a_status_that_is_not_written_is_left_alone(world: World, active: int) -> None:
    """Paused, in error or something new: it is somebody else's."""
    world.settle_once(LEFT_ALONE)
    world.edit("integrations", world.id_of("integration.hook"), active=active)
    assert world.plan().code == 0


def test_a_new_integration_is_paused_unless_it_is_to_be_active(world: World) -> None:
    """It starts paused, so `paused` costs no request and `active` one."""
    world.write(
        """
        integrations:
          hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
          calm: {title: Calm, integration: slack, target_platform: iOS, status: paused}
        """
    )
    assert world.apply().code == 0
    writes = [(method, path) for method, path, _ in world.writes()]
    assert writes.count(("POST", "/integrations")) == 2
    assert [path for _, path in writes if path.endswith("/status")] == [
        f"/integrations/{world.id_of('integration.hook')}/status"
    ]
    assert world.plan().code == 0


def test_an_adopted_automation_with_an_unknown_status_is_set(world: World) -> None:
    """What YAML says wins; nobody knows why it differs."""
    world.insert("automations", **automation(status="unknown", data={"platform": "iOS", "actions": {"push": "p1"}}))
    world.write(FLOW)
    assert world.plan().causes("automation.welcome") == {"status": "unknown"}
    assert world.apply().code == 0
    assert world.plan().code == 0
