"""The server behind these tests heeds conditions, and what the object store makes of servers with a flaw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.errors import StateUnusable
from reconciler.state.backend import LockInfo
from reconciler.state.object import ObjectBackend

from .conftest import object_backend, state
from .s3_server import SECRET, Server, aim, needs_server, running

pytestmark = [needs_server, pytest.mark.process, pytest.mark.network]
ADA = LockInfo("run-a", "ada", "2026-01-01T00:00:00Z")
IAM = "2010-05-08"
ALL_OF_S3 = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.fixture
def store(tmp_path: Path) -> ObjectBackend:
    """A store of production at the top of a bucket, wherever the environment variables point."""
    return object_backend("s3://bucket", "production", tmp_path / "journal")


def test_the_server_heeds_conditions() -> None:
    """In plain HTTP: 412 for what exists already and for another version, and the object stays as it was."""
    with running() as server:
        server.make("bucket")
        assert server.put("bucket/key", b"first", if_none_match="*") == 200
        assert server.put("bucket/key", b"second", if_none_match="*") == 412
        assert server.put("bucket/key", b"second", if_match='"00000000000000000000000000000000"') == 412
        assert server.get("bucket/key") == b"first"
        with server.client() as client:
            etag = client.head("/bucket/key").headers["etag"]
        assert server.put("bucket/key", b"second", if_match=etag) == 200
        assert server.put("bucket/key", b"third", if_match=etag) == 412
        assert server.put("bucket/nothing", b"first", if_match=etag) == 404
        assert server.get("bucket/key") == b"second"


def test_a_server_that_does_not_heed_conditions_is_found_out(
    store: ObjectBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No apply begins on a store that could not keep two of them apart, and no lock is left there."""
    with running("deaf") as server:
        server.make("bucket")
        aim(monkeypatch, server.url)
        with pytest.raises(StateUnusable, match="ignores the condition of a write") as caught, store.lock(ADA):
            pytest.fail("there is no lock on such a store")
        assert store.holder() is None
    assert "Amazon S3" in str(caught.value.hint)


def test_a_write_whose_answer_was_lost_counts_as_done(store: ObjectBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library sends it again and is refused, since it was done: that is neither Locked nor StateConflict."""
    with running("mumbling") as server:
        server.make("bucket")
        aim(monkeypatch, server.url)
        with store.lock(ADA):
            version = store.write(state(1, daily="id-1"), "")
            assert store.holder() == ADA
            assert (store.read().state, store.read().version) == (state(1, daily="id-1"), version)
        assert store.holder() is None


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Server, str, str]]:
    """A server that checks signatures, with the key of its one user."""
    with running() as server:
        server.make("bucket")
        key = _user(server)
        httpx.post(f"{server.url}/moto-api/reset-auth", content=b"0", trust_env=False).raise_for_status()
        yield server, *key


def _user(server: Server) -> tuple[str, str]:
    with server.client("iam") as client:

        def ask(action: str, **fields: str) -> str:
            form = {"Action": action, "Version": IAM, "UserName": "ada", **fields}
            return client.post("/", data=form).raise_for_status().text

        ask("CreateUser")
        ask("PutUserPolicy", PolicyName="all", PolicyDocument=ALL_OF_S3)
        made = ask("CreateAccessKey")
    identity, secret = (re.search(f"<{name}>(.*?)</{name}>", made) for name in ("AccessKeyId", "SecretAccessKey"))
    assert identity is not None
    assert secret is not None
    return identity[1], secret[1]


def test_the_key_of_the_environment_opens_the_store(
    guarded: tuple[Server, str, str], store: ObjectBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests bear a signature that a server which checks it accepts."""
    server, identity, secret = guarded
    aim(monkeypatch, server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", identity)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with store.lock(ADA):
        store.write(state(1), store.read().version)
    assert store.read().state == state(1)


@pytest.mark.parametrize(
    ("known", "word"), [(True, "SignatureDoesNotMatch"), (False, "InvalidAccessKeyId")], ids=["secret", "user"]
)
def test_wrong_credentials_are_told_of_and_not_shown(
    guarded: tuple[Server, str, str],
    store: ObjectBackend,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
    word: str,
) -> None:
    """The cloud's own word for it, the variables to see to, and no secret."""
    server, identity, _ = guarded
    aim(monkeypatch, server.url)
    if known:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", identity)
    with pytest.raises(StateUnusable, match=word) as caught:
        store.read()
    assert "AWS_SECRET_ACCESS_KEY" in str(caught.value.hint)
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(StateUnusable, match=word), store.lock(ADA):
        pytest.fail("the server would not have it")


def test_an_object_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terabyte in the state's place: told in a line, before its bytes come."""
    with running("vast") as server:
        server.make("bucket")
        aim(monkeypatch, server.url)
        with pytest.raises(StateUnusable, match="more than 200 MB"):
            object_backend("s3://bucket", "production", tmp_path / "journal").read()
