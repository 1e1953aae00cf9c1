"""Annotations and SARIF: on the very line, with paths that hosts know, and no name that becomes a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hostile.test_printing import HOSTILE
from world import World, automation, integration, report

from reconciler.output.terminal import escape, write_stdout
from reconciler.yaml.writing import dump

COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^:,\r\n]*,)*title=[^:,\r\n]*)::([^\r\n]*)")
ACTIVE = """\
integrations:
  hook:
    title: Alerts
    integration: webhooks
    target_platform: iOS
    status: active
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
"""


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Each line of it as GitHub's runner reads it: which command, its properties, its data."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match, ascii(line)
        properties = dict(each.split("=", 1) for each in match[2].split(","))
        found.append((match[1], {name: _read(value) for name, value in properties.items()}, _read(match[3])))
    return found


def _read(text: str) -> str:
    for coded, char in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(coded, char)
    return text


def results(text: str) -> list[tuple[str, str, Any]]:
    """Rule, level and (uri, line, column) of each result of a SARIF document."""
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    found = []
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        (location,) = each["locations"]
        physical = location["physicalLocation"]
        region = physical.get("region", {})
        spot = (physical["artifactLocation"]["uri"], region.get("startLine"), region.get("startColumn"))
        found.append((each["ruleId"], each["level"], spot))
    return found


@pytest.fixture
def workspace(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A runner whose workspace is the folder above the configuration's."""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(world.folder.parent))
    return world


def test_a_risky_change_is_on_its_line(workspace: World) -> None:
    """What stops is at the line of the status; what goes away has none, and SARIF names a file all the same."""
    workspace.settle(ACTIVE)
    workspace.write(ACTIVE.replace("    status: active\n    environment", "    status: draft\n    environment"))
    (found,) = commands(workspace.run("plan", "--format", "github").out)
    assert found[:2] == (
        "warning",
        {"file": "configuration/main.yaml", "line": "12", "col": "5", "title": "reconciler: Stops deliveries"},
    )
    assert found[2].startswith('update report.daily "Daily"\nstops "Daily" to "Webhooks: Alerts"; next one')
    sarif = workspace.run("plan", "--format", "sarif").out
    assert results(sarif) == [("stops", "warning", ("configuration/main.yaml", 12, 5))]
    workspace.write(ACTIVE.partition("reports:")[0])
    ((level, properties, _),) = commands(workspace.run("plan", "--format", "github").out)
    assert (level, properties) == ("warning", {"title": "reconciler: Destroys an object"})
    sarif = workspace.run("plan", "--format", "sarif").out
    assert results(sarif) == [("destroys", "warning", ("configuration/main.yaml", None, None))]


def test_a_replace_is_on_the_line_that_forces_it(workspace: World) -> None:
    """The field that the API cannot change, and below `data` the very value."""
    workspace.settle(ACTIVE)
    allowed = ACTIVE.replace("Alerts", "Other").replace("active\nrep", "active\n    lifecycle: {replace: allow}\nrep")
    workspace.write(allowed)
    found = results(workspace.run("plan", "--format", "sarif").out)
    assert found == [("destroys", "warning", ("configuration/main.yaml", 3, 5))]


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_problems_are_on_their_lines(workspace: World, form: str) -> None:
    """validate, offline: exit 3, a finding a problem; people read the same on stderr, as ever."""
    workspace.write(ACTIVE.replace('"09:00"', '"09:17"').replace("status: active\nreports", "statu: active\nreports"))
    ended = workspace.run("validate", "--format", form)
    assert ended.code == 3
    assert ended.err.count("main.yaml:") == 2
    if form == "sarif":
        spots = results(ended.out)
        assert [(rule, level, spot[1]) for rule, level, spot in spots] == [
            ("invalid", "error", 6),
            ("invalid", "error", 10),
        ]
    else:
        found = commands(ended.out)
        assert [(level, each["file"], each["line"]) for level, each, _ in found] == [
            ("error", "configuration/main.yaml", "6"),
            ("error", "configuration/main.yaml", "10"),
        ]


def test_a_sound_configuration_has_no_findings(workspace: World) -> None:
    """SARIF says so in a document without results; annotations are nothing at all."""
    workspace.write(ACTIVE)
    assert results(workspace.run("validate", "--format", "sarif").out) == []
    assert workspace.run("validate", "--format", "github").out == ""
    workspace.write(f"{ACTIVE}moved: [{{from: report.x, to: report.dail}}]\n")
    assert [found[:2] for found in results(workspace.run("validate", "--format", "sarif").out)] == [("hint", "note")]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_names_become_no_commands(world: World, name: str) -> None:
    """Names and messages of the API and of the YAML: each line is one of ours, and says the name back, made visible."""
    plain = "".join(each for each in name if not "\ud800" <= each <= "\udfff")
    hook = world.insert("integrations", **integration(plain, active=2, last_error_message=plain))
    world.insert("scheduled-reports", **report(plain, hook))
    fields = {"title": plain, "integration": "webhooks", "target_platform": "iOS", "status": "active"}
    world.write(dump({"integrations": {"hook": fields}}).replace("${", "$${"))
    found = commands(world.run("plan", "--format", "github").out)
    assert found
    assert [text for _, _, text in found if escape(plain).replace("##", "\\u0023#") in text]
    document = json.loads(world.run("plan", "--format", "sarif").out)
    texts = [each["message"]["text"] for each in document["runs"][0]["results"]]
    assert texts
    assert not any("](" in text for text in texts)


def test_a_file_of_any_name_is_escaped(workspace: World) -> None:
    """Commas, colons and per cents in a path are no property of their own; a URI has them coded."""
    name = "a,title=x%0A b#c.yaml"
    workspace.write(ACTIVE.replace('"09:00"', '"09:17"'), name)
    ((_, properties, _),) = commands(workspace.run("validate", "--format", "github").out)
    assert properties["file"] == f"configuration/{name}"
    ((_, _, (uri, line, _)),) = results(workspace.run("validate", "--format", "sarif").out)
    assert (uri, line) == ("configuration/a%2Ctitle%3Dx%250A%20b%23c.yaml", 10)


def test_paths_are_those_of_the_repository(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a runner it is the folder that holds .git, else where the command runs; outside, the whole path."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    world.write(ACTIVE.replace('"09:00"', '"09:17"'))
    (world.folder.parent / ".git").mkdir()
    assert results(world.run("validate", "--format", "sarif").out)[0][2][0] == "configuration/main.yaml"
    (world.folder.parent / ".git").rmdir()
    monkeypatch.chdir(world.folder)
    assert results(world.run("validate", "--format", "sarif").out)[0][2][0] == "main.yaml"
    monkeypatch.chdir(Path("/"))
    whole = f"{world.folder}/main.yaml".removeprefix("/")
    assert results(world.run("validate", "--format", "sarif").out)[0][2][0] == whole


def test_only_this_form_may_command(world: World) -> None:
    """The very line of an annotation, as a name, stays a name in every other form."""
    line = "::error title=x::y"
    world.insert("automations", **automation(f"a\n{line}"))
    world.write("automations: {}\n")
    for form in ("text", "json", "sarif", "markdown"):
        shown = world.run("plan", "--format", form).out
        assert not [each for each in shown.splitlines() if each.lstrip().startswith("::")]


def test_the_gate_lets_through_what_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """An annotation of ours, whole, where annotations are printed; no other command, and none at all elsewhere."""
    ours = "::warning file=a.yaml,line=3,col=5,title=x%3A y::said"
    others = ["::add-mask::x", "  ::error title=x::y", "::error x::y", "::error title=x,file=a:b::y", "##[error]x"]
    write_stdout("\n".join([ours, *others, f"{ours} ##[group]"]), commands=True)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == ours
    assert shown[-1] == f"{ours} \\u0023#[group]"
    assert not [line for line in shown[1:-1] if line.lstrip().startswith("::") or "##[" in line]
    write_stdout(ours)
    assert capsys.readouterr().out == "\\u003a:" + ours[2:] + "\n"
