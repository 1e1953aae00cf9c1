"""Places in the repository: how a forge calls a file, and where it shows a line of a commit."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

from reconciler.errors import Location

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
PROJECT = re.compile(r"https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9_.-]+)+")


def repository_path(file: str) -> str:
    """A file of the configuration, relative to the root of its repository, with slashes.

    The root is the folder that GITHUB_WORKSPACE names, else the nearest one that holds `.git`, else the working folder;
    a file that is outside keeps its whole path.
    """
    path = Path(file).resolve()
    named = os.environ.get("GITHUB_WORKSPACE")
    root = Path(named).resolve() if named else None
    if root is None or not path.is_relative_to(root):
        root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def permalink(place: Location, commit: str) -> str:
    """The address of a line of a commit on GitHub or GitLab, as the variables of a runner say; else nothing.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables,
    https://docs.gitlab.com/ci/variables/predefined_variables
    """
    github = f"{os.environ.get('GITHUB_SERVER_URL', '')}/{os.environ.get('GITHUB_REPOSITORY', '')}"
    gitlab = os.environ.get("CI_PROJECT_URL", "")
    path = repository_path(place.file)
    base = f"{github}/blob" if PROJECT.fullmatch(github) else f"{gitlab}/-/blob" if PROJECT.fullmatch(gitlab) else ""
    if not base or not COMMIT.fullmatch(commit) or path.startswith("/"):
        return ""
    line = f"#L{place.line}" if place.line else ""
    return f"{base}/{commit}/{quote(path, safe='/', errors='replace')}{line}"
