"""A remote and clones of it, on a machine where nobody has told git who they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from reconciler.model.inputs import Entry, State
from reconciler.model.settings import Environment, StateSettings
from reconciler.state import object_bucket
from reconciler.state.git import GitBackend
from reconciler.state.journal import Journal
from reconciler.state.object import ObjectBackend

STATE = "refs/reconciler/state/production"
PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
FOREIGN = ("GIT_", "GITHUB_", "CI", "GITLAB_", "SSH_")


def git(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Calls git as a user does, and gives what it printed."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    assert fails or done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Remote:
    """A bare repository, and the folder in which clones of it are made."""

    path: Path
    folder: Path

    @property
    def url(self) -> str:
        """Its address; by file://, so that git speaks with it as with one far away."""
        return self.path.as_uri()

    def clone(self, name: str, *options: str) -> Path:
        """A clone of it."""
        git(self.folder, "clone", "--quiet", *options, self.url, name)
        return self.folder / name

    def refs(self) -> dict[str, str]:
        """What its refs point at."""
        lines = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split() for line in lines)

    def applies(self, form: str = "%s") -> list[str]:
        """The audit log as git shows it to anybody, the latest apply first; nothing where there was none."""
        if STATE not in self.refs():
            return []
        return [each.strip() for each in git(self.path, "log", "-z", f"--format={form}", STATE).split("\0")[:-1]]

    def hook(self, name: str, script: str) -> None:
        """Gives it a hook."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


def environment(store: str, name: str = "production", path: Path = Path(), **options: str) -> Environment:
    """An environment whose state is in such a store."""
    return Environment(name, StateSettings(store, path, options))


def object_backend(url: str, name: str, journal: Journal | Path) -> ObjectBackend:
    """The store of an environment at an address."""
    return ObjectBackend(environment("object", name, url=url), Path(), cast("Journal", journal))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a bucket as long as people do."""
    monkeypatch.setattr(object_bucket, "PATIENCE_SECONDS", 5.0)


StoreOf = Callable[..., GitBackend]


def isolate(patch: pytest.MonkeyPatch, home: Path) -> None:
    """A home without settings, and an environment that says nothing of git or of a pipeline."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("XDG_CONFIG_HOME", str(home))
    patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has told git who they are."""
    isolate(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, uses_git: None) -> Path:
    """A bare repository with two commits of a configuration on its main branch and a tag, made once."""
    folder = tmp_path_factory.mktemp("remote")
    made = Remote(folder / "remote.git", folder)
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, folder)
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(made.path))
        first = made.clone("first")
        git(first, "checkout", "--quiet", "-b", "main")
        for number in (1, 2):
            (first / "config.yaml").write_text(f"# {number}\n")
            (first / "below").mkdir(exist_ok=True)
            (first / "below" / "more.yaml").write_text(f"# {number}\n")
            git(first, "add", ".")
            git(first, *PERSON, "commit", "--quiet", "-m", f"configuration {number}")
        git(first, "tag", "v1")
        git(first, "push", "--quiet", "origin", "main", "v1")
    return made.path


@pytest.fixture
def remote(tmp_path: Path, nobody: None, bare: Path) -> Remote:
    """A copy of it for each test."""
    return Remote(shutil.copytree(bare, tmp_path / "remote.git", symlinks=True), tmp_path)


@pytest.fixture
def store_of(tmp_path: Path) -> StoreOf:
    """Makes a store of production in a clone."""

    def make(folder: Path, remote: str = "origin", author: str = "") -> GitBackend:
        journal = cast("Journal", tmp_path / "production.journal")
        return GitBackend(environment("git", remote=remote, author=author), folder, journal)

    return make


@pytest.fixture
def store(remote: Remote, store_of: StoreOf) -> GitBackend:
    """A store of production in a whole clone."""
    return store_of(remote.clone("clone"))


def state(serial: int = 1, **ids: str) -> State:
    """A memory of production that knows reports by these ids."""
    entries = {f"report.{key}": Entry(identity, {"report_name": key}) for key, identity in ids.items()}
    return State("production", "the-lineage", serial, entries)


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uses_process: None) -> Callable[[str], None]:
    """Puts a script in git's place; in it, $REAL is the true git."""
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607

    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\nREAL={real}\n{script}\n")
        (folder / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put
