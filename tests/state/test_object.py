"""The object store against an S3 server: what is written is read, and nobody's is written over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.errors import StateUnusable
from reconciler.model.inputs import State
from reconciler.state.backend import ReceiptFile, StateConflict
from reconciler.state.object import ObjectBackend
from reconciler.state.receipts import list_receipts

from .conftest import object_backend, state
from .s3_server import Server, aim, needs_server, running

pytestmark = needs_server


@pytest.fixture(scope="module")
def server(uses_process: None, uses_network: None) -> Iterator[Server]:
    """An S3 server with a bucket."""
    with running() as started:
        started.make("bucket")
        yield started


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix that no other test uses."""
    name: str = request.node.name
    return "".join(letter if letter.isalnum() else "-" for letter in name)


@pytest.fixture
def store(server: Server, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ObjectBackend:
    """A store of production below that prefix."""
    aim(monkeypatch, server.url)
    return object_backend(f"s3://bucket/{prefix}", "production", tmp_path / "journal")


def test_what_is_written_is_read(store: ObjectBackend) -> None:
    """Nothing there is an empty memory and no version; then each write gives the version that the next read gives."""
    assert store.read().state == State("production")
    first = store.write(state(1, daily="id-1"), "")
    assert (store.read().state, store.read().version) == (state(1, daily="id-1"), first)
    second = store.write(state(2, daily="id-1", weekly="id-2"), first, note="what was done")
    assert (store.read().state, store.read().version) == (state(2, daily="id-1", weekly="id-2"), second)


def test_the_state_lies_below_the_prefix_by_the_name_of_its_environment(
    store: ObjectBackend, server: Server, prefix: str
) -> None:
    """One JSON object per environment, that people can read with the tools of their cloud."""
    store.write(state(daily="id-1"), "")
    assert store.where == f"s3://bucket/{prefix}/production.json"
    assert json.loads(server.get(f"bucket/{prefix}/production.json"))["environment"] == "production"


@pytest.mark.parametrize(
    ("url", "key"), [("s3://bare", "bare/"), ("s3://bare/", "bare/"), ("s3://bare/a/b c/ä/", "bare/a/b%20c/%C3%A4/")]
)
def test_a_prefix_is_optional_and_may_be_deep(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, key: str
) -> None:
    """Without one the state lies at the top of the bucket; a slash at the end means nothing."""
    server.make("bare")
    aim(monkeypatch, server.url)
    store = object_backend(url, "sandbox-2_B", tmp_path / "journal")
    snapshot = store.read()
    store.write(State("sandbox-2_B", "the-lineage", 1), snapshot.version)
    assert json.loads(server.get(f"{key}sandbox-2_B.json"))["serial"] == 1
    assert store.where == f"{url.rstrip('/')}/sandbox-2_B.json"


def test_environments_do_not_see_each_other(store: ObjectBackend, prefix: str, tmp_path: Path) -> None:
    """Two environments below one prefix have a state and a lock each."""
    store.write(state(daily="id-1"), "")
    other = object_backend(f"s3://bucket/{prefix}", "sandbox", tmp_path / "journal")
    assert other.read().state == State("sandbox")


@pytest.mark.parametrize("seen", [False, True], ids=["created meanwhile", "changed meanwhile"])
def test_a_stale_version_is_refused_and_the_winner_keeps_all(store: ObjectBackend, seen: bool) -> None:
    """Who read before somebody else wrote does not write over it, and is told where what it did is."""
    stale = store.write(state(1), "") if seen else ""
    won = store.write(state(2, daily="of-the-winner"), stale)
    with pytest.raises(StateConflict, match="written by somebody else") as caught:
        store.write(state(2, daily="of-the-loser"), stale)
    assert str(store.journal) in str(caught.value.hint)
    assert (store.read().state, store.read().version) == (state(2, daily="of-the-winner"), won)


def test_a_state_that_was_taken_away_is_not_written_anew(store: ObjectBackend, server: Server, prefix: str) -> None:
    """A version that was there and is gone is another version too."""
    version = store.write(state(1), "")
    with server.client() as client:
        client.delete(f"/bucket/{prefix}/production.json").raise_for_status()
    with pytest.raises(StateConflict):
        store.write(state(2), version)


def test_receipts_are_kept_beside_the_state(store: ObjectBackend, server: Server, prefix: str) -> None:
    """Each in an object of its own, below the environment's name, and read back by their names in their order."""
    assert store.receipts() == {}
    version = store.write(state(1), "", receipt=ReceiptFile("2026-01-02-b", "second"))
    store.write(state(2), version, receipt=ReceiptFile("2026-01-01-a", "first: ä"))
    assert list(store.receipts().items()) == [("2026-01-01-a", "first: ä".encode()), ("2026-01-02-b", b"second")]
    assert server.get(f"bucket/{prefix}/receipts/production/2026-01-02-b.json") == b"second"
    other = object_backend(f"s3://bucket/{prefix}", "sandbox", store.journal)
    assert other.receipts() == {}


def test_a_write_that_is_refused_leaves_no_receipt(store: ObjectBackend) -> None:
    """The history tells of what the state went through, and of nothing else."""
    store.write(state(1), "", receipt=ReceiptFile("of-the-winner", "won"))
    with pytest.raises(StateConflict):
        store.write(state(1, daily="of-the-loser"), "", receipt=ReceiptFile("of-the-loser", "lost"))
    assert store.receipts() == {"of-the-winner": b"won"}


def test_a_receipt_is_not_written_over(store: ObjectBackend, server: Server, prefix: str) -> None:
    """One of the same name, and so of the same serial, is a winner's; one that is no text is refused when read."""
    version = store.write(state(1), "", receipt=ReceiptFile("name", "first"))
    with pytest.raises(StateConflict, match="the receipt name exists already"):
        store.write(state(2), version, receipt=ReceiptFile("name", "second"))
    assert (store.receipts(), store.read().version) == ({"name": b"first"}, version)
    server.put(f"bucket/{prefix}/receipts/production/name.json", b"\xff")
    with pytest.raises(StateUnusable, match="this receipt is not understood"):
        list_receipts(store)


def test_of_many_that_write_at_once_one_wins(store: ObjectBackend) -> None:
    """Eight writers on one version: one memory stands, whole, and it is that of the one that was told so."""
    version = store.write(state(1), "")

    def attempt(number: int) -> int | None:
        try:
            store.write(state(2, daily=f"of-{number}"), version)
        except StateConflict:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [each for each in pool.map(attempt, range(8)) if each is not None]
    assert len(winners) == 1
    assert store.read().state == state(2, daily=f"of-{winners[0]}")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"format_version": 1, "resour', "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        (b"", "damaged"),
        (b'{"format_version": 99}', "newer reconciler"),
    ],
)
def test_a_damaged_state_is_refused_and_left_as_it_is(
    store: ObjectBackend, server: Server, prefix: str, content: bytes, why: str
) -> None:
    """What is not understood is neither guessed nor written over."""
    server.put(f"bucket/{prefix}/production.json", content)
    with pytest.raises(StateUnusable, match=why) as caught:
        store.read()
    assert caught.value.hint
    assert server.get(f"bucket/{prefix}/production.json") == content


def test_a_state_of_another_environment_is_refused(store: ObjectBackend, server: Server, prefix: str) -> None:
    """An object that was copied by hand from one environment to another is found out."""
    store.write(state(1), "")
    server.put(f"bucket/{prefix}/sandbox.json", server.get(f"bucket/{prefix}/production.json"))
    with pytest.raises(StateUnusable, match="of the environment production, not of sandbox"):
        object_backend(f"s3://bucket/{prefix}", "sandbox", store.journal).read()


def test_a_bucket_that_is_not_there_is_no_empty_state(store: ObjectBackend, tmp_path: Path) -> None:
    """A typing mistake in the bucket's name must not look as if nothing were managed yet."""
    lost = object_backend("s3://buckte/prefix", "production", tmp_path / "journal")
    with pytest.raises(StateUnusable, match=r"s3://buckte/prefix/production.json: cannot be read .*NoSuchBucket"):
        lost.read()
    with pytest.raises(StateUnusable, match=r"cannot be listed .*NoSuchBucket"):
        lost.receipts()
    with pytest.raises(StateUnusable, match="NoSuchBucket"):
        lost.write(state(1), "")
    with pytest.raises(StateUnusable, match="NoSuchBucket"):
        lost.write(state(1), store.write(state(1), ""))
