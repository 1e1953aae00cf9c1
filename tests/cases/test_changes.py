"""What a test changes: as an edit of the YAML would, each value with its place."""

from __future__ import annotations

import pytest

from .conftest import Rehearsed

WHOLE = "{report_name: New, send_at: '07:00', destinations: [{integration: hook}]"
MET = {
    "a resource is taken away": "change: {automation.welcome: null}\nexpect: {summary: {delete: 1}, then: empty}",
    "maps merge, lists replace": "change: {automation.welcome: {data: {actions: {push: p2}}}, report.daily: "
    "{destinations: [{integration: hook}]}}\nexpect: {summary: {update: 2}, changes: "
    "{automation.welcome: {data.actions.push: p2}, report.daily: {destinations: [{integration: hook}]}}}",
    "a variable": "change: {variables: {prefix: 'x '}}\nexpect: {summary: {manual: 1}}",
    "a longer list": "change: {variables: {apps: [chess, go, checkers]}}\n"
    "expect: {summary: {create: 1}, changes: {report.app-checkers: create}, then: empty}",
    "a variable in a change": "change: {automation.welcome: {name: '${var.prefix}Hello'}}\n"
    "expect: {changes: {automation.welcome: {name: Hello}}}",
    "a definition": "change: {report.app: {status: draft}}\nexpect: {summary: {update: 2}}",
    "an item of a definition": "change: {report.app: {report_name: 'To ${each.app}', exclude: [{app: go}]}}\n"
    "expect: {summary: {update: 1, delete: 1}, changes: {report.app-chess: {report_name: To chess}}}",
    "defaults hold for what is new": f"change: {{report.new: {WHOLE}}}}}\nexpect: {{summary: {{create: 1}}, "
    "changes: {report.new: {included_range_days: 1, environment: production}}, then: empty}",
    "what is new wins over defaults": f"change: {{report.new: {WHOLE}, status: draft}}}}\n"
    "expect: {changes: {report.new: {status: draft}}}",
    "a definition is new": "change: {report.new: {for_each: {n: [a, b]}, report_name: '${each.n}', send_at: '07:00', "
    "destinations: [{integration: hook}]}}\nexpect: {summary: {create: 2}, changes: {'report.new-?': create}}",
    "protection can be lifted in a change": "change: {integration.safe: {title: Other, lifecycle: "
    "{prevent_destroy: false, replace: allow}}}\nexpect: {summary: {replace: 1}, then: empty}",
}


@pytest.mark.parametrize("case", MET.values(), ids=MET)
def test_a_change_is_what_an_edit_would_be(tested: Rehearsed, case: str) -> None:
    """With variables, defaults, and `for_each`."""
    tested.met(case)


def test_a_mistake_in_a_change_is_told_at_its_place(tested: Rehearsed) -> None:
    """The configuration is invalid with it, which a test may expect: each value has the place where it is written."""
    case = "change: {report.daily: {send_at: '9'}, automation.welcome: {status: 'on'}}\nexpect: {exit: 3, summary: {}}"
    told = tested.one(case)
    assert told["passed"]
    places = [line.split("a.test.yaml:")[1].split(": ")[0] for line in told["error"].splitlines()]
    assert places == ["4:38", "4:73"]


def test_what_stays_has_the_place_of_its_file(tested: Rehearsed) -> None:
    """A reference that a change leaves behind is told where it is written."""
    told = tested.one("change: {integration.hook: null}\nexpect: {exit: 3}")
    assert told["passed"]
    assert "main.yaml:" in told["error"]


def test_blocks_do_their_work(tested: Rehearsed) -> None:
    """`moved`, `removed` and `imports` of the configuration count before a test and in it."""
    tested.write(
        """
        moved: [{from: report.before, to: report.daily}]
        removed: [{from: automation.gone, destroy: false}]
        imports: [{to: automation.welcome, id: {production: cJinsL4v}}]
        """,
        "blocks.yaml",
    )
    tested.met("expect: {summary: {unchanged: 6}}")
    assert tested.unmet("given: empty\nexpect: {exit: 5}") == {}
    tested.met("given: [{automation: {id: cJinsL4v, name: Other}}]\nexpect: {changes: {automation.welcome: update}}")


def test_a_configuration_that_cannot_be_applied_is_told(tested: Rehearsed) -> None:
    """A test that begins with it fails, and says why."""
    tested.write("{integrations: {no: {title: N, integration: nothing-like-it, target_platform: iOS}}}", "more.yaml")
    told = tested.one("expect: {}")
    assert [(each["path"], each["got"]) for each in told["mismatches"]] == [
        ("given", "it cannot be applied as it stands")
    ]
    assert "nothing-like-it" in told["error"]


def test_an_environment_is_tested_for_itself(tested: Rehearsed) -> None:
    """A list or a pattern of environments is a test each, with its variables."""
    case = "tests: {all: {environment: ['*'], change: {integration.hook: {title: '${var.prefix}New'}}, expect: "
    tested.write(case + "{changes: {integration.hook: manual}}}}", "a.test.yaml")
    done = tested.run("--format", "json")
    assert [(each["name"], each["environment"]) for each in done.document["tests"]] == [
        ("all", "sandbox"),
        ("all", "production"),
    ]
    assert done.code == 0


def test_a_single_environment_needs_no_name(tested: Rehearsed) -> None:
    """Without `reconciler.yaml` it is the one named default."""
    (tested.folder / "reconciler.yaml").unlink()
    tested.write("{automations: {a: {name: A, status: active, data: {actions: {push: p}}}}}", "main.yaml")
    tested.write("tests: {one: {given: empty, expect: {summary: {create: 1}, then: empty}}}", "a.test.yaml")
    done = tested.run()
    assert done.code == 0, done.out
    assert "one (default)" in done.out
