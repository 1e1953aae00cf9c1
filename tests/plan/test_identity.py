"""Who is who: by `imports`, by the state, by the natural key; never by a guess."""

from __future__ import annotations

import re

import pytest
from world import World, automation, integration, report

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
    reports:
      daily: &daily
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """
REPORT_ONLY = """
    reports:
      %s:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{type: target_integration, id: %s}]
    """


def test_without_state_everything_is_adopted_and_nothing_written(world: World) -> None:
    """Losing the state leads to adopt, never to duplicates and never to deletes; removals before cannot be noticed,
    and the plan says so."""
    world.settle_once(TEAM)
    before = [world.live(each) for each in ("integrations", "scheduled-reports", "automations")]
    world.state.unlink()
    planned = world.plan()
    assert planned.code == 2
    assert set(planned.actions().values()) == {"adopt"}
    assert len(planned.actions()) == 3
    assert any("cannot be noticed" in warning for warning in planned.document["warnings"])
    world.requests()
    assert world.apply().code == 0
    assert world.writes() == []
    assert [world.live(each) for each in ("integrations", "scheduled-reports", "automations")] == before
    again = world.plan()
    assert (again.code, again.document["warnings"]) == (0, [])


def test_adopting_beside_a_write_is_reported_as_done(world: World) -> None:
    """What was adopted was not written, so there is nothing to read back, and no waiting for it to show up."""
    world.insert("automations", **automation("Flow", data={"actions": {"push": "p1"}}))
    world.write(TEAM)
    done = world.apply()
    assert done.code == 0
    assert set(done.actions().values()) == {"done"}
    assert {each["verification"] for each in done.document["results"]} == {"verified", None}


def test_two_of_one_name_are_refused_until_one_is_named(world: World) -> None:
    """Exit 5, both ids, and the line that settles it, ready to paste."""
    hook = world.insert("integrations", **integration("Hook"))
    ids = [world.insert("scheduled-reports", **report("Daily", hook)) for _ in range(2)]
    world.write(REPORT_ONLY % ("daily", hook))
    refused = world.plan()
    assert refused.code == 5
    assert refused.out == ""
    lines = re.findall(r"^ *- \{to: report.daily, id: (\S+)\}$", refused.err, re.MULTILINE)
    assert sorted(lines) == sorted(ids)
    assert "imports:" in refused.err
    assert world.writes() == []
    world.write(f"imports:\n  - {{to: report.daily, id: {ids[1]}}}\n", "imports.yaml")
    planned = world.plan()
    assert planned.actions() == {"report.daily": "adopt"}
    assert [each["id"] for each in planned.document["unmanaged"]] == [hook, ids[0]]
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.id_of("report.daily") == ids[1]
    assert world.plan().code == 0


def test_all_ambiguous_addresses_are_named_at_once(world: World) -> None:
    """Nobody has to plan once for each."""
    for name in ("A", "A", "B", "B"):
        world.insert("automations", **automation(name))
    world.write(
        """
        automations:
          a: {name: A, status: active, data: {actions: {push: p1}}}
          b: {name: B, status: active, data: {actions: {push: p1}}}
        """
    )
    refused = world.plan()
    assert refused.code == 5
    assert len(re.findall(r"- \{to: automation\.a, ", refused.err)) == 2
    assert len(re.findall(r"- \{to: automation\.b, ", refused.err)) == 2


def test_the_state_knows_an_object_whatever_it_is_called_now(world: World) -> None:
    """A rename in the dashboard is drift of one field, and no second object is made."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), report_name="Renamed")
    assert world.plan().causes("report.daily") == {"report_name": "drift"}


@pytest.mark.parametrize("known", [True, False], ids=["remembered", "forgotten"])
def test_moved_takes_the_object_along(world: World, known: bool) -> None:
    """A key is renamed: no delete, no create. Without a state the natural key finds it all the same."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    if not known:
        world.state.unlink()
    world.write(TEAM.replace("daily:", "every-day:") + "\n    moved: [{from: report.daily, to: report.every-day}]\n")
    planned = world.plan()
    assert planned.actions()["report.every-day"] == "adopt"
    assert "delete" not in planned.actions().values()
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.id_of("report.every-day") == daily
    assert world.plan().code == 0


def test_a_renamed_key_without_moved_is_a_delete_and_a_create(world: World) -> None:
    """What the state holds under another address is that address's: it is never quietly taken over."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("daily:", "every-day:"))
    assert world.plan().actions() == {"report.daily": "delete", "report.every-day": "create"}


def test_an_import_of_what_another_address_held_does_not_delete_it(world: World) -> None:
    """A key renamed by `imports` in place of `moved`: the old address forgets, the object stays."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.write(
        TEAM.replace("daily:", "every-day:") + f"\n    imports: [{{to: report.every-day, id: {daily}}}]\n",
    )
    assert world.plan().actions() == {"report.every-day": "adopt", "report.daily": "forget"}
    assert world.apply().code == 0
    assert world.writes() == []
    assert [each["id"] for each in world.live("scheduled-reports")] == [daily]
    assert world.plan().code == 0


def test_one_object_cannot_have_two_addresses(world: World) -> None:
    """They would pull it to and fro: exit 5, both named."""
    world.settle_once(TEAM)
    flow = world.id_of("automation.flow")
    world.write(
        f"""
        automations: {{second: {{name: Second, status: active, data: {{actions: {{push: p1}}}}}}}}
        imports: [{{to: automation.second, id: {flow}}}]
        """,
        "second.yaml",
    )
    refused = world.plan()
    assert refused.code == 5
    assert "automation.flow and automation.second" in refused.err


def test_an_import_of_an_unknown_id_is_refused(world: World) -> None:
    """A typing mistake must not become a second object."""
    world.write(TEAM + "\n    imports: [{to: automation.flow, id: nowhere1}]\n")
    refused = world.plan()
    assert refused.code == 5
    assert "nowhere1" in refused.err


def test_an_import_may_stay_after_it_was_done(world: World) -> None:
    """The line does no harm once the state knows the object, also when the object is gone."""
    flow = world.insert("automations", **automation("Something else", data={"actions": {"push": "p1"}}))
    world.settle(TEAM + f"\n    imports: [{{to: automation.flow, id: {flow}}}]\n")
    assert world.live("automations")[0]["name"] == "Flow"
    world.remove("automations", flow)
    assert world.plan().actions() == {"automation.flow": "create"}
    assert world.apply().code == 0
    assert world.plan().code == 0
