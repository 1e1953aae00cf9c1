"""A test that is not marked with a means does not use it: what is run without processes, git or sockets is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable

import pytest
from means import MEANS, marks_of, restricted_to

from .imports import ROOT

REFUSED = pytest.fail.Exception


def starts_a_process() -> None:
    """Python, which does nothing."""
    subprocess.run([sys.executable, "-c", ""], check=True)


def starts_git() -> None:
    """It says its version."""
    subprocess.run(["git", "--version"], capture_output=True, check=True)  # noqa: S607 - the git of whoever tests


def listens() -> None:
    """On any port of the loopback."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))


def connects() -> None:
    """To a port where nobody listens, most likely."""
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 9))


def spawns() -> None:
    """The same by another way."""
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ), 0)


USES: list[tuple[Callable[[], None], str]] = [
    (starts_a_process, "process"),
    (spawns, "process"),
    (starts_git, "git"),
    (listens, "network"),
    (connects, "network"),
]


@pytest.mark.parametrize(("use", "means"), USES)
def test_what_is_not_marked_is_refused(use: Callable[[], None], means: str) -> None:
    """Whatever else is allowed; and this test itself is not marked."""
    with pytest.raises(REFUSED, match=f"uses `{means}`"):
        use()
    with restricted_to(MEANS - {means}), pytest.raises(REFUSED, match=f"uses `{means}`"):
        use()


@pytest.mark.process
@pytest.mark.git
@pytest.mark.network
@pytest.mark.parametrize(("use", "means"), USES)
def test_what_is_marked_is_not(use: Callable[[], None], means: str) -> None:
    """With its mark alone, each goes through."""
    with restricted_to(frozenset({means})):
        use()


def test_a_fixture_brings_its_mark_along(request: pytest.FixtureRequest, uses_git: None) -> None:
    """So that a test that asks for it can be left out, and need not say so."""
    assert marks_of(request.node) == {"git"}


def test_the_marks_are_declared() -> None:
    """`pytest --markers` explains each of them."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert {each.partition(":")[0] for each in options["markers"]} == MEANS | {"exhaustive"}


def test_the_gate_runs_everything() -> None:
    """What a default run leaves out is run there, and what takes longest is printed."""
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "$line --exhaustive --durations=15 " in gate
