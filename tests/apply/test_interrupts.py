"""Ctrl-C: once to stop in good order, twice to leave at once. Nothing that was done is forgotten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slow import Slow, serving
from world import World

FLOWS = """
    automations:
      a: &flow {name: A, status: active, data: {actions: {push: p1}}}
      b: {<<: *flow, name: B}
      c: {<<: *flow, name: C}
    """


@pytest.fixture
def slow(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """The world's API, slow."""
    world.write(FLOWS)
    with serving(tmp_path / "simulator.db") as (api, url):
        monkeypatch.setenv("QONVERSION_API_URL", url)
        yield api


def applying(world: World) -> subprocess.Popen[str]:
    """An apply as a user starts it, one request at a time."""
    command = [sys.executable, "-m", "reconciler", "apply", str(world.folder), "--auto-approve", "--format", "json"]
    return subprocess.Popen(
        [*command, "--parallelism", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )


def told_to_stop(process: subprocess.Popen[str], slow: Slow) -> None:
    """Ctrl-C while the second create is under way, until the tool says that it has understood."""
    assert slow.arrived.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("interrupted:"):
            return
    pytest.fail("it did not say so")


def test_once_stops_in_good_order(world: World, slow: Slow) -> None:
    """What is under way is waited for and remembered, nothing new begins, the report says where it stopped."""
    with applying(world) as process:
        told_to_stop(process, slow)
        slow.go_on.set()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 6
    results = {each["address"]: each for each in json.loads(out)["results"]}
    assert [results[f"automation.{key}"]["status"] for key in "abc"] == ["done", "done", "skipped"]
    assert "interrupted" in results["automation.c"]["reason"]
    assert world.apply().actions() == {"automation.c": "done"}
    assert world.plan().code == 0


def test_twice_leaves_at_once(world: World, slow: Slow) -> None:
    """Nobody waits for the answer; the next apply finds what was under way, and makes no second one."""
    with applying(world) as process:
        told_to_stop(process, slow)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 1
    slow.go_on.set()
    planned = world.plan()
    assert any("cut off" in warning for warning in planned.document["warnings"]), planned.out
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B", "C"]
    assert world.plan().code == 0
