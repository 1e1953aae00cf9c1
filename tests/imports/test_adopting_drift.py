"""`drift --adopt`: what somebody changed outside, written into the YAML with its comments kept."""

from __future__ import annotations

from world import World, integration

TEAM = """\
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
reports:
  daily:
    report_name: Daily   # the morning mail
    send_at: 09:00       # before standup
    included_range_days: 1
    status: active
    environment: production
    destinations:
      # where it goes
      - integration: hook
automations:
  flow:
    name: Flow
    status: active
    data: {actions: {push: p1}, segments: s1}
"""


def test_live_values_go_into_the_yaml(world: World) -> None:
    """Scalars, nested data and destinations, comments kept; then nothing is left to plan."""
    world.settle(TEAM)
    other = world.insert("integrations", **integration("Other"))
    hook, daily = world.id_of("integration.hook"), world.id_of("report.daily")
    targets = [{"type": "target_integration", "id": each} for each in (other, hook)]
    world.edit("scheduled-reports", daily, send_at="10:30", destinations=targets)
    world.edit("automations", world.id_of("automation.flow"), data={"actions": {"push": "p2"}, "segments": "s1"})
    assert "hint: `drift --adopt` writes the live values into the YAML" in world.run("drift").err
    found = world.run("drift", "--adopt")
    assert found.code == 2, found.err
    assert "hint:" not in found.err
    assert "the YAML says so now, and the next apply leaves it" in found.out
    assert "sets it back" not in found.out
    text = (world.folder / "main.yaml").read_text(encoding="utf-8")
    assert '    send_at: "10:30"       # before standup\n' in text, text
    kept, added = text.index("      # where it goes\n      - integration: hook\n"), text.index(f"id: {other}")
    assert kept < added, text
    assert "data: {actions: {push: p2}, segments: s1}" in text
    assert world.plan().code == 0
    assert world.run("drift").code == 2
    assert world.apply().code == 0
    assert world.run("drift").code == 0


def test_what_cannot_be_written_is_said(world: World) -> None:
    """A value that holds a variable would lose it; an object that is gone has no value: both are left, and said."""
    world.write("environments: {default: {variables: {hour: '09:00'}}}", "reconciler.yaml")
    world.settle(TEAM.replace("send_at: 09:00 ", "send_at: ${var.hour} "))
    world.edit("scheduled-reports", world.id_of("report.daily"), send_at="10:30")
    world.remove("automations", world.id_of("automation.flow"))
    before = (world.folder / "main.yaml").read_text(encoding="utf-8")
    found = world.run("drift", "--adopt")
    assert found.code == 2
    assert "main.yaml:6:" in found.err
    assert "sets it back" in found.out  # of what is left
    assert 'change it by hand to:\nsend_at: "10:30"\n' in found.err
    assert "automation.flow: it is not live" in found.err
    assert (world.folder / "main.yaml").read_text(encoding="utf-8") == before
