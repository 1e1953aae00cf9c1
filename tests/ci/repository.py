"""A repository on a host, bare as hosts have them, and the people who push to it."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
NO_PUSH = """#!/bin/sh
if [ -e "$GIT_DIR/read-only" ]; then echo "the token may not push" >&2; exit 1; fi
"""


def git(folder: Path, *arguments: str) -> str:
    """Calls git as a person does, and gives what it printed."""
    environment = {**ENVIRONMENT, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(["git", "-C", str(folder), *PERSON, *arguments], env=environment, capture_output=True)  # noqa: S607, PLW1510
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


class Repository:
    """`bare` is what the host has; `folder` is somebody's clone of it."""

    def __init__(self, path: Path) -> None:
        self.bare = path / "host.git"
        self.folder = path / "clone"
        for folder in (self.bare, self.folder):
            folder.mkdir(parents=True)
        git(self.bare, "init", "--quiet", "--bare")
        (self.bare / "hooks" / "pre-receive").write_text(NO_PUSH, encoding="utf-8")
        (self.bare / "hooks" / "pre-receive").chmod(0o755)
        git(self.folder, "init", "--quiet")
        git(self.folder, "remote", "add", "origin", self.url)

    @property
    def url(self) -> str:
        """Where it is cloned from, by a protocol that can be shallow."""
        return self.bare.as_uri()

    def may_push(self, allowed: bool) -> None:
        """Whether a runner's token may; people always may."""
        (self.bare / "read-only").unlink(missing_ok=True)
        if not allowed:
            (self.bare / "read-only").touch()

    def at(self, ref: str) -> str:
        """The commit of a ref on the host."""
        return git(self.bare, "rev-parse", ref)

    def between(self, before: str, after: str) -> list[str]:
        """The commits of a push, the oldest first."""
        return git(self.bare, "rev-list", "--reverse", f"{before}..{after}").split()

    def base(self, commit: str) -> str:
        """The merge base of a commit and main."""
        return git(self.bare, "merge-base", "main", commit)

    def show(self, ref: str, path: str) -> str:
        """A file on the host."""
        return git(self.bare, "show", f"{ref}:{path}")

    def begin(self, text: str) -> None:
        """The first commit of main, with reconciler.yaml and a configuration."""
        self._write(text)
        settings = "state: {store: git}\nenvironments: {production: {secret_env: QONVERSION_SECRET}}\n"
        (self.folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
        self._commit("begin")
        git(self.folder, "push", "--quiet", "origin", "main")

    def propose(self, number: int, text: str, **others: str) -> str:
        """A branch with a commit that changes the configuration and adds other files, pushed, with the refs that a host
        makes of it; gives the commit."""
        git(self.folder, "checkout", "--quiet", "-B", f"branch-{number}", "main")
        self._write(text)
        for name, content in others.items():
            (self.folder / name).write_text(content, encoding="utf-8")
        head = self._commit(f"change {number}")
        git(self.folder, "push", "--quiet", "--force", "origin", f"branch-{number}")
        git(self.folder, "checkout", "--quiet", "-B", "merging", "main")
        git(self.folder, "merge", "--quiet", "--no-ff", "-m", f"merge of {number}", f"branch-{number}")
        git(self.folder, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        git(self.folder, "checkout", "--quiet", "main")
        return head

    def merge(self, number: int, how: str = "merge") -> str:
        """Merges a branch into main, gives the commit."""
        if how == "squash":
            git(self.folder, "merge", "--quiet", "--squash", f"branch-{number}")
            self._commit(f"squash of {number}")
        elif how == "rebase":
            git(self.folder, "merge", "--quiet", "--ff-only", f"branch-{number}")
            git(self.folder, "commit", "--quiet", "--amend", "--no-edit", "--date=2026-01-01T00:00:00Z")
        else:
            git(self.folder, "merge", "--quiet", "--no-ff", "-m", f"merge {number}", f"branch-{number}")
        git(self.folder, "push", "--quiet", "origin", "main")
        return git(self.folder, "rev-parse", "HEAD")

    def push(self, text: str) -> str:
        """A commit straight to main."""
        self._write(text)
        commit = self._commit("straight to main")
        git(self.folder, "push", "--quiet", "origin", "main")
        return commit

    def _write(self, text: str) -> None:
        (self.folder / "main.yaml").write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")

    def _commit(self, message: str) -> str:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", message)
        return git(self.folder, "rev-parse", "HEAD")
