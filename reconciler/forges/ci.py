"""What the variables of a CI runner say about its run: the forge, the repository, the pull request.

GitHub: docs.github.com/en/actions/reference/workflows-and-actions/variables. GitLab:
docs.gitlab.com/ci/variables/predefined_variables. `GITHUB_TOKEN` is no variable of a runner: a workflow passes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from typing import Any

from reconciler.errors import NotAuthorised, WrongUsage
from reconciler.lazy import frozen

GITHUB, GITLAB = "GitHub", "GitLab"
REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]+/(?!\.{1,2}$)[A-Za-z0-9_.-]+")
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
BRANCH_REF = "refs/heads/"
PULL_REF = re.compile(r"refs/pull/([1-9][0-9]*)/(?:merge|head)")
GITLAB_HINT = "a project access token with the scope api; CI_JOB_TOKEN may not write comments"
ELSEWHERE = "it runs in GitHub Actions and GitLab CI, and reads where it is from their variables"


@frozen
class CiRun:
    """One run of a pipeline.

    `project` is the repository as the host's API names it; `number` that of the pull request, None if the run is for
    none; `commit` what it runs for; `run` the address of the run, for people; `summary` the file of the job's summary;
    `source` the variable that the token came from.

    `branch` is the one that was pushed to, `before` the commit that it was at, and `pushed` the commits that came, the
    latest first, if the event lists them. `queued`: the run is for a merge queue. `attempt`: 2 if it is run again.
    """

    host: str
    api: str
    project: str
    commit: str
    token: str = field(repr=False)
    source: str
    number: int | None = None
    run: str = ""
    summary: str = ""
    graphql: str = ""
    branch: str = ""
    before: str = ""
    pushed: tuple[str, ...] = ()
    queued: bool = False
    attempt: int = 1


def find_ci_run(variables: Mapping[str, str], event: str = "") -> CiRun:
    """The run that the variables describe. `event`: the text of the file that GITHUB_EVENT_PATH names.

    WrongUsage outside of a pipeline, or if a variable is not what its host sets; NotAuthorised without a token.
    """
    if variables.get("GITHUB_ACTIONS") == "true":
        return _read_github(variables, event)
    if variables.get("GITLAB_CI") == "true":
        return _read_gitlab(variables)
    raise WrongUsage("this is no pipeline of a pull request", hint=ELSEWHERE)


def _read_github(variables: Mapping[str, str], event: str) -> CiRun:
    repository = _require(variables, "GITHUB_REPOSITORY", REPOSITORY)
    api = variables.get("GITHUB_API_URL") or "https://api.github.com"
    server, run = variables.get("GITHUB_SERVER_URL", ""), variables.get("GITHUB_RUN_ID", "")
    payload: Any = None
    with suppress(ValueError, RecursionError):
        payload = json.loads(event)
    payload = payload if isinstance(payload, dict) else {}
    ref, attempt = variables.get("GITHUB_REF", ""), variables.get("GITHUB_RUN_ATTEMPT", "")
    commits = each if isinstance(each := payload.get("commits"), list) else []  # the oldest first
    return CiRun(
        host=GITHUB,
        api=api,
        project=repository,
        commit=_require(variables, "GITHUB_SHA", COMMIT),
        token=_require_token(variables, "GITHUB_TOKEN", "env: {GITHUB_TOKEN: ${{ github.token }}} in the step"),
        source="GITHUB_TOKEN",
        number=_find_number(payload, ref),
        run=f"{server}/{repository}/actions/runs/{run}" if server and run.isdigit() else "",
        summary=variables.get("GITHUB_STEP_SUMMARY", ""),
        graphql=variables.get("GITHUB_GRAPHQL_URL") or f"{api.removesuffix('/').removesuffix('/v3')}/graphql",
        branch=ref.removeprefix(BRANCH_REF) if ref.startswith(BRANCH_REF) else "",
        before=_parse_commit(payload.get("before")),
        pushed=tuple(_parse_commit(each.get("id")) for each in reversed(commits) if isinstance(each, dict)),
        queued=variables.get("GITHUB_EVENT_NAME") == "merge_group",
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() else 1,
    )


def _read_gitlab(variables: Mapping[str, str]) -> CiRun:
    number = variables.get("CI_MERGE_REQUEST_IID", "")
    return CiRun(
        host=GITLAB,
        api=_require(variables, "CI_API_V4_URL", re.compile(r"\S+")),
        project=_require(variables, "CI_PROJECT_ID", re.compile(r"[1-9][0-9]*")),
        commit=_require(variables, "CI_COMMIT_SHA", COMMIT),
        token=_require_token(variables, "GITLAB_TOKEN", GITLAB_HINT),
        source="GITLAB_TOKEN",
        number=int(number) if number.isascii() and number.isdigit() else None,
        run=variables.get("CI_JOB_URL", ""),
        branch=variables.get("CI_COMMIT_BRANCH", ""),
        before=_parse_commit(variables.get("CI_COMMIT_BEFORE_SHA")),
        queued=variables.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train",
    )


def _parse_commit(value: Any) -> str:
    """The id of a commit; empty if it is none, or the zeros that stand for a branch that was not there."""
    return value if isinstance(value, str) and COMMIT.fullmatch(value) and value.strip("0") else ""


def _find_number(payload: Mapping[str, Any], ref: str) -> int | None:
    """The pull request of an event, as its payload says it, else as the ref does (`refs/pull/7/merge`)."""
    issue = payload.get("issue")
    commented = issue if isinstance(issue, dict) and issue.get("pull_request") else None
    for about in (payload.get("pull_request"), commented):
        if isinstance(about, dict) and isinstance(about.get("number"), int):
            return int(about["number"])
    found = PULL_REF.fullmatch(ref)
    return int(found[1]) if found else None


def _require(variables: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = variables.get(name, "").strip()
    if not form.fullmatch(value):
        reason = f"is {value!r}, which no runner sets" if value else "is not set"
        raise WrongUsage(f"{name} {reason}", hint=ELSEWHERE)
    return value


def _require_token(variables: Mapping[str, str], name: str, hint: str) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise NotAuthorised(f"no token: {name} is not set", hint=f"set {name}: {hint}")
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise NotAuthorised(f"{name} holds characters that a token cannot have", hint=hint)
    return value
