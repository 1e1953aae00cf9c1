"""What is committed is for every machine."""

from __future__ import annotations

import re
import subprocess
from functools import cache

import pytest

from .imports import ROOT

pytestmark = pytest.mark.git

# In pieces, so that this file is no find of its own.
REGISTRIES = (
    r"\bpypi\b" + r"\.org",
    "python" + "hosted",
    "registry" + r"\.npmjs",
    "crates" + r"\.io",
    "proxy" + r"\.golang",
)
HOMES = tuple(rf"(?<![\w.}}>)-])/{folder}/" for folder in ("work", "root", "home", "Users"))


@cache
def committed() -> dict[str, str]:
    """Path → text, of every file that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - the git of whoever runs the tests
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }


@pytest.mark.parametrize("pattern", REGISTRIES)
def test_no_package_registry_is_named(pattern: str) -> None:
    """Where packages come from is the business of the machine that installs them."""
    assert not _found(pattern)


@pytest.mark.parametrize("pattern", HOMES)
def test_no_path_of_a_machine_is_named(pattern: str) -> None:
    """A checkout works wherever it is put."""
    assert not _found(pattern)


def test_no_state_no_data_and_no_build_is_committed() -> None:
    """Rehearsals, builds and measurements leave their files; none of them belongs to the project."""
    left = re.compile(r"(^|/)(\.reconciler/|\.coverage|build/|dist/|[^/]+\.egg-info/|[^/]+\.(sqlite|db|pyc)\b)")
    assert not [name for name in committed() if left.search(name)]


def _found(pattern: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed().items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
