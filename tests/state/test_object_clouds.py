"""The object store where no store answers: addresses, clouds, credentials, the library. Loopback only."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError, StateUnusable, WrongUsage
from reconciler.state import object_bucket
from reconciler.state.backend import LockInfo
from reconciler.state.object import ObjectBackend

from .conftest import object_backend, state
from .s3_server import SECRET, aim, nobody

pytestmark = pytest.mark.network

ADA = LockInfo("run-a", "ada", "2026-01-01T00:00:00Z")
FOREIGN = ("AWS_", "AZURE_", "GOOGLE_", "GCE_", "IDENTITY_", "MSI_")
PATIENCE = 0.6
SLACK = 4.0
CLOUDS = {
    "s3://bucket/prefix": ("AWS_ENDPOINT_URL", "AWS_METADATA_ENDPOINT"),
    "gs://bucket/prefix": ("GOOGLE_BASE_URL", "GCE_METADATA_HOST", "GCE_METADATA_IP"),
    "az://container/prefix": ("AZURE_STORAGE_ENDPOINT", "AZURE_MSI_ENDPOINT"),
}
KEYS = {
    "s3://bucket/prefix": {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET},
    "gs://bucket/prefix": {"GOOGLE_BEARER_TOKEN": SECRET},
    "az://container/prefix": {"AZURE_STORAGE_ACCOUNT_KEY": "c2VjcmV0LXNlY3JldC1zZWNyZXQ="},
    "az://container": {"AZURE_STORAGE_SAS_TOKEN": "sv=2024-01-01&sig=c2VjcmV0LXNlY3JldA%3D%3D"},
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, patience: None) -> None:
    """A machine on which nobody has set up any cloud, and on which nobody waits long."""
    monkeypatch.setattr(object_bucket, "PATIENCE_SECONDS", PATIENCE)
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(params=[False, True], ids=["refused", "silent"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address at which nothing answers, set for every cloud and for the roles of its machines."""
    listening: bool = request.param
    with nobody(listening=listening) as url:
        for name in {name for names in CLOUDS.values() for name in names}:
            monkeypatch.setenv(name, url.removeprefix("http://") if name.startswith("GCE_") else url)
        for prefix in ("AWS", "GOOGLE", "AZURE"):
            monkeypatch.setenv(f"{prefix}_ALLOW_HTTP", "true")
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
        yield url


def _store(url: str, folder: Path) -> ObjectBackend:
    return object_backend(url, "production", folder / "journal")


@pytest.mark.parametrize("url", CLOUDS)
def test_every_cloud_has_its_address(url: str, tmp_path: Path) -> None:
    """A store is made without a word to the network; its address is the object's."""
    store = _store(url, tmp_path)
    assert store.where == f"{url}/production.json"
    assert store.journal == tmp_path / "journal"


@pytest.mark.parametrize("url", KEYS)
def test_a_cloud_that_is_away_is_told_of_in_time(
    url: str, away: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, writing and locking end within their patience, name the address and what to see to, and no secret."""
    for name, value in KEYS[url].items():
        monkeypatch.setenv(name, value)
    store = _store(url, tmp_path)
    began = time.monotonic()
    with pytest.raises(StateUnusable) as caught:
        store.read()
    with pytest.raises(StateUnusable, match="cannot be written"):
        store.write(state(1), "")
    with pytest.raises(StateUnusable), store.lock(ADA):
        pytest.fail("nobody gave it")
    assert time.monotonic() - began < 3 * PATIENCE + SLACK
    assert str(caught.value).startswith(f"{store.where}: cannot be read (")
    assert "\n" not in str(caught.value)
    assert "Debug" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert str(caught.value.hint).startswith("see to ")
    assert not [value for value in KEYS[url].values() if value in f"{caught.value} {caught.value.hint}"]


@pytest.mark.parametrize("url", CLOUDS)
def test_without_credentials_the_variables_are_named(url: str, away: str, tmp_path: Path) -> None:
    """Where neither the environment nor a role of the machine gives a key, that ends in time, with the way out."""
    began = time.monotonic()
    with pytest.raises(StateUnusable, match="cannot be read") as caught:
        _store(url, tmp_path).read()
    assert time.monotonic() - began < 2 * PATIENCE + SLACK
    assert away.removeprefix("http://") in str(caught.value)
    names = {"s": "AWS_ACCESS_KEY_ID", "g": "GOOGLE_APPLICATION_CREDENTIALS", "a": "AZURE_STORAGE_ACCOUNT_KEY"}
    assert names[url[0]] in str(caught.value.hint)


def test_azure_needs_an_account(tmp_path: Path) -> None:
    """The address names the container only; the account is the environment's."""
    with pytest.raises(StateUnusable, match=r"az://container/p/: cannot be used .*Account must be specified") as caught:
        _store("az://container/p", tmp_path).read()
    assert "AZURE_STORAGE_ACCOUNT_NAME" in str(caught.value.hint)


def test_plain_http_is_not_spoken_unless_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key does not go over the wire readable for all because an address was written without its s."""
    with nobody() as url:
        aim(monkeypatch, url)
        monkeypatch.delenv("AWS_ALLOW_HTTP")
        with pytest.raises(StateUnusable) as caught:
            _store("s3://bucket", tmp_path).read()
    assert "AWS_ALLOW_HTTP" in str(caught.value.hint)


def test_a_broken_key_ends_in_an_error_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newline at its end, as a paste or a file leaves it, makes the library panic; it is an error all the same."""
    with nobody() as url:
        aim(monkeypatch, url)
        monkeypatch.setenv("AWS_SESSION_TOKEN", f"{SECRET}\n")
        with pytest.raises(StateUnusable, match="cannot be read") as caught:
            _store("s3://bucket", tmp_path).read()
    assert SECRET not in str(caught.value)


def test_credentials_in_an_endpoint_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user and a password that somebody wrote into the endpoint's address stay there."""
    with nobody() as url:
        aim(monkeypatch, url.replace("//", "//ada:passw0rd@"))
        with pytest.raises(StateUnusable) as caught:
            _store("s3://bucket", tmp_path).read()
    assert "passw0rd" not in str(caught.value)
    assert "//***@127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bucket",
        "s3://",
        "s3:///prefix",
        "s3:bucket",
        "ftp://bucket/prefix",
        "file:///etc",
        "https://bucket.s3.amazonaws.com/prefix",
        "s3://bucket/a//b",
        "s3://bucket/../other",
        "s3://bucket/./a",
        "s3://bucket:99/prefix",
        "s3://bucket/prefix#there",
        "s3://[bucket",
    ],
)
def test_an_address_that_is_none_is_refused_at_once(url: str, tmp_path: Path) -> None:
    """Before anything is asked of the network, with the forms that there are."""
    with pytest.raises(WrongUsage, match="not an address of an object store") as caught:
        _store(url, tmp_path)
    assert "s3://BUCKET/PREFIX" in str(caught.value.hint)


@pytest.mark.parametrize("url", ["s3://ada:passw0rd@bucket/prefix", "az://container/prefix?sig=passw0rd"])
def test_credentials_do_not_belong_into_the_address(url: str, tmp_path: Path) -> None:
    """They would lie in git: refused, and not shown again."""
    with pytest.raises(WrongUsage) as caught:
        _store(url, tmp_path)
    assert "passw0rd" not in str(caught.value)
    assert "credentials go into the environment" in str(caught.value.hint)


@pytest.mark.parametrize("call", ["read", "holder"])
def test_without_the_library_the_extra_is_named(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever installed the bare package learns what to install."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ReconcilerError, match="a library that is not installed") as caught:
        getattr(_store("s3://bucket", tmp_path), call)()
    assert caught.value.hint == "pip install 'qonversion-reconciler[object]'"
