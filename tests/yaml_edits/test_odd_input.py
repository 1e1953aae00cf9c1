"""Files with random damage: an edit, a report or an error of ours, never a traceback and never another meaning."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from size import seeds

from reconciler.errors import ReconcilerError
from reconciler.yaml import read
from reconciler.yaml.edit import add_to, set_values

from .test_values import BEFORE, SHARED

FILE = Path("odd.yaml")
PIECES = [
    *"{}[]:,-?|>&*!#'\"\t\n\r <%@`",
    "---\n",
    "...\n",
    "<<: *d",
    "? ",
    "- ",
    ": ",
    "&s ",
    "*s",
    "!!str ",
    "\\",
    "é",
]
VALUES = {"name": "q", "to": [{"z": 1}], "data": {"push": 1}, "status": [1], "own": None, "new": "a\nb\n"}


def damaged(chance: random.Random) -> str:
    """A file with some characters taken out and some put in."""
    text = chance.choice([SHARED, BEFORE])
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(PIECES) + text[at + chance.randrange(3) :]
    return text


@pytest.mark.parametrize("seed", seeds(100, every_day=25))
def test_a_damaged_file_is_edited_or_refused(seed: int) -> None:
    """What is given can be read; an error is one that a user can meet."""
    chance = random.Random(seed)  # noqa: S311 - a game, no secret
    for _ in range(5):
        text = damaged(chance)
        for edit in (
            lambda text=text: add_to(FILE, text, "s", {"new": {"x": [1]}}),
            lambda text=text: add_to(FILE, text, "imports", [{"to": "report.x", "id": "1"}]),
            lambda text=text: set_values(FILE, text, {("s", "a", key): value for key, value in VALUES.items()}),
        ):
            try:
                made = edit()
            except ReconcilerError:
                continue
            assert made.before == text, f"seed {seed}"
            assert not read(made.content, "")[1], f"seed {seed}: {text!r}"
