"""What a test uses besides this process: other processes, git, the network, a browser. A mark says so, and is held to.

A test has the mark of each means that it uses, by `pytestmark`, by a decorator, or by a fixture that asks for the
fixture `uses_…`. A test that uses a means without its mark fails at that spot: the functions of the standard library
that start a process or use a socket ask here first. An audit hook would hear of more, but Python 3.11 lets go of its
lock inside one, and a thread that coverage begins to trace meanwhile fails.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MEANS = frozenset({"process", "git", "network", "browser"})
_PROCESSES = (
    *((os, name) for name in ("execv", "execve", "fork", "forkpty", "posix_spawn", "posix_spawnp", "system")),
    (subprocess.Popen, "__init__"),
)
_SOCKETS = tuple((socket.socket, name) for name in ("bind", "connect", "connect_ex"))

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
    global _allowed  # noqa: PLW0603 - the functions are replaced for good, and read what is allowed now
    before, _allowed = _allowed, means
    try:
        yield
    finally:
        _allowed = before


def _program(arguments: tuple[Any, ...]) -> str:
    """The means that starting this is."""
    first = arguments[0] if arguments else ""
    command = first[0] if isinstance(first, (list, tuple)) else str(first).split(" ")[0]
    return "git" if Path(command).stem == "git" else "process"


def _ask(means: str, name: str) -> None:
    if means not in _allowed:
        pytest.fail(f"this test uses `{means}` and is not marked so ({name}); see tests/means.py")


def _replace(owner: Any, name: str, is_socket: bool) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def asking(*arguments: Any, **options: Any) -> Any:
        own = arguments[1:] if isinstance(owner, type) else arguments
        _ask("network" if is_socket else _program(own or (options.get("args", ""),)), name)
        return original(*arguments, **options)

    setattr(owner, name, asking)


def install() -> None:
    """From now on each of them asks."""
    for owner, name in _PROCESSES:
        if hasattr(owner, name):  # Windows has no fork
            _replace(owner, name, is_socket=False)
    for owner, name in _SOCKETS:
        _replace(owner, name, is_socket=True)
