"""What the rehearsals share: a simulator, a repository, a host, a runner, and a configuration that is applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from forges.github import GitHub
from forges.gitlab import GitLab
from forges.server import serving
from world import KEY, World

from .github_runner import GitHubRunner
from .gitlab_runner import GitLabRunner, make_source
from .repository import ENVIRONMENT, Repository

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


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory, uses_process: None) -> Path:
    """Where the machines' libraries are."""
    return tmp_path_factory.mktemp("machines") / "venv"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory, uses_git: None) -> Path:
    """The repository of the tool, from which GitLab's jobs clone it."""
    return make_source(tmp_path_factory.mktemp("source") / "reconciler")


@pytest.fixture
def repository(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch, uses_git: None) -> Repository:
    """A repository whose main has the beginning, which is applied."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = Repository(tmp_path / "repository")
    made.begin(BEGIN)
    world.folder = made.folder
    done = world.apply("--environment", "production")
    assert done.code == 0, done.err
    world.requests()
    return made


@pytest.fixture
def github(
    tmp_path: Path, venv: Path, repository: Repository, world: World, uses_network: None
) -> Iterator[GitHubRunner]:
    """GitHub."""
    host = GitHub()
    host.comments[8] = []
    with serving(host):
        yield GitHubRunner(tmp_path, venv, repository, host, SECRETS, {"QONVERSION_API_URL": world.url})


@pytest.fixture
def gitlab(
    tmp_path: Path, venv: Path, source: Path, repository: Repository, world: World, uses_network: None
) -> Iterator[GitLabRunner]:
    """GitLab."""
    host = GitLab()
    host.comments[8] = []
    with serving(host):
        yield GitLabRunner(tmp_path, venv, repository, host, SECRETS, {"QONVERSION_API_URL": world.url}, source)


def digest_in(text: str) -> str:
    """The digest that a plan shows."""
    _, found, rest = text.partition("sha256:")
    assert found, text
    return f"sha256:{rest[:64]}"
