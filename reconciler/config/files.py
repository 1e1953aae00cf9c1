"""Which files a configuration is made of."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.errors import Problem

SUFFIXES = (".yaml", ".yml")
SETTINGS_FILE = "reconciler.yaml"


def configuration_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """Every `*.yaml` and `*.yml` below a folder, or the one file; hidden ones and `reconciler.yaml` are left out."""
    if path.is_file():
        return [path], []
    if not path.is_dir():
        return [], [Problem(str(path), 0, 0, "does not exist; expected a folder or a file of YAML")]
    found: list[Path] = []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found.extend(
            Path(folder) / name
            for name in sorted(files)
            if name.endswith(SUFFIXES) and not name.startswith(".") and name != SETTINGS_FILE
        )
    return found, []


def settings_file(path: Path) -> Path:
    """Where `reconciler.yaml` would be: in the folder, or beside the file."""
    return (path if path.is_dir() else path.parent) / SETTINGS_FILE


def read_bytes(path: Path) -> tuple[bytes, list[Problem]]:
    """The content of a file, or why it cannot be read."""
    try:
        return path.read_bytes(), []
    except OSError as error:
        return b"", [Problem(str(path), 0, 0, f"cannot be read: {error.strerror}")]
