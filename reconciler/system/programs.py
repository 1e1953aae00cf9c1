"""Programs that we start: found in the folders that PATH names in full, and never in the current one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def search_path() -> str:
    """PATH without what means the current folder, or one below it: a checkout may lie there."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def find_program(name: str) -> str | None:
    """The full path of a program; None if PATH has none of that name."""
    found = shutil.which(name, path=search_path())
    # On Windows the current folder is looked through first, whatever the path says
    return found if found and Path(found).is_absolute() else None
