"""What the git store says where git, the repository or the remote fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import GitUnusable, StateUnusable
from reconciler.git.command import GitResult, GitTimeout, run_git
from reconciler.model.redaction import remove_user
from reconciler.state import git_repository
from reconciler.state.backend import LockInfo
from reconciler.state.git import GitBackend

from .conftest import Remote, StoreOf, git, state

ADA = LockInfo("run-a", "ada", "2026-01-01T00:00:00Z")
TOKEN = "ghs_secret"


def refusal(act: Callable[[], object]) -> str:
    """The message and the hint that an act is refused with."""
    with pytest.raises((GitUnusable, StateUnusable)) as caught:
        act()
    return f"{caught.value} | {caught.value.hint}"


def lock(store: GitBackend) -> None:
    with store.lock(ADA):
        pass


@pytest.mark.parametrize(
    "act", [GitBackend.read, GitBackend.holder, GitBackend.receipts, lock], ids=lambda act: act.__name__
)
def test_remote_is_gone(store: GitBackend, remote: Remote, act: Callable[[GitBackend], object]) -> None:
    """A remote that is not there is named, with git's own words and the command to look at it."""
    remote.path.rename(remote.path.with_name("away"))
    said = refusal(lambda: act(store))
    assert "does not appear to be a git repository" in said
    assert "git ls-remote origin" in said


def test_remote_refuses(store: GitBackend, remote: Remote) -> None:
    """A remote that takes no pushes is quoted, and the right that may be missing is named."""
    remote.hook("pre-receive", f"echo no pushes for https://x-access-token:{TOKEN}@example.com/a; exit 1")
    for said in (refusal(lambda: store.write(state(1), "")), refusal(lambda: lock(store))):
        assert "no pushes for https://***@example.com/a" in said
        assert "pre-receive hook declined" in said
        assert "contents: write" in said


def test_token_in_the_address(store: GitBackend, remote: Remote) -> None:
    """A token in the remote's address is shown nowhere, not even where the remote echoes it bare."""
    git(store.folder, "config", "remote.origin.url", f"https://x:{TOKEN}@localhost:1/a.git")
    said = refusal(store.read)
    assert "localhost:1" in said
    assert TOKEN not in said
    git(store.folder, "config", "remote.origin.url", remote.url)
    git(store.folder, "config", f"url.https://x:{TOKEN}@example.com/.insteadOf", "example:")
    remote.hook("pre-receive", f"echo who is {TOKEN}; exit 1")
    said = refusal(lambda: store.write(state(1), ""))
    assert "who is ***" in said


def test_address_with_a_token_given(remote: Remote, store_of: StoreOf) -> None:
    """A token in an address that the settings name as the remote is masked wherever the store names its place."""
    store = store_of(remote.clone("clone"), f"https://x:{TOKEN}@localhost:1/a.git")
    assert store.where == "refs/reconciler/state/production on https://***@localhost:1/a.git"
    assert TOKEN not in refusal(store.read)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'https://user:token@host/a'", "'https://***@host/a'"),
        ("https://token@host https://a:b@c", "https://***@host https://***@c"),
        ("https://a:b@c@host/x@y", "https://***@host/x@y"),
        ("git@github.com:a/b", "git@github.com:a/b"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    """Users and passwords of URLs are masked, and nothing else."""
    assert remove_user(text) == shown


def test_not_in_a_repository(tmp_path: Path, nobody: None, store_of: StoreOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration outside of any repository cannot use this store, and is told of the other."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    said = refusal(store_of(tmp_path).read)
    assert "not a git repository" in said
    assert "store: file" in said


@pytest.mark.parametrize("name", ["elsewhere", "--upload-pack=/bin/sh"])
def test_no_such_remote(remote: Remote, store_of: StoreOf, name: str) -> None:
    """A remote that the repository does not have is named."""
    assert f"there is no remote {name}" in refusal(store_of(remote.clone("clone"), name).read)


def test_no_git(store: GitBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without git in PATH, that is what is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git cannot be called" in refusal(store.read)


def test_old_git(store: GitBackend, fake_git: Callable[[str], None]) -> None:
    """A git that is too old is named with the one that is needed."""
    fake_git("echo git version 2.25.1")
    assert "git version 2.25.1 is too old" in refusal(store.read)


def test_git_hangs(store: GitBackend, fake_git: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that hangs, or something that it has started, is ended in time, and that is said."""
    monkeypatch.setattr(git_repository, "NETWORK_SECONDS", 0.5)
    fake_git('case "$*" in *" ls-remote "*) sleep 600 & wait;; esac; exec $REAL "$@"')
    assert "git ls-remote did not end within 0.5 seconds, and was ended" in refusal(store.read)


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_push_without_an_answer(store: GitBackend, monkeypatch: pytest.MonkeyPatch, done: bool) -> None:
    """A push that does not end in time is looked up at the remote: done is done, and not done is an error."""

    def silent(folder: str, *arguments: str, **rest: Any) -> GitResult:
        if "push" not in arguments:
            return run_git(folder, *arguments, **rest)
        if done:
            run_git(folder, *arguments, **rest)
        raise GitTimeout("git push did not end")

    monkeypatch.setattr(git_repository, "run_git", silent)
    if done:
        version = store.write(state(1), "")
        assert store.read().version == version
    else:
        assert "origin: git push did not end" in refusal(lambda: store.write(state(1), ""))
        assert store.read().version == ""


def test_fetch_fails(store: GitBackend, remote: Remote, fake_git: Callable[[str], None]) -> None:
    """A fetch that fails is an error while the ref is there; where the ref went meanwhile, there is nothing."""
    store.write(state(1), "")
    fake_git('case "$*" in *" fetch "*) echo broken pipe >&2; exit 1;; esac; exec $REAL "$@"')
    assert "origin: the state cannot be read: broken pipe" in refusal(store.read)
    gone = f"$REAL -C {remote.path} update-ref -d {store.ref}"
    fake_git(f'case "$*" in *" fetch "*) {gone}; exit 1;; esac; exec $REAL "$@"')
    assert store.read().version == ""


def test_no_temporary_folder(store: GitBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no temporary folder can be made, that is what is said."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert "no temporary folder can be made" in refusal(store.read)


def test_contended_ref_is_tried_again(store: GitBackend, remote: Remote, fake_git: Callable[[str], None]) -> None:
    """A ref that somebody else's push locks for a moment is tried once more."""
    lock_file = remote.path / "refs" / "reconciler" / "state" / "production.lock"
    lock_file.parent.mkdir(parents=True)
    lock_file.touch()
    fake_git(f'$REAL "$@"; code=$?; case "$*" in *" push "*) rm -f {lock_file};; esac; exit $code')
    version = store.write(state(1), "")
    assert store.read().version == version


def test_words_of_git_decide_nothing(store: GitBackend, fake_git: Callable[[str], None], tmp_path: Path) -> None:
    """A push that is not taken is tried once more, and a right may be missing, in whatever words git says so."""
    version, tried = store.write(state(1), ""), tmp_path / "tried"
    said = r"printf 'To origin\n!\ta:b\t[nein] (kein Wort)\nDone\n'; exit 1"
    fake_git(f'case "$*" in *" push "*) [ -e {tried} ] || {{ touch {tried}; {said}; }};; esac; exec $REAL "$@"')
    version = store.write(state(2), version)
    assert store.read().version == version
    fake_git(f'case "$*" in *" push "*) {said};; esac; exec $REAL "$@"')
    assert "contents: write" in refusal(lambda: store.write(state(3), version))
    fake_git('case "$*" in *" ls-remote "* | *" fetch "*) echo nein >&2; exit 128;; esac; exec $REAL "$@"')
    assert "contents: write" in (unread := refusal(store.read))
    assert "git ls-remote origin" in unread


def test_ref_that_stays_locked(store: GitBackend, remote: Remote) -> None:
    """Where the remote's ref stays locked, its words are shown."""
    lock_file = remote.path / "refs" / "reconciler" / "state" / "production.lock"
    lock_file.parent.mkdir(parents=True)
    lock_file.touch()
    assert "the state cannot be written: " in refusal(lambda: store.write(state(1), ""))


def test_nobody_is_asked(store: GitBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No askpass program is started for a person, and ssh is told to ask nothing; in CI, the program is the token's."""
    asked = tmp_path / "asked"
    program = tmp_path / "askpass"
    program.write_text(f'#!/bin/sh\necho "$*" >> {asked}\necho {TOKEN}\n')
    program.chmod(0o755)
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path / "called"}\nexit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    git(store.folder, "config", "remote.origin.url", "ssh://git@example.com/a.git")
    refusal(store.read)
    assert "-oBatchMode=yes" in (tmp_path / "called").read_text()
    assert not asked.exists()


def test_chosen_ssh_is_kept(store: GitBackend, tmp_path: Path) -> None:
    """The way to call ssh that a checkout left behind, with its key, is the one that is used."""
    git(store.folder, "config", "core.sshCommand", f"echo chosen >> {tmp_path / 'called'}; false")
    git(store.folder, "config", "remote.origin.url", "ssh://git@example.com/a.git")
    refusal(store.read)
    assert (tmp_path / "called").read_text().startswith("chosen")
