"""Policies are guards of a plan: about what is wanted, and about what changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from reconciler.cli.main import run

from .conftest import configuration, report

CHANGES = """
    keep-active:
      kinds: [report]
      when: change.action == "delete"
      require: change.before.status != "active"
      message: Set it to draft first.
"""
OWNER = """
    needs-an-owner:
      kinds: [report]
      require: resource.report_name.startsWith("[growth]")
      message: Reports begin with the team's name.
"""
TWO = {"daily": report(), "weekly": report("Weekly")}
ONE = {"daily": report()}


def test_a_resource_that_is_refused(world: World) -> None:
    """Exit 5 as `policy:NAME`; nothing is written; the flag that passes it is named."""
    world.write(configuration(OWNER))
    refused = world.plan()
    assert refused.code == 5
    (refusal,) = refused.document["refusals"]
    assert refusal["guard"] == "policy:needs-an-owner"
    assert "--allow policy:needs-an-owner" in refused.err
    (problem,) = refusal["problems"]
    assert (problem["line"], problem["column"]) == (9, 3)
    assert world.apply().code == 5
    assert world.writes() == []


def test_a_change_that_is_refused(world: World) -> None:
    """`change` is judged by plans alone: validate says nothing, and what does not change is not judged."""
    world.settle(configuration(CHANGES, **TWO))
    world.write(configuration(CHANGES, **ONE))
    assert world.run("validate").code == 0
    refused = world.plan()
    assert refused.code == 5
    assert [each["guard"] for each in refused.document["refusals"]] == ["policy:keep-active"]
    assert "report.weekly: Set it to draft first (policy keep-active, " in refused.err
    world.write(configuration(CHANGES, **TWO | {"weekly": report("Weekly", status="draft")}))
    assert world.apply().code == 0
    world.write(configuration(CHANGES, **ONE))
    assert world.apply().code == 0


@pytest.mark.parametrize(
    ("require", "code"),
    [
        ('change.action == "update" && change.fields == ["send_at"] && change.causes == ["config"]', 0),
        ('change.before.send_at == "09:00" && change.after.send_at == "10:00" && resource.send_at == "10:00"', 0),
        ('change.action == "create" && change.before == null', 5),
        ('change.after.send_at < "10:00"', 5),
    ],
)
def test_what_a_change_is(world: World, require: str, code: int) -> None:
    """Action, values before and after, the paths of the fields, and their causes."""
    policy = f"mine: {{kinds: [report], require: '{require}', message: M}}"
    world.settle(configuration("mine: {require: 'true', message: M}"))
    world.write(configuration(policy, daily=report(send_at='"10:00"')))
    assert world.apply().code == code


def test_before_a_create_and_after_a_delete_there_is_nothing(world: World) -> None:
    """They are null."""
    policy = "mine: {kinds: [report], require: change.%s == null, message: M}"
    world.settle(configuration(policy % "before", **TWO))
    world.write(configuration(policy % "after", **ONE))
    assert world.apply().code == 0


def test_what_is_allowed_is_in_the_receipt(world: World) -> None:
    """With who applied. The plan still says it, as a warning; a name that no policy has is wrong usage."""
    world.write(configuration(OWNER))
    assert world.apply("--allow", "policy:needs-an-ower").code == 64
    allowed = world.run("plan", "--allow", "policy:needs-an-owner")
    assert allowed.code == 0
    assert "warning: " in allowed.out
    assert "needs-an-owner" in allowed.out
    assert world.apply("--allow", "policy:needs-an-owner").code == 0
    (receipt,) = world.run("history", "--format", "json").document["receipts"]
    assert receipt["allowed"] == ["policy:needs-an-owner"]
    assert receipt["who"]


def test_older_receipts_are_read(world: World) -> None:
    """They do not say what was allowed."""
    world.settle(configuration("mine: {require: 'true', message: M}"))
    (file,) = (world.folder / ".reconciler").rglob("0*.json")
    document = json.loads(file.read_text())
    del document["allowed"]
    file.write_text(json.dumps(document))
    assert world.run("history", "--format", "json").document["receipts"][0]["allowed"] == []


def test_a_saved_plan_is_judged_again(world: World, tmp_path: Path) -> None:
    """The policies of now hold for it, but for those that it was made without."""
    saved = tmp_path / "saved.plan"
    world.settle(configuration(CHANGES, **TWO))
    world.write(configuration(CHANGES.replace("delete", "create"), **ONE))
    assert world.plan("--out", str(saved)).code == 2
    world.write(configuration(CHANGES, **ONE))
    assert world.apply("--plan", str(saved)).code == 5
    assert world.plan("--out", str(saved), "--allow", "policy:keep-active").code == 2
    assert world.apply("--plan", str(saved)).code == 0
    assert world.run("history", "--format", "json").document["receipts"][0]["allowed"] == ["policy:keep-active"]


def test_an_undo_is_judged_by_its_changes(world: World) -> None:
    """What it deletes is refused like any delete."""
    world.settle(configuration(CHANGES, **ONE))
    empty = ("--undo", "latest", "--allow", "empty-configuration")
    assert world.plan(*empty).code == 5
    assert world.plan(*empty, "--allow", "policy:keep-active").code == 2


def test_an_undo_of_an_update_has_values_before_and_after(world: World) -> None:
    """They are those of the way back, and resources are not judged."""
    back = 'change.before.send_at == "10:00" && change.after.send_at == "09:00"'
    policies = f"""
        back: {{kinds: [report], when: change.action == "update", require: '{back}', message: M, level: warning}}
        never: {{kinds: [integration], require: 'false', message: M}}
    """
    world.settle(configuration("back: {require: 'true', message: M}"))
    world.settle(configuration("back: {require: 'true', message: M}", daily=report(send_at='"10:00"')))
    world.write(configuration(policies, daily=report(send_at='"10:00"')))
    assert world.plan().code == 5
    undone = world.plan("--undo", "latest")
    assert undone.code == 2
    assert "(policy " not in undone.out


def test_a_policy_that_cannot_be_judged_is_exit_3(world: World) -> None:
    """At its place; it is no guard that a flag passes."""
    world.write(configuration('mine: {require: change.before.status == "active", message: M}'))
    refused = world.plan()
    assert refused.code == 3
    assert f"{world.folder / 'main.yaml'}:2:" in refused.err


@pytest.mark.parametrize("require", ["resource.nam == 'x'", "1 / size(resource.destinations[0].integration) < 0"])
def test_what_only_shows_is_not_judged(world: World, require: str) -> None:
    """A policy that is wrong, or does not hold, stops a plan; a picture and what the YAML comes to need none."""
    world.write(configuration(f"wrong: {{kinds: [report], require: {require!r}, message: m}}"))
    assert world.run("plan").code == (3 if "nam" in require else 5)
    assert [world.run(command).code for command in ("graph", "expand", "drift")] == [0, 0, 0]


def test_drift_is_not_judged(world: World) -> None:
    """The job of every night says what was changed outside, whatever the rules are."""
    world.settle(configuration("mine: {require: 'true', message: M}"))
    world.write(configuration("mine: {require: resource.nothing, message: M}"))
    assert world.run("plan").code == 3
    assert world.run("drift").code == 0


FORMS: dict[str, Callable[[str], bool]] = {
    "markdown": lambda text: "needs-an-owner" in text and "begin with the team" in text,
    "html": lambda text: "needs-an-owner" in text,
    "sarif": lambda text: '"ruleId": "policy:needs-an-owner"' in text and '"startLine": 10' in text,
    "github": lambda text: ",line=10,col=3,title=reconciler%3A Policy needs-an-owner::" in text,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", ["error", "warning"])
def test_every_form_shows_it(world: World, tmp_path: Path, form: str, level: str) -> None:
    """The comment, the page, SARIF and annotations, each with the policy's name."""
    world.write(configuration(f"{OWNER}      level: {level}\n"))
    file = tmp_path / "report"
    assert world.plan("--report", f"{form}={file}").code == (5 if level == "error" else 2)
    assert FORMS[form](file.read_text())


def test_explain_says_which_policies_hold(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each policy about the address: whether it holds, and its condition; those of other kinds are not named."""
    policies = f"""{OWNER}
    for-drafts: {{when: resource.status == "draft", require: 'false', message: M}}
    times: {{kinds: [report], require: resource.send_at == "09:00", message: M}}
    hooks: {{kinds: [integration], require: 'false', message: M, level: warning}}
    excepted:
      require: kind != "report"
      message: M
      except: [{{address: report.daily, until: 2099-12-31, reason: the app moves, owner: growth}}]
    """
    world.write(configuration(policies))
    assert run(["explain", "report.daily", str(world.folder)]) == 0
    said = capsys.readouterr().out
    assert 'the policy needs-an-owner does not hold: resource.report_name.startsWith("[growth]")' in said
    assert 'the policy for-drafts does not apply: resource.status == "draft"' in said
    assert 'the policy times holds: resource.send_at == "09:00"' in said
    assert "excepted until 2099-12-31: the app moves" in said
    assert "hooks" not in said
