"""What runs without a key: the configuration, its policies compared with the merge base, and its tests."""

from __future__ import annotations

import re
import tomllib

import pytest
from size import first
from world import World

from .conftest import BEGIN
from .github_runner import ACTION, ROOT, GitHubRunner
from .gitlab_runner import GitLabRunner

FORK = "mallory/config"
RATCHET = """\
policies:
  team-name:
    kinds: [report]
    require: resource.report_name.startsWith("[growth]")
    message: Reports begin with the team's name.
    ratchet: true
"""
TESTS = """\
tests:
  the-flow-can-go:
    environment: production
    change: {{automation.flow: null}}
    expect: {{summary: {{delete: {count}}}}}
"""
TOUCHED = BEGIN.replace('"09:00"', '"09:30"')
OTHER = BEGIN.replace("push: p1", "push: p2")


@pytest.mark.parametrize(("text", "ends"), first([(TOUCHED, "failure"), (OTHER, "success")]))
def test_a_fork_is_held_to_the_policies(github: GitHubRunner, world: World, text: str, ends: str) -> None:
    """What was so before warns, and what the pull request touches is an error. No key is needed for that."""
    jobs = github.plan(7, github.repository.propose(7, text, **{"policies.yaml": RATCHET}), fork=FORK)
    assert {name: job.result for name, job in jobs.items()} == {"validate": ends, "plan production": "skipped"}
    level = "warning" if ends == "success" else "error"
    assert re.search(rf"^::{level} .*Reports begin with the team's name", jobs["validate"].log, re.MULTILINE)
    assert world.requests() == []


@pytest.mark.parametrize(("count", "ends"), first([(2, "failure"), (1, "success")]))
def test_a_fork_runs_its_tests(github: GitHubRunner, world: World, count: int, ends: str) -> None:
    """Against the simulator, and not the project."""
    tests = {"flow.test.yaml": TESTS.format(count=count)}
    jobs = github.plan(7, github.repository.propose(7, OTHER, **tests), fork=FORK)
    assert jobs["validate"].result == ends, jobs["validate"].log
    assert "the-flow-can-go" in jobs["validate"].log
    assert "No plan was made" in jobs["validate"].summary
    assert world.requests() == []


POLICIES, PASSING, FAILING = (
    {"policies.yaml": RATCHET},
    {"flow.test.yaml": TESTS.format(count=1)},
    {"flow.test.yaml": TESTS.format(count=2)},
)


@pytest.mark.parametrize(
    ("text", "others", "ends"),
    [
        pytest.param(OTHER, POLICIES, "success", marks=pytest.mark.exhaustive),
        pytest.param(TOUCHED, POLICIES, "failure", marks=pytest.mark.exhaustive),
        pytest.param(OTHER, PASSING, "success", marks=pytest.mark.exhaustive),
        (OTHER, FAILING, "failure"),
    ],
)
def test_a_fork_on_gitlab(gitlab: GitLabRunner, world: World, text: str, others: dict[str, str], ends: str) -> None:
    """The same in the pipeline of the fork, whose own main may be anywhere."""
    jobs = gitlab.plan(7, gitlab.repository.propose(7, text, **others), project="66", source="66")
    assert {name: job.result for name, job in jobs.items()} == {"validate": ends}, jobs["validate"].log
    assert world.requests() == []


@pytest.mark.parametrize("extra", ["object", "policies"])
def test_the_action_installs_what_a_configuration_may_need(extra: str) -> None:
    """Its lock has the libraries of these extras: the action cannot know whether the configuration has policies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ACTION / "lock.txt").read_text(encoding="utf-8")
    for each in project["optional-dependencies"][extra]:
        assert re.search(rf"^{re.split('[<>=]', each)[0]}==", lock, re.MULTILINE)
