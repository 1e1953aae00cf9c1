"""The repository that the configuration lies in: looked at, never written to."""

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
"""The first git that takes settings from its environment."""
NOT_OURS = ":(top,exclude,glob)**/.reconciler/**"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository of the user's: its top folder, the format of its ids, and its settings, as git resolves them."""

    folder: Path
    top: str
    object_format: str
    settings: Settings
    limits: Limits

    def commit(self) -> str:
        """The commit of the configuration, for people, and whether its files are others by now."""
        head = self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        if not head:
            return "not committed yet"
        within = os.path.relpath(os.path.realpath(self.folder), os.path.realpath(self.top))
        here = ":(top)" if within == os.curdir else f":(top,literal){within}"
        # What is in a submodule is not asked for: git would run there, by its settings
        changed = self._ask("status", "--porcelain", "--ignore-submodules=dirty", "--", here, NOT_OURS)
        return f"{head} (with changes that are not committed)" if changed else head

    def _ask(self, *arguments: str) -> str:
        unfiltered = as_environment(without_filters(self.settings))
        answer = run_git(arguments, folder=self.top, seconds=self.limits.local, environment=unfiltered)
        return "" if answer.code else answer.text


def find_checkout(folder: Path, limits: Limits, *, what: str, otherwise: str) -> Checkout:
    """The repository that a folder lies in. GitUnusable where it lies in none, or git is too old.

    `what` says who needs one and why, `otherwise` what to do where there is none.
    """
    if repository_top(folder) is None:
        raise GitUnusable(f"{folder}: {what}, but git finds none here ({NO_REPOSITORY})", hint=otherwise)
    at = str(folder)
    _check_version(run_git(["version"], folder=at, seconds=limits.local).text)
    answer = run_git(["rev-parse", "--show-object-format", "--show-toplevel"], folder=at, seconds=limits.local)
    if answer.code:
        # There is one, so the reason is another: settings that cannot be read, or a folder of another user.
        raise GitUnusable(
            f"{folder}: {what}, but git cannot use it: {answer.words}",
            hint="`git status` in that folder says the same; once it works there, so does this",
        )
    object_format, _, top = answer.text.partition("\n")
    return Checkout(folder, top, object_format, read_settings([], at, limits), limits)


def configuration_commit(folder: Path) -> str:
    """The commit that a folder's files are of, for people; empty where there is no repository, or no git."""
    try:
        return find_checkout(folder, Limits(), what="", otherwise="").commit()
    except ReconcilerError:
        return ""


def head_commit(folder: Path) -> str:
    """The id of the commit that is checked out in a folder; empty if there is no repository, no commit, or no git."""
    try:
        answer = run_git(["rev-parse", "--verify", "--quiet", "HEAD"], folder=str(folder), seconds=Limits().local)
    except ReconcilerError:
        return ""
    return "" if answer.code else answer.text


def read_settings(options: list[str], folder: str, limits: Limits) -> Settings:
    """All settings that hold in a repository, in the order of their weight, with what is included into them."""
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
