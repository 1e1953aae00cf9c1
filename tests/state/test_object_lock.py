"""The object store's lock: one apply at a time, across machines, and nobody's lock broken by mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from reconciler.errors import Refused, StateUnusable
from reconciler.state import object_bucket
from reconciler.state.backend import Locked, LockInfo, StateConflict
from reconciler.state.object import ObjectBackend

from .conftest import object_backend, state
from .s3_server import Server, aim, needs_server, nobody, running

pytestmark = needs_server
ADA = LockInfo("run-a", "ada", "2026-01-01T00:00:00Z", "https://ci.example.com/1")
BOB = LockInfo("run-b", "bob", "2026-01-01T00:00:01Z", "https://ci.example.com/2")
RACER = """
import sys
from pathlib import Path
from reconciler.model.inputs import Entry, State
from reconciler.model.settings import Environment, StateSettings
from reconciler.state.object import ObjectBackend
from reconciler.state.backend import LockInfo, Locked, StateConflict

what, url, name, version = sys.argv[1:]
environment = Environment("production", StateSettings("object", Path(), {"url": url}))
store = ObjectBackend(environment, Path(), Path("journal-of-" + name))

def say(text):
    print(text, flush=True)
    sys.stdin.readline()

say("ready")
try:
    if what == "lock":
        with store.lock(LockInfo("run-" + name, name, "2026-01-01T00:00:00Z")):
            say("won")
    else:
        store.write(State("production", "the-lineage", 2, {"report." + name: Entry(name, {})}), version)
        say("won")
except (Locked, StateConflict) as error:
    say(type(error).__name__ + " " + str(error))
"""
Race = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def server(uses_process: None, uses_network: None) -> Iterator[Server]:
    """An S3 server with a bucket."""
    with running() as started:
        started.make("bucket")
        yield started


@pytest.fixture
def store(
    server: Server, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectBackend:
    """A store of production below a prefix that no other test uses."""
    aim(monkeypatch, server.url)
    return object_backend(f"s3://bucket/{request.node.name}", "production", tmp_path / "journal")


@pytest.fixture
def race(store: ObjectBackend, uses_process: None) -> Iterator[Race]:
    """Lets two processes do the same thing at once, and gives what each of them says of it."""
    with ExitStack() as stack:

        def run(what: str, version: str = "") -> dict[str, str]:
            racers = {}
            for name in ("ada", "bob"):
                url = store.where.removesuffix("/production.json")
                command = [sys.executable, "-c", RACER, what, url, name, version]
                started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                racers[name] = stack.enter_context(started)
            assert {_said(each) for each in racers.values()} == {"ready"}
            for each in racers.values():
                _go_on(each)
            said = {name: _said(each) for name, each in racers.items()}
            for each in racers.values():
                _go_on(each)
            return said

        yield run


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _lock_of(server: Server, store: ObjectBackend) -> str:
    return store.where.removeprefix("s3://").replace(".json", ".lock")


def test_one_holds_the_lock_and_the_other_is_told_who(store: ObjectBackend) -> None:
    """While the block runs the lock names its holder; afterwards it is free for the next."""
    assert store.holder() is None
    with store.lock(ADA):
        assert store.holder() == ADA
        with pytest.raises(Locked, match="ada, since 2026-01-01T00:00:00Z") as caught, store.lock(BOB):
            pytest.fail("two hold it")
        assert "state unlock run-a" in str(caught.value.hint)
        assert store.holder() == ADA
    assert store.holder() is None
    with store.lock(BOB):
        assert store.holder() == BOB


def test_nobody_takes_it_twice(store: ObjectBackend) -> None:
    """Not even the one who holds it."""
    with store.lock(ADA), pytest.raises(Locked), store.lock(ADA):
        pytest.fail("it is held twice")


def test_of_many_that_take_it_at_once_one_has_it(store: ObjectBackend) -> None:
    """Also where all of them call themselves by one name: a lock is known by more than its holder."""
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:

        def attempt(_: int) -> bool:
            try:
                stack.enter_context(store.lock(ADA))
            except Locked:
                return False
            return True

        assert sorted(pool.map(attempt, range(8))) == [False] * 7 + [True]


def test_the_lock_is_given_back_when_the_block_fails(store: ObjectBackend) -> None:
    """An apply that ends in an error leaves no lock behind."""
    with pytest.raises(ZeroDivisionError), store.lock(ADA):
        raise ZeroDivisionError
    assert store.holder() is None


def test_of_two_processes_one_takes_the_lock(store: ObjectBackend, race: Race) -> None:
    """The other is told who has it."""
    said = race("lock")
    (winner,) = (name for name, words in said.items() if words == "won")
    (loser,) = (name for name in said if name != winner)
    assert said[loser].startswith(f"Locked {store.where}: somebody else is applying: {winner}, since")


def test_of_two_processes_one_takes_a_lock_that_was_given_back(store: ObjectBackend, race: Race) -> None:
    """A free lock that lies there is raced for like none at all."""
    with store.lock(ADA):
        pass
    assert sorted(words.split()[0] for words in race("lock").values()) == ["Locked", "won"]


@pytest.mark.parametrize("seen", [False, True], ids=["no-state", "a-state"])
def test_of_two_processes_one_writes(store: ObjectBackend, race: Race, seen: bool) -> None:
    """The memory that stands is the winner's; the loser is told that the state moved."""
    said = race("write", store.write(state(1), "") if seen else "")
    assert sorted(words.split()[0] for words in said.values()) == ["StateConflict", "won"]
    (winner,) = (name for name, words in said.items() if words == "won")
    assert set(store.read().state.entries) == {f"report.{winner}"}


def test_only_the_very_run_is_unlocked(store: ObjectBackend) -> None:
    """A run that is not the holder's breaks nothing, and is told who holds it."""
    with store.lock(ADA):
        with pytest.raises(Refused, match="run run-b does not hold the lock; held by: ada"):
            store.unlock("run-b")
        assert store.holder() == ADA
    with pytest.raises(Refused, match="held by: nobody"):
        store.unlock("run-a")


def test_a_lock_broken_by_force_leaves_the_swap_to_decide(store: ObjectBackend) -> None:
    """The one whose lock was broken can neither write over the next one's state nor give back the next one's lock."""
    version = store.write(state(1), "")
    with store.lock(ADA):
        store.unlock("run-a")
        bobs = store.lock(BOB)
        bobs.__enter__()
        store.write(state(2, daily="bobs"), version)
        with pytest.raises(StateConflict):
            store.write(state(2, daily="adas"), version)
    assert store.holder() == BOB
    assert store.read().state == state(2, daily="bobs")
    bobs.__exit__(None, None, None)
    assert store.holder() is None


def test_a_lock_says_who_holds_it_to_people(store: ObjectBackend, server: Server) -> None:
    """The object is the holder's JSON."""
    with store.lock(ADA):
        document = json.loads(server.get(_lock_of(server, store)))
    assert document["lock"]
    assert {name: document[name] for name in asdict(ADA)} == asdict(ADA)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"run": "run-a"}'], ids=["empty", "list", "bytes", "part"])
def test_a_lock_that_cannot_be_read_is_held(store: ObjectBackend, server: Server, content: bytes) -> None:
    """Nobody goes through it, and the way out is named."""
    key = _lock_of(server, store)
    server.put(key, content)
    with pytest.raises(Locked, match="not known who") as locked, store.lock(ADA):
        pytest.fail("it is held")
    with pytest.raises(Refused, match="does not say by whom") as refused:
        store.unlock("run-a")
    assert locked.value.hint == refused.value.hint == f"once nobody is applying any more, delete s3://{key}"
    assert store.holder() is None
    assert server.get(key) == content


def test_a_server_that_is_gone_in_the_end_is_told_of(store: ObjectBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done is done: it is said that the lock still stands, and how it is broken."""
    with running() as short_lived:
        short_lived.make("bucket")
        monkeypatch.setenv("AWS_ENDPOINT_URL", short_lived.url)
        monkeypatch.setattr(object_bucket, "PATIENCE_SECONDS", 3.0)
        lock = object_backend("s3://bucket", "production", store.journal).lock(ADA)
        lock.__enter__()
    with pytest.raises(StateUnusable, match="the lock could not be freed") as caught:
        lock.__exit__(None, None, None)
    assert caught.value.hint == "`reconciler state unlock run-a` frees it"


def test_a_server_that_is_gone_does_not_hide_what_failed_before(
    store: ObjectBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block's own error is the one that is seen; the lock that stands is a note on it."""
    with running() as short_lived:
        short_lived.make("bucket")
        monkeypatch.setenv("AWS_ENDPOINT_URL", short_lived.url)
        monkeypatch.setattr(object_bucket, "PATIENCE_SECONDS", 3.0)
        lock = object_backend("s3://bucket", "production", store.journal).lock(ADA)
        lock.__enter__()
    failure = ZeroDivisionError()
    assert not lock.__exit__(ZeroDivisionError, failure, None)
    assert "state unlock run-a" in failure.__notes__[0]


def test_no_lock_without_a_server(store: ObjectBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store does not answer nobody holds its lock, and the block does not run."""
    with nobody() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setattr(object_bucket, "PATIENCE_SECONDS", 1.0)
        away = object_backend("s3://bucket", "production", store.journal)
        with pytest.raises(StateUnusable), away.lock(ADA):
            pytest.fail("nobody gave it")
