"""Reads a file of YAML: bytes → text → parser → builder."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from reconciler.errors import Problem
from reconciler.lazy import load
from reconciler.yaml.anchors import Budget
from reconciler.yaml.building import Builder, EndedError
from reconciler.yaml.decoding import decode
from reconciler.yaml.located import Document
from reconciler.yaml.parsers import parser_for


def read(
    data: bytes, file: str, *, accelerated: bool | None = None, budget: Budget | None = None
) -> tuple[list[Document], list[Problem]]:
    """Return the documents of the YAML 1.2 text `data`, and all problems, in the order of the text.

    `file` is the name in documents and problems. `accelerated` chooses the C parser (True), the Python parser (False),
    or the C parser if it is installed (None). Empty documents are left out.

    Reading ends at text that is no YAML, nests too deep or exceeds `budget`; the documents before it are returned. A
    placeholder of a fitting type replaces a wrong value, so a caller should drop its own findings at a problem.

    No data makes it raise. ValueError if the C parser is asked for and not installed.
    """
    text, problems = decode(data, file)
    if problems:
        return [], problems
    builder = Builder(text, file, budget or Budget())
    parser = parser_for(text, accelerated=accelerated)
    try:
        with _no_collector():
            builder.build(parser)
    except EndedError:
        pass
    except yaml.YAMLError as error:
        last = load("reconciler.yaml.syntax:syntax_problem")(error, text, file)
        # What was found in the same line before has the same cause.
        builder.problems[:] = [*(each for each in builder.problems if each.line != last.line), last]
    finally:
        parser.dispose()
    return builder.documents, sorted(builder.problems)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Pause the cyclic garbage collector: building makes many objects and no cycles, so its passes find nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
