"""How long a file and a function may be, and which names say nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from .imports import modules, nodes_of

FILE_LINES = 300
FUNCTION_LINES = 50
STRINGING_LINES = 25
"""In `commands/`, which strings the stages together: that function is the first to grow."""
SAYS_NOTHING = frozenset(
    {"util", "utils", "helper", "helpers", "common", "manager", "managers", "core", "misc", "shared"}
)


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    """At most 300 lines."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules().values()}
    long = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES]
    assert not long, "\n".join(long)


def test_a_function_is_short_enough_to_be_seen_at_once() -> None:
    """At most 50 lines from its `def` to its end, docstring left out; in `commands/` at most 25."""
    long = [
        f"{path}:{node.lineno} {node.name}: {lines} lines"
        for path in modules().values()
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := _lines(node)) > _most(path)
    ]
    assert not long, "\n".join(long)


def test_a_name_says_what_is_in_it() -> None:
    """No utils, helpers, common, manager, core: a name that fits everything collects everything."""
    words = {name: {word for part in name.split(".") for word in part.strip("_").split("_")} for name in modules()}
    assert [name for name in modules() if words[name] & SAYS_NOTHING] == []


def _most(path: Path) -> int:
    return STRINGING_LINES if path.parent.name == "commands" else FUNCTION_LINES


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    documented = ast.get_docstring(node, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring
