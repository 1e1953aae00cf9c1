"""Several environments in one job, pull requests that are merged together, merge queues, and old jobs run again."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from forges.server import Json
from world import World, opened

from .conftest import BEGIN, CHANGED
from .github_runner import GitHubRunner, workflow

LATER, OTHER = BEGIN.replace('"09:00"', '"11:00"'), BEGIN.replace("push: p1", "push: p9")


def for_all(name: str) -> Json:
    """A workflow with one job for all environments."""
    document = copy.deepcopy(workflow(name))
    for job in document["jobs"].values():
        if "strategy" in job:
            job["strategy"]["matrix"]["environment"] = ["all"]
    assert document != workflow(name)
    return document


def merge(github: GitHubRunner, number: int) -> str:
    """A pull request is merged; gives what main was before."""
    before = github.repository.at("main")
    github.host.merge(number, github.repository.merge(number))
    github.host.tips["main"] = github.repository.at("main")
    return before


@pytest.mark.exhaustive
def test_all_environments_in_one_job(
    github: GitHubRunner,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One comment from the plans to the apply, one issue for what drifted in one of them."""
    with opened(tmp_path / "other", monkeypatch, capsys) as other:
        monkeypatch.delenv("QONVERSION_API_URL")
        del github._variables["QONVERSION_API_URL"]
        each = "{{secret_env: QONVERSION_SECRET, api_url: '{}'}}"
        settings = "state: {store: git}\nenvironments:\n"
        for name, project in (("sandbox", other), ("production", world)):
            settings += f"  {name}: {each.format(project.url)}\n"
        (github.repository.folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
        github.repository.push(BEGIN)
        other.folder = github.repository.folder
        made = other.apply("--environment", "sandbox")
        assert made.code == 0, made.err

        jobs = github.plan(7, github.repository.propose(7, CHANGED), for_all("plan.yml"))
        assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan all": "success"}
        (body,) = github.host.ours()
        assert "Plans for 2 environments: **2 to delete**, 2 to create, 2 to update" in body
        done = github.apply(merge(github, 7), for_all("apply.yml"))
        assert done.result == "success", done.log
        (body,) = github.host.ours()
        assert "Applied to 2 environments: 6 done" in body
        for project in (world, other):
            assert project.live("scheduled-reports")[0]["send_at"] == "10:30"

        (report,) = other.live("scheduled-reports")
        other.edit("scheduled-reports", report["id"], send_at="12:00")
        found = github.night()
        assert found.result == "success", found.log
        (issue,) = github.host.issues
        assert (issue["title"], issue["state"]) == ("Drift in 2 environments", "open")
        assert "| `sandbox` | **1 object** changed outside, of 3 remembered |" in issue["body"]
        other.edit("scheduled-reports", report["id"], send_at="10:30")
        assert github.night().result == "success"
        assert issue["state"] == "closed"

        # One that fails makes the job fail, and hides no other.
        world.edit("scheduled-reports", world.live("scheduled-reports")[0]["id"], send_at="12:00")
        other.fault("* /*: status 403")
        assert github.night().result == "failure"
        body = github.host.issues[-1]["body"]
        assert "| `sandbox` | **failed**" in body
        assert "| `production` | **1 object** changed outside, of 3 remembered |" in body


@pytest.mark.exhaustive
def test_two_pull_requests_in_one_push(github: GitHubRunner, world: World) -> None:
    """A merge queue merges both at once: the plan of main is neither's, and each of its changes was approved."""
    for number, text in ((7, LATER), (8, OTHER)):
        github.plan(number, github.repository.propose(number, text))
    before = merge(github, 7)
    merge(github, 8)
    done = github.apply(before)
    assert done.result == "success", done.log
    assert world.live("scheduled-reports")[0]["send_at"] == "11:00"
    assert world.live("automations")[0]["data"]["actions"]["push"] == "p9"
    assert all("Applied to `production`: 2 done" in github.host.ours(number)[0] for number in (7, 8))


def test_a_merge_queue_plans_and_comments_nothing(github: GitHubRunner) -> None:
    """The commit is in no pull request yet; the summary of the job has the plan."""
    github.repository.propose(7, CHANGED)
    jobs = github.queue(7)
    assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan production": "success"}
    assert "no comment: a merge queue" in jobs["plan production"].log
    assert "**1 to delete**, 1 to create, 1 to update" in jobs["plan production"].summary
    assert github.host.ours() == []


@pytest.mark.exhaustive
def test_an_old_job_that_is_run_again_reverts_nothing(github: GitHubRunner, world: World) -> None:
    """#8 took back what #7 did, so what the job of #7 plans is what was approved: it is refused for the age of its
    checkout, and if it is run again, before it plans."""
    github.plan(7, github.repository.propose(7, LATER))
    before = merge(github, 7)
    after = github.repository.at("main")
    assert github.apply(before).result == "success"
    github.plan(8, github.repository.propose(8, BEGIN))
    done = github.apply(merge(github, 8))
    assert done.result == "success", done.log
    world.requests()
    late = github.apply(before, after=after)
    assert late.result == "failure"
    assert "--allow behind" in late.log
    github.attempt = 2
    again = github.apply(before, after=after)
    assert again.result == "failure"
    assert "this job is run again for" in again.summary
    assert world.writes() == []
    assert world.live("scheduled-reports")[0]["send_at"] == "09:00"
