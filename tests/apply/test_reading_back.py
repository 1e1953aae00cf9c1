"""What was written is read back, each kind as soon as nothing more is written to it."""

from __future__ import annotations

from world import World

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
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


def test_a_kind_is_read_back_while_others_are_written(world: World) -> None:
    """The automation is done long before the report, which waits for its integration; each list is read once after."""
    world.write(TEAM)
    done = world.apply()
    assert {each["verification"] for each in done.document["results"]} == {"verified"}
    asked = [(each["method"], each["path"]) for each in world.requests()]
    last_write = max(number for number, (method, _) in enumerate(asked) if method != "GET")
    lists = {
        path: [number for number, request in enumerate(asked) if request == ("GET", path)]
        for path in ("/automations", "/integrations", "/scheduled-reports")
    }
    assert {path: len(numbers) for path, numbers in lists.items()} == dict.fromkeys(lists, 2)
    assert lists["/automations"][1] < last_write
    assert lists["/scheduled-reports"][1] > last_write


def test_what_failed_is_no_reason_not_to_read_back_the_rest(world: World) -> None:
    """A kind is done with when its last change ended, however it ended."""
    world.write(TEAM)
    world.fault("POST /scheduled-reports: status 422, code=invalid_request, message=no, n=1")
    done = world.apply()
    results = {each["address"]: each.get("verification") for each in done.document["results"]}
    assert done.code == 6
    assert results["automation.flow"] == results["integration.hook"] == "verified"
    assert results["report.daily"] is None
