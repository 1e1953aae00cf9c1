"""A freeze in the pipelines: told before the merge, refused after it, and passed by a person who says so."""

from __future__ import annotations

import pytest
from world import World

from .conftest import CHANGED, digest_in
from .github_runner import GitHubRunner
from .gitlab_runner import GitLabRunner

SETTINGS = """\
state: {store: git}
environments: {production: {secret_env: QONVERSION_SECRET}}
freeze: [{from: 2026-12-20, to: 2027-01-02, reason: holidays}]
"""
CLOSED = "apply is closed from 2026-12-20 to 2027-01-02"
DURING = "2026-12-24T12:00Z"


@pytest.mark.exhaustive
def test_on_github(github: GitHubRunner, world: World) -> None:
    """The comment says it before the merge, and the apply fails. By hand, the plan can be seen, and applied with the
    name of the guard; the comment then says who passed it."""
    github._variables["RECONCILER_NOW"] = "2026-12-19T12:00Z"
    github.plan(7, github.repository.propose(7, CHANGED, **{"reconciler.yaml": SETTINGS}))
    (body,) = github.host.ours()
    assert CLOSED in body
    digest = digest_in(body)
    github._variables["RECONCILER_NOW"] = DURING
    world.requests()
    before = github.repository.at("main")
    github.host.merge(7, github.repository.merge(7))
    refused = github.apply(before)
    assert refused.result == "failure"
    assert world.writes() == []
    (body,) = github.host.ours()
    assert "**Applying failed** for `production`: refused" in body
    assert CLOSED in body.partition("Earlier")[0]

    shown = github.dispatch(allow="frozen")
    assert shown.result == "success", shown.log
    assert digest in shown.summary
    assert github.dispatch(digest).result == "failure"
    assert world.writes() == []
    github._variables["GITHUB_ACTOR"] = "grace"
    done = github.dispatch(digest, allow=" behind\nfrozen ")
    assert done.result == "success", done.log
    (body,) = github.host.ours()
    assert "By `grace` with `--allow behind, frozen`." in body


@pytest.mark.exhaustive
def test_on_gitlab(gitlab: GitLabRunner, world: World) -> None:
    """The same, with a variable of the pipeline."""
    gitlab._given["RECONCILER_NOW"] = DURING
    gitlab.plan(7, gitlab.repository.propose(7, CHANGED, **{"reconciler.yaml": SETTINGS}))
    (body,) = gitlab.host.ours()
    assert CLOSED in body
    world.requests()
    before = gitlab.repository.at("main")
    gitlab.host.merge(7, gitlab.repository.merge(7))
    assert gitlab.apply(before).result == "failure"
    assert world.writes() == []
    done = gitlab.web(digest_in(body), RECONCILER_ALLOW="frozen")
    assert done.result == "success", done.log
    (body,) = gitlab.host.ours()
    assert "with `--allow frozen`." in body


@pytest.mark.exhaustive
def test_the_clock_goes_on(github: GitHubRunner, world: World) -> None:
    """The job of the night keeps what was approved."""
    github._variables["RECONCILER_NOW"] = "2027-03-20T12:00Z"
    settings = SETTINGS.replace("2026-12-20", "2027-03-25").replace("2027-01-02", "2027-04-05")
    text = CHANGED.replace('"10:30"', '"09:00 Europe/Berlin"')
    github.plan(7, github.repository.propose(7, text, **{"reconciler.yaml": settings}))
    before = github.repository.at("main")
    github.host.merge(7, github.repository.merge(7))
    assert github.apply(before).result == "success"
    assert world.live("scheduled-reports")[0]["send_at"] == "08:00"
    github._variables["RECONCILER_NOW"] = "2027-03-29T12:00Z"
    done = github.night("clock.yml")
    assert done.result == "success", done.log
    assert world.live("scheduled-reports")[0]["send_at"] == "07:00"
