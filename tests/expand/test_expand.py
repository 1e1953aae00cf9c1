"""`expand`: what a configuration comes to, offline, as YAML with the place of each value, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from world import Json, World

from reconciler.cli.main import run

from .studio import as_many, settings_of_many, written_out

Expand = Callable[..., str]

MANY = """\
defaults:
  reports: {included_range_days: 1, environment: "${var.events}"}
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
  spare: {title: Spare, integration: webhooks, target_platform: iOS}
reports:
  daily:
    for_each:
      app:
        - {key: chess, hour: "09:00"}
        - {key: go, hour: "10:30"}
    report_name: "Daily ${each.app}"
    send_at: "${each.app.hour}"
    status: active
    destinations: [{integration: hook}]
    lifecycle: {prevent_destroy: true, ignore_changes: [status]}
  weekly:
    report_name: Weekly
    only_in: [sandbox]
    send_at: 08:00
    status: draft
    included_range_days: 7
    destinations: [{integration: spare}]
moved: [{from: report.daily, to: report.daily-chess}]
removed: [{from: report.old, destroy: false}]
imports: [{to: report.daily-go, id: rep1}]
"""
SETTINGS = """\
environments:
  sandbox: {variables: {events: sandbox}}
  production: {variables: {events: production}}
"""


@pytest.fixture
def expand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Expand:
    """Writes a configuration and gives what stdout gets of it."""

    def expanded(text: str, *arguments: str, settings: str = "") -> str:
        folder = tmp_path / "configuration"
        folder.mkdir(exist_ok=True)
        (folder / "main.yaml").write_text(text, encoding="utf-8")
        (folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
        capsys.readouterr()
        code = run(["expand", str(folder), *arguments])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return captured.out

    return expanded


def test_each_value_with_where_it_came_from(expand: Expand) -> None:
    """The definition and the item, the defaults and the variable; none of the words that made it."""
    text = expand(MANY, "-e", "production", settings=SETTINGS)
    for line in (
        "  daily-chess:  # main.yaml:7 for app=chess (main.yaml:10)",
        "    report_name: Daily chess  # main.yaml:12, main.yaml:10",
        '    send_at: "09:00"  # main.yaml:10, main.yaml:13',
        "    included_range_days: 1  # main.yaml:2",
        "    environment: production  # main.yaml:2, reconciler.yaml:3",
        "      - integration: hook  # main.yaml:15",
        "      prevent_destroy: true  # main.yaml:16",
        "  - from: report.daily  # main.yaml:24",
    ):
        assert f"{line}\n" in text, text
    assert not {"for_each", "only_in", "defaults", "key:", "${"} & {*text.split()}
    assert "weekly" not in text
    assert "  weekly:  # main.yaml:17\n" in expand(MANY, "-e", "sandbox", settings=SETTINGS)


def test_json_has_the_fields_and_the_places(expand: Expand, tmp_path: Path) -> None:
    """As the contract has it: the address, its fields, and path → place."""
    document = json.loads(expand(MANY, "-e", "production", "--format", "json", settings=SETTINGS))
    found = {each["address"]: each for each in document["resources"]}
    assert [*found] == ["integration.hook", "integration.spare", "report.daily-chess", "report.daily-go"]
    go = found["report.daily-go"]
    assert go["fields"]["send_at"] == "10:30"
    main = tmp_path / "configuration" / "main.yaml"
    assert go["places"]["report_name"] == f"{main}:12:5"
    assert go["places"]["send_at"].startswith(f"{main}:11:")
    assert go["places"]["included_range_days"].startswith(f"{main}:2:")
    assert go["places"]["destinations[0].integration"] == f"{main}:15:21"
    assert document["moved"] == [{"from": "report.daily", "to": "report.daily-chess"}]
    assert document["removed"] == [{"from": "report.old", "destroy": False}]
    assert document["imports"] == [{"to": "report.daily-go", "id": "rep1"}]


def test_a_target_with_what_it_refers_to(expand: Expand, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An address or a pattern; the blocks of the others are left out. An unknown one is a wrong usage."""
    text = expand(MANY, "-e", "sandbox", "--target", "report.daily-*", settings=SETTINGS)
    found = yaml.load(text, Loader=yaml.CSafeLoader)
    assert {section: [*blocks] for section, blocks in found.items() if isinstance(blocks, dict)} == {
        "integrations": ["hook"],
        "reports": ["daily-chess", "daily-go"],
    }
    assert "removed" not in found
    assert run(["expand", str(tmp_path / "configuration"), "-e", "sandbox", "--target", "report.daily"]) == 64
    assert run(["expand", str(tmp_path / "configuration")]) == 64
    assert "--environment" in capsys.readouterr().err


NASTY = [
    "no", "1e3", "012", "10:30", "~", "", " ", "a: b", "# x", "x #y", "::error::x", "##[error]x", "##vso[task]", "- x",
    "${x}", "tab\there", "two\nlines", "\n::error::x\n", "zero\u200bwidth", "soft\xadhyphen", "tag\U000e0041", "\u2028",
    "\N{ROCKET}", "日本", "'q'", '"q"', "\\u0041", "&a", "*a", "!t", "%x", "@x", "`x`", "{a}", "[a]", "null", "---",
]  # fmt: skip


def test_no_text_is_misread(expand: Expand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a terminal, a runner or another reader of YAML would make of it; nothing acts on a terminal."""
    data = {f"k{number}": text for number, text in enumerate(NASTY)} | {"keys": dict.fromkeys(NASTY[:20], 1)}
    data["keys"].pop("${x}", None)
    fields = {"name": "Flow", "status": "active", "data": data}
    text = json.dumps({"automations": {"flow": fields}}).replace("${", "$${")
    first = expand(text)
    assert not [line for line in first.splitlines() if line.lstrip().startswith("::")]
    assert "\u200b" not in first
    again = json.loads(expand(first, "--format", "json"))
    assert again["resources"][0]["fields"] == fields


def plans(world: World, text: str, settings: str, environment: str) -> dict[str, Json]:
    """Address → what a plan of the text would do there."""
    world.write(settings, "reconciler.yaml")
    world.write(text)
    planned = world.plan("-e", environment)
    assert planned.code == 2, planned.err
    names = ("action", "fields", "depends_on")
    return {each["address"]: {name: each[name] for name in names} for each in planned.document["changes"]}


def test_two_hundred_reports_in_a_hundred_lines(world: World) -> None:
    """8 apps, 2 environments, 200 reports: what took 896 lines takes at most 120, and is equal, address by address;
    and so is what it comes to."""
    many, written = as_many(), written_out()
    settings = settings_of_many()
    assert len(written.splitlines()) >= 896
    assert len((many + settings).splitlines()) <= 120
    for environment in ("sandbox", "production"):
        wanted = plans(world, written, settings, environment)
        assert sum(address.startswith("report.") for address in wanted) == 200
        assert plans(world, many, settings, environment) == wanted
        expanded = world.run("expand", "-e", environment)
        assert expanded.code == 0, expanded.err
        # Without the settings there is one environment, `default`, and no variable.
        assert plans(world, expanded.out, "", "default") == wanted


def test_what_it_comes_to_comes_to_itself(expand: Expand) -> None:
    """A second time, nothing but the places is another."""

    def value(text: str) -> Any:
        return yaml.load(text, Loader=yaml.CSafeLoader)

    once = expand(MANY, "-e", "production", settings=SETTINGS)
    assert value(expand(once)) == value(once)
    assert expand(expand(once)) == expand(once)


def test_what_only_in_leaves_out_is_named_by_no_block(world: World) -> None:
    """In the environment that leaves the target out, the object goes: by the configuration and by what is printed."""
    world.write("environments: {sandbox: {}, production: {}}", "reconciler.yaml")
    flow = "{name: Flow, status: active, data: {}}"
    kept = "  kept: {name: Kept, status: active, data: {}}\n"
    world.write(f"automations:\n  old: {flow}\n{kept}")
    assert world.apply("-e", "sandbox").code == 0
    only = flow.replace("{name", "{only_in: [production], name")
    world.write(f"automations:\n  new: {only}\n{kept}moved: [{{from: automation.old, to: automation.new}}]\n")
    planned = {each["id"]: each["action"] for each in world.plan("-e", "sandbox").document["changes"]}
    printed = world.run("expand", "-e", "sandbox").out
    world.write(printed)
    again = world.plan("-e", "sandbox")
    assert {each["id"]: each["action"] for each in again.document["changes"]} == planned
    assert list(planned.values()) == ["delete"]
