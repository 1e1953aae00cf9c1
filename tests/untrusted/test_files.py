"""State, journal, receipts, lock and plan files as a commit may bring them: regular, bounded, and of this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from world import World

from reconciler.cli.main import run
from reconciler.errors import StateUnusable
from reconciler.model.settings import Environment, StateSettings
from reconciler.state.backend import Locked, LockInfo
from reconciler.state.file import FileBackend
from reconciler.state.git import GitBackend
from reconciler.state.journal import Journal

from .conftest import commit, git

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
EDITED = FLOW.replace("p1", "p2")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_huge_file(path: Path) -> None:
    with path.open("wb") as opened:
        opened.truncate(3_000_000_000_000)


KINDS = (a_pipe, a_device, a_folder, a_huge_file)
Make = Callable[[Path], None]


@pytest.mark.parametrize("make", KINDS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ["default.json", "default.journal", "receipts/default/000009-x.json"])
def test_what_is_read_is_a_file(world: World, make: Make, name: str) -> None:
    """A pipe, a device, a folder, a file of terabytes: one line with its path, exit 5, in no time, and nothing sent."""
    world.settle(FLOW)
    world.write(EDITED)
    path = world.state.parent / name
    path.unlink(missing_ok=True)
    make(path)
    refused = world.run("history" if "receipts" in name else "plan")
    assert refused.code == 5
    assert str(path) in refused.err or "receipts" in refused.err
    assert refused.err.count("\n") == 2
    assert world.writes() == []


@pytest.mark.parametrize("make", [a_pipe, a_device, a_folder], ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ["default.json.lock", "default.json.swap", "default.json.holder"])
def test_what_is_locked_is_a_file(world: World, make: Make, name: str) -> None:
    """In the place of a lock: exit 5 with its path before anything is sent; who holds it is written anew or told."""
    world.settle(FLOW)
    world.write(EDITED)
    path = world.state.with_name(name)
    path.unlink(missing_ok=True)
    make(path)
    ended = world.apply()
    if name.endswith("holder") and not path.is_dir():
        assert ended.code == 0
        return
    assert ended.code == (6 if name.endswith("swap") else 5)
    assert str(path) in ended.err + ended.out


@pytest.mark.parametrize("name", ["default.json.lock", "default.json.swap"])
def test_a_lock_that_leads_elsewhere(world: World, name: str) -> None:
    """A commit links it to another file, which opening it for writing would empty: refused, and the file is whole."""
    world.settle(FLOW)
    precious = world.folder / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    path = world.state.with_name(name)
    path.unlink(missing_ok=True)
    path.symlink_to(precious)
    world.write(EDITED)
    ended = world.apply()
    assert ended.code in (5, 6)
    assert "is a link" in ended.err + ended.out
    assert precious.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("link", ["the file", "the folder"])
def test_two_that_are_linked_to_one_state(world: World, tmp_path: Path, link: str) -> None:
    """The link stays one and what it leads to is written; whoever comes by the other way finds it locked."""
    world.settle(FLOW)
    other = tmp_path / "other"
    other.mkdir()
    if link == "the folder":
        (other / ".reconciler").symlink_to(world.state.parent)
    else:
        (other / ".reconciler").mkdir()
        (other / ".reconciler" / "default.json").symlink_to(world.state)
    linked, straight = (
        FileBackend(Environment("default", StateSettings("file", path)), path.parent, Journal(tmp_path / "journal"))
        for path in (other / ".reconciler" / "default.json", world.state)
    )
    with (
        linked.lock(LockInfo("run1", "ada", "now")),
        pytest.raises(Locked, match="ada"),
        straight.lock(LockInfo("run2", "bob", "now")),
    ):
        pass
    snapshot = linked.read()
    linked.write(replace(snapshot.state, serial=9), snapshot.version)
    assert straight.read().state.serial == 9
    assert (other / ".reconciler").is_symlink() or (other / ".reconciler" / "default.json").is_symlink()


@pytest.mark.parametrize("make", KINDS, ids=lambda each: each.__name__)
def test_a_plan_and_an_approval_are_files(world: World, tmp_path: Path, make: Make) -> None:
    """`--plan FILE`, `--expect-digest @FILE`, `--faults FILE`: refused in no time, with the file's name."""
    path = tmp_path / "plan.json"
    make(path)
    world.write(FLOW)
    for option in (("--plan", str(path)), ("--expect-digest", f"@{path}")):
        refused = world.run("apply", "--auto-approve", *option)
        assert refused.code in (5, 64)
        assert str(path) in refused.err
    assert world.writes() == []
    assert run(["simulate", "--faults", str(path), "--port", "0"]) == 64


@pytest.fixture(params=["git", "file"])
def store(checkout: World, request: pytest.FixtureRequest) -> str:
    """A store, written into the settings and committed."""
    checkout.write(f"state: {{store: {request.param}}}\n", "reconciler.yaml")
    commit(checkout)
    return str(request.param)


def _cut_off(world: World, store: str, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """An apply whose state could not be written; gives the journals among git's own files."""

    def fails(*_: object, **__: object) -> str:
        raise StateUnusable("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(GitBackend if store == "git" else FileBackend, "write", fails)
        assert world.apply().code == 6
    return list((world.folder / ".git" / "reconciler").iterdir())


def test_nothing_is_left_in_the_work_tree(checkout: World, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is among git's own files, where no commit can bring one: after a kill, and after the run that goes
    on from there. What the git store leaves untracked is nothing."""
    (journal,) = _cut_off(checkout, store, monkeypatch)
    assert journal.name.startswith("default-")
    assert not list(checkout.folder.rglob(".reconciler/*.journal"))
    if store == "git":
        assert git(checkout.folder, "status", "--porcelain", "--ignored") == ""
    assert checkout.plan().code == 0
    assert checkout.apply().code == 0
    assert not journal.exists()
    assert [each[0] for each in checkout.writes()] == ["POST"]
    if store == "git":
        assert git(checkout.folder, "status", "--porcelain", "--ignored") == ""


def test_another_work_tree_has_its_own(checkout: World, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So has a folder below the top: each state of a checkout has its journal."""
    tree = checkout.folder.with_name("tree")
    git(checkout.folder, "worktree", "add", "--quiet", str(tree), "HEAD", "--detach")
    _cut_off(checkout, store, monkeypatch)
    assert run(["apply", "--auto-approve", str(tree)]) == 0
    assert git(tree, "status", "--porcelain", "-uall").count("journal") == 0
    assert len(list((checkout.folder / ".git" / "reconciler").iterdir())) == 1


def test_a_committed_journal(checkout: World, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a commit puts one, genuine or not, it is not believed: what goes on from this state is refused by its
    path, and what does not counts for nothing."""
    (journal,) = _cut_off(checkout, store, monkeypatch)
    brought = checkout.folder / ".reconciler" / "default.journal"
    brought.parent.mkdir(exist_ok=True)
    journal.rename(brought)
    commit(checkout, "a journal")
    for refused in (checkout.plan(), checkout.apply()):
        assert refused.code == 5
        assert f"{brought}: this journal of an apply is not believed" in refused.err
    head, *rest = brought.read_text(encoding="utf-8").splitlines()
    spent = json.loads(head) | {"base": ["another", 4]}
    brought.write_text("\n".join([json.dumps(spent), *rest]) + "\n", encoding="utf-8")
    assert set(checkout.plan().actions().values()) == {"adopt"}
