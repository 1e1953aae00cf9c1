"""Random worlds under random faults, random kills and a hand in the dashboard: once it is calm, an apply converges.

By hand at any size: `python -m tests.campaign --seeds 1-2000 --stores file,git --jobs 2`. What it prints of a world
that failed is a test to be pasted below.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def survives(seeds: str, stores: str) -> None:
    """Leads worlds as a person does, in a process of its own: in there time passes faster."""
    command = [sys.executable, "-m", "tests.campaign", "--seeds", seeds, "--stores", stores]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)  # noqa: T201 - shown by -rA, and where it fails
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("seeds", "stores"),
    [
        ("1-3", "file"),
        ("19", "git"),
        ("1", "fleet"),
        ("1", "catalogue"),
        pytest.param("2-12", "catalogue", marks=pytest.mark.exhaustive),
        pytest.param("2-12", "fleet", marks=pytest.mark.exhaustive),
        pytest.param("4-9", "file", marks=pytest.mark.exhaustive),
        pytest.param("10-18", "file", marks=pytest.mark.exhaustive),
        pytest.param("20", "git", marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.process
def test_worlds_are_survived(seeds: str, stores: str) -> None:
    """No duplicate, nothing of others touched, nothing deleted that was not shown, no key seen, state and live agree,
    every exit code of the table; and in the end nothing is left to do."""
    survives(seeds, stores)
