"""The git store's lock: one apply at a time, across machines, and nobody's lock broken by mistake."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.errors import Refused, StateUnusable
from reconciler.state.backend import Locked, LockInfo
from reconciler.state.git import GitBackend

from .conftest import PERSON, Remote, StoreOf, git, state

LOCK = "refs/reconciler/lock/production"
STATE = "refs/reconciler/state/production"
ADA = LockInfo("run-a", "ada", "2026-01-01T00:00:00Z", "https://ci.example.com/1")
BOB = LockInfo("run-b", "bob", "2026-01-01T00:00:01Z", "https://ci.example.com/2")
RACER = """
import sys
from pathlib import Path
from reconciler.model.inputs import Entry, State
from reconciler.model.settings import Environment, StateSettings
from reconciler.state.git import GitBackend
from reconciler.state.backend import LockInfo, Locked, StateConflict

what, folder, name, version = sys.argv[1:]
environment = Environment("production", StateSettings("git", Path(), {"remote": "origin"}))
store = GitBackend(environment, Path(folder), Path(folder) / "journal")

def say(text):
    print(text, flush=True)
    sys.stdin.readline()

say("ready")
try:
    if what == "lock":
        with store.lock(LockInfo("run-" + name, name, "2026-01-01T00:00:00Z")):
            say("won")
    else:
        state = State("production", "the-lineage", 2, {"report." + name: Entry(name, {})})
        say("won " + store.write(state, version))
except (Locked, StateConflict) as error:
    say(type(error).__name__ + " " + str(error))
"""


@pytest.fixture
def racers(remote: Remote, uses_process: None) -> Iterator[Callable[..., dict[str, subprocess.Popen[str]]]]:
    """Starts two processes, each in a clone of its own, that stand ready to do the same thing."""
    with ExitStack() as stack:

        def start(what: str, version: str = "") -> dict[str, subprocess.Popen[str]]:
            started = {}
            for name in ("ada", "bob"):
                command = [sys.executable, "-c", RACER, what, str(remote.clone(name)), name, version]
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                started[name] = stack.enter_context(process)
                stack.callback(process.kill)
            for process in started.values():
                assert heard(process) == "ready"
            return started

        yield start


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def race(racers: dict[str, subprocess.Popen[str]]) -> tuple[str, str, dict[str, str]]:
    """Lets both go at once; the winner's name, the loser's name, and what each said."""
    for process in racers.values():
        tell(process)
    said = {name: heard(process) for name, process in racers.items()}
    winner, loser = sorted(said, key=lambda name: not said[name].startswith("won"))
    return winner, loser, said


def test_two_processes_race_for_the_lock(
    racers: Callable[..., dict[str, subprocess.Popen[str]]], store: GitBackend
) -> None:
    """One of two gets the lock, the other names the one who has it; it is free after that."""
    started = racers("lock")
    winner, loser, said = race(started)
    assert said[winner] == "won"
    assert said[loser].startswith("Locked ")
    assert f"{winner}, since 2026-01-01T00:00:00Z (run run-{winner})" in said[loser]
    for process in started.values():
        tell(process)
        assert process.wait() == 0
    assert store.holder() is None


def test_two_processes_race_for_a_write(
    racers: Callable[..., dict[str, subprocess.Popen[str]]], store: GitBackend, remote: Remote
) -> None:
    """One of two writes on top of the same version, the other is told; the state is the winner's."""
    winner, loser, said = race(racers("write", store.write(state(1), "")))
    assert said[loser].startswith("StateConflict ")
    assert said[winner] == f"won {remote.refs()[STATE]}"
    assert list(store.read().state.entries) == [f"report.{winner}"]


def test_lock_survives_a_kill(racers: Callable[..., dict[str, subprocess.Popen[str]]], store: GitBackend) -> None:
    """The lock of a process that was killed stays, and the refusal says how to break it."""
    started = racers("lock")
    winner, _, _ = race(started)
    started[winner].kill()
    started[winner].wait()
    with pytest.raises(Locked) as caught, store.lock(BOB):
        pass
    assert f"reconciler state unlock run-{winner}" in str(caught.value.hint)
    store.unlock(f"run-{winner}")
    with store.lock(BOB):
        assert store.holder() == BOB


def test_held_and_freed(store: GitBackend, remote: Remote) -> None:
    """The lock is a ref of the remote while the block runs, says who holds it, and is gone after it."""
    with store.lock(ADA):
        assert LOCK in remote.refs()
        assert store.holder() == ADA
    assert LOCK not in remote.refs()
    assert store.holder() is None


def test_same_holder_cannot_have_it_twice(store: GitBackend) -> None:
    """A lock is one lock, even for the very holder."""
    with store.lock(ADA), pytest.raises(Locked, match="ada"), store.lock(ADA):
        pass


def test_freed_after_an_error(store: GitBackend, remote: Remote) -> None:
    """An error in the block frees the lock and stays the error."""
    with pytest.raises(ZeroDivisionError), store.lock(ADA):
        raise ZeroDivisionError
    assert LOCK not in remote.refs()


def test_only_the_very_run_is_unlocked(store: GitBackend) -> None:
    """Another run's name breaks nothing, and a free lock is said to be free."""
    with pytest.raises(Refused, match="held by: nobody"):
        store.unlock("run-a")
    with store.lock(ADA):
        with pytest.raises(Refused, match=r"held by: ada, since .* \(run run-a\)"):
            store.unlock("run-b")
        assert store.holder() == ADA


def test_never_frees_somebody_elses(store: GitBackend, remote: Remote, store_of: StoreOf) -> None:
    """A run whose lock was broken, and taken by another, leaves the other's alone when it ends."""
    other = store_of(remote.clone("other"))
    with ExitStack() as bob:
        with store.lock(ADA):
            other.unlock("run-a")
            bob.enter_context(other.lock(BOB))
        assert other.holder() == BOB
    assert other.holder() is None


def test_lock_of_unknown_making(store: GitBackend, remote: Remote) -> None:
    """A lock that does not say whose it is still locks, and is broken by hand only."""
    other = remote.clone("other")
    git(other, *PERSON, "commit", "--quiet", "--allow-empty", "-m", "not ours")
    git(other, "push", "--quiet", "origin", f"HEAD:{LOCK}")
    with pytest.raises(Locked) as caught, store.lock(ADA):
        pass
    assert f"git push origin :{LOCK}" in str(caught.value.hint)
    with pytest.raises(Refused, match="does not say by whom"):
        store.unlock("run-a")
    assert store.holder() is None
    assert LOCK in remote.refs()


def test_lock_that_cannot_be_freed(store: GitBackend, remote: Remote) -> None:
    """Where the remote goes away meanwhile, the run is told that its lock stays, and how to free it."""
    away = remote.path.with_name("away")
    with pytest.raises(StateUnusable, match="the lock could not be freed") as caught, store.lock(ADA):
        remote.path.rename(away)
    assert "reconciler state unlock run-a" in str(caught.value.hint)
    away.rename(remote.path)
    store.unlock("run-a")
    with pytest.raises(ZeroDivisionError) as broken, store.lock(BOB):
        remote.path.rename(away)
        raise ZeroDivisionError
    assert "reconciler state unlock run-b" in broken.value.__notes__[0]


def test_answer_that_was_lost(store: GitBackend, fake_git: Callable[[str], None], tmp_path: Path) -> None:
    """A push that was done, and whose answer never came, counts as done."""
    fake_git('$REAL "$@" || exit; case "$*" in *" push "*) exit 1;; esac')
    with store.lock(ADA):
        version = store.write(state(1), "")
    assert store.read().version == version
    assert store.holder() is None
