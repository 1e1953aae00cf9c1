"""Nothing that a commit can hold chooses a program that runs beside the key."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from size import crossed, ends
from world import World

from reconciler.cli.main import run

from .conftest import commit, git

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p2}}}}\n"
COMMANDS = (["plan"], ["plan", "--format", "markdown"], ["state", "list"], ["history"])


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that is there once a program of the checkout has run."""
    return tmp_path / "it-ran"


def program(path: Path, mark: Path) -> Path:
    """A program that leaves the mark, and then fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit 1\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def disguised(folder: Path, mark: Path) -> None:
    """Makes of a folder what git takes for the inside of a repository, with settings that run programs."""
    folder.mkdir(parents=True)
    evil = program(folder / "evil.sh", mark)
    git(folder, "init", "--quiet", "--bare", ".")
    for name, value in {
        "core.bare": "false",
        "core.worktree": str(folder),
        "core.fsmonitor": str(evil),
        "filter.x.clean": str(evil),
        "filter.x.required": "true",
        "core.sshCommand": str(evil),
        "core.pager": str(evil),
        "credential.helper": f"!{evil}",
        "protocol.ext.allow": "always",
        "remote.origin.url": f"ext::{evil} %S",
    }.items():
        git(folder, f"--git-dir={folder}", "config", name, value)
    (folder / ".gitattributes").write_text("*.yaml -filter\n", encoding="utf-8")
    (folder / "main.yaml").write_text(FLOW, encoding="utf-8")
    inside = [f"--git-dir={folder}", f"--work-tree={folder}", "-c", "core.fsmonitor=false"]
    git(folder, *inside, "add", "main.yaml")
    git(folder, *inside, "-c", "user.name=E", "-c", "user.email=e@e.e", "commit", "--quiet", "-m", "x")
    (folder / ".gitattributes").write_text("*.yaml filter=x\n", encoding="utf-8")
    os.utime(folder / "main.yaml", (1, 1))


@pytest.mark.parametrize(("store", "command"), crossed(["file", "git"], COMMANDS), ids=str)
def test_a_folder_that_looks_like_a_repository(checkout: World, mark: Path, store: str, command: list[str]) -> None:
    """A pull request adds HEAD, config, objects/ and refs/ beside the YAML: it is no repository, and nothing of it
    runs. What is asked is the repository that it lies in."""
    folder = checkout.folder / "apps" / "growth"
    disguised(folder, mark)
    (folder / "reconciler.yaml").write_text(f"state: {{store: {store}}}\n", encoding="utf-8")
    assert run([*command, str(folder)]) == 0
    assert not mark.exists()


def test_a_base_is_read_from_the_real_repository(checkout: World, mark: Path) -> None:
    """`--base` names a commit of the checkout; the folder's own history is none."""
    disguised(checkout.folder / "apps", mark)
    commit(checkout, "an app")
    assert run(["plan", str(checkout.folder / "apps"), "--base", "HEAD^"]) == 0
    assert not mark.exists()


@pytest.mark.git
def test_where_there_is_no_repository_at_all(world: World, tmp_path: Path, mark: Path) -> None:
    """Such a folder alone, as an unpacked archive holds it: the git store finds no repository, exit 5."""
    folder = tmp_path / "unpacked"
    disguised(folder, mark)
    (folder / "reconciler.yaml").write_text("state: {store: git}\n", encoding="utf-8")
    assert run(["plan", str(folder)]) == 5
    assert not mark.exists()


@pytest.mark.parametrize("driver", ["clean", "process"])
def test_attributes_choose_no_filter(checkout: World, mark: Path, driver: str) -> None:
    """The user has a filter for other files; a commit's attributes send the configuration through it. Whether the
    configuration is changed is told without it."""
    git(checkout.folder, "config", f"filter.tool.{driver}", str(program(mark.with_name("tool"), mark)))
    (checkout.folder / ".gitattributes").write_text("*.yaml filter=tool\n", encoding="utf-8")
    os.utime(checkout.folder / "main.yaml", (1, 1))
    planned = checkout.run("plan", "--format", "markdown")
    assert planned.code == 0
    assert not mark.exists()


@pytest.mark.parametrize("allowed", [None, "ext:file"], ids=["in the settings", "in the environment"])
@pytest.mark.parametrize("place", ["the settings", "the configuration"])
def test_no_remote_is_a_program(
    checkout: World, mark: Path, place: str, allowed: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address of `ext::` is refused, also if git was once told to allow them: exit 5."""
    address = f"ext::{program(mark.with_name('tool'), mark)} %S"
    git(checkout.folder, "config", "protocol.ext.allow", "always")
    if allowed:
        monkeypatch.setenv("GIT_ALLOW_PROTOCOL", allowed)
    remote = "origin"
    if place == "the settings":
        git(checkout.folder, "remote", "set-url", "origin", address)
    else:
        remote = address
    checkout.write(f"state: {{store: git, remote: '{remote}'}}\n", "reconciler.yaml")
    assert checkout.run("plan").code == 5
    assert not mark.exists()


@pytest.mark.parametrize("form", ["./vendor/state.git", "vendor/../vendor/state.git/", "file://{}/vendor/state.git"])
def test_a_remote_within_the_checkout(checkout: World, mark: Path, form: str) -> None:
    """Its hooks and settings came with a commit: refused by name before anything is asked of it, exit 5."""
    inner = checkout.folder / "vendor" / "state.git"
    inner.mkdir(parents=True)
    git(inner, "init", "--quiet", "--bare", ".")
    program(inner / "hooks" / "pre-receive", mark)
    address = form.format(checkout.folder)
    checkout.write(f"state: {{store: git, remote: '{address}'}}\n", "reconciler.yaml")
    for refused in (checkout.plan(), checkout.apply()):
        assert refused.code == 5
        assert "lies within the checkout" in refused.err
    assert not mark.exists()
    assert checkout.writes() == []


@pytest.mark.parametrize("entry", ["", ".", "bin"], ids=["empty", "a dot", "a folder below"])
def test_git_is_not_found_in_the_checkout(
    checkout: World, mark: Path, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PATH names the current folder, as it does on some machines: a `git` there is not the one that is called."""
    for name in ("git", "ssh"):
        program(checkout.folder / entry / name, mark)
    monkeypatch.chdir(checkout.folder)
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{os.environ['PATH']}")
    assert checkout.run("plan", "--format", "markdown").code == 0
    checkout.write("state: {store: git, remote: 'ssh://127.0.0.1:1/x'}\n", "reconciler.yaml")
    assert checkout.run("plan").code == 5
    assert not mark.exists()


def test_no_git_but_that_of_the_checkout(checkout: World, mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is none: the git store says so, exit 5."""
    program(checkout.folder / "git", mark)
    monkeypatch.chdir(checkout.folder)
    monkeypatch.setenv("PATH", ".")
    checkout.write("state: {store: git}\n", "reconciler.yaml")
    refused = checkout.run("plan")
    assert refused.code == 5
    assert "git cannot be called" in refused.err
    assert not mark.exists()


@pytest.mark.parametrize("command", ["key-of-the-team", "sh"])
@pytest.mark.process
def test_the_key_comes_from_no_program_beside_it(
    world: World, mark: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`secret_command` with a bare name is looked for in PATH, and never in the folder."""
    program(world.folder / command, mark)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    world.write(f"environments: {{main: {{secret_command: [{command}, -c, 'echo sk_world']}}}}\n", "reconciler.yaml")
    assert world.run("plan").code == (0 if command == "sh" else 4)
    assert not mark.exists()


@pytest.mark.parametrize("name", ends(["yaml", "httpx", "filelock", "stat"]))
@pytest.mark.process
def test_modules_come_from_no_checkout(checkout: World, mark: Path, name: str) -> None:
    """`python -m reconciler` in a folder that has a module of a library's name: the library is what is loaded."""
    (checkout.folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'w').close()\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "."], cwd=checkout.folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


def test_an_old_git_finds_no_such_folder_either(
    checkout: World, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git before 2.38 knows no `safe.bareRepository`: it is never started in such a folder, so it needs none."""
    real = shutil.which("git")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        f"""#!/bin/sh
for word; do
  shift
  case "$word" in safe.bareRepository=*) set -- "$@" x.y=z;; *) set -- "$@" "$word";; esac
done
exec "{real}" "$@"
""",
        encoding="utf-8",
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    folder = checkout.folder / "apps"
    disguised(folder, mark)
    for command in COMMANDS:
        assert run([*command, str(folder)]) == 0
    assert not mark.exists()
