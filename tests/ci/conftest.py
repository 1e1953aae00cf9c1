"""What the rehearsals share: a simulator, a repository, a host, a runner, and a configuration that is applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts.github import GitHub
from hosts.gitlab import GitLab
from hosts.server import serving
from world import KEY, World

from .github_runner import GitHubRunner
from .gitlab_runner import GitLabRunner
from .repository import Repository

BEGIN = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
"""
# Three resources: one is created, one updated, one deleted.
CHANGED = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      daily:
        report_name: Daily
        send_at: "10:30"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      win-back: {name: Win Back, status: active, data: {actions: {push: p2}}}
"""
SECRETS = {"QONVERSION_SECRET": KEY}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose main has the beginning."""
    made = Repository(tmp_path / "repository")
    made.begin(BEGIN)
    return made


@pytest.fixture
def github(tmp_path: Path, repository: Repository, world: World) -> Iterator[GitHubRunner]:
    """GitHub, with what is on main applied, by hand and by the digest that was shown."""
    host = GitHub()
    host.comments[8] = []
    with serving(host):
        runner = GitHubRunner(tmp_path, repository, host, SECRETS, {"QONVERSION_API_URL": world.url})
        shown = runner.dispatch()
        assert shown.result == "success", shown.log
        done = runner.dispatch(digest_in(shown.summary))
        assert done.result == "success", done.log
        world.requests()
        yield runner


@pytest.fixture
def gitlab(tmp_path: Path, repository: Repository, world: World) -> Iterator[GitLabRunner]:
    """GitLab, with what is on main applied, by hand and by the digest that was shown."""
    host = GitLab()
    host.comments[8] = []
    with serving(host):
        runner = GitLabRunner(tmp_path, repository, host, SECRETS, {"QONVERSION_API_URL": world.url})
        shown = runner.web()
        assert shown.result == "success", shown.log
        done = runner.web(digest_in(shown.log))
        assert done.result == "success", done.log
        world.requests()
        yield runner


def digest_in(text: str) -> str:
    """The digest that a plan shows."""
    _, found, rest = text.partition("sha256:")
    assert found, text
    return f"sha256:{rest[:64]}"
