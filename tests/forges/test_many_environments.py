"""Several environments under one pull request: one comment, the approval of each, and pull requests merged together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from environments.conftest import NAMES, Fleet, make_fleet, report_line

from .conftest import AnyForge, Comment, planned, pushed
from .github import GitHub

MERGE, BEFORE = "d" * 40, "b" * 40


@pytest.fixture
def fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Fleet]:
    """Three environments, empty."""
    with ExitStack() as stack:
        yield make_fleet(tmp_path, monkeypatch, capsys, NAMES, stack)


def push(path: Path, host: AnyForge, *commits: str, **more: str) -> dict[str, str]:
    """What a runner's variables say after a push of these commits to the main branch, the oldest first."""
    if isinstance(host, GitHub):
        event = path / "event.json"
        event.write_text(json.dumps({"before": BEFORE, "commits": [{"id": each} for each in commits]}), "utf-8")
        more["GITHUB_EVENT_PATH"] = str(event)
    else:
        host.ranges[f"{BEFORE}..{commits[-1]}"] = list(reversed(commits))
    return {**pushed(commits[-1]), "CI_COMMIT_BEFORE_SHA": BEFORE, "CI_COMMIT_BRANCH": "main", **more}


def test_one_comment_from_the_plans_to_the_apply(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """A table and what all share; after the merge the file approves each, the apply edits the comment."""
    fleet.write(report_line("daily"))
    assert fleet.run("plan", "--all", "--report", f"markdown={tmp_path / 'plan.md'}").code == 0
    assert comment(host, tmp_path / "plan.md").code == 0
    (body,) = host.ours()
    assert "Plans for 3 environments: 3 to create" in body
    assert "| `staging` | 1 to create" in body
    assert "### In 3 environments" in body
    assert body.count("**create** `report.daily`") == 1
    host.merge(7, MERGE)
    approved = tmp_path / "approved.json"
    read = comment(host, "--read", approved, "--all", "--configuration", fleet.folder, **pushed(MERGE))
    assert read.code == 0, read.err
    assert read.err.count("approved for ") == 3
    report = ("--report", f"markdown={tmp_path / 'apply.md'}")
    done = fleet.apply("--expect-digest", f"@{approved}", *report)
    assert done.code == 0, done.err
    assert comment(host, tmp_path / "apply.md", **pushed(MERGE)).code == 0
    (body,) = host.ours()
    assert "Applied to 3 environments: 3 done" in body
    assert "| `staging` | 1 done |" in body
    again = comment(host, "--read", tmp_path / "again.json", "-e", "staging", **pushed(MERGE))
    assert again.code == 0, again.err
    assert fleet.plan().code == 0


def test_a_failure_goes_into_the_same_comment(fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """One environment fails; then the configuration is invalid: nothing is approved any more."""
    fleet.write(report_line("daily"))
    report = ("--report", f"markdown={tmp_path / 'plan.md'}")
    fleet.worlds["staging"].fault("GET /scheduled-reports: status 403")
    assert fleet.run("plan", "--all", *report).code == 4
    assert comment(host, tmp_path / "plan.md").code == 0
    (body,) = host.ours()
    assert "environments: **1 failed**" in body
    assert "| `staging` | **failed**:" in body
    host.merge(7, MERGE)
    several = comment(host, "--read", tmp_path / "a.json", "--all", "--configuration", fleet.folder, **pushed(MERGE))
    assert several.code == 5
    assert "nothing was approved for staging in #7: its plan failed" in several.err
    assert comment(host, "--read", tmp_path / "a.json", "-e", "sandbox", **pushed(MERGE)).code == 0
    fleet.write(report_line("daily", send_at="09:07"))
    assert fleet.run("plan", "--all", *report).code == 3
    assert comment(host, tmp_path / "plan.md").code == 0
    (body,) = host.ours()
    assert "**Planning failed** for 3 environments: 1 problem" in body
    assert comment(host, "--read", tmp_path / "b.json", "-e", "sandbox", **pushed(MERGE)).code == 5


def test_an_environment_more_goes_on_in_the_comment(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """Two were planned, then a third is there, too: no older comment says something else."""
    fleet.write(report_line("daily"))
    for chosen in (("-e", "sandbox", "-e", "staging"), ("--all",)):
        assert fleet.run("plan", *chosen, "--report", f"markdown={tmp_path / 'plan.md'}").code == 0
        assert comment(host, tmp_path / "plan.md").code == 0
    (body,) = host.ours()
    assert "Plans for 3 environments" in body
    assert "Plans for 2 environments" in body.partition("Earlier")[2]


def test_a_comment_of_one_and_one_of_all_must_agree(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """Both approve the sandbox: alike it is one approval, different it is none."""
    fleet.write(report_line("daily"))
    report = ("--report", f"markdown={tmp_path / 'plan.md'}")
    for chosen in ("--all", "--environment=sandbox"):
        assert fleet.run("plan", chosen, *report).code == 0
        assert comment(host, tmp_path / "plan.md").code == 0
    host.merge(7, MERGE)
    where = ("--configuration", fleet.folder, "-e", "sandbox")
    assert comment(host, "--read", tmp_path / "a.json", *where, **pushed(MERGE)).code == 0
    fleet.write(report_line("daily", send_at="10:00"))
    assert fleet.run("plan", "-e", "sandbox", *report).code == 0
    assert comment(host, tmp_path / "plan.md").code == 0
    done = comment(host, "--read", tmp_path / "a.json", *where, **pushed(MERGE))
    assert done.code == 5
    assert "2 comments of ours, which say different things" in done.err


def _two_merged(fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path, **fields: Any) -> dict[str, str]:
    """#7 makes one report and #8 another one, each planned by itself; both are merged in one push."""
    host.comments[8] = []
    for number, key in ((7, "first"), (8, "second")):
        fleet.write(report_line(key))
        assert fleet.run("plan", "--all", "--report", f"markdown={tmp_path / 'plan.md'}").code == 0
        at = {"GITHUB_REF": f"refs/pull/{number}/merge", "CI_MERGE_REQUEST_IID": str(number)}
        assert comment(host, tmp_path / "plan.md", **at).code == 0
    host.merge(7, "7" * 40, **fields)
    host.merge(8, MERGE)
    fleet.write(report_line("first"), report_line("second"))
    return push(tmp_path, host, "6" * 40, "7" * 40, "5" * 40, MERGE)


def test_pull_requests_that_are_merged_together_approve_each_change(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """No one of them approved this plan, and together they approved each of its changes. Both are told of the apply."""
    variables = _two_merged(fleet, host, comment, tmp_path)
    approved = tmp_path / "approved.json"
    where = ("--configuration", str(fleet.folder))
    assert comment(host, "--read", approved, "--all", *where, **variables).code == 0
    done = fleet.apply("--expect-digest", f"@{approved}", "--report", f"markdown={tmp_path / 'apply.md'}")
    assert done.code == 0, done.err
    told = comment(host, tmp_path / "apply.md", **variables)
    assert told.code == 0
    assert all("Applied to 3 environments" in host.ours(number)[0] for number in (7, 8))


def test_what_none_of_them_approved_is_refused(fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """A third report came in between, and the first one is sent at another time now."""
    variables = _two_merged(fleet, host, comment, tmp_path)
    approved = tmp_path / "approved.json"
    where = ("--configuration", str(fleet.folder))
    assert comment(host, "--read", approved, "--all", *where, **variables).code == 0
    fleet.write(report_line("first", send_at="10:00"), report_line("second"), report_line("third"))
    done = fleet.run("apply", "-e", "staging", "--auto-approve", "--expect-digest", f"@{approved}")
    assert done.code == 5
    assert "report.third was not approved" in done.err
    assert "report.first would change differently" in done.err
    assert "report.second" not in done.err
    assert fleet.names("staging") == []


def test_what_was_merged_into_another_branch_approves_nothing(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """#7 was merged into a branch that is not protected; its commit came with #8."""
    variables = _two_merged(fleet, host, comment, tmp_path, base={"ref": "other"}, target_branch="other")
    approved = tmp_path / "approved.json"
    assert comment(host, "--read", approved, "-e", "staging", **variables).code == 0
    done = fleet.run("apply", "-e", "staging", "--auto-approve", "--expect-digest", f"@{approved}")
    assert done.code == 5
    assert "report.first was not approved" in done.err


@pytest.mark.parametrize(
    ("sketches", "message"),
    [
        ({}, "report.first is not among the changes that the approval has room for"),
        ({"report.first": "create 0123abcd"}, "report.first would change differently"),
    ],
)
def test_an_approval_without_room_for_all_changes_says_so(
    fleet: Fleet, host: AnyForge, comment: Comment, tmp_path: Path, sketches: dict[str, str], message: str
) -> None:
    """The mark holds no sketch of #7's change, or a short one of an earlier version: they do not approve it."""
    variables = _two_merged(fleet, host, comment, tmp_path)
    (mine,) = host.comments[7]
    head, _, rest = mine["body"].partition("\n")
    document = json.loads(head.removeprefix("<!-- reconciler ").removesuffix(" -->"))
    document["several"]["approvals"]["staging"] |= {"changes": sketches, "left_out": 1 - len(sketches)}
    mine["body"] = f"<!-- reconciler {json.dumps(document)} -->\n{rest}"
    approved = tmp_path / "approved.json"
    assert comment(host, "--read", approved, "-e", "staging", **variables).code == 0
    done = fleet.run("apply", "-e", "staging", "--auto-approve", "--expect-digest", f"@{approved}")
    assert done.code == 5
    assert message in done.err


def test_a_merge_queue_is_planned_and_nothing_is_commented(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """There is no pull request yet that this commit belongs to: it is told, and the job goes on. In a merge train, the
    comment keeps the plan of the merge request alone."""
    queue = {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-abc"}
    train = {"CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}
    done = comment(host, planned(tmp_path / "plan.md", "a"), **queue, **train)
    assert done.code == 0
    assert "no comment: a merge queue plans what is not merged yet" in done.err
    assert host.log == []


def test_an_old_job_that_is_run_again_is_refused(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """Its first run, in its turn, may come after a newer merge; a second one is refused, if main has gone on."""
    comment(github, planned(tmp_path / "plan.md", "a"))
    github.merge(7, MERGE)
    github.tips["main"] = MERGE
    for attempt, tip, code in (("2", MERGE, 0), ("1", "e" * 40, 0), ("2", "e" * 40, 5)):
        github.tips["main"] = tip
        done = comment(github, "--read", tmp_path / "a.json", **pushed(MERGE), GITHUB_RUN_ATTEMPT=attempt)
        assert done.code == code, done.err
    assert "main is at eeeeeeeeeeee now" in done.err
