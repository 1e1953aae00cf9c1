"""A configuration in a repository: what was merged, what a branch changes, and what somebody did outside."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from world import Run, World

PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
FOREIGN = ("GIT_", "GITHUB_", "CI", "GITLAB_", "SSH_")

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      spare: {title: Spare, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
      weekly:
        report_name: Weekly
        send_at: "10:00"
        included_range_days: 7
        status: active
        environment: production
        destinations: [{integration: hook}]
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
"""


def git(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Calls git as a user does, and gives what it printed."""
    done = subprocess.run(["git", "-C", str(folder), *PERSON, *arguments], capture_output=True, check=False)  # noqa: S607
    assert fails or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@dataclass(frozen=True)
class Branch:
    """The world's folder is a repository, on a branch that left `main`."""

    world: World

    @property
    def folder(self) -> Path:
        """The configuration."""
        return self.world.folder

    def commit(self, message: str = "change") -> str:
        """Commits all there is, and gives the commit."""
        git(self.folder, "add", "--all", "--force", ".", ":!.reconciler")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", message)
        return git(self.folder, "rev-parse", "HEAD")

    def begin(self) -> None:
        """Commits all there is to main and goes on in a branch."""
        if not (self.folder / ".git").exists():
            git(self.folder, "init", "--quiet", "--initial-branch=main")
        self.commit("main")
        git(self.folder, "checkout", "--quiet", "-b", "feature")

    def scopes(self, *arguments: str, base: str = "main") -> dict[str, str]:
        """Address → scope, of a plan."""
        planned = self.world.plan("--base", base, *arguments)
        assert planned.code in (0, 2), planned.err
        return {each["address"]: each["scope"] for each in planned.document["changes"]}

    def planned(self, *arguments: str, base: str = "main") -> Run:
        """A plan that is compared with a base."""
        return self.world.plan("--base", base, *arguments)


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without settings, and an environment that says nothing of git or of a pipeline."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def branch(world: World, nobody: None, uses_git: None) -> Branch:
    """TEAM is applied and merged, and a branch begins."""
    world.settle_once(TEAM)
    made = Branch(world)
    made.begin()
    return made
