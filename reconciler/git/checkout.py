"""The repository of the configuration, and its objects. It is read, and never written to.

No file is checked out, and no filter of the user runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import GitUnusable, ReconcilerError
from reconciler.git import find_repository_top
from reconciler.git.command import NETWORK_SECONDS, NO_REPOSITORY, Settings, read_output, run_git, without_filters
from reconciler.lazy import frozen
from reconciler.system import make_relative_path

OLDEST = (2, 31)  # The first version of git that reads settings from its environment.
NOT_OURS = ":(top,exclude,glob)**/.reconciler/**"  # Each apply writes a state there: that is no edit of a person.
LINK, MODULE, FOLDER = "120000 blob", "160000 commit", "040000 tree"
"""The beginning of a tree's entry that is a symbolic link, a submodule, or a folder."""


@frozen
class Checkout:
    """A repository of the user: its top folder, the format of its ids, and its settings as git resolves them."""

    folder: Path
    top: str
    object_format: str
    settings: Settings

    def commit(self) -> str:
        """The commit of the configuration, for people, and whether its files have changed since."""
        head = run_git(self.top, "rev-parse", "--verify", "--quiet", "HEAD")
        if head.code:
            return "not committed yet"
        # Submodules are left out: git would run within them, with their settings.
        here = as_pathspec(self.folder, self.top)
        status = ("status", "--porcelain", "--ignore-submodules=dirty", "--", here, NOT_OURS)
        changed = run_git(self.top, *status, environment=without_filters(self.settings))
        is_changed = changed.text and not changed.code
        return f"{head.text} (with changes that are not committed)" if is_changed else head.text


def as_pathspec(path: Path, top: str | Path) -> str:
    """How git calls a path, with all that is below it, whatever folder it runs in."""
    within = make_relative_path(os.path.realpath(path), os.path.realpath(top))
    return ":(top)" if within == os.curdir else f":(top,literal){within}"


def find_checkout(folder: Path, *, what: str, otherwise: str) -> Checkout:
    """The repository of a folder. GitUnusable if there is none, or git is too old. `what` says in the message who needs
    a repository, `otherwise` what to do without one."""
    if find_repository_top(folder) is None:
        raise GitUnusable(f"{folder}: {what}, but git finds none here ({NO_REPOSITORY})", hint=otherwise)
    at = str(folder)
    # Asked for first: an old git fails at the next question, and does not say that it is too old.
    version = run_git(at, "version").text
    found = re.search(r"(\d+)\.(\d+)", version)
    if found and tuple(map(int, found.groups())) < OLDEST:
        raise GitUnusable(f"{version} is too old", hint=f"it needs git {'.'.join(map(str, OLDEST))} or newer")
    answer = run_git(at, "rev-parse", "--show-object-format", "--show-toplevel")
    if answer.code:
        # There is one, so the reason is another: unreadable settings, or a folder of another user.
        hint = "`git status` in that folder says the same; once it works there, so does this"
        raise GitUnusable(f"{folder}: {what}, but git cannot use it: {answer.message}", hint=hint)
    object_format, _, top = answer.text.partition("\n")
    return Checkout(folder, top, object_format, read_settings([], at))


def find_configuration_commit(folder: Path) -> str:
    """The commit of a folder's files, for people; empty without a repository or git."""
    try:
        return find_checkout(folder, what="", otherwise="").commit()
    except ReconcilerError:
        return ""


def find_head_commit(folder: Path) -> str:
    """The id of the commit that is checked out in a folder; empty without a repository, a commit, or git."""
    try:
        answer = run_git(str(folder), "rev-parse", "--verify", "--quiet", "HEAD")
    except ReconcilerError:
        return ""
    return "" if answer.code else answer.text


def read_settings(options: list[str], folder: str) -> Settings:
    """All settings of a repository, includes resolved, the strongest last."""
    answer = run_git(folder, *options, "config", "--list", "-z", "--includes")
    if answer.code:
        raise GitUnusable(f"{folder}: git cannot read its settings: {answer.message}", hint="see: git config --list")
    entries = filter(None, answer.out.decode("utf-8", "surrogateescape").split("\0"))
    parts = (entry.partition("\n") for entry in entries)
    return tuple((name, value if separator else "true") for name, separator, value in parts)


def parse_entries(listed: bytes) -> dict[str, str]:
    """The output of `ls-tree -z`: name → `mode type id`."""
    pairs = (entry.partition("\t") for entry in listed.decode("utf-8", "surrogateescape").split("\0") if entry)
    return {name: entry for entry, _, name in pairs}


def parse_contents(batch: bytes) -> list[bytes]:
    """The contents in the output of `cat-file --batch`, in their order. No object may be missing."""
    found = []
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].split()[-1])
        found.append(batch[end + 1 : end + 1 + size])
        at = end + size + 2
    return found


def list_entries(checkout: Checkout, commit: str, folder: str) -> dict[str, str] | None:
    """Everything below a folder, folders too: path → `mode type id`. `folder` is from the top, empty for the top. None
    if the commit has no such folder. GitUnusable if git fails."""
    found = run_git(checkout.top, "rev-parse", "--verify", "--quiet", f"{commit}:{folder}")
    if found.code or _run(checkout, "cat-file", "-t", found.text).strip() != b"tree":
        return None
    return parse_entries(_run(checkout, "ls-tree", "-r", "-t", "-z", "--full-tree", found.text))


def read_sizes(checkout: Checkout, blobs: Sequence[str]) -> list[int]:
    """The sizes of objects in bytes. GitUnusable if one is missing."""
    lines = _run(checkout, "cat-file", "--batch-check", lines=blobs).decode().splitlines()
    missing = next((line.split()[0] for line in lines if not line.rpartition(" ")[2].isdigit()), None)
    if missing is not None:
        message = f"{checkout.top}: the object {missing} is missing in this clone"
        raise GitUnusable(message, hint="git fetch, or git fsck says more")
    return [int(line.rpartition(" ")[2]) for line in lines]


def read_contents(checkout: Checkout, blobs: Sequence[str]) -> list[bytes]:
    """The contents of objects, of which none may be missing (see `sizes`)."""
    return parse_contents(_run(checkout, "cat-file", "--batch", lines=blobs)) if blobs else []


def _run(checkout: Checkout, *arguments: str, lines: Sequence[str] = ()) -> bytes:
    # The limit of the network, because a partial clone fetches missing objects now.
    return read_output(checkout.top, *arguments, hint="git fsck says more", seconds=NETWORK_SECONDS, lines=lines)
