"""Ctrl-C: once to stop in good order, twice to leave at once. Nothing that was done is forgotten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slow import Slow, serving
from world import World

from reconciler import applying, pipeline
from reconciler.apply import Event
from reconciler.model.apply_report import Status
from reconciler.plan import Options
from reconciler.session import open_session

LOADING = """
import signal, sys
class Pressed:
    def find_spec(self, name, *_):
        if name == "click":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Pressed())
from reconciler.__main__ import main
main()
"""

LONGEST = 100.0
"""Seconds after which an apply counts as one that hangs: more than all its requests may take."""
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


@contextmanager
def started(world: World) -> Iterator[subprocess.Popen[str]]:
    """An apply as a user starts it, one request at a time. Where it hangs it ends, and says where each thread is."""
    command = [sys.executable, "-X", "faulthandler", "-m", "reconciler", "apply", str(world.folder), "--auto-approve"]
    with subprocess.Popen(
        [*command, "--format", "json", "--parallelism", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as process:
        hanging = threading.Timer(LONGEST, process.send_signal, [signal.SIGABRT])
        hanging.start()
        try:
            yield process
        finally:
            hanging.cancel()
            process.kill()


def told_to_stop(process: subprocess.Popen[str], slow: Slow) -> None:
    """Ctrl-C while the second create is under way, until the tool says that it has understood."""
    assert slow.arrived.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        if line.startswith("interrupted:"):
            return
        said.append(line)
    pytest.fail(f"it did not say so: {''.join(said)}")


def test_once_stops_in_good_order(world: World, slow: Slow) -> None:
    """What is under way is waited for and remembered, nothing new begins, the report says where it stopped."""
    with started(world) as process:
        told_to_stop(process, slow)
        slow.go_on.set()
        out, said = process.communicate()
    assert process.returncode == 6, said
    results = {each["address"]: each for each in json.loads(out)["results"]}
    assert [results[f"automation.{key}"]["status"] for key in "abc"] == ["done", "done", "skipped"]
    assert "interrupted" in results["automation.c"]["reason"]
    assert world.apply().actions() == {"automation.c": "done"}
    assert world.plan().code == 0


def test_twice_leaves_at_once(world: World, slow: Slow) -> None:
    """Nobody waits for the answer; the next apply finds what was under way, and makes no second one."""
    with started(world) as process:
        told_to_stop(process, slow)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 1, said
    slow.go_on.set()
    planned = world.plan()
    assert any("cut off" in warning for warning in planned.document["warnings"]), planned.out
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B", "C"]
    assert world.plan().code == 0


def test_no_wait_keeps_it_from_being_heard(world: World, slow: Slow) -> None:
    """The system may give the signal to a thread that has nothing to do with it: the one that waits for the API's
    answer hears of it all the same, before that answer."""

    def press() -> None:
        assert slow.arrived.wait(60)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    def told(event: Event) -> None:
        if event.change is None:
            slow.go_on.set()

    pressing = threading.Thread(target=press)
    with open_session(world.folder, None, None, os.environ, 1) as session, applying.locked(session) as lock:
        planned = pipeline.plan(session, Options())
        pressing.start()
        report = applying.apply(session, planned, lock, told, parallelism=1)
    pressing.join()
    assert [each.status for each in report.outcomes] == [Status.DONE, Status.DONE, Status.SKIPPED]


def test_while_modules_load_it_is_a_word_and_no_traceback() -> None:
    """Nothing has begun yet."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING, "plan"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "interrupted\n")
