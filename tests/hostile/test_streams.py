"""Streams that take no more, or are closed: a full disk behind stdout, a reader that has gone, `>&-`. It is said in a
line, and no more."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from size import ends
from world import World

pytestmark = pytest.mark.process

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
@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("plan",), ("graph", "--offline")])
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
    assert f"error: stdout cannot be written ({os.strerror(errno.ENOSPC)})" in text
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


def closed(world: World, redirections: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """How a command ends that a shell starts with these redirections, such as `<&- 2>&-`."""
    command = ["sh", "-c", f'exec "$@" {redirections}', "sh", *MODULE, *arguments, str(world.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command", [("plan",), ("plan", "--format", "json"), ("validate", "--help"), ("graph", "--offline")]
)
def test_a_closed_stdout_is_an_error_in_a_line(world: World, command: tuple[str, ...]) -> None:
    """Data that nobody can get is an error, as where the disk is full."""
    world.write(BASIC)
    ended = closed(world, ">&-", *command)
    assert ended.returncode == 1
    assert "error: stdout cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "bug" not in ended.stderr


@pytest.mark.parametrize("redirections", ends([">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"]))
def test_an_apply_is_done_whichever_streams_are_closed(world: World, redirections: str) -> None:
    """All of it is written, remembered and read back, and the lock is freed. No file of ours takes a stream's place."""
    world.write(BASIC)
    ended = closed(world, redirections, "apply", "--auto-approve")
    assert ended.returncode == (1 if ">&-" in redirections.split() else 0), ended.stderr
    assert "Traceback" not in ended.stderr
    assert [each["name"] for each in world.live("automations")] == ["A"]
    planned = world.plan()
    assert planned.code == 0, planned.out
    assert world.apply().code == 0


@pytest.mark.parametrize("redirections", ["<&-", "<&- >&-", "<&- 2>&-"])
def test_without_anybody_to_ask_an_apply_is_refused(world: World, redirections: str) -> None:
    """A closed stdin is no terminal: nothing is written, and that is said where it can be."""
    world.write(BASIC)
    ended = closed(world, redirections, "apply")
    assert ended.returncode == 5
    assert ("cannot ask for approval: stdin is not a terminal" in ended.stderr) == ("2>&-" not in redirections)
    assert world.live("automations") == []


def test_no_warning_is_lost_in_a_file_of_ours(world: World) -> None:
    """With stderr closed, what is said there stands neither on stdout nor in the state."""
    world.write(BASIC)
    ended = closed(world, "2>&-", "apply", "--auto-approve", "--format", "json")
    assert json.loads(ended.stdout)["results"][0]["status"] == "done"
    for file in world.folder.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))
