"""The repository of the configuration. It is read, and never written to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import GitUnusable, ReconcilerError
from reconciler.git.command import (
    NO_REPOSITORY,
    Limits,
    Settings,
    as_environment,
    run_git,
    without_filters,
)
from reconciler.git.repository import repository_top

OLDEST = (2, 31)
"""The first version of git that reads settings from its environment."""
NOT_OURS = ":(top,exclude,glob)**/.reconciler/**"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository of the user: its top folder, the format of its ids, and its settings as git resolves them."""

    folder: Path
    top: str
    object_format: str
    settings: Settings
    limits: Limits

    def commit(self) -> str:
        """The commit of the configuration, for people, and whether its files have changed since."""
        head = self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        if not head:
            return "not committed yet"
        within = os.path.relpath(os.path.realpath(self.folder), os.path.realpath(self.top))
        here = ":(top)" if within == os.curdir else f":(top,literal){within}"
        # Submodules are left out: git would run within them, with their settings.
        changed = self._ask("status", "--porcelain", "--ignore-submodules=dirty", "--", here, NOT_OURS)
        return f"{head} (with changes that are not committed)" if changed else head

    def _ask(self, *arguments: str) -> str:
        unfiltered = as_environment(without_filters(self.settings))
        answer = run_git(arguments, folder=self.top, seconds=self.limits.local, environment=unfiltered)
        return "" if answer.code else answer.text


def find_checkout(folder: Path, limits: Limits, *, what: str, otherwise: str) -> Checkout:
    """The repository of a folder. GitUnusable if there is none, or git is too old.

    `what` says in the message who needs a repository, `otherwise` what to do without one.
    """
    if repository_top(folder) is None:
        raise GitUnusable(f"{folder}: {what}, but git finds none here ({NO_REPOSITORY})", hint=otherwise)
    at = str(folder)
    _check_version(run_git(["version"], folder=at, seconds=limits.local).text)
    answer = run_git(["rev-parse", "--show-object-format", "--show-toplevel"], folder=at, seconds=limits.local)
    if answer.code:
        # There is one, so the reason is another: unreadable settings, or a folder of another user.
        raise GitUnusable(
            f"{folder}: {what}, but git cannot use it: {answer.words}",
            hint="`git status` in that folder says the same; once it works there, so does this",
        )
    object_format, _, top = answer.text.partition("\n")
    return Checkout(folder, top, object_format, read_settings([], at, limits), limits)


def configuration_commit(folder: Path) -> str:
    """The commit of a folder's files, for people; empty without a repository or git."""
    try:
        return find_checkout(folder, Limits(), what="", otherwise="").commit()
    except ReconcilerError:
        return ""


def head_commit(folder: Path) -> str:
    """The id of the commit that is checked out in a folder; empty without a repository, a commit, or git."""
    try:
        answer = run_git(["rev-parse", "--verify", "--quiet", "HEAD"], folder=str(folder), seconds=Limits().local)
    except ReconcilerError:
        return ""
    return "" if answer.code else answer.text


def read_settings(options: list[str], folder: str, limits: Limits) -> Settings:
    """All settings of a repository, includes resolved, the strongest last."""
    answer = run_git([*options, "config", "--list", "-z", "--includes"], folder=folder, seconds=limits.local)
    if answer.code:
        raise GitUnusable(f"{folder}: git cannot read its settings: {answer.words}", hint="see: git config --list")
    return tuple(_settings(answer.out.decode("utf-8", "surrogateescape")))


def _settings(listed: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, listed.split("\0")):
        name, separator, value = entry.partition("\n")
        yield name, value if separator else "true"


def _check_version(said: str) -> None:
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and tuple(map(int, found.groups())) < OLDEST:
        raise GitUnusable(f"{said} is too old", hint=f"it needs git {'.'.join(map(str, OLDEST))} or newer")
