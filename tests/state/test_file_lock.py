"""Two processes on one state: one at a time, and the other is told who."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from size import ends
from world import World

from reconciler.cli.main import run

pytestmark = pytest.mark.process

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
ASKS = "Type yes to apply"


@dataclass
class Applying:
    """An apply in a process of its own that has planned, holds the lock and asks its person."""

    process: subprocess.Popen[bytes]
    person: int

    def answer(self, word: str) -> int:
        """The person's answer; gives the exit code."""
        os.write(self.person, word.encode() + b"\n")
        self.process.communicate()
        return self.process.returncode

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def applying(world: World) -> Iterator[Applying]:
    """Starts one and waits for its question."""
    pytest.importorskip("pty")
    person, terminal = os.openpty()
    program = [sys.executable, "-m", "reconciler", "apply", str(world.folder)]
    environment = {**os.environ, "GITHUB_ACTOR": "ada"}
    with subprocess.Popen(
        program, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(terminal)
        said = b""
        assert process.stderr is not None
        while ASKS.encode() not in said:
            byte = process.stderr.read(1)
            assert byte, said.decode()
            said += byte
        try:
            yield Applying(process, person)
        finally:
            process.kill()
            os.close(person)


def run_of(text: str) -> str:
    """The run that a refusal names."""
    found = re.search(r"`reconciler state unlock ([0-9a-f]{12})`", text)
    assert found, text
    return found[1]


def test_the_second_is_told_who(world: World) -> None:
    """Exit 5: who, since when, where, which run; nothing is written. The first goes on, and then the second may."""
    world.write(FLOW)
    with applying(world) as first:
        refused = world.apply()
        assert (refused.code, refused.out) == (5, "")
        assert "ada, since 20" in refused.err
        assert f"process {first.process.pid}" in refused.err
        assert run_of(refused.err) in refused.err.split("hint:")[0]
        assert world.writes() == []
        planned = world.run("plan")
        assert planned.code == 0
        assert re.search(
            "^note: somebody is applying: ada, since 20.*; plan again once that has ended$", planned.err, re.M
        )
        assert first.answer("yes") == 0
    assert world.apply().code == 0
    assert [method for method, *_ in world.writes()] == ["POST"]


@pytest.mark.parametrize("command", [["mv", "automation.flow", "automation.b"], ["rm", "automation.flow"]])
def test_nobody_edits_the_state_meanwhile(world: World, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`state mv` and `rm` wait for their turn too; looking is free."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    before = world.state.read_bytes()
    with applying(world):
        capsys.readouterr()
        assert run(["state", *command, str(world.folder)]) == 5
        assert "ada" in capsys.readouterr().err
        assert run(["state", "list", str(world.folder)]) == 0
    assert world.state.read_bytes() == before


def test_a_lock_goes_with_its_process(world: World) -> None:
    """Killed in the middle: nobody has to unlock anything."""
    world.write(FLOW)
    with applying(world) as first:
        first.kill()
    assert world.run("plan").err == ""
    assert world.apply().code == 0


def test_unlocking_the_very_run(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Another run's name breaks nothing; the right one does, and the next apply goes through while the first hangs."""
    world.write(FLOW)
    with applying(world) as first:
        told = world.apply().err
        assert "with the same PATH and environment" in told
        named = run_of(told)
        capsys.readouterr()
        for wrong in ("000000000000", named[:-1], named.upper() + "x", ""):
            assert run(["state", "unlock", wrong, str(world.folder)]) == 5
            assert named in capsys.readouterr().err
            assert world.apply().code == 5
        assert run(["state", "unlock", named, str(world.folder)]) == 0
        assert named in capsys.readouterr().err
        assert world.apply().code == 0
        first.kill()
    assert world.plan().code == 0


def test_who_was_unlocked_is_not_written_over_them(world: World) -> None:
    """The hanging one wakes up after all: its plan is done, but the state of the other stays, and it is told."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    with applying(world) as first:
        assert run(["state", "unlock", run_of(world.apply().err), str(world.folder)]) == 0
        world.write(FLOW.replace("p1", "p3"))
        assert world.apply().code == 0
        after = world.state.read_bytes()
        assert first.answer("yes") != 0
    assert world.state.read_bytes() == after
    assert world.live("automations")[0]["data"]["actions"]["push"] == "p3"


def test_nothing_to_unlock(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 5, and that nobody holds it."""
    world.settle_once(FLOW)
    assert run(["state", "unlock", "0123456789ab", str(world.folder)]) == 5
    assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize("content", ends(["", "{", "[]", "{}", "null", '{"run": 1}']))
def test_a_holder_that_cannot_be_read(world: World, content: str) -> None:
    """Nobody can say who then; the lock holds all the same."""
    world.write(FLOW)
    with applying(world):
        world.state.with_name("default.json.holder").write_text(content, encoding="utf-8")
        refused = world.apply()
        assert refused.code == 5
        assert "not known who" in refused.err
    assert world.apply().code == 0


def test_several_at_once(world: World) -> None:
    """Of four that begin together each is done or refused; the object is made once, and the state is whole."""
    world.write(FLOW)
    program = [sys.executable, "-m", "reconciler", "apply", "--auto-approve", str(world.folder)]
    started = [subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(4)]
    codes = [each.wait() for each in started]
    assert set(codes) <= {0, 5}
    assert 0 in codes
    assert [method for method, *_ in world.writes()] == ["POST"]
    assert json.loads(world.state.read_text(encoding="utf-8"))["serial"] == 1
    assert world.plan().code == 0
