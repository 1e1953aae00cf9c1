"""What is sent for an edit: exactly that, and nothing beside it."""

from __future__ import annotations

import pytest
from world import Json, World

TEAM = """
    integrations:
      alerts: {title: Alerts, integration: webhooks, target_platform: iOS}
      archive: {title: Archive, integration: amazon_s3, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: alerts}, {integration: archive}]
    """
FLOW = """
    automations:
      welcome:
        name: Welcome
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """


def test_one_edited_field_is_one_put_with_this_field_alone(world: World) -> None:
    """A report's PUT is partial: nothing is sent that did not change."""
    world.settle_once(TEAM)
    daily = world.id_of("report.daily")
    world.write(TEAM.replace("status: active", "status: draft"))
    assert world.apply().code == 0
    assert world.writes() == [("PUT", f"/scheduled-reports/{daily}", {"status": "draft"})]


def test_a_removed_report_goes_before_its_integration(world: World) -> None:
    """Deletes go against the references: else the API would refuse, or leave a report without a target."""
    world.settle_once(TEAM)
    ids = {each: world.id_of(each) for each in ("report.daily", "integration.alerts", "integration.archive")}
    world.write("integrations:\n  alerts: {title: Alerts, integration: webhooks, target_platform: iOS}")
    planned = world.plan()
    assert planned.actions() == {"report.daily": "delete", "integration.archive": "delete"}
    assert planned.change("integration.archive")["depends_on"] == ["report.daily"]
    assert world.apply().code == 0
    assert world.writes() == [
        ("DELETE", f"/scheduled-reports/{ids['report.daily']}", None),
        ("DELETE", f"/integrations/{ids['integration.archive']}", None),
    ]
    assert [each["id"] for each in world.live("integrations")] == [ids["integration.alerts"]]


def test_a_report_stops_using_an_integration_before_that_goes(world: World) -> None:
    """The update of the user comes first."""
    world.settle_once(TEAM)
    archive, daily, alerts = (
        world.id_of(each) for each in ("integration.archive", "report.daily", "integration.alerts")
    )
    kept = TEAM.replace("      archive: {title: Archive, integration: amazon_s3, target_platform: iOS}\n", "")
    world.write(kept.replace(", {integration: archive}", ""))
    assert world.apply().code == 0
    destinations = [{"type": "target_integration", "id": alerts}]
    assert world.writes() == [
        ("PUT", f"/scheduled-reports/{daily}", {"destinations": destinations}),
        ("DELETE", f"/integrations/{archive}", None),
    ]


def test_the_order_of_destinations_means_nothing(world: World) -> None:
    """Turning the list round is no change."""
    world.settle_once(TEAM)
    world.write(
        TEAM.replace(
            "[{integration: alerts}, {integration: archive}]", "[{integration: archive}, {integration: alerts}]"
        )
    )
    assert world.plan().code == 0


def test_the_same_destination_twice_is_sent_once(world: World) -> None:
    """By its key and by its id: the API takes a destination once."""
    world.settle_once(TEAM)
    alerts = world.id_of("integration.alerts")
    world.write(TEAM.replace("{integration: archive}]", f"{{type: target_integration, id: {alerts}}}]"))
    assert world.apply().code == 0
    ((_, _, body),) = world.writes()
    assert body == {"destinations": [{"type": "target_integration", "id": alerts}]}
    assert world.plan().code == 0


def test_a_full_replace_keeps_what_is_not_written(world: World) -> None:
    """An automation's PUT loses what it leaves out, so it carries the live caption, unknown fields and unmanaged keys
    within `data`, and neither the derived type nor null actions."""
    world.settle_once(FLOW)
    welcome = world.id_of("automation.welcome")
    data: Json = {
        "platform": "iOS",
        "initiators": [{"uid": "2", "type": "event"}],
        "actions": {"push": "p1"},
        "segments": "seg-7",
        "delay": {"hours": 3},
    }
    world.edit("automations", welcome, caption="written in the dashboard", priority=5, data=data)
    assert world.plan().code == 0
    world.write(FLOW.replace("push: p1", "push: p2"))
    assert world.apply().code == 0
    expected = {**data, "actions": {"push": "p2"}}
    body = {
        "name": "Welcome",
        "caption": "written in the dashboard",
        "status": "active",
        "priority": 5,
        "data": expected,
    }
    assert world.writes() == [("PUT", f"/automations/{welcome}", body)]
    (live,) = world.live("automations")
    assert live["caption"] == "written in the dashboard"
    assert live["data"]["delay"] == {"hours": 3}
    assert world.plan().code == 0


def test_a_caption_is_cleared_by_an_empty_one(world: World) -> None:
    """Left out is left alone; empty is a value."""
    world.settle_once(FLOW)
    world.edit("automations", world.id_of("automation.welcome"), caption="old")
    world.write(FLOW.replace("name: Welcome", 'name: Welcome\n        caption: ""'))
    planned = world.plan()
    assert [(each["before"], each["after"]) for each in planned.change("automation.welcome")["fields"]] == [("old", "")]
    assert world.apply().code == 0
    assert world.live("automations")[0]["caption"] == ""
    assert world.plan().code == 0


def test_a_null_takes_an_action_away(world: World) -> None:
    """A null and a missing key mean the same to the API, so the body has neither."""
    both = FLOW.replace("{push: p1}", "{push: p1, screen: s1}")
    world.settle(both)
    world.write(both.replace("push: p1", "push: null"))
    assert world.apply().code == 0
    ((_, _, body),) = world.writes()
    assert body["data"]["actions"] == {"screen": "s1"}
    assert world.plan().code == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [({"__hidden": 1}, {"__hidden": 2}), ({"flag": 1}, {"flag": True}), ({"n": 10**20}, {"n": 10**20 + 1})],
    ids=["private", "true-is-not-one", "large"],
)
def test_every_difference_within_data_counts(world: World, before: Json, after: Json) -> None:
    """What is an arbitrary object to the API is compared as JSON, whatever its keys are called."""
    world.settle_once(FLOW)
    welcome = world.id_of("automation.welcome")
    (live,) = world.live("automations")
    clean = {name: value for name, value in live["data"].items() if name != "type"}
    world.edit("automations", welcome, data={**clean, "actions": {"push": "p1"}, "custom": before})
    (name, value), *_ = after.items()
    written = f"custom: {{{name}: {str(value).lower()}}}"
    world.write(FLOW.replace("actions: {push: p1}", f"actions: {{push: p1}}, {written}"))
    planned = world.plan()
    assert planned.code == 2
    assert [each["path"] for each in planned.change("automation.welcome")["fields"]] == [f"data.custom.{name}"]
    assert world.apply().code == 0
    assert world.live("automations")[0]["data"]["custom"] == after
    assert world.plan().code == 0


def test_a_whole_float_is_its_integer(world: World) -> None:
    """JSON has one kind of number: 1.0 in the YAML and 1 in the API are the same."""
    world.settle(FLOW.replace("actions:", "delay: 1.0, actions:"))
    world.edit(
        "automations", world.id_of("automation.welcome"), data={**world.live("automations")[0]["data"], "delay": 1}
    )
    assert world.plan().code == 0
