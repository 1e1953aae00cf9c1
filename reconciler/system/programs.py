"""Finds programs in the absolute folders of PATH, and never in the current folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def search_path() -> str:
    """PATH without its relative entries: they may be in a checkout."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())


def find_program(name: str) -> str | None:
    """The full path of a program; None if PATH has none of that name."""
    found = shutil.which(name, path=search_path())
    # On Windows, `which` looks in the current folder first.
    return found if found and Path(found).is_absolute() else None
