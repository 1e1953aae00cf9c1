"""What drift, explain and apply say on a terminal: at its width, by name, and each thing once."""

from __future__ import annotations

import re

import pytest
from world import World

from reconciler.cli.main import run

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      more: {title: More, integration: slack, target_platform: iOS}
    reports:
      daily: &report
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}, {integration: more}]
      weekly: {<<: *report, report_name: Weekly}
    automations:
      flow:
        name: Flow
        caption: Sends a message to everybody who did not finish the purchase within three days
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """
WIDTHS = pytest.mark.parametrize("columns", [60, 80, 120])
ADDRESS = re.compile(r"\(API: http://127\.0\.0\.1:\d+/v4\)")


def drifted(world: World) -> None:
    """An applied team, and edits of each sort in the dashboard."""
    world.settle(TEAM)
    world.insert("destinations", id="int-email-01", label="Email: Reports team")
    world.edit(
        "scheduled-reports",
        world.id_of("report.daily"),
        send_at="11:00",
        destinations=[{"type": "target_integration", "id": "int-email-01"}],
    )
    data = {"platform": "iOS", "initiators": [{"uid": "3", "type": "event"}], "actions": {"push": "p1"}}
    caption = "Sends a message to everybody who did not finish the purchase within a week, and to all of their friends"
    world.edit("automations", world.id_of("automation.flow"), caption=caption, data=data)


def explained(world: World, target: str) -> str:
    """The target stands before the folder."""
    world._capsys.readouterr()
    assert run(["explain", target, str(world.folder)]) == 0
    return world._capsys.readouterr().out


@WIDTHS
def test_nothing_is_wider_than_the_terminal(world: World, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Of drift, explanations and reports; only a word that is longer itself is, and no line ends within one."""
    drifted(world)
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("COLUMNS", str(columns))
    texts = [world.run("drift").out, explained(world, "report.daily"), explained(world, "automation.flow")]
    texts += [explained(world, "report.daily.destinations"), world.run("destinations").out, world.run("history").out]
    world.fault('PUT /automations/*: status 422, message="a push cannot be sent to people without a device at all"')
    texts += [world.run("apply", "--auto-approve").out]
    whole = world.run("destinations").out
    for line in "\n".join(texts).splitlines():
        assert len(line) <= columns or len(line.split()) < 3 or line.strip() in whole, line
    assert "{type: target_integration, id: int-email-01}" in texts[4]


def test_headings_name_an_address_that_is_not_the_vendors(world: World) -> None:
    """A plan, a report, drift, an explanation and the destinations, each in its first line."""
    drifted(world)
    for text in (
        world.run("drift").out,
        explained(world, "report.daily"),
        world.run("destinations").out,
        world.run("plan").out,
        world.run("apply", "--auto-approve").out,
    ):
        heading = text.split("\n\n")[0]
        assert ADDRESS.search(heading), text


def test_destinations_have_names(world: World) -> None:
    """What people call them, with their ids; no JSON in drift and explanations."""
    drifted(world)
    hook = world.id_of("integration.hook")
    for text in (world.run("drift").out, explained(world, "report.daily"), explained(world, "report.daily.send_at")):
        assert "target_integration" not in text
    assert f"        - integration.hook ({hook})\n" in world.run("drift").out
    assert "        + Email: Reports team (int-email-01)\n" in world.run("drift").out
    assert "      in the YAML: integration.hook, integration.more\n" in explained(world, "report.daily")
    assert "Reports team (int-email-01)" in world.run("drift", "--format", "markdown").out


def test_what_failed_is_told_once(world: World) -> None:
    """Its cause stands in the report alone, once for all that failed alike, with what to do."""
    world.write(TEAM)
    world.fault('POST /scheduled-reports: status 422, message="no reports on Sundays"')
    done = world.run("apply", "--auto-approve")
    assert done.code == 6
    assert " ".join((done.out + done.err).split()).count("no reports on Sundays") == 1
    assert "create report.daily: failed\n" in done.err
    assert "  failed: 2 changes: " in done.out
    assert "      create report.daily, create report.weekly\n" in done.out
    assert done.out.endswith("hint: remove the causes and apply again; what is done stays as it is\n")


def test_what_depends_on_a_failure_is_one_line(world: World) -> None:
    """All that was skipped for the sake of one address."""
    world.write(TEAM)
    world.fault('POST /integrations: status 422, message="no more hooks", n=1')
    done = world.run("apply", "--auto-approve")
    assert re.search(r"  skipped: 2 changes: because of integration\.\w+\n", done.out), done.out
