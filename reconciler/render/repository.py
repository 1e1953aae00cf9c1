"""What a file is called in its repository, which is how the hosts of pull requests know it."""

from __future__ import annotations

import os
from pathlib import Path


def repository_path(file: str) -> str:
    """A file of the configuration, relative to the root of its repository, with slashes.

    The root is the folder that GITHUB_WORKSPACE names, else the nearest one that holds `.git`, else the working folder;
    a file that is outside keeps its whole path.
    """
    path = Path(file).resolve()
    root = _root(path)
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _root(path: Path) -> Path:
    named = os.environ.get("GITHUB_WORKSPACE")
    workspace = Path(named).resolve() if named else None
    if workspace and path.is_relative_to(workspace):
        return workspace
    return next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
