"""A policy reads nothing but its data, and ends: hostile ones are refused, in a bounded number of steps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from world import World

from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid
from reconciler.policies.judge import judge, load

from .conftest import Check, configuration, report

TEN = "[1,1,1,1,1,1,1,1,1,1]"
DOUBLED = "+".join(["a"] * 10)
POLICY = "mine: {{kinds: [report], require: '{}', message: M.}}"


def nested(depth: int) -> str:
    """Loops within loops: ten to the power of `depth` steps."""
    condition = "true"
    for level in range(depth):
        condition = f"{TEN}.all(x{level}, {condition})"
    return condition


@pytest.mark.parametrize(
    "require",
    [
        nested(5),
        "(" * 40 + "true" + ")" * 40,
        "!" * 5000 + "true",
        f'["aaaaaaaaaa"].map(a, {DOUBLED}).map(a, {DOUBLED}).map(a, {DOUBLED}).size() > 0',
        f"[[1, 2, 3]].map(a, {DOUBLED}).map(a, {DOUBLED}).map(a, {DOUBLED}).size() > 0",
        f"[resource].map(a, [{DOUBLED.replace('+', ',')}]).map(a, [{DOUBLED.replace('+', ',')}]).size() > 0",
        "resources.map(r, resource.report_name).size() > 0",
        "resources.map(r, resources).size() > 0",
        "resources.map(r, resources.map(s, r)).size() > 0",
        r'resource.report_name.matches("(((a{1000}){1000}){1000})")',
        r'resources.all(r, r.key.matches("(.{0,30}){0,30}x"))',
        r'resources.all(r, r.key.matches("\\pL") && r.key.matches("a") && r.key.matches("b") && r.key.matches("c"))',
        "resources.all(r, r.key.matches(r.key))",
        "resources.all(r, resources == resources)",
        "resources.all(r, r in (true ? resources : references))",
        "[resources].all(all, all.all(r, all != all))",
    ],
)
def test_what_would_not_end_is_an_error_at_its_place(check: Check, world: World, require: str) -> None:
    """Loops within loops, texts that grow, patterns that explode, deep expressions: exit 3, and no traceback."""
    refused = check(POLICY.format(require.replace("'", "''")), daily=report())
    assert refused.code == 3
    assert f"{world.folder / 'main.yaml'}:2:" in refused.err
    assert "policy.mine: require: " in refused.err
    assert "fault" not in refused.err


def test_a_pattern_that_other_engines_cannot_match_in_time(check: Check) -> None:
    """RE2 takes linear time: the answer is there, and is right."""
    done = check(POLICY.format('!name.matches("^(a+)+$")'), daily=report("a" * 60 + "b"))
    assert done.code == 0, done.err


def test_names_of_functions_may_be_texts(check: Check) -> None:
    """Only a call is one."""
    done = check(
        POLICY.format(
            'resources.all(r, r.key != "matches" && r.key != "_+_" && r.kind in ["list", "report", "integration"])'
        )
    )
    assert done.code == 0, done.err


def test_a_resource_that_is_too_large_is_not_judged(world: World) -> None:
    """What one evaluation may cost depends on the size of its data."""
    flow = "{{name: A, status: active, data: {{actions: {{push: {}}}}}}}"
    policy = "policies: {mine: {kinds: [automation], require: 'true', message: M}}\nautomations:\n  a: "
    world.write(policy + flow.format("a" * 99_000))
    assert world.run("validate").code == 0
    world.write(policy + flow.format("a" * 100_001))
    refused = world.run("validate")
    assert refused.code == 3
    assert ":1:50: automation.a: policy.mine: require: the resource has more than 100,000 characters" in refused.err


@pytest.mark.parametrize(
    "word",
    [
        "now()",
        "timestamp.now()",
        'env("HOME")',
        'getenv("HOME")',
        'file("/etc/passwd")',
        'open("x")',
        'http.get("x")',
        "clock.day",
        "with.max",
        "alike",
        "__import__",
        "os.environ",
    ],
)
def test_a_policy_reaches_nothing_else(check: Check, word: str) -> None:
    """No file, variable, clock or network has a name in CEL; what ready rules see is no user's."""
    refused = check(POLICY.format(f'string({word}) != "1"'))
    assert refused.code == 3
    assert "policy.mine: require: there is no " in refused.err


def test_policies_together_have_a_bound(tmp_path: Path) -> None:
    """Once it is used up, nothing more is judged, and the policies with loops are named."""
    (tmp_path / "main.yaml").write_text(configuration(POLICY.format('resources.all(r, r.key != "")')))
    desired = Configuration(tmp_path).check()["default"]
    with pytest.raises(ConfigurationInvalid, match="more than 0 seconds"):
        judge(load(desired.policies), desired, "default", datetime.now(UTC), seconds=0)


def test_one_that_cannot_be_judged_hides_no_other(check: Check) -> None:
    """What is evaluated together is evaluated one by one if something fails; the others are judged."""
    both = f"""
        first: {{kinds: [report], require: '{nested(5)}', message: First.}}
        second: {{kinds: [report], require: resource.report_name == "x", message: Second., level: warning}}
    """
    refused = check(both)
    assert "policy.first: require: takes more than" in refused.err
    assert "policy.second" not in refused.err
