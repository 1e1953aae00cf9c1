"""Why a field differs: who moved, we or somebody else."""

from __future__ import annotations

import pytest
from world import World, report

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
      other: {title: Other, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    """
FLOW = """
    automations:
      flow:
        name: Flow
        status: active
        data: {initiators: [{uid: "1", type: event}, {uid: "2", type: event}], actions: {push: p1}}
    """


def test_what_somebody_edited_in_the_dashboard_is_drift(world: World) -> None:
    """The plan shows that field alone, from what is live to what is written, and apply puts it back."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.edit("scheduled-reports", daily, send_at="10:30")
    change = world.plan().change("report.daily")
    assert change["action"] == "update"
    assert change["fields"] == [{"path": "send_at", "before": "10:30", "after": "09:00", "cause": "drift"}]
    assert world.apply().code == 0
    assert world.writes() == [("PUT", f"/scheduled-reports/{daily}", {"send_at": "09:00"})]


def test_what_we_edited_is_config(world: World) -> None:
    """Nobody else moved."""
    world.settle_once(TEAM)
    world.write(TEAM.replace('"09:00"', '"10:30"'))
    assert world.plan().causes("report.daily") == {"send_at": "config"}


def test_what_both_edited_is_both(world: World) -> None:
    """To different values: the reviewer sees that somebody's work goes."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00", included_range_days=3)
    world.write(TEAM.replace('"09:00"', '"10:30"'))
    assert world.plan().causes("report.daily") == {"send_at": "both", "included_range_days": "drift"}


def test_the_same_edit_on_both_sides_is_nothing(world: World) -> None:
    """It is as wanted already; afterwards the new value is what was applied."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="10:30")
    world.write(TEAM.replace('"09:00"', '"10:30"'))
    assert world.plan().code == 0
    assert world.apply().code == 0
    assert world.writes() == []
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00")
    assert world.plan().causes("report.daily") == {"send_at": "drift"}


def test_what_was_just_adopted_is_unknown(world: World) -> None:
    """Nothing is remembered of it, so nobody is blamed."""
    hook = world.insert("integrations", title="Hook", integration="webhooks", target_platform="iOS", active=0)
    world.insert("scheduled-reports", **report("Daily", hook, send_at="22:00"))
    world.write(TEAM)
    planned = world.plan()
    assert planned.causes("report.daily") == {"send_at": "unknown"}
    assert planned.actions()["integration.hook"] == "adopt"


def test_a_field_that_is_written_from_now_on_is_config(world: World) -> None:
    """It was not managed before, so what is live was nobody's drift."""
    world.settle_once(FLOW)
    world.edit("automations", world.id_of("automation.flow"), caption="theirs")
    world.write(FLOW.replace("name: Flow", "name: Flow\n        caption: ours"))
    assert world.plan().causes("automation.flow") == {"caption": "config"}


@pytest.mark.parametrize(
    ("edited", "causes"),
    [
        ({"actions": {"push": "p9"}}, {"data.actions.push": "drift"}),
        ({"actions": {}}, {"data.actions.push": "drift"}),
        (
            {"initiators": [{"uid": "1", "type": "event"}, {"uid": "9", "type": "event"}]},
            {"data.initiators[1].uid": "drift"},
        ),
        ({"initiators": [{"uid": "1", "type": "event"}]}, {"data.initiators[1]": "drift"}),
        (
            {"initiators": [{"uid": each, "type": "event"} for each in "012"]},
            {"data.initiators[0].uid": "drift", "data.initiators[1].uid": "drift", "data.initiators[2]": "drift"},
        ),
    ],
    ids=["value", "gone", "within-a-list", "shorter-list", "longer-list"],
)
def test_drift_within_data(world: World, edited: dict[str, object], causes: dict[str, str]) -> None:
    """Each spot within a nested field has a cause of its own, whatever somebody did to a list."""
    world.settle_once(FLOW)
    data = {
        "initiators": [{"uid": "1", "type": "event"}, {"uid": "2", "type": "event"}],
        "actions": {"push": "p1"},
    }
    world.edit("automations", world.id_of("automation.flow"), data={**data, **edited})
    assert world.plan().causes("automation.flow") == causes
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_an_object_deleted_outside_is_made_again(world: World) -> None:
    """Shown as drift, with the id that is gone."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.remove("scheduled-reports", daily)
    change = world.plan().change("report.daily")
    assert change["action"] == "create"
    assert {each["cause"] for each in change["fields"]} == {"drift"}
    assert any(daily in note for note in change["notes"])
    assert world.apply().code == 0
    assert world.id_of("report.daily") != daily
    assert world.plan().code == 0


def test_destinations_edited_outside_are_drift(world: World) -> None:
    """References are compared by what they stand for."""
    world.settle_once(TEAM)
    hook, other = world.id_of("integration.hook"), world.id_of("integration.other")
    target = {"type": "target_integration", "id": other}
    world.edit("scheduled-reports", world.id_of("report.daily"), destinations=[target])
    (field,) = world.plan().change("report.daily")["fields"]
    assert field == {
        "path": "destinations",
        "before": [target],
        "after": [{"type": "target_integration", "id": hook}],
        "cause": "drift",
    }
