"""Streams that take no more: a full disk behind stdout, a reader that has gone. It is said in a line, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import World

FULL = Path("/dev/full")
BASIC = "automations: {a: {name: A, status: active, data: {actions: {push: p}}}}"
MODULE = (sys.executable, "-m", "reconciler")


def ended(*arguments: str, stdout: int, stderr: int) -> int:
    """How a command ends that writes to these descriptors, which are closed after it."""
    try:
        return subprocess.run([*MODULE, *arguments], stdout=stdout, stderr=stderr, timeout=60, check=False).returncode
    finally:
        os.close(stdout)
        os.close(stderr)


def unread() -> int:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [("--version",), ("plan",), ("graph", "--offline")])
def test_a_full_disk_behind_stdout_is_an_error_in_a_line(
    world: World, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Exit 1, why, and no word of a fault of ours."""
    world.write(BASIC)
    said = tmp_path / "stderr"
    folder = () if arguments[0].startswith("--") else (str(world.folder),)
    stderr = os.open(said, os.O_WRONLY | os.O_CREAT)
    assert ended(*arguments, *folder, stdout=os.open(FULL, os.O_WRONLY), stderr=stderr) == 1
    text = said.read_text(encoding="utf-8")
    assert "error: stdout cannot be written (No space left on device)" in text
    assert "Traceback" not in text
    assert "bug" not in text


def test_a_reader_that_has_seen_enough_is_no_error(world: World, tmp_path: Path) -> None:
    """As in `reconciler plan | head`: the command ends without a word."""
    world.write(BASIC)
    said = tmp_path / "stderr"
    stderr = os.open(said, os.O_WRONLY | os.O_CREAT)
    assert ended("plan", str(world.folder), stdout=unread(), stderr=stderr) == 1
    assert said.read_text(encoding="utf-8") == ""


def test_an_apply_goes_on_when_nobody_hears_it(world: World) -> None:
    """A log that is full or closed is no reason to stop between two writes, nor to forget what was written."""
    world.write(BASIC)
    ended("apply", "--auto-approve", str(world.folder), stdout=unread(), stderr=unread())
    assert [each["name"] for each in world.live("automations")] == ["A"]
    planned = world.plan()
    assert planned.code == 0, planned.out
