"""`drift --adopt` and `import` write where a value stands, and nothing that they did not announce changes."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from world import Json, Run, World, integration, report

from reconciler.cli.main import run

SETTINGS = """\
variables:
  apps: [{key: chess, hour: "09:00"}, {key: go, hour: "10:00"}]
environments:
  sandbox: {variables: {prefix: "[test] "}}
  production: {variables: {prefix: ""}}
"""
TEAM = """\
defaults:
  reports: {included_range_days: 1, status: active, environment: production}
  automations: {data: {platform: iOS, steps: [{day: 1}, {day: 2}]}}
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
reports:
  alone:
    report_name: "${var.prefix}Alone"
    send_at: 08:00         # before standup
    destinations: [{integration: hook}]
  daily:
    for_each:
      app:
        - {key: chess, hour: "09:00"}   # Berlin
        - {key: go, hour: "10:00"}
    exclude: []
    report_name: "${var.prefix}Daily ${each.app}"
    send_at: "${each.app.hour}"
    destinations: [{integration: hook}]
  weekly:
    for_each: {app: "${var.apps}"}
    report_name: "${var.prefix}Weekly ${each.app}"
    send_at: "${each.app.hour}"
    destinations: [{integration: hook}]
automations:
  flow: {name: "${var.prefix}Flow", status: active}
"""
HERE = ("-e", "production")


class Team:
    """A team whose configuration is applied to production."""

    def __init__(self, world: World, text: str = TEAM, settings: str = SETTINGS) -> None:
        self.world = world
        world.write(settings, "reconciler.yaml")
        world.write(text)
        done = world.apply(*HERE)
        assert done.code == 0, done.err

    def edit(self, address: str, **fields: object) -> None:
        """Somebody changes an object in the dashboard."""
        state = json.loads((self.world.folder / ".reconciler" / "production.json").read_text(encoding="utf-8"))
        section = {"report": "scheduled-reports", "automation": "automations"}[address.partition(".")[0]]
        self.world.edit(section, state["resources"][address]["id"], **fields)

    def wanted(self, environment: str = "production") -> dict[str, Json]:
        """Address → fields."""
        document = self.world.run("expand", "-e", environment, "--format", "json").document
        return {each["address"]: each["fields"] for each in document["resources"]}

    def adopt(self) -> Run:
        """What was changed outside, written down."""
        return self.world.run("drift", "--adopt", *HERE)

    def text(self, name: str = "main.yaml") -> str:
        """A file as it is now."""
        return (self.world.folder / name).read_text(encoding="utf-8")


@pytest.fixture
def team(world: World) -> Team:
    """A team with plain resources, defaults, items of its own and items of a variable."""
    return Team(world)


def test_a_plain_value_that_other_environments_share(team: Team) -> None:
    """One YAML for all of them: it is written, its comment kept, and the others are named."""
    team.edit("report.alone", send_at="11:30")
    done = team.adopt()
    assert "report.alone.send_at: also changes sandbox" in done.err
    assert team.text() == TEAM.replace("send_at: 08:00 ", 'send_at: "11:30" ')
    assert team.world.plan(*HERE).code == 0


def test_what_stands_in_defaults_is_overridden(team: Team) -> None:
    """On the resource itself: a scalar, a value within a map, and a list as a whole. The defaults stay as they are."""
    team.edit("report.alone", included_range_days=7)
    team.edit("automation.flow", data={"platform": "Android", "steps": [{"day": 1}, {"day": 3}]})
    done = team.adopt()
    assert team.text().startswith(TEAM.partition("integrations:")[0])
    assert "left to you" not in done.err
    wanted = team.wanted()
    assert wanted["report.alone"]["included_range_days"] == 7
    assert wanted["automation.flow"]["data"] == {"platform": "Android", "steps": [{"day": 1}, {"day": 3}]}
    assert wanted["report.daily-go"]["included_range_days"] == 1
    assert team.world.plan(*HERE).code == 0


def test_an_item_of_its_own_is_edited(team: Team) -> None:
    """The hour of one app stands in its item; the other app keeps its hour."""
    team.edit("report.daily-chess", send_at="09:30")
    done = team.adopt()
    assert "report.daily-chess.send_at: also changes sandbox" in done.err
    assert team.text() == TEAM.replace('{key: chess, hour: "09:00"}', '{key: chess, hour: "09:30"}')
    assert team.world.plan(*HERE).code == 0


def test_an_item_of_a_variable_is_edited_where_it_is_set(team: Team) -> None:
    """In `reconciler.yaml`, which every environment reads."""
    team.edit("report.weekly-go", send_at="10:30")
    done = team.adopt()
    assert "report.weekly-go.send_at: also changes sandbox" in done.err
    assert team.text("reconciler.yaml") == SETTINGS.replace('hour: "10:00"', 'hour: "10:30"')
    assert team.text() == TEAM


def test_an_item_that_two_share_is_left(world: World) -> None:
    """The change of one would change the other: nothing is written, and the lines to paste do it."""
    weekly = TEAM.partition("  weekly:")[2].partition("automations:")[0]
    monthly = f"  monthly:{weekly.replace('Weekly', 'Monthly')}"
    team = Team(world, TEAM.replace("automations:\n  flow", f"{monthly}automations:\n  flow"))
    team.edit("report.weekly-go", send_at="10:30")
    done = team.adopt()
    assert (team.text("reconciler.yaml"), "report.weekly-go: send_at" in done.err) == (SETTINGS, True)
    pastes(team, done, "report.weekly-go", send_at="10:30")


def pastes(team: Team, done: Run, address: str, **fields: object) -> None:
    """The lines that were shown change this resource, and nothing else."""
    before = {environment: team.wanted(environment) for environment in ("production", "sandbox")}
    shown = done.err.partition(f"left to you: {address}: ")[2].partition(":\n")[2]
    pasted = yaml.safe_load("\n".join(line for line in shown.splitlines() if line.startswith(("report", " "))))
    text = yaml.safe_load(team.text())
    for key, block in pasted["reports"].items():
        text["reports"][key] = text["reports"].get(key, {}) | block
    team.world.write(json.dumps(text))
    assert team.wanted() == before["production"] | {address: before["production"][address] | fields}
    assert team.world.plan(*HERE).code == 0
    assert team.wanted("sandbox") == before["sandbox"] | {address: before["sandbox"][address] | fields}
    assert "(this also changes sandbox)" in done.err


def test_what_the_definition_says_of_all_is_left(team: Team) -> None:
    """One instance was changed: the definition stays, and the lines to paste exclude that one and write it out."""
    team.edit("report.daily-go", included_range_days=3, report_name="Mine")
    done = team.adopt()
    assert team.text() == TEAM
    assert "report.daily-go: report_name (" in done.err
    pastes(team, done, "report.daily-go", included_range_days=3, report_name="Mine")


def test_an_escape_in_a_text_is_kept_in_the_lines(world: World) -> None:
    """`$${each.app}` is a text and no item; a variable of the environment stays one."""
    team = Team(world, TEAM.replace("Daily ${each.app}", "Daily $${each.app} ${each.app}"))
    team.edit("report.daily-go", included_range_days=3)
    pastes(team, team.adopt(), "report.daily-go", included_range_days=3)


def test_what_changed_in_all_instances_is_written_to_the_definition(team: Team) -> None:
    """All of them are live so: then it is no accident."""
    for app in ("chess", "go"):
        team.edit(f"report.daily-{app}", status="draft")
    assert "left to you" not in team.adopt().err
    assert {each["status"] for address, each in team.wanted().items() if "daily" in address} == {"draft"}
    assert team.wanted()["report.weekly-go"]["status"] == "active"
    assert team.world.plan(*HERE).code == 0


def test_instances_that_differ_now_are_left(team: Team) -> None:
    """Each has another value live; what stands beside them is written all the same."""
    team.edit("report.daily-chess", status="draft", included_range_days=3)
    team.edit("report.daily-go", status="draft", included_range_days=7)
    done = team.adopt()
    assert done.err.count("left to you") == 2
    assert team.wanted()["report.daily-go"]["status"] == "draft"
    assert team.wanted()["report.daily-go"]["included_range_days"] == 1


def test_what_no_environment_may_write_is_left(world: World) -> None:
    """An integration in error: that is no setting, and no lines are shown that the tool would refuse."""
    items = "{on: [{key: a, name: iOS}, {key: b, name: Android}]}"
    each = f"integrations:\n  hook:\n    for_each: {items}\n    status: active\n"
    world.settle(each + '    title: Hook\n    integration: webhooks\n    target_platform: "${each.on.name}"\n')
    text = (world.folder / "main.yaml").read_text(encoding="utf-8")
    (first, _) = world.live("integrations")
    world.edit("integrations", first["id"], active=2)
    done = world.run("drift", "--adopt")
    assert 'status is not written: the server sets "error"; YAML can say paused or active' in done.err
    assert "write" not in done.err.partition("left to you")[2]
    assert (world.folder / "main.yaml").read_text(encoding="utf-8") == text


def imported(world: World, address: str, object_id: str) -> tuple[int, str]:
    """How the command ended, and what it said."""
    world._capsys.readouterr()
    code = run(["import", address, object_id, str(world.folder), *HERE])
    return code, world._capsys.readouterr().err


def test_an_import_is_for_one_environment(team: Team) -> None:
    """The other one has no such object, and its plan stays as it was."""
    sandbox = team.wanted("sandbox")
    hook = team.world.insert("integrations", **integration("Other"))
    assert imported(team.world, "integration.other", hook)[0] == 0
    assert team.world.plan(*HERE).actions() == {"integration.other": "adopt"}
    assert team.wanted("sandbox") == sandbox
    assert team.world.plan("-e", "sandbox").code == 2


def test_an_import_into_an_instance_or_against_defaults(team: Team) -> None:
    """An instance needs its line only; what `defaults` would change is refused, with their place."""
    daily = team.world.insert("scheduled-reports", **report("Other"))
    code, said = imported(team.world, "report.daily-go", daily)
    assert (code, f"imports: [{{to: report.daily-go, id: {daily}}}]" in said) == (5, True), said
    flow = team.world.insert("automations", name="Other", caption="", status="active", data={"actions": {"push": "p"}})
    code, said = imported(team.world, "automation.other", flow)
    assert (code, "its data.platform would not be as it is live" in said) == (5, True), said


def test_an_item_behind_an_anchor_is_left_and_the_rest_is_written(world: World) -> None:
    """The list stands alone at the top. What has an anchor is not edited; the lines to paste are shown."""
    items = '[{key: chess, hour: "09:00"}, {key: go, hour: "10:00"}]'
    text = f"x-apps: &apps {items}\n" + re.sub(r"app:\n.*\n.*\n", "app: *apps\n", TEAM)
    team = Team(world, text)
    team.edit("report.daily-go", send_at="10:30")
    team.edit("report.alone", send_at="11:30")
    done = team.adopt()
    assert done.code == 2, done.err
    assert team.text() == text.replace("08:00 ", '"11:30" ')
    pastes(team, done, "report.daily-go", send_at="10:30")
