"""The git store: what is kept, who may write, and what the history says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from size import ends

from reconciler.errors import StateUnusable
from reconciler.model.inputs import State
from reconciler.state.backend import Backend, LockInfo, ReceiptFile, StateConflict
from reconciler.state.git import GitBackend

from .conftest import PERSON, STATE, Remote, StoreOf, environment, git, state


def test_nothing_there(store: GitBackend, remote: Remote) -> None:
    """A remote that holds no state gives an empty memory and no version."""
    snapshot = store.read()
    assert (snapshot.state, snapshot.version) == (State("production"), "")
    assert remote.applies() == []


def test_is_a_store(store: GitBackend) -> None:
    """It fits the seam, and names its place for people."""
    seam: Backend = store
    assert seam.where == "refs/reconciler/state/production on origin"


def test_round_trip(store: GitBackend, remote: Remote, store_of: StoreOf) -> None:
    """What one clone writes, another reads, with the commit as its version."""
    first = store.write(state(1, daily="r1"), "")
    second = store.write(state(2, daily="r1", weekly="r2"), first)
    snapshot = store_of(remote.clone("other")).read()
    assert snapshot.state == state(2, daily="r1", weekly="r2")
    assert snapshot.version == second == remote.refs()[STATE]


@pytest.mark.git
def test_empty_remote(tmp_path: Path, nobody: None, store_of: StoreOf) -> None:
    """The state can be the first thing that a remote ever holds."""
    empty = Remote(tmp_path / "empty.git", tmp_path)
    git(tmp_path, "init", "--quiet", "--bare", str(empty.path))
    store = store_of(empty.clone("clone"))
    assert store.read().version == ""
    version = store.write(state(1), "")
    assert store.read().version == version
    assert "Configuration: not committed yet" in empty.applies("%b")[0]


@pytest.mark.parametrize("stale", ["", "the first"], ids=["as if nothing was there", "the version before"])
def test_stale_version_is_refused(store: GitBackend, remote: Remote, stale: str) -> None:
    """A write on top of a version that is gone is refused, and nothing of the winner's is lost."""
    first = store.write(state(1, daily="r1"), "")
    won = store.write(state(2, daily="r2"), first)
    with pytest.raises(StateConflict, match="written by somebody else"):
        store.write(state(2, daily="lost"), first if stale else "")
    assert remote.refs()[STATE] == won
    assert store.read().state == state(2, daily="r2")


def test_state_that_vanished(store: GitBackend, remote: Remote) -> None:
    """Where the ref was deleted meanwhile, a write on top of it is refused rather than begun anew."""
    version = store.write(state(1), "")
    git(remote.path, "update-ref", "-d", STATE)
    with pytest.raises(StateConflict):
        store.write(state(2), version)
    assert STATE not in remote.refs()


def test_moved_between_look_and_push(store: GitBackend, remote: Remote, store_of: StoreOf) -> None:
    """Where the ref moves at the last moment, in the remote's own hands, the lease still holds and theirs is kept."""
    first = store.write(state(1), "")
    theirs = store_of(remote.clone("other")).write(state(2, daily="theirs"), first)
    git(remote.path, "update-ref", STATE, first)
    remote.hook("pre-receive", f"env -u GIT_QUARANTINE_PATH git update-ref {STATE} {theirs}")
    with pytest.raises(StateConflict):
        store.write(state(2, daily="ours"), first)
    assert remote.refs()[STATE] == theirs


def test_history_says_what_was_done(store: GitBackend, remote: Remote) -> None:
    """Each apply is one commit: what was done, by whom, in which run, from which commit of the configuration."""
    holder = LockInfo("run1", "ada", "2026-01-01T00:00:00Z", "https://ci.example.com/7")
    with store.lock(holder):
        first = store.write(state(1, daily="r1"), "", note="1 created\n\n+ report.daily")
    store.write(state(2), first, note="1 deleted")
    assert remote.applies() == ["apply to production: 1 deleted", "apply to production: 1 created"]
    assert remote.applies("%an") == ["reconciler", "ada"]
    assert remote.applies("%H")[1] == first
    head = git(store.folder, "rev-parse", "HEAD")
    assert remote.applies("%b")[1].splitlines() == [
        "+ report.daily",
        "",
        "By: ada",
        "Run: https://ci.example.com/7 (run run1)",
        f"Configuration: {head}",
        "Serial: 1",
    ]
    assert remote.applies("%aI")[1].endswith(("+00:00", "Z"))
    assert git(remote.path, "log", "-1", "--format=%ae %ce", STATE) == "reconciler@invalid reconciler@invalid"


def test_history_says_where_files_differ(store: GitBackend, remote: Remote) -> None:
    """An apply of files that are not committed says so; our own folder does not count as such."""
    (store.folder / ".reconciler").mkdir()
    (store.folder / ".reconciler" / "a.journal").write_text("")
    first = store.write(state(1), "")
    (store.folder / "new.yaml").write_text("")
    store.write(state(2), first)
    latest, earlier = remote.applies("%b")
    assert "(with changes that are not committed)" in latest
    assert "(with changes" not in earlier


@pytest.mark.parametrize("who", ends(["<>", "", "x <y@z>\nfoo", "  . ", "github-actions[bot]"]))
def test_any_name_can_write(store: GitBackend, remote: Remote, who: str) -> None:
    """A name that git would not take for a person's does not stop an apply."""
    with store.lock(LockInfo("run1", who, "now")):
        store.write(state(1), "")
    assert remote.applies("%an")[0]


def test_other_entries_are_kept(store: GitBackend, remote: Remote) -> None:
    """What else lies beside the state in its tree is still there after a write."""
    other = remote.clone("other")
    (other / "receipts").mkdir()
    (other / "receipts" / "1.json").write_text("{}")
    first = store.write(state(1), "")
    git(other, "fetch", "--quiet", "origin", STATE)
    git(other, "checkout", "--quiet", "FETCH_HEAD")
    git(other, "add", "receipts")
    git(other, *PERSON, "commit", "--quiet", "-m", "a receipt")
    git(other, "push", "--quiet", "origin", f"HEAD:{STATE}")
    second = store.write(state(2), store.read().version)
    assert git(remote.path, "ls-tree", "-r", "--name-only", second).split() == ["receipts/1.json", "state.json"]
    assert first in git(remote.path, "rev-list", second)


def test_receipts(store: GitBackend, remote: Remote, store_of: StoreOf) -> None:
    """Receipts are in the commits of their applies, and all of them in the last; a write without one keeps them."""
    assert store.receipts() == {}
    first = store.write(state(1), "")
    assert store.receipts() == {}
    second = store.write(state(2), first, receipt=ReceiptFile("2026-02", "{\n}\n"))
    third = store.write(state(3), second, receipt=ReceiptFile("2026-01", '{"é": ""}'))
    store.write(state(4), third)
    kept = store_of(remote.clone("other", "--depth=1")).receipts()
    assert list(kept.items()) == [("2026-01", '{"é": ""}'.encode()), ("2026-02", b"{\n}\n")]
    assert git(remote.path, "ls-tree", "-r", "--name-only", second).split() == ["receipts/2026-02.json", "state.json"]
    assert store.read().state == state(4)


def test_gc_keeps_the_state(store: GitBackend, remote: Remote, store_of: StoreOf) -> None:
    """The remote's own cleaning leaves state and history alone."""
    first = store.write(state(1), "")
    store.write(state(2, daily="r1"), first)
    git(remote.path, "gc", "--quiet", "--prune=now", "--aggressive")
    assert store_of(remote.clone("other")).read().state == state(2, daily="r1")
    assert len(remote.applies()) == 2


def test_environments_do_not_meet(store: GitBackend) -> None:
    """Each environment has a ref and a lock of its own."""
    sandbox = GitBackend(environment("git", "sandbox", remote="origin"), store.folder, store.journal)
    with store.lock(LockInfo("run1", "ada", "now")), sandbox.lock(LockInfo("run2", "bob", "now")):
        store.write(state(1), "")
        sandbox.write(State("sandbox", "other", 1), "")
    assert store.read().state == state(1)
    assert sandbox.read().state == State("sandbox", "other", 1)


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b"[]", None, json.dumps({"format_version": 99}).encode()],
    ids=["cut off", "no text", "no document", "no file", "newer"],
)
def test_damaged_state(store: GitBackend, remote: Remote, content: bytes | None) -> None:
    """A state that cannot be understood is refused, with the place where it is."""
    other = remote.clone("other")
    git(other, "checkout", "--quiet", "--orphan", "x")
    git(other, "rm", "-rfq", ".")
    if content is not None:
        (other / "state.json").write_bytes(content)
        git(other, "add", "state.json")
    git(other, *PERSON, "commit", "--quiet", "--allow-empty", "-m", "damage")
    git(other, "push", "--quiet", "origin", f"HEAD:{STATE}")
    with pytest.raises(StateUnusable, match="refs/reconciler/state/production on origin") as caught:
        store.read()
    assert caught.value.hint
