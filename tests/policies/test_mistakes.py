"""A policy that is wrong is an error at its place, found before anything is judged as far as that can be."""

from __future__ import annotations

import pytest
from world import World

from .conftest import HOOK, Check, configuration, report

POLICY = """
    mine:
      kinds: [report]
      require: {}
      message: M.
"""


@pytest.mark.parametrize(
    ("require", "column", "words"),
    [
        ('resource.reportname == "x"', 23, ["reportname", 'did you mean "report_name"']),
        ("has(resource.reportname)", 18, ['did you mean "report_name"']),
        ('resource.destinations.exists(d, d.integratoin == "x")', 48, ['did you mean "integration"']),
        ('change.before.stats == "active"', 28, ['did you mean "status"']),
        ('change.acton == "delete"', 21, ['did you mean "action"']),
        ('resorce.status == "x"', 21, ['did you mean "resource"']),
        ("resource.report_name == 3", 35, ["(string, int)"]),
        ("resource.included_range_days > 'x'", 43, ["(int, string)"]),
        ("resource.report_name", 14, ["string", "true or false"]),
        ("resource.report_name.matches(resource.status)", 51, ["expected a text"]),
        ('resource.status == "x" &&', 39, []),
        ("frobnicate(resource.status)", 24, ["frobnicate"]),
        ('resource.status = "x"', 30, ['"=" is no operator; expected ==']),
        ('resource.status == "a = b" and true', 41, ['"and" is no operator; expected &&']),
        ('resource.status == "and" OR true', 39, ['"OR" is no operator; expected ||']),
        ("not (resource.status == 'x')", 14, ['"not" is no operator; expected !']),
        ("not has(resource.status)", 14, ['"not" is no operator; expected !']),
        ('resource.status.startswith("x")', 40, ['did you mean "startsWith"']),
    ],
)
def test_a_wrong_expression_is_told_at_its_character(
    check: Check, world: World, require: str, column: int, words: list[str]
) -> None:
    """Fields are those that the kinds declare, types those of the schema; the place is the line and the column."""
    refused = check(POLICY.format(require), daily=report())
    assert refused.code == 3
    (said,) = [line for line in refused.err.splitlines() if "policy.mine" in line]
    assert said.startswith(f"{world.folder / 'main.yaml'}:4:{column}: policy.mine: require: ")
    assert [word for word in words if word not in said] == []


def test_a_place_in_a_block_and_in_quotes(check: Check) -> None:
    """The lines of a block count; so does the quote before a text."""
    block = '|\n        true &&\n        resource.reportname == "x"'
    assert ":6:16: policy.mine: require: " in check(POLICY.format(block)).err
    assert ":4:24: policy.mine: require: " in check(POLICY.format("'resource.reportname == \"x\"'")).err


def test_a_field_that_is_not_written_is_told_with_the_resource(world: World) -> None:
    """It cannot be judged: exit 3 at the policy, once for all resources, and what to ask before."""
    world.write(f"integrations:\n  hook: {HOOK.replace(', status: active', '')}\n", "hooks.yaml")
    policy = POLICY.replace("report", "integration")
    world.write("policies:" + policy.format('resource.status == "active"'), "policies.yaml")
    one = world.run("validate")
    assert one.code == 3
    assert ":4:16: integration.hook: policy.mine: require: there is no" in one.err
    assert "has(….status)" in one.err
    world.write(f"integrations:\n  other: {HOOK.replace(', status: active', '').replace('Hook', 'H')}\n", "more.yaml")
    assert "(2 resources: integration.hook, integration.other)" in world.run("validate").err
    asked = "'!has(resource.status) || resource.status == \"active\"'"
    world.write("policies:" + policy.format(asked), "policies.yaml")
    assert world.run("validate").code == 0


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{kinds: [report]}", "expected {require: …, message: …} or {use: …}"),
        ("{require: 'true'}", '"message" is missing; expected {require: …, message: …} or {use: …}'),
        ("{kinds: [report], message: M}", '"require" is missing; expected {require: …, message: …} or {use: …}'),
        ("{requires: 'true', message: M}", 'did you mean "require"'),
        ("{require: 'true', message: M, kinds: [rapport]}", 'did you mean "report"'),
        ("{require: 'true', message: M, level: fatal}", "expected one of error, warning"),
        ("{use: names-follow-a-patern}", 'did you mean "names-follow-a-pattern"'),
        ("{use: names-follow-a-pattern}", "needs pattern"),
        ("{use: at-most-reports-a-slot, with: {max: many}}", "a value such as 5"),
        ("{use: at-most-reports-a-slot, with: {most: 5}}", 'takes max, and no "most"'),
        ("{require: 'true', message: M, with: {max: 5}}", "expected only with `use`"),
        ("{require: change.action == 'create', message: M, ratchet: true}", "expected no ratchet"),
        ("{require: 'true', message: M, except: [{address: report.a}]}", '"until" is missing'),
    ],
)
def test_a_policy_that_is_written_wrong(world: World, written: str, words: str) -> None:
    """One problem, at its place, with what is expected."""
    world.write(f"policies:\n  mine: {written}\n")
    refused = world.run("validate")
    assert refused.code == 3
    assert words in refused.err
    assert f"{world.folder / 'main.yaml'}:2:" in refused.err


def test_a_name_is_written_once(world: World) -> None:
    """`--allow policy:NAME` means one policy of the whole configuration."""
    world.write(configuration("mine: {require: 'true', message: M}"))
    world.write("policies: {mine: {require: 'true', message: M}, No Key: {require: 'true', message: M}}", "b.yaml")
    refused = world.run("validate")
    assert "the policy mine is written a second time" in refused.err
    assert '"No Key" cannot be a key' in refused.err
