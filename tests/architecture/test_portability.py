"""What can be shown here of Windows and macOS: line ends, code pages, names of files, drive letters, links, signals and
modules that are not there."""

from __future__ import annotations

import ast
import getpass
import io
import json
import ntpath
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any
from xml.etree import ElementTree

import click
import pytest
from world import World, automation

from reconciler import __main__ as program
from reconciler import system
from reconciler.cli import options
from reconciler.cli.main import run
from reconciler.commands.state import open_backend_at
from reconciler.errors import StateUnusable
from reconciler.git.checkout import Checkout
from reconciler.git.command import SETTINGS
from reconciler.state import git_repository
from reconciler.state.backend import LockInfo

from .imports import ROOT, modules, nodes_of, tree_of

# POSIX has them, Windows does not. `hasattr`, `getattr` and a caught AttributeError are ways to ask.
ONLY_POSIX = {"fork", "getuid", "geteuid", "getpgid", "setsid", "uname", "mkfifo", "wait3", "wait4", "WNOHANG"}


POSIX_SIGNALS = {"SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE"}
POSIX_MODULES = {"fcntl", "termios", "pwd", "grp", "resource", "posix", "tty", "pty"}


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a method or function of this name in the package."""
    for path in modules().values():
        for node in nodes_of(path):
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


def test_files_that_are_opened_to_be_written_are_too() -> None:
    """As text, their line ends are said; as bytes, there are none. ruff asks for the encoding (PLW1514)."""
    left = [
        f"{path}:{node.lineno}"
        for path, node in calls("open")
        if node.args
        and isinstance(node.args[0], ast.Constant)
        and str(node.args[0].value) in ("w", "a", "x")
        and "newline" not in {each.arg for each in node.keywords}
    ]
    assert left == []


def test_a_way_between_folders_has_slashes_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes into states, saved plans and calls of git. Between two drives there is none, so it is the whole path."""
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(os, "sep", ntpath.sep)
    assert system.make_relative_path(r"C:\repo\apps\chess", r"C:\repo") == "apps/chess"
    assert system.make_relative_path(r"D:\states\one.json", r"C:\repo") == "D:/states/one.json"


def test_no_path_is_joined_or_split_by_hand() -> None:
    """`os.path.relpath` stands in one place, or makes a Path; no text of a path is compared up to a slash."""
    left = []
    for path in modules().values():
        made = {id(each) for node in nodes_of(path) if _calls(node, "Path") for each in ast.walk(node)}
        for node in nodes_of(path):
            if _calls(node, "relpath") and id(node) not in made and path.name != "system.py":
                left.append(f"{path}:{node.lineno}: relpath")
            text = ast.unparse(node) if isinstance(node, ast.Call) else ""
            if _calls(node, "startswith") and "configuration.folder" in text:
                left.append(f"{path}:{node.lineno}: startswith")
            if _calls(node, "rpartition") and "filename" in text:
                left.append(f"{path}:{node.lineno}: rpartition")
    assert left == []


def _calls(node: ast.AST, name: str) -> bool:
    """Whether it is a call of a function or method of this name."""
    return isinstance(node, ast.Call) and name in (getattr(node.func, "attr", ""), getattr(node.func, "id", ""))


def test_nothing_that_only_posix_has_is_called() -> None:
    """No fork, no user ids; the modules of POSIX alone are not imported."""
    used = {
        node.attr
        for path in modules().values()
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert used & ONLY_POSIX == set()
    imported = {
        alias.name
        for path in modules().values()
        for node in nodes_of(path)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported & POSIX_MODULES == set()


def test_the_tests_are_collected_where_posix_is_not() -> None:
    """What Windows lacks is asked for when a test runs, and skips this test; else no test would run there."""
    left = []
    lacking = POSIX_MODULES | ONLY_POSIX | POSIX_SIGNALS
    names_one = re.compile(rf"\b({'|'.join(lacking)})\b")
    for path in [*sorted(ROOT.joinpath("tests").rglob("test_*.py")), ROOT / "tests" / "conftest.py"]:
        if not names_one.search(path.read_text(encoding="utf-8")):
            continue  # to parse a file takes a hundred times as long
        for node in _outside_of_functions(tree_of(path)):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("os", "signal"):
                names = {node.attr}
            found = names & lacking
            left += [f"{path}:{node.lineno}: {name}" for name in found]
    assert left == []


def _outside_of_functions(node: ast.AST) -> Iterator[Any]:
    """What runs when a module is loaded: decorators too, and no body of a function."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.FunctionDef) and child in node.body):
            yield child
            yield from _outside_of_functions(child)


@pytest.mark.parametrize(
    "file", [r"C:\out\plan.html", r"C:\a=b\plan.html", r"\\server\share\plan.html", r"..\plan.html", "C:/out/plan.html"]
)
def test_a_report_goes_to_a_drive(file: str) -> None:
    """The first `=` ends the form; a colon, a backslash and another `=` are of the file."""
    context = click.Context(click.Command("plan"))
    ((form, path),) = options._parse_reports(context, click.Option(["--report"]), (f"html={file}",))
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
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.delattr(signal, "SIGHUP")
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        program.hear_endings()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_end_of_a_console_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows sends SIGBREAK if its window is closed."""
    before = signal.getsignal(signal.SIGUSR1)
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    try:
        program.hear_endings()
        assert signal.getsignal(signal.SIGUSR1) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGUSR1, before)


def _in_use(number: int) -> PermissionError:
    error = PermissionError(13, "The process cannot access the file because it is being used by another process")
    error.winerror = number  # type: ignore[attr-defined, unused-ignore] - Windows alone has it
    return error


@pytest.mark.parametrize(
    ("number", "refusals", "written"), [(32, 3, "new"), (5, 3, "new"), (5, 1000, "old"), (19, 1, "old")]
)
def test_a_file_that_another_program_reads_is_replaced_once_it_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, refusals: int, written: str
) -> None:
    """On Windows, a file that is open cannot be replaced. A reader, a backup or a virus scanner closes it soon."""
    replace, left = os.replace, [refusals]

    def refuse(source: Any, target: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise _in_use(number)
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    file = tmp_path / "state.json"
    file.write_text("old", encoding="utf-8")
    if written == "new":
        system.replace_atomically(file, b"new")
    else:
        with pytest.raises(PermissionError):
            system.replace_atomically(file, b"new")
    assert file.read_text(encoding="utf-8") == written
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    "remote",
    [r"C:\repo\evil.git", "C:/repo/evil.git", "c:/repo/sub/../evil.git", "file:///C:/repo/evil.git", r".\evil.git"],
)
def test_a_remote_within_the_checkout_is_refused_on_a_drive(monkeypatch: pytest.MonkeyPatch, remote: str) -> None:
    """A commit could bring its hooks; on Windows, `C:` is a drive, and no host."""
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(git_repository, "Path", PureWindowsPath)
    checkout = Checkout(PureWindowsPath(r"C:\repo"), r"C:\repo", "sha1", ())  # type: ignore[arg-type]
    with pytest.raises(StateUnusable, match="within the checkout"):
        git_repository.copy_settings(checkout, remote, ())
    for elsewhere in (r"D:\states.git", r"..\states.git", "git@host:repo/evil.git", "file:///D:/states.git"):
        assert git_repository.copy_settings(checkout, elsewhere, ()) == ()


@pytest.mark.git
def test_a_drive_is_a_file_of_the_simulator_and_of_a_state(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only the first colon parts `simulator:` and `file:` from the file."""
    monkeypatch.chdir(tmp_path)
    world.write("automations: {}\n")
    file = r"C:\data\demo.sqlite"
    assert run(["plan", str(world.folder), "--api-url", f"simulator:{file}"]) == 0
    assert (tmp_path / file).is_file()
    assert open_backend_at(world.folder, None, r"file:C:\states\one.json").where == r"C:\states\one.json"


class _Junction:
    """An entry of a folder as Windows shows a junction: a folder, and no symbolic link."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self.name, self.path, self.is_dir = entry.name, entry.path, entry.is_dir

    def is_symlink(self) -> bool:
        """It is none."""
        return False


@pytest.mark.parametrize("target", ["inside", "elsewhere"])
def test_a_junction_is_a_link(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str) -> None:
    """A configuration is not read twice, in a circle, or from elsewhere. Python knows junctions since 3.12."""
    (tmp_path / "elsewhere").mkdir()
    world.write("automations:\n  flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n")
    (world.folder / "loop").symlink_to(world.folder if target == "inside" else tmp_path / "elsewhere")
    scan = os.scandir

    @contextmanager
    def scanned(folder: Any) -> Iterator[list[Any]]:
        with scan(folder) as entries:
            yield [_Junction(each) if each.name == "loop" else each for each in entries]

    monkeypatch.setattr(os, "scandir", scanned)
    monkeypatch.setattr(os.path, "isjunction", lambda path: Path(path).name == "loop", raising=False)
    ended = world.run("validate")
    assert ended.code == (0 if target == "inside" else 3), ended.err
    assert ("is a link to a folder elsewhere" in ended.err) is (target == "elsewhere")


def test_git_may_use_long_paths() -> None:
    """Git for Windows takes no path of more than 260 characters without this."""
    assert "core.longPaths=true" in SETTINGS


def test_a_configuration_may_lie_deep(world: World, tmp_path: Path) -> None:
    """State, lock, journal and receipts too: their paths are longer than 260 characters."""
    world.folder = tmp_path.joinpath(*(f"{number:02}-{'deep' * 12}" for number in range(6)), "configuration")
    world.folder.mkdir(parents=True)
    world.settle("automations:\n  flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n")
    assert world.plan().code == 0
    assert len(str(min((world.folder / ".reconciler").rglob("*.json")))) > 260


def test_a_user_without_a_name_has_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its variables, Windows has no module that knows the user."""
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pwd", None)
    with pytest.raises(ImportError):
        getpass.getuser()
    assert LockInfo.this_run().who.startswith("somebody@")


def test_a_pipe_gets_utf_8_and_the_line_ends_of_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows would write its code page and CRLF: JSON and XML are UTF-8, and shells take a CR for part of a value."""
    streams = [io.TextIOWrapper(io.BytesIO(), "cp1252", newline="\r\n", write_through=True) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    program.reopen_streams()
    for stream in streams:
        print("Café → ✓", file=stream)
        assert stream.buffer.getvalue() == "Café → ✓\n".encode()  # type: ignore[attr-defined]


OLD_STREAMS = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


def _program(*arguments: str, before: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own, after some Python."""
    code = f"{before}\nfrom reconciler.__main__ import main\nmain()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=False)


@pytest.mark.process
def test_data_is_utf_8_whatever_the_system_writes(tmp_path: Path) -> None:
    """XML says that it is; JSON must be. Who names an encoding gets it, with escapes."""
    (tmp_path / "main.yaml").write_text("automations: {}\n", encoding="utf-8", newline="\n")
    text = 'tests: {"Café → ✓": {expect: {summary: {}}}}\n'
    (tmp_path / "a.test.yaml").write_text(text, encoding="utf-8", newline="\n")
    done = _program("test", str(tmp_path), "--format", "junit", **OLD_STREAMS)
    assert done.returncode == 0, done.stderr
    (case,) = ElementTree.fromstring(done.stdout.decode("utf-8")).iter("testcase")  # noqa: S314 - our own
    assert case.get("name") == "Café → ✓ (default)"
    asked = _program("test", str(tmp_path), **OLD_STREAMS, PYTHONIOENCODING="cp1252")
    assert "Café \\u2192 \\u2713" in asked.stdout.decode("cp1252") + asked.stderr.decode("cp1252")


WITHOUT_POSIX = """
import os, signal, sys
for name in ("fcntl", "termios", "pwd", "grp", "resource", "tty", "pty", "readline"):
    sys.modules[name] = None
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGCHLD", "SIGQUIT", "SIGWINCH"):
    delattr(signal, name)
for name in ("fork", "forkpty", "getuid", "geteuid", "getgid", "killpg", "setsid", "mkfifo", "uname", "O_NONBLOCK",
             "O_NOFOLLOW", "O_CLOEXEC"):
    delattr(os, name)
"""


@pytest.mark.process
def test_plans_and_applies_run_without_what_windows_lacks(world: World, tmp_path: Path) -> None:
    """No module, signal and call of POSIX alone is needed by a plan, an apply, a drift and an export."""
    world.insert("automations", **automation("Second"))
    world.write("automations:\n  flow: {name: Flow, status: active, data: {actions: {push: p1}}}\n")
    for arguments in (
        ["plan", str(world.folder)],
        ["apply", str(world.folder), "--auto-approve"],
        ["drift", str(world.folder)],
        ["import", str(world.folder), "--all"],
        ["export", str(tmp_path / "exported")],
    ):
        done = _program(*arguments, before=WITHOUT_POSIX)
        assert done.returncode == 0, done.stderr.decode()
    assert run(["plan", str(world.folder), "--detailed-exitcode"]) == 2


@pytest.mark.parametrize("command", ["import", "import --all", "drift --adopt", "fold --write"])
def test_line_ends_are_kept_by_every_edit(world: World, command: str) -> None:
    """Each command that writes YAML keeps CRLF."""
    flow = "  flow-{0}:\n    name: Flow {0}\n    status: active\n    caption: c\n    data: {{actions: {{push: p1}}}}\n"
    world.settle("automations:\n" + "".join(map(flow.format, ("a", "b", "c"))))
    file = world.folder / "main.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    identity = world.insert("automations", **automation("Second"))
    world.edit("automations", world.id_of("automation.flow-a"), caption="changed outside")
    name, *more = command.split()
    words = ["automation.second", identity] if command == "import" else []
    into = ["--file", str(file)] if name == "import" else []
    before = file.read_bytes()
    assert run([name, *words, str(world.folder), *more, *into]) == (2 if name == "drift" else 0)
    text = file.read_bytes()
    assert text != before
    assert text.count(b"\n") == text.count(b"\r\n")
