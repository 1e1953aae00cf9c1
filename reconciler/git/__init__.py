"""The room of git: the only one that calls it. The user's repository is looked at, and never written to."""

from __future__ import annotations

import os
from pathlib import Path


def repository_top(folder: Path) -> Path | None:
    """The top of the work tree that a folder lies in: the nearest one that holds `.git` (a folder, or the file of a
    worktree or submodule). None if there is none. No process is started."""
    real = Path(os.path.realpath(folder))
    return next((each for each in (real, *real.parents) if os.path.lexists(each / ".git")), None)
