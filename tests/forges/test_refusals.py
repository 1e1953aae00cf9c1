"""What hosts refuse, and how that is told: limits waited out, the rest an exit code and a hint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.api.response import Response
from reconciler.forges.client import as_rate_limited

from .conftest import AnyForge, Comment, planned, pushed
from .github import TOKEN, GitHub
from .gitlab import GitLab
from .server import Fault

SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 403])
def test_a_limit_is_waited_out(github: GitHub, comment: Comment, tmp_path: Path, method: str, status: int) -> None:
    """GitHub's secondary limits come as 403 or 429, with the seconds to wait."""
    github.faults.append(Fault(method, status, SECONDARY, {"Retry-After": "0"}, times=2, path="/comments"))
    done = comment(github, planned(tmp_path / "1.md", "a"))
    assert done.code == 0, done.err
    assert len(github.ours()) == 1


def test_gitlabs_limit_is_waited_out(gitlab: GitLab, comment: Comment, tmp_path: Path) -> None:
    """GitLab's come as 429, with the seconds to wait."""
    gitlab.faults.append(Fault("PUT", 429, {"message": "Too many requests"}, {"Retry-After": "0"}))
    comment(gitlab, planned(tmp_path / "1.md", "a"))
    done = comment(gitlab, planned(tmp_path / "2.md", "b", "c"))
    assert done.code == 0, done.err
    assert "2 to create" in gitlab.ours()[0]


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (403, {"retry-after": "7"}, "anything", 7.0),
        (429, {"retry-after": "7"}, "anything", 7.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1030"}, "API rate limit exceeded", 30.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "900"}, "API rate limit exceeded", 0.0),
        (403, {"x-ratelimit-remaining": "9"}, SECONDARY["message"], 60.0),
        (403, {"x-ratelimit-remaining": "9"}, "Resource not accessible by integration", None),
    ],
)
def test_how_long_a_limit_lasts(status: int, headers: dict[str, str], message: str, seconds: float | None) -> None:
    """As its headers say, else a minute; a 403 that is none stays one."""
    told = as_rate_limited(Response("GET", "x", status, headers, json.dumps({"message": message}).encode()), now=1000.0)
    assert told.retry_after() == seconds
    assert told.status == (403 if seconds is None else 429)


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"GITHUB_TOKEN": "", "GITLAB_TOKEN": ""}, 4, "is not set"),
        ({"GITHUB_TOKEN": "bad", "GITLAB_TOKEN": "bad"}, 4, "401"),
        ({"GITHUB_REPOSITORY": "acme/other", "CI_PROJECT_ID": "56"}, 4, "404"),
        ({"GITHUB_REF": "refs/pull/9/merge", "CI_MERGE_REQUEST_IID": "9"}, 4, "404"),
        ({"GITHUB_REPOSITORY": "../x", "CI_PROJECT_ID": "../x"}, 64, "no runner sets"),
        ({"GITHUB_API_URL": "http://example.com", "CI_API_V4_URL": "http://example.com"}, 5, "plain http"),
        ({"GITHUB_API_URL": "ftp://x", "CI_API_V4_URL": "ftp://x"}, 64, "no API address"),
        ({"GITHUB_ACTIONS": "", "GITLAB_CI": ""}, 64, "no pipeline"),
    ],
)
def test_what_is_wrong_is_said(
    host: AnyForge, comment: Comment, tmp_path: Path, variables: dict[str, str], code: int, said: str
) -> None:
    """An exit code of the table and a hint; the token is never shown."""
    done = comment(host, planned(tmp_path / "1.md", "a"), **variables)
    assert (done.code, said in done.err, "hint: " in done.err) == (code, True, True), done.err
    assert TOKEN not in done.err


def test_a_fork_may_not_write(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """The token of a pull request from a fork reads only: 403, and no limit."""
    github.read_only = True
    done = comment(github, planned(tmp_path / "1.md", "a"))
    assert done.code == 4
    assert "pull-requests: write" in done.err


def test_a_text_that_is_not_ours_is_not_put(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Only what --report markdown=FILE wrote has the mark by which it is found again."""
    (tmp_path / "other.md").write_text("# Hello\n", encoding="utf-8")
    done = comment(host, tmp_path / "other.md")
    assert done.code == 64
    assert "--report markdown" in done.err
    assert host.writes() == []


@pytest.mark.parametrize("arguments", [(), ("a.md", "--read", "b.json"), ("missing.md",)])
def test_usage_is_checked_before_anything_is_asked(
    host: AnyForge, comment: Comment, arguments: tuple[str, ...]
) -> None:
    """A file or --read, one of them, and the file must be there."""
    assert comment(host, *arguments).code == 64
    assert host.log == []


def test_a_push_without_a_pull_request_is_no_error(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """An apply of a direct push has nowhere to put its report but the job's summary."""
    done = comment(host, planned(tmp_path / "1.md", "a"), **pushed("f" * 40))
    assert done.code == 0
    assert "came with no pull request" in done.err
    assert host.writes() == []


def test_the_jobs_summary_gets_it_too(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """What is there already stays."""
    summary = tmp_path / "summary"
    summary.write_text("before\n", encoding="utf-8")
    comment(github, planned(tmp_path / "1.md", "a"), GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text(encoding="utf-8").startswith("before\n<!-- reconciler ")
    assert "1 to create" in summary.read_text(encoding="utf-8")


def test_a_full_summary_is_left_alone(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """A step's summary of more than 1 MiB is not shown at all, so nothing is added to one that is full."""
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * (1024 * 1024 - 10))
    done = comment(github, planned(tmp_path / "1.md", "a"), GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 0
    assert "no room" in done.err
    assert summary.stat().st_size == 1024 * 1024 - 10


@pytest.mark.parametrize(
    "event",
    [
        {"pull_request": {"number": 7}},
        {"issue": {"number": 7, "pull_request": {}}, "pull_request": None},
        {"issue": {"number": 7, "pull_request": {"url": "x"}}},
        {},
        [],
    ],
)
def test_the_event_says_which_pull_request(github: GitHub, comment: Comment, tmp_path: Path, event: object) -> None:
    """The payload of `pull_request` and `issue_comment`; else the ref."""
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    done = comment(github, planned(tmp_path / "1.md", "a"), GITHUB_EVENT_PATH=str(tmp_path / "event.json"))
    assert done.code == 0, done.err
    assert len(github.ours(7)) == 1


def test_a_server_that_talks_nonsense_is_told(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """A list that is none: an error, and nothing is written."""
    github.faults.append(Fault("GET", 200, {"not": "a list"}, path="/comments"))
    done = comment(github, planned(tmp_path / "1.md", "a"))
    assert done.code == 1
    assert "no list" in done.err
    assert github.writes() == []
