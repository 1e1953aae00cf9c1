"""GitHub's workflows, rehearsed: every step that people paste, in its order, until the comment comes out."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from world import KEY, World

from .conftest import BEGIN, CHANGED, digest_in
from .github_runner import GitHubRunner, Job, workflow

# A `gh` that knows what is asked of it, and keeps what it was told.
GH = """#!/usr/bin/env python3
import json, os, pathlib, sys
assert os.environ["GH_TOKEN"] == "ghs_workflow", "gh needs a token"
kept = pathlib.Path({kept!r})
pulls = json.loads(kept.read_text()) if kept.exists() else []
what, arguments = sys.argv[1:3], sys.argv[3:]
named = arguments[what == ["pr", "edit"]:]
given = dict(zip(named[0::2], named[1::2]))
assert what[0] == "pr", what
if what[1] == "list":
    assert given["--state"] == "open" and given["--json"] == "number" and given["--jq"] == "length", given
    print(sum(pull["--head"] == given["--head"] for pull in pulls))
elif what[1] == "create":
    pulls.append(given | {{"body": pathlib.Path(given["--body-file"]).read_text()}})
else:
    assert what[1] == "edit", what
    (pull,) = [each for each in pulls if each["--head"] == arguments[0]]
    pull["body"] = pathlib.Path(given["--body-file"]).read_text()
    pull["edited"] = True
kept.write_text(json.dumps(pulls))
"""


def merged(github: GitHubRunner, number: int, how: str = "merge") -> Job:
    """The pull request is merged, and the apply that follows."""
    before = github.repository.at("main")
    github.host.merge(number, github.repository.merge(number, how))
    return github.apply(before)


def commented(github: GitHubRunner, number: int = 7) -> str:
    """The one comment under a pull request."""
    (body,) = github.host.ours(number)
    return body


def nothing_left(github: GitHubRunner) -> bool:
    """A plan of main is empty."""
    shown = github.dispatch()
    assert shown.result == "success", shown.log
    return "Plan for `production`: no changes" in shown.summary


@pytest.mark.parametrize(
    "how",
    [
        "merge",
        pytest.param("squash", marks=pytest.mark.exhaustive),
        pytest.param("rebase", marks=pytest.mark.exhaustive),
    ],
)
def test_a_pull_request_from_its_plan_to_an_empty_one(github: GitHubRunner, world: World, how: str) -> None:
    """A branch changes three resources: plan, comment, merge, apply by the digest of the comment, second plan empty."""
    jobs = github.plan(7, github.repository.propose(7, CHANGED))
    assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan production": "success"}
    plan, body = jobs["plan production"], commented(github)
    assert jobs["validate"].summary == ""
    assert "Plan for `production`: **1 to delete**, 1 to create, 1 to update" in body
    assert github.repository.at("refs/pull/7/merge") in body
    assert f"merge base {github.repository.at('main')}" in body
    assert "pending before this pull request" not in body
    assert plan.summary.partition("\n")[2].strip() in body
    assert re.search(r"^::warning title=.*delete automation\.flow", plan.log, re.MULTILINE), plan.log
    assert set(plan.artifacts["plan-production"]) == {"annotations.txt", "comment.md", "plan.html", "plan.json"}
    assert json.loads(plan.artifacts["plan-production"]["plan.json"])["digest"] in body
    assert world.writes() == []

    done = merged(github, 7, how)
    assert done.result == "success", done.log
    assert "Applied to `production`: 3 done" in commented(github)
    assert "Applied to `production`: 3 done" in done.summary
    assert set(done.artifacts["apply-production"]) == {
        "approved.json",
        "approved.txt",
        "comment.md",
        "plan.html",
        "plan.json",
    }
    assert world.live("scheduled-reports")[0]["send_at"] == "10:30"
    assert [each["name"] for each in world.live("automations")] == ["Win Back"]
    assert nothing_left(github)


@pytest.mark.exhaustive
def test_the_least_of_it(github: GitHubRunner, world: World) -> None:
    """The guide's few lines: a comment under the pull request, and what it shows is applied by the merge."""
    guide = (Path(__file__).parents[2] / "examples" / "ci" / "README.md").read_text(encoding="utf-8")
    (text,) = [each for each in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if "pull_request: {}" in each]
    assert len(text.splitlines()) < 20
    document = {
        ("on" if key is True else key): value for key, value in yaml.load(text, Loader=yaml.CSafeLoader).items()
    }
    (planned,) = github.plan(7, github.repository.propose(7, CHANGED), document).values()
    assert planned.result == "success", planned.log
    assert "**1 to delete**, 1 to create, 1 to update" in commented(github)
    before = github.repository.at("main")
    github.host.merge(7, github.repository.merge(7, "merge"))
    done = github.apply(before, document)
    assert done.result == "success", done.log
    assert "3 done" in commented(github)
    assert nothing_left(github)


@pytest.mark.exhaustive
def test_what_somebody_edited_in_between_is_refused(github: GitHubRunner, world: World) -> None:
    """After the review a report is changed in the dashboard: nothing is applied, the comment says what differs, and the
    plan that it shows can be applied by its digest."""
    github.plan(7, github.repository.propose(7, CHANGED))
    approved = digest_in(commented(github))
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], report_name="Renamed by hand")
    world.requests()
    refused = merged(github, 7)
    assert refused.result == "failure"
    assert world.writes() == []
    body = commented(github)
    assert "**Applying failed** for `production`: refused" in body
    assert "this is not the plan that was approved" in body
    assert "report.daily" in body
    assert "Renamed by hand" in body
    assert "Plan for `production`: **1 to delete**, 1 to create, 1 to update" in body.partition("Earlier")[2]

    assert github.dispatch(approved).result == "failure"
    told = commented(github)
    shown = github.dispatch()
    assert world.writes() == []
    assert commented(github) == told
    assert "Renamed by hand" in shown.summary
    now = digest_in(shown.summary)
    assert now != approved
    done = github.dispatch(now)
    assert done.result == "success", done.log
    assert "Applied to `production`: 3 done" in commented(github)
    assert nothing_left(github)


@pytest.mark.exhaustive
def test_the_job_can_be_run_again(github: GitHubRunner, world: World) -> None:
    """The network failed: the comment says so, what was approved stands, and a second run applies it."""
    github.plan(7, github.repository.propose(7, CHANGED))
    before = github.repository.at("main")
    github.host.merge(7, github.repository.merge(7))
    world.fault("GET /scheduled-reports: status 403, n=1")
    assert github.apply(before).result == "failure"
    assert "**Applying failed**" in commented(github)
    again = github.apply(before)
    assert again.result == "success", again.log
    assert "3 done" in commented(github)


@pytest.mark.exhaustive
def test_a_second_push_edits_the_comment(github: GitHubRunner) -> None:
    """One comment, whatever is pushed; what is merged is what was planned last."""
    github.plan(7, github.repository.propose(7, CHANGED))
    github.plan(7, github.repository.propose(7, BEGIN.replace('"09:00"', '"11:00"')))
    assert "1 to update" in commented(github).partition("Earlier")[0]
    assert "1 to delete" not in commented(github).partition("Earlier")[0]
    assert merged(github, 7).result == "success"


@pytest.mark.exhaustive
def test_two_pull_requests_that_touch_different_things(github: GitHubRunner, world: World) -> None:
    """The second was planned before the first was merged, and is what was approved all the same."""
    github.plan(7, github.repository.propose(7, BEGIN.replace("push: p1", "push: p9")))
    github.repository.propose(8, BEGIN.replace('"09:00"', '"11:00"'))
    head = github.repository.at("branch-8")
    github.plan(8, head)
    assert merged(github, 7).result == "success"
    done = merged(github, 8)
    assert done.result == "success", done.log
    assert world.live("scheduled-reports")[0]["send_at"] == "11:00"
    assert world.live("automations")[0]["data"]["actions"]["push"] == "p9"


def test_a_fork_is_validated_and_gets_nothing(github: GitHubRunner, world: World) -> None:
    """No key, no request to the API, no comment: validate alone runs, and finds the mistake."""
    head = github.repository.propose(7, CHANGED)
    jobs = github.plan(7, head, fork="mallory/config")
    assert {name: job.result for name, job in jobs.items()} == {"validate": "success", "plan production": "skipped"}
    assert "No plan was made: a pull request from a fork" in jobs["validate"].summary
    assert "There is no *.test.yaml below ., so no test was run." in jobs["validate"].log
    head = github.repository.propose(7, CHANGED.replace('"10:30"', '"10:31"'))
    jobs = github.plan(7, head, fork="mallory/config")
    assert jobs["validate"].result == "failure"
    assert "No plan was made: a pull request from a fork" in jobs["validate"].summary
    assert world.requests() == []
    assert github.host.ours() == []


@pytest.mark.exhaustive
def test_files_of_a_branch_are_not_run(github: GitHubRunner) -> None:
    """What lies in the repository is never taken for a module of the tool or of its libraries."""
    evil = dict.fromkeys(("reconciler.py", "yaml.py", "click.py", "json.py"), "raise SystemExit('owned')")
    jobs = github.plan(7, github.repository.propose(7, CHANGED, **evil))
    assert {job.result for job in jobs.values()} == {"success"}
    assert "owned" not in "".join(job.log for job in jobs.values())


@pytest.mark.exhaustive
def test_a_mistake_is_marked_on_its_line_and_in_the_comment(github: GitHubRunner) -> None:
    """validate annotates the line; the plan's comment takes the approval of the earlier one back."""
    github.plan(7, github.repository.propose(7, CHANGED))
    jobs = github.plan(7, github.repository.propose(7, CHANGED.replace('"10:30"', '"10:31"')))
    assert {job.result for job in jobs.values()} == {"failure"}
    assert re.search(r"^::error file=main\.yaml,line=6,", jobs["validate"].log, re.MULTILINE), jobs["validate"].log
    body = commented(github)
    assert "**Planning failed** for `production`: 1 problem in the configuration" in body
    assert "`main.yaml:6:" in body
    assert "sha256" not in body.partition("Earlier")[0]


def test_a_push_without_a_pull_request_applies_nothing(github: GitHubRunner, world: World) -> None:
    """Nobody approved it: the job fails, and its summary says what to do."""
    before = github.repository.at("main")
    github.repository.push(CHANGED)
    done = github.apply(before)
    assert done.result == "failure"
    assert "came with no pull request" in done.summary
    assert world.requests() == []


def test_an_apply_by_hand_is_of_main_alone(github: GitHubRunner, world: World) -> None:
    """A branch cannot be applied by choosing it in the dialog."""
    assert github.dispatch(ref="refs/heads/branch-7").result == "skipped"
    assert world.requests() == []


@pytest.mark.exhaustive
def test_drift_is_an_issue_until_it_is_gone(github: GitHubRunner, world: World) -> None:
    """Night by night: nothing; somebody changed a report; it is set back."""
    assert github.night().result == "success"
    assert github.host.issues == []
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], send_at="12:00")
    found = github.night()
    assert found.result == "success", found.log
    (issue,) = github.host.issues
    assert (issue["title"], issue["state"]) == ("Drift in production", "open")
    assert '`"09:00"` was applied, `"12:00"` is live' in issue["body"]
    assert "1 object changed outside" in found.summary
    world.edit("scheduled-reports", report["id"], send_at="09:00")
    github.night()
    assert issue["state"] == "closed"


@pytest.mark.exhaustive
def test_the_night_fails_for_health_if_that_is_wanted(github: GitHubRunner, world: World) -> None:
    """Without the input it ends well; with it, the issue is written first."""
    (hook,) = world.live("integrations")
    world.edit("integrations", hook["id"], delivery_error_count=3, last_error_at="2026-11-20T08:30:00Z")
    assert github.night().result == "success"
    document = copy.deepcopy(workflow("drift.yml"))
    document["jobs"]["drift"]["steps"][1]["with"]["fail-on"] = "health"
    github.host.issues.clear()
    assert github.night(document=document).result == "failure"
    (issue,) = github.host.issues
    assert "#### Not delivering" in issue["body"]
    assert "nothing of 3 remembered was changed outside" in issue["body"]


@pytest.mark.exhaustive
def test_the_clock_changes_nothing_else(github: GitHubRunner, world: World) -> None:
    """The job of the night leaves what somebody changed outside."""
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], send_at="12:00")
    done = github.night("clock.yml")
    assert done.result == "success", done.log
    assert "--only clock leaves 1 other change out" in done.log
    assert world.writes() == []


@pytest.mark.exhaustive
def test_drift_is_a_pull_request_where_that_is_wanted(github: GitHubRunner, world: World) -> None:
    """The live value is written into the YAML on a branch; the next night edits the same pull request."""
    kept = github.repository.bare.parent / "pulls.json"
    github.tools = {"gh": GH.format(kept=str(kept))}
    night = "drift-pull-request.yml"
    assert github.night(night).result == "success"
    assert not kept.exists()
    (report,) = world.live("scheduled-reports")
    for time in ("12:00", "13:00"):
        world.edit("scheduled-reports", report["id"], send_at=time)
        done = github.night(night)
        assert done.result == "success", done.log
        branch = github.repository.show("reconciler/drift-production", "main.yaml")
        assert branch == BEGIN.replace("\n    ", "\n").strip().replace('"09:00"', f'"{time}"')
        (pull,) = json.loads(kept.read_text("utf-8"))
        assert (pull["--base"], pull["--head"]) == ("main", "reconciler/drift-production")
        assert f'`"{time}"` is live' in pull["body"]
    assert pull["edited"]


@pytest.mark.exhaustive
def test_no_log_holds_the_key(github: GitHubRunner) -> None:
    """Neither what is printed nor what is kept."""
    plan = github.plan(7, github.repository.propose(7, CHANGED))["plan production"]
    done = merged(github, 7)
    kept = [text for job in (plan, done) for files in job.artifacts.values() for text in files.values()]
    assert KEY not in "".join([plan.log, plan.summary, done.log, done.summary, *kept])


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("plan.yml", "pull-requests"),
        ("apply.yml", "pull-requests"),
        ("apply.yml", "contents"),
        ("drift.yml", "issues"),
        ("drift-pull-request.yml", "contents"),
    ],
)
@pytest.mark.exhaustive
def test_with_less_than_these_permissions_it_fails(github: GitHubRunner, world: World, name: str, scope: str) -> None:
    """Each right to write that a job asks for is one that it needs."""
    document = copy.deepcopy(workflow(name))
    for job in document["jobs"].values():
        if job["permissions"].get(scope) == "write":
            job["permissions"][scope] = "read"
    assert document != workflow(name)
    if name == "plan.yml":
        jobs = github.plan(7, github.repository.propose(7, CHANGED), document)
        assert jobs["plan production"].result == "failure"
        return
    (report,) = world.live("scheduled-reports")
    world.edit("scheduled-reports", report["id"], send_at="12:00")
    if name.startswith("drift"):
        done = github.night(document=document)
    else:
        github.plan(7, github.repository.propose(7, CHANGED))
        before = github.repository.at("main")
        github.host.merge(7, github.repository.merge(7))
        done = github.apply(before, document)
    assert done.result == "failure", done.log
