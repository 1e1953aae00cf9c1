"""GitLab's template, rehearsed: every line of its jobs, in their order, until the comment comes out."""

from __future__ import annotations

import json

import pytest
from world import KEY, World

from .conftest import BEGIN, CHANGED, digest_in
from .gitlab_runner import GitLabRunner, Job


def merged(gitlab: GitLabRunner, number: int = 7, how: str = "merge") -> Job:
    """The merge request is merged, and the apply that follows."""
    before = gitlab.repository.at("main")
    gitlab.host.merge(number, gitlab.repository.merge(number, how))
    return gitlab.apply(before)


def commented(gitlab: GitLabRunner, number: int = 7) -> str:
    """The one comment under a merge request."""
    (body,) = gitlab.host.ours(number)
    return body


@pytest.mark.parametrize("how", ["merge", pytest.param("squash", marks=pytest.mark.exhaustive)])
def test_a_merge_request_from_its_plan_to_an_empty_one(gitlab: GitLabRunner, world: World, how: str) -> None:
    """A branch changes three resources: plan, comment, merge, apply by the digest of the comment, second plan empty."""
    head = gitlab.repository.propose(7, CHANGED)
    jobs = gitlab.plan(7, head)
    assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan": "success"}
    body = commented(gitlab)
    assert "No plan is made" not in jobs["validate"].log
    assert "Plan for `production`: **1 to delete**, 1 to create, 1 to update" in body
    assert f"commit {head}, merge base {gitlab.repository.at('main')}" in body
    assert set(jobs["plan"].files) == {"comment.md", "plan.html", "plan.json"}
    assert json.loads(jobs["plan"].files["plan.json"])["digest"] in body
    assert world.writes() == []
    done = merged(gitlab, how=how)
    assert done.result == "success", done.log
    assert "Applied to `production`: 3 done" in commented(gitlab)
    assert [each["name"] for each in world.live("automations")] == ["Win Back"]
    shown = gitlab.web()
    assert "Plan for production: no changes" in shown.log
    assert KEY not in jobs["plan"].log + done.log + "".join(done.files.values())


@pytest.mark.exhaustive
def test_what_somebody_edited_in_between_is_refused(gitlab: GitLabRunner, world: World) -> None:
    """After the review a report is changed in the dashboard: nothing is applied, the comment says what differs, and
    what is planned now can be applied by its digest."""
    gitlab.plan(7, gitlab.repository.propose(7, CHANGED))
    approved = digest_in(commented(gitlab))
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], report_name="Renamed by hand")
    world.requests()
    refused = merged(gitlab)
    assert refused.result == "failure"
    assert world.writes() == []
    body = commented(gitlab)
    assert "**Applying failed** for `production`: refused" in body
    assert "this is not the plan that was approved" in body
    assert "Renamed by hand" in body
    assert gitlab.web(approved).result == "failure"
    shown = gitlab.web()
    assert world.writes() == []
    done = gitlab.web(digest_in(shown.files["comment.md"]))
    assert done.result == "success", done.log
    assert "Applied to `production`: 3 done" in commented(gitlab)


@pytest.mark.exhaustive
def test_what_is_planned_is_what_merging_makes(gitlab: GitLabRunner, world: World) -> None:
    """Main went on since the branch left it: what others merged is not taken back, and a conflict is not planned."""
    gitlab.repository.propose(7, BEGIN.replace("push: p1", "push: p9"))
    head = gitlab.repository.propose(8, BEGIN.replace('"09:00"', '"11:00"'))
    conflicting = gitlab.repository.propose(9, BEGIN.replace("push: p1", "push: p5"))
    gitlab.plan(7, gitlab.repository.at("branch-7"))
    assert merged(gitlab).result == "success"
    assert gitlab.plan(8, head)["plan"].result == "success"
    assert "Plan for `production`: 1 to update" in commented(gitlab, 8)
    assert "automation.flow" not in commented(gitlab, 8)
    gitlab.host.comments[9] = []
    failed = gitlab.plan(9, conflicting)["plan"]
    assert failed.result == "failure"
    assert "CONFLICT" in failed.log
    assert merged(gitlab, 8).result == "success"


@pytest.mark.exhaustive
def test_a_fork_is_validated_and_gets_nothing(gitlab: GitLabRunner, world: World) -> None:
    """Neither in the fork's own pipeline nor in one of the parent project for it is anything planned."""
    head = gitlab.repository.propose(7, CHANGED)
    for project, source in (("66", "66"), ("55", "66")):
        jobs = gitlab.plan(7, head, project=project, source=source)
        assert {name: job.result for name, job in jobs.items()} == {"validate": "success"}
        assert "No plan is made: a merge request from a fork gets no key." in jobs["validate"].log
        assert "There is no *.test.yaml below ., so no test was run." in jobs["validate"].log
    assert world.requests() == []
    assert gitlab.host.ours() == []


@pytest.mark.exhaustive
def test_a_mistake_is_in_the_comment(gitlab: GitLabRunner) -> None:
    """The plan's comment takes the approval of the earlier one back, and merging it applies nothing."""
    gitlab.plan(7, gitlab.repository.propose(7, CHANGED))
    jobs = gitlab.plan(7, gitlab.repository.propose(7, CHANGED.replace('"10:30"', '"10:31"')))
    assert {job.result for job in jobs.values()} == {"failure"}
    assert "**Planning failed** for `production`: 1 problem in the configuration" in commented(gitlab)
    done = merged(gitlab)
    assert done.result == "failure"
    assert "its plan failed" in done.log


def test_a_push_without_a_merge_request_applies_nothing(gitlab: GitLabRunner, world: World) -> None:
    """Nobody approved it."""
    before = gitlab.repository.at("main")
    gitlab.repository.push(CHANGED)
    done = gitlab.apply(before)
    assert done.result == "failure"
    assert "came with no pull request" in done.log
    assert world.requests() == []


@pytest.mark.exhaustive
def test_drift_is_an_issue_until_it_is_gone(gitlab: GitLabRunner, world: World) -> None:
    """Night by night: nothing; somebody changed a report; it is set back."""
    assert gitlab.night().result == "success"
    assert gitlab.host.issues == []
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], send_at="12:00")
    assert gitlab.night().result == "success"
    (issue,) = gitlab.host.issues
    assert '`"09:00"` was applied, `"12:00"` is live' in issue["description"]
    world.edit("scheduled-reports", report["id"], send_at="09:00")
    gitlab.night()
    assert issue["state"] == "closed"


@pytest.mark.exhaustive
def test_the_night_fails_for_health_if_that_is_wanted(gitlab: GitLabRunner, world: World) -> None:
    """Without the input it ends well; with it, the issue is written first."""
    (hook,) = world.live("integrations")
    world.edit("integrations", hook["id"], delivery_error_count=3, last_error_at="2026-11-20T08:30:00Z")
    assert gitlab.night().result == "success"
    gitlab.inputs = {"fail-on": "health"}
    gitlab.host.issues.clear()
    assert gitlab.night().result == "failure"
    (issue,) = gitlab.host.issues
    assert "#### Not delivering" in issue["description"]


@pytest.mark.exhaustive
def test_the_jobs_of_all_environments(gitlab: GitLabRunner, world: World) -> None:
    """The input is `all`: every job finds the environments by itself."""
    gitlab.inputs = {"environment": "all"}
    jobs = gitlab.plan(7, gitlab.repository.propose(7, CHANGED))
    assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan": "success"}
    done = merged(gitlab)
    assert done.result == "success", done.log
    assert "Applied to `production`: 3 done" in commented(gitlab)
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], send_at="12:00")
    assert gitlab.night().result == "success"
    (issue,) = gitlab.host.issues
    assert issue["title"] == "Drift in production"
