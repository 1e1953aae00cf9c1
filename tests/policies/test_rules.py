"""Each ready rule refuses what it is for, and passes the rest."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from world import World

from reconciler.cli.main import run
from reconciler.policies import read_rules

from .conftest import HOOK, configuration, report

SLOT = "at-most-reports-a-slot"
TWO = {"a": report("A"), "b": report("B")}


class Case(NamedTuple):
    """A rule with its values, reports that it passes and that it refuses, and the integration `hook`."""

    rule: str
    given: str
    passes: dict[str, str]
    refuses: dict[str, str]
    hook: str = HOOK


CASES = (
    Case(
        "active-reports-have-a-destination",
        "{}",
        {"a": report("A", status="draft"), "b": report("B", destinations="[{type: target_integration, id: x}]")},
        {"c": report("C"), "d": report("D", destinations="[{integration: hook}]")},
        HOOK.replace("status: active", "status: paused"),
    ),
    Case(
        "production-reports-avoid-sandbox-integrations",
        "{}",
        {"a": report("A", environment="sandbox"), "b": report("B", destinations="[{type: target_integration, id: s}]")},
        {"c": report("C"), "d": report("D", destinations='[{type: target_integration, label: "Slack: sandbox"}]')},
        HOOK.replace("title: Hook", "title: Sandbox hook"),
    ),
    Case(SLOT, "{max: 2}", TWO | {"c": report("C", status="draft")}, TWO | {"c": report("C")}),
    Case(SLOT, "{max: 2}", TWO | {"c": report("C", send_at='"10:00"')}, TWO | {"c": report("C")}),
    Case("names-follow-a-pattern", r"{pattern: '^(Hook|[A-Z]{1,3})$'}", {"a": report("ABC")}, {"a": report("ABCD")}),
    Case("production-integrations-are-protected", "{environment: other}", TWO, {}),
    Case(
        "production-integrations-are-protected",
        "{environment: default}",
        TWO,
        {},
        HOOK.replace("{", "{lifecycle: {prevent_destroy: true}, "),
    ),
)


def use(rule: str, given: str) -> str:
    """The policy that uses a rule."""
    return f"mine: {{use: {rule}, with: {given}}}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_ready_rule(world: World, case: Case) -> None:
    """Valid with what it passes; exit 3 with each of what it refuses."""
    world.write(configuration(use(case.rule, case.given), **case.passes).replace(HOOK, case.hook))
    done = world.run("validate")
    assert done.code == 0, done.err
    if case.refuses:
        world.write(configuration(use(case.rule, case.given), **case.refuses).replace(HOOK, case.hook))
        refused = world.run("validate")
        assert refused.code == 3
        assert [key for key in case.refuses if f"report.{key}" in refused.err] == [*case.refuses]


def test_integrations_of_production_are_protected(world: World) -> None:
    """The rule refuses one without `prevent_destroy`."""
    world.write(configuration(use("production-integrations-are-protected", "{environment: default}")))
    refused = world.run("validate")
    assert refused.code == 3
    assert "integration.hook: An integration in production needs lifecycle" in refused.err


@pytest.mark.parametrize(
    ("moment", "given", "code"),
    [
        ("2027-01-29T11:59Z", "{}", 2),  # a Friday
        ("2027-01-29T12:00Z", "{}", 5),
        ("2027-01-29T23:59Z", "{}", 5),
        ("2027-01-30T12:00Z", "{}", 2),
        ("2027-01-29T11:30Z", "{time_zone: Europe/Berlin}", 5),
        ("2027-01-30T12:00Z", "{days: [saturday, sunday], from: '08:00', to: '13:00'}", 5),
        ("2027-01-30T13:00Z", "{days: [saturday, sunday], from: '08:00', to: '13:00'}", 2),
    ],
)
def test_no_delete_on_friday_afternoon(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str, given: str, code: int
) -> None:
    """The command's clock says what day it is, and the rule is given that as data. Drafts may go at any time."""
    policy = use("no-deletes-on-friday-afternoon", given)
    draft = report("Draft", status="draft")
    world.settle(configuration(policy, a=report("A"), b=report("B"), draft=draft))
    monkeypatch.setenv("RECONCILER_NOW", moment)
    world.write(configuration(policy, a=report("A"), b=report("B")))
    assert world.plan().code == 2
    world.write(configuration(policy, a=report("A"), draft=draft))
    assert world.plan().code == code


def test_a_rule_may_be_narrowed(world: World) -> None:
    """`when`, `kinds`, `message` and `level` of the policy hold beside those of the rule."""
    narrowed = use(SLOT, "{max: 1}")[:-1] + ", when: 'key != \"b\"', message: One a slot., level: warning}"
    world.write(configuration(narrowed, **TWO, c=report("C")))
    done = world.run("validate")
    assert done.code == 0
    assert [key for key in "abc" if f"report.{key}: One a slot (policy mine" in done.err] == ["a", "c"]


def test_every_rule_is_tested() -> None:
    """A rule that is declared is refused and passed above."""
    tested = {case.rule for case in CASES} | {"no-deletes-on-friday-afternoon"}
    assert tested == {*read_rules()}


def test_the_rules_are_listed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON as they are declared, and as text with lines that are a valid policy."""
    assert run(["policies", "list", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] == read_rules()
    assert run(["policies", "list"]) == 0
    text = capsys.readouterr().out
    assert [name for name in read_rules() if name not in text] == []
    lines = [line for line in text.splitlines() if line.startswith("  my-")]
    world.write("policies:\n" + "\n".join(lines) + "\n")
    assert world.run("validate").code == 0
