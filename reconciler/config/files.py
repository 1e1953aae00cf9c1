"""Which files a configuration is made of."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.errors import Problem, did_you_mean

SUFFIXES = (".yaml", ".yml")
SETTINGS_FILE = "reconciler.yaml"


def configuration_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """Every `*.yaml` and `*.yml` below a folder, or the one file; hidden ones and `reconciler.yaml` are left out."""
    if path.is_file() and path.name == SETTINGS_FILE:
        return [], [Problem(str(path), 0, 0, "holds settings; expected the folder it is in, or a file of resources")]
    if path.is_file():
        return [path], []
    if not path.is_dir():
        return [], [Problem(str(path), 0, 0, _missing(path))]
    found: list[Path] = []
    problems: list[Problem] = []

    def unreadable(error: OSError) -> None:
        problems.append(Problem(str(error.filename), 0, 0, _unreadable(error)))

    for folder, folders, files in os.walk(path, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found.extend(
            Path(folder) / name
            for name in sorted(files)
            if name.endswith(SUFFIXES) and not name.startswith(".") and name != SETTINGS_FILE
        )
    return found, problems


def settings_file(path: Path) -> Path:
    """Where `reconciler.yaml` would be: in the folder, or beside the file."""
    return (path if path.is_dir() else path.parent) / SETTINGS_FILE


def read_bytes(path: Path) -> tuple[bytes, list[Problem]]:
    """The content of a file, or why it cannot be read."""
    try:
        return path.read_bytes(), []
    except OSError as error:
        return b"", [Problem(str(path), 0, 0, _unreadable(error))]


def _missing(path: Path) -> str:
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    return f"does not exist; expected a folder or a file of YAML{did_you_mean(path.name, beside)}"


def _unreadable(error: OSError) -> str:
    return f"cannot be read ({error.strerror}); expected a file or folder that may be read, or a hidden name"
