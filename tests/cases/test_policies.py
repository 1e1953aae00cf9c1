"""Policies in tests: which are violated, how the run ends, and which were seen to hold and to refuse."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from .conftest import Rehearsed

pytest.importorskip("cel_expr_python", reason="the extra `policies` is not installed")

POLICIES = """
    policies:
      no-drafts: {kinds: [report], require: resource.status == "active", message: Reports are active.}
      short: {kinds: [automation], require: size(name) < 20, message: Names are short., level: warning}
      no-deletes: {when: change.action == "delete", require: change.before == null, message: Nothing goes.}
"""
DRAFT = "change: {report.daily: {status: draft}}"
LONG = "change: {automation.welcome: {name: A name that is much too long}}"


@pytest.fixture
def judged(tested: Rehearsed) -> Rehearsed:
    """The configuration with policies."""
    tested.write(POLICIES, "policies.yaml")
    return tested


@pytest.mark.parametrize(
    "case",
    [
        "expect: {policies: [], refused: []}",
        f"{DRAFT}\nexpect: {{policies: no-drafts}}",
        f"{DRAFT}\nexpect: {{exit: 5, refused: ['policy:no-drafts'], summary: {{update: 1}}}}",
        f"{DRAFT}\nrun: apply\nexpect: {{policies: no-drafts, requests: {{'PUT /*': 0}}}}",
        f"{LONG}\nexpect: {{exit: 0, policies: [short], warnings: Names are short}}",
        "change: {automation.welcome: null}\nexpect: {policies: no-deletes}",
        "change: {report.app: {status: draft}, automation.welcome: null}\nexpect: {policies: [no-deletes, no-drafts]}",
    ],
)
def test_the_policies_are_met(judged: Rehearsed, case: str) -> None:
    """Those about resources and those about changes, errors and warnings."""
    judged.met(case)


def test_the_policies_are_not_met(judged: Rehearsed) -> None:
    """One that holds, and one that nobody expects."""
    assert judged.unmet("expect: {policies: no-drafts}") == {"policies": (["no-drafts"], [])}
    assert judged.unmet(f"{DRAFT}\nexpect: {{policies: [], exit: 5}}") == {"policies": ([], ["no-drafts"])}
    assert judged.unmet(f"{DRAFT}\nexpect: {{}}") == {"exit": (0, 5)}


def test_what_was_seen_of_each_policy_is_told(judged: Rehearsed) -> None:
    """In how many tests it held for something, and refused something; one that was never judged, too."""
    judged.write(
        """
        tests:
          holds: {environment: production, expect: {}}
          refuses: {environment: ["*"], change: {report.app: {status: draft}}, expect: {policies: no-drafts}}
        """,
        "a.test.yaml",
    )
    done = judged.run()
    assert done.code == 0
    assert done.out.splitlines()[-4:] == [
        "policy no-deletes: held in 0 tests, refused in 0 tests",
        "policy no-drafts: held in 3 tests, refused in 2 tests",
        "policy short: held in 3 tests, refused in 0 tests",
        "3 tests: 3 passed, 0 failed",
    ]
    coverage = judged.run("--format", "json").document["policies"]
    assert coverage["no-drafts"] == {"held": 3, "refused": 2}


def test_a_policy_that_cannot_be_judged_is_an_invalid_configuration(judged: Rehearsed) -> None:
    """The run ends with exit 3, which a test may expect."""
    judged.write("policies: {wrong: {require: nothing.like.it, message: m}}", "wrong.yaml")
    told = judged.one("given: empty\nexpect: {exit: 3}")
    assert told["passed"]
    assert "wrong.yaml:1:" in told["error"]


def test_what_stands_was_applied_whatever_holds_today(judged: Rehearsed) -> None:
    """A policy that the configuration breaks as it stands refuses the test, and not what was there before it."""
    judged.write("policies: {all: {require: 'false', message: Nothing is right.}}", "all.yaml")
    judged.met("expect: {exit: 5, policies: [all], summary: {unchanged: 6}}")


@pytest.mark.parametrize("run", ["plan", "apply"])
def test_a_run_is_judged_once(judged: Rehearsed, monkeypatch: pytest.MonkeyPatch, run: str) -> None:
    """What the plan found is counted; nothing is judged again for the counts. The calls are counted as they happen."""
    calls: list[str] = []

    def count(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "judge_resources":
            calls.append(frame.f_code.co_filename)

    monkeypatch.setattr(threading, "_profile_hook", None)
    threading.setprofile(count)
    judged.met(f"run: {run}\ngiven: empty\nexpect: {{policies: []}}")
    assert len(calls) == 1, calls
