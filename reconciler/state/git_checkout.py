"""The repository that the configuration lies in: looked at, never written to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError, StateUnusable
from reconciler.state.git_command import Limits, masked, run_git

OLDEST = (2, 31)
"""The first git that takes settings from its environment."""
CARRIED = re.compile(r"(http|credential|url|protocol|ssh)\.|core\.(sshcommand|gitproxy|askpass)$", re.IGNORECASE)
"""The settings that reaching a remote depends on; a checkout in CI leaves its token in one of them."""
CARRIED_OF_A_REMOTE = ("url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack", "vcs")
NOT_OURS = ":(exclude,glob)**/.reconciler/**"

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository of the user's: its top folder, the format of its ids, and its settings, as git resolves them."""

    folder: Path
    top: str
    object_format: str
    settings: Settings
    limits: Limits

    def carried(self, remote: str, known: Settings) -> Settings:
        """The settings that a repository elsewhere lacks to reach a remote as this one does; `known` it has itself.

        StateUnusable where there is no such remote.
        """
        of_the_remote = {f"remote.{remote}.{name}" for name in CARRIED_OF_A_REMOTE}
        if remote.startswith("-") or (
            f"remote.{remote}.url" not in dict(self.settings) and not re.search(r"[:/]", remote)
        ):
            raise StateUnusable(
                f"{self.top}: there is no remote {masked(remote)}",
                hint="git remote -v lists those that there are; reconciler.yaml names the one for the state: "
                "state: {store: git, remote: NAME}",
            )
        left = Counter(known)
        return tuple(
            (name, value)
            for name, value in self.settings
            if (CARRIED.match(name) or name in of_the_remote) and not _taken(left, (name, value))
        )

    def commit(self) -> str:
        """The commit of the configuration, for people, and whether its files are others by now."""
        head = self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        if not head:
            return "not committed yet"
        changed = self._ask("status", "--porcelain", "--", ".", NOT_OURS)
        return f"{head} (with changes that are not committed)" if changed else head

    def _ask(self, *arguments: str) -> str:
        answer = run_git(arguments, folder=str(self.folder), seconds=self.limits.local)
        return "" if answer.code else answer.text


def find_checkout(folder: Path, limits: Limits) -> Checkout:
    """The repository that a folder lies in. StateUnusable where it lies in none, or git is too old."""
    at = str(folder)
    _check_version(run_git(["version"], folder=at, seconds=limits.local).text)
    answer = run_git(["rev-parse", "--show-object-format", "--show-toplevel"], folder=at, seconds=limits.local)
    if answer.code:
        raise StateUnusable(
            f"{folder}: the git store keeps the state in the repository of the configuration, "
            f"but git finds none here ({answer.words})",
            hint="run this in a clone of the repository, or choose another store: state: {store: file}",
        )
    object_format, _, top = answer.text.partition("\n")
    return Checkout(folder, top, object_format, read_settings([], at, limits), limits)


def configuration_commit(folder: Path) -> str:
    """The commit that a folder's files are of, for people; empty where there is no repository, or no git."""
    try:
        return find_checkout(folder, Limits()).commit()
    except ReconcilerError:
        return ""


def read_settings(options: list[str], folder: str, limits: Limits) -> Settings:
    """All settings that hold in a repository, in the order of their weight, with what is included into them."""
    answer = run_git([*options, "config", "--list", "-z", "--includes"], folder=folder, seconds=limits.local)
    if answer.code:
        raise StateUnusable(f"{folder}: git cannot read its settings: {answer.words}", hint="see: git config --list")
    return tuple(_settings(answer.out.decode("utf-8", "surrogateescape")))


def _settings(listed: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, listed.split("\0")):
        name, separator, value = entry.partition("\n")
        yield name, value if separator else "true"


def _taken(left: Counter[tuple[str, str]], setting: tuple[str, str]) -> bool:
    left[setting] -= 1
    return left[setting] >= 0


def _check_version(said: str) -> None:
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and tuple(map(int, found.groups())) < OLDEST:
        raise StateUnusable(
            f"{said} is too old for the git store", hint=f"it needs git {'.'.join(map(str, OLDEST))} or newer"
        )
