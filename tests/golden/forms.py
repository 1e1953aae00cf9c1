"""Where the golden file of a form and a case is, and what belongs in it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from reconciler.model.reports import Ended
from reconciler.output import FORMS, render_plans
from reconciler.output.graph import PICTURES as GRAPHS
from reconciler.output.references import make_graph

from .cases import CASES
from .stage import review_of

FOLDER = Path(__file__).parent
RENEW = "python -m tests.golden --write"
SUFFIXES = {
    **{form: form for form in ("json", "html", "dot", "svg")},
    "markdown": "md",
    "mermaid": "mmd",
    "sarif": "json",
}
WIDTH = "100"
COLOUR = re.compile(r"\x1b\[\d+m")
# The page's own style sheet and script, and their hashes: tests/browser looks at what they do.
DRESS = re.compile(r"(?s)(?<=<style>).*?(?=</style>)|(?<=<script>).*?(?=</script>)|(?<=sha256-)[\w+/]{43}=")


def every() -> Iterator[tuple[str, str]]:
    """Each form with each case, pictures of the graph too. A new form of output/__init__.py is among them by itself."""
    for form in (*FORMS, *GRAPHS):
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
        text = (
            GRAPHS[form](make_graph(review.plan, review.desired, review.live))
            if form in GRAPHS
            else COLOUR.sub("", render_plans([Ended("", review)], form))
        )
        return DRESS.sub("", text) + "\n" if form in ("html", "svg") else text + "\n"
