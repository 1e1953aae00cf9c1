"""What people paste, read: rights, pins, and nothing of others in a shell's text."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from reconciler import __version__

from .github_runner import ACTION, OURS, WORKFLOWS, workflow
from .gitlab_runner import FOLDER, TEMPLATE, included, template

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.name for path in WORKFLOWS.iterdir())
# Each right to write, and for what: test_github.py takes each of them away and sees the job fail.
WRITES = {
    ("plan.yml", "plan"): {"pull-requests"},
    ("apply.yml", "apply"): {"contents", "pull-requests"},
    ("clock.yml", "apply"): {"contents"},
    ("drift.yml", "drift"): {"issues"},
    ("drift-pull-request.yml", "drift"): {"contents", "pull-requests"},
}
JOBS = [(name, job) for name in NAMES for job in workflow(name)["jobs"]]
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def steps_of(name: str) -> list[dict[str, Any]]:
    """All steps of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def action() -> dict[str, Any]:
    """The composite action."""
    read: dict[str, Any] = yaml.load((ACTION / "action.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return read


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_has_no_rights_but_those_of_its_jobs(name: str) -> None:
    """Nothing at the top, and what each job is to do at the job."""
    assert workflow(name)["permissions"] == {}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_may_write_what_it_writes(name: str, job: str) -> None:
    """Reading the repository, and the rights of the table."""
    rights = workflow(name)["jobs"][job]["permissions"]
    assert {scope for scope, right in rights.items() if right == "write"} == WRITES.get((name, job), set())
    assert {scope for scope, right in rights.items() if right != "write"} <= {"contents"}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_an_end_and_does_not_run_beside_itself(name: str, job: str) -> None:
    """A timeout, and a concurrency that names the environment where there is one; an apply is never cut off."""
    read = workflow(name)["jobs"][job]
    assert read["timeout-minutes"] <= 60
    group = read["concurrency"]["group"]
    assert group.startswith(f"reconciler-{job}-")
    assert ("${{ matrix.environment }}" in group) is ("matrix" in read.get("strategy", {}))
    assert read["concurrency"]["cancel-in-progress"] is (name == "plan.yml")
    assert (read["concurrency"].get("queue") == "max") is (job == "apply")


def test_both_ways_with_drift_exclude_each_other() -> None:
    """They are one workflow in two forms, up to what becomes of the drift."""
    one, other = workflow("drift.yml"), workflow("drift-pull-request.yml")
    assert (one["name"], one["on"]) == (other["name"], other["on"])


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_begins_with_nothing_that_gives_forks_a_key(name: str) -> None:
    """No pull_request_target, no workflow_run, no comment as a trigger."""
    assert set(workflow(name)["on"]) <= {"pull_request", "merge_group", "push", "schedule", "workflow_dispatch"}


def test_a_forks_jobs_have_no_secret() -> None:
    """A job of a pull request either names no secret, or runs for the repository's own branches alone."""
    for job in workflow("plan.yml")["jobs"].values():
        own = "github.event.pull_request.head.repo.full_name == github.repository"
        assert job.get("if", "").startswith(f"{own} && ") or "secrets." not in str(job)
    assert "secrets." not in str(workflow("plan.yml")["jobs"]["validate"])
    checkout, *_ = workflow("plan.yml")["jobs"]["validate"]["steps"]
    assert checkout["with"]["persist-credentials"] is False


def test_secrets_are_given_to_the_step_that_needs_them() -> None:
    """Not to a job as a whole, where other steps would have them."""
    for name in NAMES:
        for job in workflow(name)["jobs"].values():
            assert "secrets." not in str({key: value for key, value in job.items() if key != "steps"})
        holders = [step for step in steps_of(name) if "secrets." in str(step)]
        assert all(step["uses"].startswith(OURS) and "secrets." not in str(step["with"]) for step in holders)


def test_the_action_is_given_no_secret() -> None:
    """The key is a variable, whose name the configuration chooses."""
    assert "secret" not in str(action()["inputs"]).lower()


@pytest.mark.parametrize("name", NAMES)
def test_actions_of_others_are_pinned(name: str) -> None:
    """By a full commit, with its version beside it; ours by the version of this checkout."""
    used = [step["uses"] for step in steps_of(name) if "uses" in step]
    assert used
    assert all(each == f"{OURS}v{__version__}" or PINNED.fullmatch(each) for each in used), used
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    others = [each for each in re.findall(r"uses: .*", text) if OURS not in each]
    assert all(re.fullmatch(r"uses: \S+ # v\d+\.\d+\.\d+", each) for each in others), others


def test_the_action_uses_no_other() -> None:
    """Nothing runs in it but what stands in this repository."""
    assert not any("uses" in step for step in action()["runs"]["steps"])


def test_no_expression_stands_in_a_shells_text() -> None:
    """A name of a branch is a value of a variable, never a piece of a script: neither on GitHub nor on GitLab."""
    scripts = [step["run"] for name in NAMES for step in steps_of(name) if "run" in step]
    scripts += [step["run"] for step in action()["runs"]["steps"]]
    assert len(scripts) > 5
    assert not any("${{" in script for script in scripts)
    header, content = yaml.load_all(TEMPLATE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert header["spec"]["inputs"]
    lines = [line for job in content.values() for key in ("script", "before_script") for line in job.get(key, [])]
    assert len(lines) > 10
    assert not any("$[[" in line for line in lines)


def test_the_history_is_there_where_a_base_is_compared_with() -> None:
    """Checkouts are shallow otherwise."""
    for name in NAMES:
        for job in workflow(name)["jobs"].values():
            based = any("base" in step.get("with", {}) for step in job["steps"])
            assert (job["steps"][0].get("with", {}).get("fetch-depth") == 0) is based


def test_gitlabs_jobs() -> None:
    """Each has its own turn, its rules, and an end; an apply is never cut off."""
    jobs = {name.split()[1]: job for name, job in template(**included()).items() if not name.startswith(".")}
    assert set(jobs) == {"validate", "plan", "apply", "clock", "drift"}
    base = template(**included())[".reconciler-production"]
    assert base["timeout"]
    assert base["variables"]["GIT_DEPTH"] == "0"
    assert {name for name, job in jobs.items() if "resource_group" in job} == {"plan", "apply", "clock", "drift"}
    assert jobs["apply"]["interruptible"] is jobs["clock"]["interruptible"] is False
    assert jobs["apply"]["resource_group"] == jobs["clock"]["resource_group"]
    assert all("production" in job.get("resource_group", "production") for job in jobs.values())
    assert included()["version"] == f"v{__version__}"
    assert (FOLDER / ".gitlab-ci.yml").is_file()


def locked(path: Path) -> dict[str, str]:
    """Name → version, of a lock."""
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ \n]+)", path.read_text(encoding="utf-8")))


def needed(requirements: list[str], extras: tuple[str, ...] = ()) -> set[str]:
    """All that these bring along here."""
    found: set[str] = set()
    for text in requirements:
        asked = Requirement(text)
        marker = asked.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found |= {canonicalize_name(asked.name)} | needed(
                distribution(asked.name).requires or [], tuple(asked.extras)
            )
    return found


def test_the_actions_lock_is_part_of_the_gates() -> None:
    """All that the command needs at run time, stores of objects included, each in the version that is tested, with
    hashes."""
    ours = (ACTION / "lock.txt").read_text(encoding="utf-8")
    theirs = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
    pins, all_pins = locked(ACTION / "lock.txt"), locked(ROOT / ".ci" / "lock.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert needed(project["dependencies"] + project["optional-dependencies"]["object"]) <= set(pins)
    assert {name: all_pins.get(name) for name in pins} == pins
    assert set(re.findall(r"sha256:\w+", ours)) <= set(re.findall(r"sha256:\w+", theirs))
    assert all("--hash=sha256:" in block for block in re.split(r"(?m)^(?=[a-z])", ours) if block.strip())
    assert "://" not in ours
