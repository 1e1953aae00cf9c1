"""What can be shown here of Windows and macOS: line ends, names of files, drive letters, signals that are not there."""

from __future__ import annotations

import ast
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import click
import pytest
from world import World

from reconciler import system
from reconciler.cli import options
from reconciler.cli.main import run

from .imports import modules, tree_of

# POSIX has them, Windows does not. `hasattr`, `getattr` and a caught AttributeError are ways to ask.
ONLY_POSIX = {"fork", "getuid", "geteuid", "getpgid", "setsid", "uname", "mkfifo", "wait3", "wait4", "WNOHANG"}


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a method or function of this name in the package."""
    for path in modules().values():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield path, node


@pytest.mark.parametrize(("name", "needed"), [("write_text", {"encoding", "newline"}), ("read_text", {"encoding"})])
def test_files_are_the_same_on_every_system(name: str, needed: set[str]) -> None:
    """Their encoding and their line ends are said. Functions of our own that are called so take no path."""
    left = [
        f"{path}:{node.lineno}"
        for path, node in calls(name)
        if not needed <= {each.arg for each in node.keywords} and "commands" not in ast.unparse(node.func)
    ]
    assert next(calls("write_text"), None)
    assert left == []


def test_nothing_that_only_posix_has_is_called() -> None:
    """No fork, no user ids; the modules of POSIX alone are not imported."""
    used = {
        node.attr
        for path in modules().values()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert used & ONLY_POSIX == set()
    imported = {
        alias.name
        for path in modules().values()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported & {"fcntl", "termios", "pwd", "grp", "resource", "posix", "tty", "pty"} == set()


@pytest.mark.parametrize(
    "file", [r"C:\out\plan.html", r"C:\a=b\plan.html", r"\\server\share\plan.html", r"..\plan.html", "C:/out/plan.html"]
)
def test_a_report_goes_to_a_drive(file: str) -> None:
    """The first `=` ends the form; a colon, a backslash and another `=` are of the file."""
    context = click.Context(click.Command("plan"))
    ((form, path),) = options._forms_and_files(context, click.Option(["--report"]), (f"html={file}",))
    assert form == "html"
    assert PureWindowsPath(str(path)) == PureWindowsPath(file)


@pytest.mark.parametrize("name", ["con", "nul", "com1", "aux"])
def test_a_reserved_name_is_a_key_and_never_a_file(world: World, name: str, tmp_path: Path) -> None:
    """Resources may be called so: state, export and receipts put keys into files, and into no name of one."""
    flow = f"automations:\n  {name}: {{name: {name}, status: active, data: {{actions: {{push: p1}}}}}}\n"
    world.settle(flow)
    assert run(["export", str(tmp_path / "exported")]) == 0
    assert f"  {name}:" in "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "exported").rglob("*.yaml"))
    parts = {part.partition(".")[0].lower() for folder in (world.folder, tmp_path) for part in _names(folder)}
    assert parts
    assert name not in parts
    assert f"automation.{name}" in json.loads(world.state.read_text(encoding="utf-8"))["resources"]


def _names(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.rglob("*"))


@pytest.mark.process
def test_a_program_is_ended_without_process_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no `killpg`: the program itself is ended."""
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(TimeoutError):
        system.run_program([sys.executable, "-c", "import time; time.sleep(600)"], seconds=0.2)


def test_signals_that_are_not_there_are_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no SIGHUP."""
    from reconciler import __main__ as program  # noqa: PLC0415 - it is the program, and not part of what is tested else

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.delattr(signal, "SIGHUP")
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        program.hear_endings()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
