"""Where a repository is: at an entry named `.git`, and nowhere else.

Git also takes any folder for a repository that looks like the inside of one, and obeys the settings in it. A pull
request can add such a folder; it cannot add an entry named `.git`, which git itself refuses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ENTRY = ".git"
POINTER = b"gitdir: "
LONGEST_POINTER = 8192


def repository_top(folder: Path | str) -> Path | None:
    """The top of the checkout that a folder lies in, as a real path; None if it lies in none."""
    return next((at for at in _upward(folder) if git_folder(at) is not None), None)


def git_folder(top: Path) -> Path | None:
    """The folder of git's own files for the checkout with that top: that of the work tree, if there are several.

    None if there is no sound `.git`.
    """
    entry = top / ENTRY
    if entry.is_dir():
        return entry if _is_git_folder(entry) else None
    try:
        with entry.open("rb") as opened:
            said = opened.read(LONGEST_POINTER)
    except OSError:
        return None
    # Submodules and further work trees have a file that says where it is
    target = top / os.fsdecode(said.removeprefix(POINTER).rstrip(b"\r\n"))
    return target if said.startswith(POINTER) and _is_git_folder(target) else None


def _upward(folder: Path | str) -> Iterator[Path]:
    ceilings = set(os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep))
    at = Path(os.path.realpath(folder))
    yield at
    for above in at.parents:
        if str(above) in ceilings:
            return
        yield above


def _is_git_folder(folder: Path) -> bool:
    """As git itself tells one."""
    whole = (folder / "objects").is_dir() and (folder / "refs").is_dir()
    return os.path.lexists(folder / "HEAD") and (whole or (folder / "commondir").is_file())
