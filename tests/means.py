"""What a test uses besides this process: other processes, git, the network, a browser. A mark says so, and is held to.

A test has the mark of each means that it uses, by `pytestmark`, by a decorator, or by a fixture that asks for the
fixture `uses_…`. A test that uses a means without its mark fails at that spot: the interpreter tells of every process
and every socket (see "audit events" in Python's documents), whoever in this process asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MEANS = frozenset({"process", "git", "network", "browser"})
_PROCESSES = frozenset({"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"})
_SOCKETS = frozenset({"socket.bind", "socket.connect"})

_allowed: frozenset[str] = MEANS


def marks_of(item: pytest.Item) -> frozenset[str]:
    """The means that a test may use. A browser is driven as a process, over a socket."""
    marks = frozenset(mark.name for mark in item.iter_markers()) & MEANS
    return marks | {"process", "network"} if "browser" in marks else marks


def marks_by_fixtures(item: pytest.Item) -> Iterator[str]:
    """The marks that the fixtures of a test bring along."""
    names = getattr(item, "fixturenames", ())
    return (means for means in sorted(MEANS) if f"uses_{means}" in names)


@contextmanager
def restricted_to(means: frozenset[str]) -> Iterator[None]:
    """Nothing but these may be used for a while."""
    global _allowed  # noqa: PLW0603 - an audit hook is there for good, and reads what is allowed now
    before, _allowed = _allowed, means
    try:
        yield
    finally:
        _allowed = before


def used_by(event: str, arguments: tuple[Any, ...]) -> str:
    """The means that an audit event is of, or nothing."""
    if event in _SOCKETS:
        return "network"
    if event not in _PROCESSES:
        return ""
    program = str(arguments[0]) if arguments else ""
    return "git" if Path(program).name == "git" else "process"


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if len(_allowed) < len(MEANS) and (means := used_by(event, arguments)) and means not in _allowed:
        pytest.fail(f"this test uses `{means}` and is not marked so ({event}); see tests/means.py")


def install() -> None:
    """From now on every event is looked at."""
    sys.addaudithook(_look)
