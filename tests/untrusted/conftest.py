"""A checkout whose pull requests hold more than YAML."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World

FOREIGN = ("GIT_", "GITHUB_", "CI", "GITLAB_", "SSH_")
PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")


def git(folder: Path, *arguments: str) -> str:
    """Calls git as a user does, and gives what it printed."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def checkout(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uses_git: None) -> Iterator[World]:
    """The world's folder, as a checkout with one commit and a remote, on a machine where nobody has set up git."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(world.folder, "init", "--quiet", "--initial-branch=main")
    git(world.folder, "remote", "add", "origin", "../remote.git")
    world.write("automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n")
    commit(world)
    yield world


def commit(world: World, message: str = "configuration") -> None:
    """All that is in the folder is committed, and pushed."""
    git(world.folder, "add", "--all", "--force")
    git(world.folder, *PERSON, "commit", "--quiet", "--allow-empty", "-m", message)
    git(world.folder, "push", "--quiet", "origin", "main")
