"""Where the golden file of a form and a case is, and what belongs in it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from reconciler.render.forms import FORMS, shown

from .cases import CASES
from .stage import review_of

FOLDER = Path(__file__).parent
RENEW = "python -m tests.golden --write"
SUFFIXES = {"json": "json", "markdown": "md", "html": "html", "sarif": "json"}
WIDTH = "100"
COLOUR = re.compile(r"\x1b\[\d+m")


def every() -> Iterator[tuple[str, str]]:
    """Each form with each case. A new form of render/forms.py is among them by itself."""
    for form in FORMS:
        for case in CASES:
            yield form, case


def path_of(form: str, case: str) -> Path:
    """Its file."""
    return FOLDER / form / f"{case}.{SUFFIXES.get(form, 'txt')}"


def made(form: str, case: str) -> str:
    """What the form says of the case now, colours left out, from a folder that is nobody's repository."""
    review = review_of(case)
    surroundings = {**os.environ, "COLUMNS": WIDTH}
    surroundings.pop("GITHUB_WORKSPACE", None)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, surroundings, clear=True),
    ):
        return COLOUR.sub("", shown(review, form)) + "\n"
