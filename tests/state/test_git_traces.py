"""What the git store leaves behind in the user's repository: nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from reconciler.errors import StateUnusable
from reconciler.state.backend import LockInfo
from reconciler.state.git import GitBackend

from .conftest import PERSON, Remote, StoreOf, git, state

STATE = "refs/reconciler/state/production"


def everything_in(folder: Path) -> dict[str, bytes | None]:
    """All files of a clone with its .git, byte by byte, and all its folders."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def use(store: GitBackend) -> None:
    """All that an apply does with a store."""
    with store.lock(LockInfo("run1", "ada", "now")):
        snapshot = store.read()
        store.write(state(snapshot.state.serial + 1, daily="r1"), snapshot.version, note="1 created")
    assert store.read().state.entries
    assert store.holder() is None


@pytest.mark.parametrize(
    "options",
    [(), ("--depth=1",), ("--depth=1", "--branch=v1"), ("--filter=blob:none",), ("--mirror",)],
    ids=["whole", "shallow", "shallow at a tag", "partial", "every ref is fetched"],
)
def test_no_byte_of_a_clone_is_changed(
    remote: Remote, store_of: StoreOf, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """HEAD, index, branches, tags, reflog, settings, objects, shallowness: an apply changes no byte of a clone."""
    git(remote.path, "config", "uploadpack.allowFilter", "true")
    if "--mirror" in options:
        clone = remote.clone("clone")
        git(clone, "config", "remote.origin.fetch", "+refs/*:refs/*")
        git(clone, "config", "remote.origin.mirror", "true")
        git(clone, "config", "fetch.prune", "true")
    else:
        clone = remote.clone("clone", *options)
    (clone / "config.yaml").write_text("# 3\n")
    (clone / "new.yaml").write_text("")
    git(clone, "add", "config.yaml")
    os.utime(clone / "below" / "more.yaml", (1, 1))
    work = tmp_path / "temporary"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    before = everything_in(clone)
    use(store_of(clone))
    assert everything_in(clone) == before
    assert list(work.iterdir()) == []


def test_clone_of_a_clone(remote: Remote, store_of: StoreOf, tmp_path: Path) -> None:
    """The state lives in the clone's own remote, here a clone itself, and goes no further."""
    middle = remote.clone("middle")
    clone = Remote(middle, tmp_path).clone("clone", "--depth=1")
    before = everything_in(clone)
    use(store_of(clone))
    assert everything_in(clone) == before
    assert STATE in git(middle, "for-each-ref")
    assert git(middle, "status", "--porcelain") == ""
    assert STATE not in remote.refs()


def test_shallow_state_grows(remote: Remote, store_of: StoreOf) -> None:
    """Many applies from shallow clones make one unbroken history in the remote."""
    for number in range(3):
        store = store_of(remote.clone(f"clone{number}", "--depth=1"))
        store.write(state(number + 1), store.read().version, note=f"{number} created")
    assert git(remote.path, "log", "--format=%s", STATE).splitlines() == [
        f"apply to production: {number} created" for number in (2, 1, 0)
    ]
    assert git(remote.path, "fsck", "--strict") == ""


def test_from_below(remote: Remote, store_of: StoreOf) -> None:
    """The configuration may lie in a folder below the repository's top, and the remote be a relative path."""
    clone = remote.clone("clone")
    git(clone, "remote", "set-url", "origin", "../remote.git")
    use(store_of(clone / "below"))
    assert STATE in remote.refs()


def test_worktree(remote: Remote, store_of: StoreOf) -> None:
    """A second work tree of the repository is as good as the first."""
    clone = remote.clone("clone")
    git(clone, "worktree", "add", "--quiet", "-b", "more", "../tree")
    use(store_of(remote.folder / "tree"))
    assert STATE in remote.refs()


def test_refs_of_like_names(remote: Remote, store_of: StoreOf) -> None:
    """Local branches and tags that are named like the ref of the state are not mistaken for it."""
    clone = remote.clone("clone")
    for name in (STATE, "reconciler/state/production", "state/production"):
        git(clone, "branch", name)
        git(clone, "tag", name)
    for name in ("reconciler/state/production", "state/production"):
        git(clone, "push", "--quiet", "origin", f"refs/heads/{name}", f"refs/tags/{name}")
    git(clone, "update-ref", STATE, "HEAD")
    store = store_of(clone)
    assert store.read().version == ""
    use(store)
    assert git(clone, "rev-parse", STATE) == git(clone, "rev-parse", "HEAD")


def test_inside_a_hook(remote: Remote, store_of: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a git hook starts us, with its repository in the environment, the configuration's is used all the same."""
    clone, other = remote.clone("clone"), remote.clone("other")
    before = everything_in(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    use(store_of(clone))
    assert everything_in(other) == before


def test_settings_that_would_interfere(remote: Remote, store_of: StoreOf, tmp_path: Path) -> None:
    """Signing, hooks, tags that follow and remotes of submodules, asked for in the user's settings, have no part."""
    clone = remote.clone("clone")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout"):
        (hooks / name).write_text("#!/bin/sh\nexit 1\n")
        (hooks / name).chmod(0o755)
    for name, value in {
        "core.hooksPath": str(hooks),
        "commit.gpgSign": "true",
        "push.gpgSign": "true",
        "gpg.program": "/nowhere",
        "push.followTags": "true",
        "push.recurseSubmodules": "on-demand",
        "remote.origin.push": "refs/heads/*:refs/heads/*",
        "remote.origin.prune": "true",
        "user.useConfigOnly": "true",
        "transfer.fsckObjects": "true",
        "fetch.output": "compact",
        "log.showSignature": "true",
        "log.mailmap": "true",
        "color.ui": "always",
    }.items():
        git(clone, "config", name, value)
        if name != "core.hooksPath":  # the remote, on this very machine, reads the global settings too
            git(clone, "config", "--global", name, value)
    use(store_of(clone))


def test_second_remote(remote: Remote, store_of: StoreOf, tmp_path: Path) -> None:
    """Another remote can be named, or its address given; the first then holds nothing."""
    for name in ("second", "third"):
        git(tmp_path, "init", "--quiet", "--bare", f"{name}.git")
    clone = remote.clone("clone")
    git(clone, "remote", "add", "second", str(tmp_path / "second.git"))
    use(store_of(clone, "second"))
    use(store_of(clone, (tmp_path / "third.git").as_uri()))
    assert STATE not in remote.refs()
    assert STATE in Remote(tmp_path / "second.git", tmp_path).refs()
    assert STATE in Remote(tmp_path / "third.git", tmp_path).refs()


def names(remote: Remote) -> str:
    """Author and committer of the last write."""
    return git(remote.path, "log", "-1", "--format=%an <%ae> %cn <%ce>", STATE)


def test_identity_is_gits_own(remote: Remote, store_of: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for any commit of the user's, so that a push rule on addresses is met: settings, and variables before them;
    the date is the write's."""
    clone = remote.clone("clone")
    for number in range(0, len(PERSON), 2):
        git(clone, "config", *PERSON[number + 1].split("="))
    store = store_of(clone)
    version = store.write(state(1), "")
    assert names(remote) == "Ada <ada@example.com> Ada <ada@example.com>"
    git(clone, "config", "author.email", "author@example.com")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "eve@example.com")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    store.write(state(2), version)
    assert names(remote) == "Eve <author@example.com> Ada <eve@example.com>"
    assert not git(remote.path, "log", "-1", "--format=%aI", STATE).startswith("2001")


def test_identity_of_the_settings_of_the_state(remote: Remote, store_of: StoreOf) -> None:
    """Where git knows no address, `author:` of the state; a name alone is no identity."""
    clone = remote.clone("clone")
    git(clone, "config", "user.name", "Ada")
    store_of(clone, author="Release Bot <bot@example.com>").write(state(1), "")
    assert names(remote) == "Release Bot <bot@example.com> Release Bot <bot@example.com>"


def test_a_push_rule_on_the_address(remote: Remote, store_of: StoreOf) -> None:
    """A server that takes commits of known addresses only takes lock and state, once such an address is set."""
    remote.hook("update", 'case "$3" in 0000*) exit 0;; esac; git log --format=%ce -1 $3 | grep -q "@example.com$"')
    clone = remote.clone("clone")
    with pytest.raises(StateUnusable):
        use(store_of(clone))
    use(store_of(clone, author="Bot <bot@example.com>"))
