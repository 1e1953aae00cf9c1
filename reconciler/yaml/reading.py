"""Reading a file: the text, the parser and the builder put together."""

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
    data: bytes, file: str, *, accelerated: bool | None = None, room: Budget | None = None
) -> tuple[list[Document], list[Problem]]:
    """Return the documents of the YAML 1.2 text `data`, and everything that is wrong in it, in the order of the text.

    `file` is the name that documents and problems carry. `accelerated` chooses the C parser (True), the pure Python one
    (False) or the C one where it is there (None). Documents that hold nothing are left out. Reading ends at the first
    place that is no YAML, nests too deep or holds more than there is `room` for; the documents before it are returned.
    Where a value is wrong, something of a fitting kind stands in for it: a caller that checks on may drop its own
    findings at the place of a problem.

    Raises nothing for any data; ValueError when the C parser is asked for and is not there.
    """
    text, problems = decode(data, file)
    if problems:
        return [], problems
    builder = Builder(text, file, room or Budget())
    parser = parser_for(text, accelerated=accelerated)
    try:
        with _no_collector():
            builder.build(parser)
    except EndedError:
        pass
    except yaml.YAMLError as error:
        builder.problems.append(load("reconciler.yaml.syntax:syntax_problem")(error, text, file))
    finally:
        parser.dispose()
    return builder.documents, sorted(builder.problems)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Hold the cyclic collector off: building makes many objects and no garbage, so its passes find nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
