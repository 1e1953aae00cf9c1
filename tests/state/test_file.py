"""The state in a file: old or new and never half, never over somebody else's, and told where it cannot be kept."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from reconciler import system
from reconciler.cli.main import run
from reconciler.errors import StateUnusable
from reconciler.model.inputs import Entry, State
from reconciler.state.file import FileBackend
from reconciler.state.journal import Journal

from .conftest import environment

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
EDITED = FLOW.replace("p1", "p2")
Write = Callable[..., str]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every part of it, empty ones included; the version moves with the content and not with the reading."""
    store = FileBackend(environment("file", "default", tmp_path / "s.json"), tmp_path, Journal(tmp_path / "journal"))
    assert store.read().state == State("default")
    entries = {
        "report.a": Entry("i1", {"report_name": "Ä", "destinations": []}, True, ("integration.b",), ("old1", "old2")),
        "integration.b": Entry("i2", {}),
    }
    state = State("default", "lineage", 7, entries, "sha256:1")
    version = store.write(state, "")
    assert (store.read().state, store.read().version) == (state, version)
    assert store.write(State("default", "lineage", 8, {}, ""), version) != version


@pytest.mark.git
def test_the_folder_is_not_committed_whole(world: World) -> None:
    """The state and the receipts may be committed, what belongs to this machine may not: git is told once, and what
    somebody writes there stays."""
    world.settle_once(FLOW)
    ignore = world.state.with_name(".gitignore")
    subprocess.run(["git", "init", "--quiet", str(world.folder)], check=True)  # noqa: S607
    for name in ("default.journal", "default.json.holder", "default.json.lock", "default.json.swap"):
        world.state.with_name(name).touch()
    shown = subprocess.run(
        ["git", "-C", str(world.folder), "status", "--porcelain", "-uall"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = sorted(Path(line[3:]).as_posix() for line in shown.splitlines())
    assert [name for name in names if "receipts" not in name] == [
        ".reconciler/.gitignore",
        ".reconciler/default.json",
        "main.yaml",
    ]
    assert any(name.startswith(".reconciler/receipts/default/000001-") for name in names)
    ignore.write_text("# mine\n", encoding="utf-8")
    world.settle(EDITED)
    assert ignore.read_text(encoding="utf-8") == "# mine\n"


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_folder_that_is_none(world: World, command: str) -> None:
    """A file stands where the folder should: exit 5 with its path, nothing asked and nothing written."""
    world.write(FLOW)
    (world.folder / ".reconciler").write_text("a file", encoding="utf-8")
    refused = world.run(command)
    assert (refused.code, refused.out) == (5, "")
    assert ".reconciler" in refused.err
    assert world.writes() == []


@pytest.mark.parametrize("name", ["default.json", "default.json.lock", "default.json.holder", "default.journal"])
def test_a_folder_in_the_place_of_a_file(world: World, name: str) -> None:
    """Whichever of its files cannot be written: exit 5 before the API is written to, and the lock is let go."""
    world.settle_once(FLOW)
    world.write(EDITED)
    path = world.state.with_name(name)
    path.unlink(missing_ok=True)
    path.mkdir()
    refused = world.apply()
    assert (refused.code, refused.out) == (5, "")
    assert str(path) in refused.err
    assert world.writes() == []
    path.rmdir()
    assert world.apply().code == 0


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="nothing is forbidden to this user")
def test_a_folder_that_may_not_be_written(world: World) -> None:
    """Exit 5 before the API is written to."""
    world.settle_once(FLOW)
    world.write(EDITED)
    world.state.parent.chmod(0o500)
    try:
        assert world.apply().code == 5
    finally:
        world.state.parent.chmod(0o700)
    assert world.writes() == []


def no_space(_: int) -> None:
    """What a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps cannot be written down, so none is taken: exit 5, the old state whole, and nothing left beside it."""
    world.settle_once(FLOW)
    world.write(EDITED)
    before, names = world.state.read_bytes(), set(world.state.parent.iterdir())
    with monkeypatch.context() as full:
        full.setattr(system.os, "fsync", no_space)
        refused = world.apply()
    assert refused.code == 5
    assert os.strerror(errno.ENOSPC) in refused.err
    assert world.writes() == []
    assert world.state.read_bytes() == before
    assert set(world.state.parent.iterdir()) == names
    assert world.apply().code == 0


def test_old_or_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step of the writing fails, the file is what it was; and no half of a new one is left beside it."""
    store = FileBackend(environment("file", "default", tmp_path / "s.json"), tmp_path, Journal(tmp_path / "journal"))
    version = store.write(State("default", "lineage", 1, {}, ""), "")
    before = store.path.read_bytes()
    for broken in ("os.fsync", "Path.replace", "Path.open"):
        owner, name = broken.split(".")
        with monkeypatch.context() as failing:
            failing.setattr(getattr(system, owner), name, lambda *_, **__: no_space(0))
            with pytest.raises(StateUnusable, match=re.escape(os.strerror(errno.ENOSPC))):
                store.write(State("default", "lineage", 2, {}, ""), version)
        assert store.path.read_bytes() == before
        assert {path.name for path in tmp_path.iterdir()} <= {"s.json", "s.json.swap"}
    store.write(State("default", "lineage", 2, {}, ""), version)


def test_a_disk_that_fills_up_at_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writes were done and the state could not be: exit 6, said, the steps are kept, and the next run has them."""
    world.write(FLOW)
    with monkeypatch.context() as full:

        def fails(*_: object, **__: object) -> str:
            raise StateUnusable("the state cannot be written", hint="see to the disk")

        full.setattr(FileBackend, "write", fails)
        done = world.apply()
    assert done.code == 6
    assert "cannot be written" in done.document["unrecorded"]
    assert not world.state.exists()
    assert world.state.with_suffix(".journal").exists()
    assert world.plan().code == 0
    assert world.apply().code == 0
    world.writes()
    assert world.id_of("automation.flow") == world.live("automations")[0]["id"]
    assert not world.state.with_suffix(".journal").exists()


@pytest.mark.parametrize("theirs", ["newer", "same age", "gone"])
def test_somebody_wrote_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, theirs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Theirs is kept as it is and ours is not written over it: exit 6, the journal kept and named, nothing lost."""
    world.settle_once(FLOW)
    world.write(EDITED)
    other = json.loads(world.state.read_text(encoding="utf-8"))
    other["serial"] += theirs == "newer"
    other["plan"] = "sha256:theirs"
    ours: Write = FileBackend.write

    def quicker(store: FileBackend, *rest: object) -> str:
        if theirs == "gone":
            store.path.unlink()
        else:
            store.path.write_text(json.dumps(other), encoding="utf-8")
        return ours(store, *rest)

    with monkeypatch.context() as race:
        race.setattr(FileBackend, "write", quicker)
        done = world.apply()
    assert done.code == 6
    assert "written by somebody else" in done.document["unrecorded"]
    assert str(world.state.with_suffix(".journal")) in done.document["unrecorded"]
    assert world.state.with_suffix(".journal").exists()
    assert len(list((world.state.parent / "receipts" / "default").iterdir())) == 1
    if theirs == "gone":
        assert not world.state.exists()
    else:
        assert json.loads(world.state.read_text(encoding="utf-8")) == other
    again = world.plan()
    assert set(again.actions().values()) <= {"adopt"}
    assert world.apply().code == 0
    assert run(["state", "list", str(world.folder)]) == 0
    assert capsys.readouterr().out.startswith("automation.flow ")
    assert world.plan().code == 0
