"""Ctrl-C, SIGTERM, SIGHUP: once to stop in good order, twice to leave at once. Nothing that was done is forgotten."""

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
from size import first
from slow import Slow, serving
from world import World

from reconciler.apply.execute import Event
from reconciler.commands import apply as applying
from reconciler.commands import plan as planning
from reconciler.commands.session import open_session
from reconciler.model.reports import Status
from reconciler.plan.guards import Options

pytestmark = pytest.mark.process

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
LOADING = """
import signal, sys
class Pressed:
    def find_spec(self, name, *_):
        if name == "click":
            signal.raise_signal(int(sys.argv[2]))
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


def told_to_stop(process: subprocess.Popen[str], slow: Slow, number: signal.Signals) -> None:
    """A signal while the second create is under way, until the tool says that it has understood."""
    assert slow.arrived.wait(60)
    process.send_signal(number)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        if line.startswith("interrupted:"):
            return
        said.append(line)
    pytest.fail(f"it did not say so: {''.join(said)}")


@pytest.mark.parametrize("number", SIGNALS)
def test_once_stops_in_good_order(world: World, slow: Slow, number: signal.Signals) -> None:
    """What is under way is waited for and remembered, nothing new begins, the report says where it stopped."""
    with started(world) as process:
        told_to_stop(process, slow, number)
        slow.go_on.set()
        out, said = process.communicate()
    assert process.returncode == 6, said
    results = {each["address"]: each for each in json.loads(out)["results"]}
    assert [results[f"automation.{key}"]["status"] for key in "abc"] == ["done", "done", "skipped"]
    assert "interrupted" in results["automation.c"]["reason"]
    assert not list(world.folder.rglob("*.holder"))
    assert world.apply().actions() == {"automation.c": "done"}
    assert world.plan().code == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGTERM)],
)
def test_twice_leaves_at_once(world: World, slow: Slow, first: signal.Signals, second: signal.Signals) -> None:
    """Nobody waits for the answer; the next apply finds what was under way, and makes no second one."""
    with started(world) as process:
        told_to_stop(process, slow, first)
        process.send_signal(second)
        _, said = process.communicate()
    assert process.returncode == 1, said
    slow.go_on.set()
    planned = world.plan()
    assert any("cut off" in warning for warning in planned.document["warnings"]), planned.out
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B", "C"]
    assert world.plan().code == 0


def test_nothing_is_sent_once_it_leaves(world: World, slow: Slow) -> None:
    """The lock is freed next. A thread whose connection ends then looks for nothing, sends nothing, records nothing."""

    def press_again(event: Event) -> None:
        if event.change is None:
            signal.raise_signal(signal.SIGINT)

    def press() -> None:
        assert slow.arrived.wait(60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    before = set(threading.enumerate())
    pressing = threading.Thread(target=press)
    with (
        open_session(world.folder, None, None, os.environ, 1) as session,
        pytest.raises(KeyboardInterrupt),
        applying.lock_state(session) as lock,
    ):
        planned = planning.plan(session, Options())
        pressing.start()
        applying.apply(session, planned, lock, press_again)
    slow.is_broken = True
    slow.go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    session.backend.journal.close()  # as the end of the process does
    assert slow.later == []
    assert any("cut off" in warning for warning in world.plan().document["warnings"])


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
    with open_session(world.folder, None, None, os.environ, 1) as session, applying.lock_state(session) as lock:
        planned = planning.plan(session, Options())
        pressing.start()
        report = applying.apply(session, planned, lock, told)
    pressing.join()
    assert [each.status for each in report.outcomes] == [Status.DONE, Status.DONE, Status.SKIPPED]


@pytest.mark.parametrize("number", SIGNALS)
def test_while_modules_load_it_is_a_word_and_no_traceback(number: signal.Signals) -> None:
    """Nothing has begun yet."""
    command = [sys.executable, "-c", LOADING, "plan", str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "interrupted\n")


def test_what_the_caller_ignores_stays_ignored(world: World, slow: Slow) -> None:
    """As `nohup` wants it: the terminal goes, and the apply goes on to its end."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started(world) as process:
            signal.signal(signal.SIGHUP, before)
            assert slow.arrived.wait(60)
            process.send_signal(signal.SIGHUP)
            slow.go_on.set()
            out, said = process.communicate()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0, said
    assert {each["status"] for each in json.loads(out)["results"]} == {"done"}


@contextmanager
def on_a_terminal(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A command on a terminal of its own, stdout aside, and the descriptor of that terminal's other end."""
    pytest.importorskip("pty")
    mine, its = os.openpty()
    command = [sys.executable, "-X", "faulthandler", "-m", "reconciler", *arguments]
    # A session of its own, of which this is the terminal: where it goes, the session is hung up.
    take = [sys.executable, "-c", "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
            "os.execv(sys.argv[1], sys.argv[1:])", *command]  # fmt: skip
    with subprocess.Popen(
        take, stdin=its, stdout=subprocess.PIPE, stderr=its, text=True, env=os.environ, start_new_session=True
    ) as process:
        os.close(its)
        hanging = threading.Timer(LONGEST, process.send_signal, [signal.SIGABRT])
        hanging.start()
        try:
            yield process, mine
        finally:
            hanging.cancel()
            process.kill()


def shown_until(terminal: int, words: str) -> str:
    """What a terminal shows, up to some words."""
    shown = b""
    while words.encode() not in shown:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            more = b""
        assert more, shown.decode(errors="replace")
        shown += more
    return shown.decode(errors="replace")


@pytest.mark.parametrize("number", first(SIGNALS))
def test_at_the_question_it_is_a_no(world: World, slow: Slow, number: signal.Signals) -> None:
    """Nothing is written, the lock is freed, and there is no traceback."""
    with on_a_terminal("apply", str(world.folder)) as (process, terminal):
        shown_until(terminal, "Type yes to apply")
        process.send_signal(number)
        said = shown_until(terminal, "interrupted;")
        out, _ = process.communicate()
        os.close(terminal)
    assert (process.returncode, "Applied" in out) == (1, False)
    assert "Traceback" not in said
    assert not slow.arrived.is_set()
    assert not list(world.folder.rglob("*.holder"))
    slow.go_on.set()
    assert world.apply().code == 0


def test_a_terminal_that_goes_stops_it_in_good_order(world: World, slow: Slow) -> None:
    """A closed window hangs the session up: nobody sees what is said any more, and all that is done is remembered."""
    arguments = ("--auto-approve", "--format", "json", "--parallelism", "1")
    with on_a_terminal("apply", str(world.folder), *arguments) as (process, terminal):
        assert slow.arrived.wait(60)
        os.close(terminal)
        slow.go_on.set()
        out, _ = process.communicate()
    results = {each["address"]: each["status"] for each in json.loads(out)["results"]}
    assert process.returncode in {0, 6}
    assert results["automation.b"] == "done"
    assert not list(world.folder.rglob("*.holder"))
    assert world.apply().code == 0
    assert sorted(each["name"] for each in world.live("automations")) == ["A", "B", "C"]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_simulator_ends_by_them(tmp_path: Path, number: signal.Signals) -> None:
    """A container's stop is no failure, and what was kept is kept."""
    command = [sys.executable, "-m", "reconciler", "simulate", "--port", "0", str(tmp_path / "data.sqlite")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "answers on" in process.stderr.readline()
        assert "Ctrl-C ends it" in process.stderr.readline()
        process.send_signal(number)
        said = process.stderr.read()
    assert (process.returncode, said) == (0, "ended\n")
