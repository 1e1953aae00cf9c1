"""The names of the files of a configuration."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.git.repository import repository_top

SUFFIXES = (".yaml", ".yml")
SETTINGS_FILE = "reconciler.yaml"
SETTINGS_NAMES = (SETTINGS_FILE, "reconciler.yml")
TEST_SUFFIX = ".test.yaml"
STATE_FOLDER = ".reconciler"


def is_yaml(name: str) -> bool:
    """Whether a file of that name is YAML."""
    return name.lower().endswith(SUFFIXES)


def is_settings(name: str) -> bool:
    """Whether a file of that name is `reconciler.yaml`, perhaps in another spelling."""
    return name.lower() in SETTINGS_NAMES


def is_resources(name: str) -> bool:
    """Whether a file of that name holds resources."""
    return is_yaml(name) and name != SETTINGS_FILE and not name.lower().endswith(TEST_SUFFIX)


def settings_above(folder: Path) -> Path | None:
    """The `reconciler.yaml` of the nearest parent that has one, within the repository."""
    real, top = Path(os.path.realpath(folder)), repository_top(folder)
    for parent in real.parents if real != top else ():
        for name in SETTINGS_NAMES:
            if os.path.lexists(parent / name):
                return parent / name if folder.is_absolute() else Path(os.path.relpath(parent / name))
        if parent == top:
            break
    return None


def names_in(folder: Path) -> list[str]:
    """The names in a folder; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except OSError:
        return []
