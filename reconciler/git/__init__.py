"""Finds repositories, and calls git: no other package does. This package reads the user's repository and never writes
to it."""

from __future__ import annotations

import os
from pathlib import Path

POINTER = b"gitdir: "
LONGEST_POINTER = 8192  # Twice the longest path of Linux. A larger `.git` is no pointer.


def find_repository_top(folder: Path | str) -> Path | None:
    """The top of the checkout of a folder, as a real path; None if there is none. It is found by its entry named
    `.git`, and by nothing else. Git also takes a folder for a repository if it looks like the inside of one, and obeys
    its settings. A pull request can add such a folder, but no entry named `.git`: git refuses that."""
    ceilings = set(os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep))
    at = Path(os.path.realpath(folder))
    for above in (at, *at.parents):
        if above != at and str(above) in ceilings:
            return None
        if find_git_folder(above) is not None:
            return above
    return None


def find_git_folder(top: Path) -> Path | None:
    """The folder of git's own files for a checkout (of this work tree, if there are several); None without one."""
    entry = top / ".git"
    if entry.is_dir():
        return entry if _is_git_folder(entry) else None
    try:
        with entry.open("rb") as opened:
            content = opened.read(LONGEST_POINTER)
    except OSError:
        return None
    # Submodules and further work trees have a file that names the folder.
    target = top / os.fsdecode(content.removeprefix(POINTER).rstrip(b"\r\n"))
    return target if content.startswith(POINTER) and _is_git_folder(target) else None


def _is_git_folder(folder: Path) -> bool:
    """Whether it has the entries by which git recognises one."""
    whole = (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return os.path.lexists(folder / "HEAD") and (whole or (folder / "commondir").is_file())
