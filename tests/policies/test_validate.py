"""Policies about resources are judged offline, for every environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from world import World

from .conftest import Check, configuration, report

OWNER = """
    needs-an-owner:
      kinds: [report]
      when: resource.environment == "production"
      require: resource.report_name.startsWith("[growth]")
      message: Production reports begin with the team's name.
"""


def test_a_violation_is_an_invalid_configuration(check: Check, world: World) -> None:
    """Exit 3, with the place of the resource, the message, the policy and its place."""
    refused = check(OWNER, daily=report(), ours=report('"[growth] Daily"'), test=report("T", environment="sandbox"))
    assert refused.code == 3
    (said,) = [line for line in refused.err.splitlines() if "needs-an-owner" in line]
    main = world.folder / "main.yaml"
    assert said.startswith(f"{main}:10:3: report.daily: Production reports begin with the team's name (policy ")
    assert said.endswith(f"(policy needs-an-owner, {main}:2:3)")


def test_what_holds_is_valid(check: Check) -> None:
    """Nothing is said of policies that hold."""
    done = check(OWNER, ours=report('"[growth] Daily"'))
    assert (done.code, done.err) == (0, "default: 2 resources are valid\n")


def test_a_warning_refuses_nothing(check: Check) -> None:
    """`level: warning` is told at its place, and the exit code stays 0."""
    done = check(OWNER + "      level: warning\n")
    assert done.code == 0
    assert "warning: " in done.err
    assert "needs-an-owner" in done.err


def test_many_alike_are_one_problem_at_the_definition(check: Check, world: World) -> None:
    """The line of the `for_each`, and how many resources it reaches; of one alone, its items."""
    many = report('"Daily ${each.app}"', for_each="{app: [chess, go]}")
    both = check(OWNER, daily=many)
    assert f"{world.folder / 'main.yaml'}:10:3: Production reports" in both.err
    assert "2 resources: report.daily-chess" in both.err
    one = check(OWNER.replace('startsWith("[growth]")', 'endsWith("go")'), daily=many)
    assert ":10:3: report.daily-chess (for app=chess): Production reports" in one.err


def test_policies_are_judged_for_every_environment(world: World) -> None:
    """A violation in one of them names it; `environment` is what CEL sees."""
    world.write("environments: {sandbox: {variables: {p: X}}, production: {variables: {p: Y}}}", "reconciler.yaml")
    world.write(configuration(OWNER.replace('resource.environment == "production"', 'environment == "production"')))
    refused = world.run("validate")
    assert refused.code == 3
    assert "in the environment production" in refused.err


def test_a_policy_holds_in_its_folder_and_below(world: World) -> None:
    """A policy of `growth` says nothing of what stands beside that folder."""
    world.write(configuration("", other=report("Other")).replace("policies:\n", ""))
    policy = OWNER.replace("\n    ", "\n  ")
    world.write(f"policies:{policy}reports:\n  mine: {report('Mine')}\n", "growth/a.yaml")
    world.write(f"reports:\n  deep: {report('Deep')}\n", "growth/deep/b.yaml")
    world.write(f"reports:\n  near: {report('Near')}\n", "growths.yaml")
    said = world.run("validate").err
    assert [name for name in ("mine", "deep", "other", "near") if f"report.{name}:" in said] == ["mine", "deep"]


def test_an_exception_lets_pass_until_its_date(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its last day the resource is valid; the day after it is an error that names the date."""
    excepted = "except: [{address: report.daily, until: 2027-01-31, reason: moves, owner: growth}]"
    world.write(configuration(f"{OWNER}      {excepted}\n"))
    monkeypatch.setenv("RECONCILER_NOW", "2027-01-31T23:00Z")
    assert world.run("validate").code == 0
    monkeypatch.setenv("RECONCILER_NOW", "2027-02-01T00:00Z")
    ended = world.run("validate")
    assert ended.code == 3
    assert "its exception ended after 2027-01-31" in ended.err


def test_the_date_is_that_of_the_readers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`time_zone` says which day it is; a day that does not exist is an error at its place."""
    excepted = "except: [{address: report.daily, until: 2027-01-31, reason: moves, owner: growth}]"
    text = configuration(f"{OWNER}      {excepted}\n")
    world.write("time_zone: Asia/Tokyo", "reconciler.yaml")
    world.write(text)
    monkeypatch.setenv("RECONCILER_NOW", "2027-01-31T15:30Z")
    assert world.run("validate").code == 3
    world.write(text.replace("2027-01-31", "2027-02-30"))
    assert ":7:45: policy.needs-an-owner: except[0].until: " in world.run("validate").err


def test_an_exception_that_excepts_nothing_is_told(check: Check, world: World) -> None:
    """At its place, as a warning. One of a `for_each` excepts all that it makes."""
    excepted = OWNER + "      except: [{address: report.%s, until: 2099-01-31, reason: moves, owner: growth}]\n"
    begin = f"warning: {world.folder / 'main.yaml'}:7:14: policy.needs-an-owner: the exception for report"
    done = check(excepted % "ours", ours=report('"[growth] Daily"'))
    assert done.code == 0
    assert f"{begin}.ours excepts nothing; expected it gone" in done.err
    unknown = check(excepted % "our", ours=report('"[growth] Daily"'))
    assert unknown.code == 0
    assert f'{begin}.our: there is no such address; did you mean "report.ours"?' in unknown.err
    made = check(excepted % "ours-go", ours=report('"[growth] ${each.app}"', for_each="{app: [go]}"))
    assert f"{begin}.ours-go excepts nothing; expected it gone" in made.err
    many = check(excepted % "daily", daily=report('"Daily ${each.app}"', for_each="{app: [chess, go]}"))
    assert (many.code, many.err) == (0, "default: 3 resources are valid\n")


def test_programs_read_which_policy_it_is(check: Check) -> None:
    """JSON has the code, SARIF a rule of its own with help, annotations the title."""
    document = check(OWNER, "--format", "json").document
    assert [each["code"] for each in document["problems"]] == ["policy:needs-an-owner"]
    run = check(OWNER, "--format", "sarif").document["runs"][0]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert result["ruleId"] == rule["id"] == "policy:needs-an-owner"
    assert "explain" in rule["help"]["text"]
    assert "title=reconciler%3A Policy needs-an-owner::" in check(OWNER, "--format", "github").out


@pytest.mark.process
def test_without_the_library_the_line_to_install_it_is_told(tmp_path: Path) -> None:
    """Exit 3 at the first policy; a configuration without policies needs nothing."""
    (tmp_path / "main.yaml").write_text(configuration(OWNER))
    without = "import sys; sys.modules['cel_expr_python'] = None; from reconciler.cli.main import run; "
    command = [sys.executable, "-c", without + "sys.exit(run(sys.argv[1:]))", "validate", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 3
    assert f"{tmp_path / 'main.yaml'}:2:3: policies need a library" in refused.stderr
    assert "pip install 'qonversion-reconciler[policies]'" in refused.stderr
    assert "Traceback" not in refused.stderr
    (tmp_path / "main.yaml").write_text(configuration("").replace("policies:", "x-none:"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_editors_know_policies() -> None:
    """The published schema has them, with what a policy may say."""
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "configuration.schema.json").read_text())
    policy = schema["properties"]["policies"]["additionalProperties"]
    assert {"kinds", "when", "require", "message", "level", "ratchet", "except", "use", "with"} == {
        *policy["properties"]
    }
