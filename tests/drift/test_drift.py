"""What somebody changed since the last apply, field by field, and what the next apply would do to it."""

from __future__ import annotations

import pytest
from world import Json, Run, World

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      more: {title: More, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}, {integration: more}]
    automations:
      flow:
        name: Flow
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """
BACK = "the next apply sets it back"
SET_TO_OTHER = "the next apply sets it to another value"
STAYS = "the next apply leaves it: it is as it is written, or not managed any more"


def _ignoring(name: str) -> str:
    """The team, with a field of its report that is ignored."""
    return TEAM.replace("report_name: Daily", f"report_name: Daily\n        lifecycle: {{ignore_changes: [{name}]}}")


def drift(world: World) -> Run:
    """What a pipeline sees."""
    return world.run("drift", "--format", "json")


def drifted(world: World, address: str) -> Json:
    """The drift of one address, which must be the only one."""
    found = drift(world)
    assert found.code == 2, found.err
    (each,) = found.document["drift"]
    assert each["address"] == address
    return dict(each)


def field(each: Json, path: str) -> tuple[object, object, str]:
    """What was applied, what is live, and what comes next, of the only field that drifted."""
    (only,) = each["fields"]
    assert only["path"] == path
    return only["applied"], only["live"], only["next"]


def test_no_drift(world: World) -> None:
    """Exit 0, nothing is written, and what was looked at is counted; what the server counts is no drift."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), runs=9)
    found = drift(world)
    assert found.code == 0
    nothing = {"drift": [], "health": [], "also_changed": []}
    assert found.document == {"format_version": 1, "environment": "default", "compared": 4, **nothing}
    assert "nothing changed outside, of 4 remembered" in world.run("drift").out
    assert world.writes() == []


def test_a_field_that_somebody_changed(world: World) -> None:
    """What was applied, what is live, when the server says it changed, and what comes next; the state stays."""
    world.settle_once(TEAM)
    before = world.state.read_bytes()
    daily = world.id_of("report.daily")
    world.edit("scheduled-reports", daily, send_at="11:00", updated_at="2026-05-01T10:00:00Z")
    each = drifted(world, "report.daily")
    assert (each["id"], each["name"], each["gone"], each["changed_at"]) == (
        daily,
        "Daily",
        False,
        "2026-05-01T10:00:00Z",
    )
    assert field(each, "send_at") == ("09:00", "11:00", BACK)
    text = world.run("drift")
    assert text.code == 2
    assert "report.daily" in text.out
    assert "last changed 2026-05-01T10:00:00Z" in text.out
    assert 'send_at: "09:00" was applied, "11:00" is live' in text.out
    assert BACK in text.out
    assert world.writes() == []
    assert world.state.read_bytes() == before
    assert world.apply().code == 0
    assert drift(world).code == 0


def test_an_edit_of_ours_is_no_drift(world: World) -> None:
    """The YAML moved, nobody else did."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("09:00", "10:00").replace("p1", "p2"))
    assert drift(world).code == 0
    assert world.plan().code == 2


def test_both_moved(world: World) -> None:
    """Then it is not set back: the next apply writes the new value."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00")
    world.write(TEAM.replace("09:00", "10:00"))
    assert field(drifted(world, "report.daily"), "send_at") == ("09:00", "11:00", SET_TO_OTHER)
    world.write(TEAM.replace("09:00", "11:00"))
    assert field(drifted(world, "report.daily"), "send_at") == ("09:00", "11:00", STAYS)


def test_within_data(world: World) -> None:
    """The very spot; an automation has no times, so none is said."""
    world.settle_once(TEAM)
    data = {
        "platform": "iOS",
        "initiators": [{"uid": "3", "type": "event"}],
        "actions": {"push": "p1"},
        "segments": "s1",
    }
    world.edit("automations", world.id_of("automation.flow"), data=data, caption="not managed")
    each = drifted(world, "automation.flow")
    assert each["changed_at"] is None
    assert field(each, "data.initiators[0].uid") == ("2", "3", BACK)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("initiators: []", SET_TO_OTHER),
        ('initiators: [{uid: "4", type: event}]', SET_TO_OTHER),
        ('initiators: [{uid: "2", type: event}, {uid: "4", type: event}]', BACK),
    ],
)
def test_within_data_that_is_written_otherwise_by_now(world: World, written: str, says: str) -> None:
    """What the plan does to the list around it counts."""
    world.settle_once(TEAM)
    data = {"platform": "iOS", "initiators": [{"uid": "3", "type": "event"}], "actions": {"push": "p1"}}
    world.edit("automations", world.id_of("automation.flow"), data=data)
    world.write(TEAM.replace('initiators: [{uid: "2", type: event}]', written))
    assert field(drifted(world, "automation.flow"), "data.initiators[0].uid") == ("2", "3", says)


def test_destinations_are_a_set(world: World) -> None:
    """Another order is no drift; one less is, and is set back however the YAML orders them."""
    world.settle_once(TEAM)
    daily, hook, more = (world.id_of(each) for each in ("report.daily", "integration.hook", "integration.more"))
    both = [{"type": "target_integration", "id": each} for each in (more, hook)]
    world.edit("scheduled-reports", daily, destinations=both)
    assert drift(world).code == 0
    world.edit("scheduled-reports", daily, destinations=both[:1])
    world.write(
        TEAM.replace("[{integration: hook}, {integration: more}]", "[{integration: more}, {integration: hook}]")
    )
    applied, live, says = field(drifted(world, "report.daily"), "destinations")
    assert (applied, live, says) == (both[::-1], both[:1], BACK)


def test_an_object_that_is_gone(world: World) -> None:
    """It is named by what it was called, and the next apply creates it again; or forgets it,
    if the YAML has it no more."""
    world.settle_once(TEAM)
    flow = world.id_of("automation.flow")
    world.remove("automations", flow)
    each = drifted(world, "automation.flow")
    assert (each["id"], each["name"], each["gone"], each["fields"]) == (flow, "Flow", True, [])
    assert each["next"] == "the next apply creates it again"
    assert "it is not live any more: the next apply creates it again" in world.run("drift").out
    world.write(TEAM[: TEAM.index("    automations")])
    assert drifted(world, "automation.flow")["next"] == "the next apply forgets it"


def test_an_object_that_will_go(world: World) -> None:
    """Somebody edited what the YAML has not got any more: the next apply deletes the edit with it."""
    world.settle_once(TEAM)
    world.edit("automations", world.id_of("automation.flow"), name="Mine")
    world.write(TEAM[: TEAM.index("    automations")])
    assert field(drifted(world, "automation.flow"), "name")[2] == "the next apply deletes the object"


def test_a_renamed_integration(world: World) -> None:
    """The API cannot rename it back: a person has to, or a replace is allowed."""
    world.settle_once(TEAM)
    world.edit("integrations", world.id_of("integration.more"), title="Theirs")
    assert field(drifted(world, "integration.more"), "title") == (
        "More",
        "Theirs",
        "the next apply leaves it: a person has to change it",
    )
    world.write(
        TEAM.replace(
            "target_platform: iOS}\n    reports", "target_platform: iOS, lifecycle: {replace: allow}}\n    reports"
        )
    )
    assert field(drifted(world, "integration.more"), "title")[2] == "the next apply replaces the object"


def test_an_integration_in_error(world: World) -> None:
    """The server paused the deliveries: that is drift where the YAML says active, and none where it says nothing."""
    world.settle_once(TEAM)
    for address in ("integration.hook", "integration.more"):
        world.edit("integrations", world.id_of(address), active=2, last_error_message="401")
    assert field(drifted(world, "integration.hook"), "status") == ("active", "error", BACK)


def test_an_ignored_field(world: World) -> None:
    """Somebody may change it, from the create on: it is never set back, and it is no drift."""
    ignoring = _ignoring("send_at")
    world.write(ignoring)
    assert world.apply().code == 0
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00")
    assert drift(world).code == 0
    assert world.plan().code == 0
    said = 'report.daily.send_at stays "11:00", not "09:00"'
    assert f"  ignored: {said} (ignore_changes)\n" in world.run("drift").out
    assert f"  ignored: {said} (ignore_changes)\n" in world.run("plan").out
    spot = {"address": "report.daily", "path": "send_at"}
    assert world.plan().document["ignored"] == [{**spot, "before": "11:00", "after": "09:00"}]
    comment, page = (world.run("plan", "--format", form).out for form in ("markdown", "html"))
    assert "<summary>1 field that <code>ignore_changes</code> holds</summary>\n\n- " + said in comment
    assert said.replace('"', "&#34;") in page


def test_an_edit_of_a_field_that_is_ignored_by_now(world: World) -> None:
    """It was applied, so it has drifted; it is told once that the edit stays."""
    world.settle_once(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="11:00")
    world.write(_ignoring("send_at"))
    says = "the next apply leaves it: ignore_changes holds it"
    assert field(drifted(world, "report.daily"), "send_at") == ("09:00", "11:00", says)
    assert "  ignored: " not in world.run("drift").out


def test_what_the_yaml_says_of_an_ignored_field(world: World) -> None:
    """An edit of ours is not made, and the plan says so, destinations by name."""
    ignoring = _ignoring("destinations")
    world.settle(ignoring)
    world.write(ignoring.replace("[{integration: hook}, {integration: more}]", "[{integration: more}]"))
    hook, more = world.id_of("integration.hook"), world.id_of("integration.more")
    text = " ".join(world.run("plan").out.split())
    assert f"ignored: report.daily.destinations stays integration.hook ({hook}), integration.more ({more})," in text
    assert f", not integration.more ({more}) (ignore_changes)" in text


def test_a_field_that_is_not_managed_any_more(world: World) -> None:
    """It was applied once and is not written any more: said, and left."""
    world.settle_once(TEAM)
    world.edit("integrations", world.id_of("integration.hook"), active=0)
    world.write(TEAM.replace(", status: active}", "}"))
    assert field(drifted(world, "integration.hook"), "status") == ("active", "paused", STAYS)


def test_a_moved_address(world: World) -> None:
    """The state has the old address, the plan the new one: it is managed all the same."""
    world.settle_once(TEAM)
    world.edit("automations", world.id_of("automation.flow"), name="Mine")
    world.write(
        TEAM.replace("      flow:", "      stream:") + "moved: [{from: automation.flow, to: automation.stream}]\n"
    )
    assert field(drifted(world, "automation.flow"), "name") == ("Flow", "Mine", BACK)


def test_a_provider_that_cannot_be_read_is_no_drift(world: World) -> None:
    """The catalogue does not know it any more: nobody has changed it."""
    world.settle_once(TEAM)
    world.edit("integrations", world.id_of("integration.more"), integration="Discontinued")
    assert drift(world).code == 0


def test_nothing_is_remembered(world: World) -> None:
    """Said plainly, for `nothing changed` would be a claim: before the first apply, and after the state was lost."""
    world.write(TEAM)
    for _ in range(2):
        text = world.run("drift")
        assert text.code == 0
        assert "nothing is remembered" in text.out
        assert "nothing changed" not in text.out
        assert drift(world).document["compared"] == 0
        assert world.apply().code == 0
        world.state.unlink()


def test_several_at_once(world: World) -> None:
    """In the order of their addresses, and what somebody else made is not among them."""
    world.settle_once(TEAM)
    world.insert("automations", name="Theirs", caption="", status="active", data={"actions": {"push": "p9"}})
    world.remove("scheduled-reports", world.id_of("report.daily"))
    world.edit("integrations", world.id_of("integration.hook"), active=0)
    world.edit("automations", world.id_of("automation.flow"), status="inactive")
    found = drift(world)
    assert [each["address"] for each in found.document["drift"]] == [
        "automation.flow",
        "integration.hook",
        "report.daily",
    ]
    assert "3 objects changed outside, of 4 remembered" in world.run("drift").out


def test_a_value_that_would_act_on_a_terminal(world: World) -> None:
    """Shown as an escape."""
    world.settle_once(TEAM)
    world.edit("automations", world.id_of("automation.flow"), name="\x1b[2Jgone")
    text = world.run("drift")
    assert text.code == 2
    assert "\x1b[2J" not in text.out
