"""`doctor` says by which way the key goes: the proxy, and whether the certificate is trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from world import Run, World

from .conftest import NAME, Secure
from .served import proxying


def check(run: Run, name: str) -> dict[str, str]:
    """The one check of that name."""
    found: list[dict[str, str]] = [each for each in run.document["checks"] if each["name"] == name]
    assert len(found) == 1, run.out
    return found[0]


def test_a_certificate_that_nobody_knows(world: World, secure: Secure) -> None:
    """The check that failed is the certificate; the key was not sent."""
    run = world.run("doctor", "--format", "json", "--api-url", secure.url)
    assert run.code == 1
    assert check(run, "certificate")["status"] == "failed"
    assert "SSL_CERT_FILE" in check(run, "certificate")["hint"]
    assert secure.seen.keys == []


def test_a_certificate_that_has_expired(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is told of a plan."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    secure.renew(datetime.now(UTC) - timedelta(days=1))
    run = world.run("doctor", "--format", "json", "--api-url", secure.url)
    assert "expired" in check(run, "certificate")["message"]


def test_a_trusted_one_and_the_proxy(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is named without its password."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    assert check(world.run("doctor", "--format", "json", "--api-url", secure.url), "proxy")["message"] == "none"
    with proxying(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://ada:hidden@"))
        run = world.run("doctor", "--format", "json", "--api-url", f"https://{NAME}:{secure.port}")
    assert run.code == 0, run.out
    assert check(run, "certificate")["status"] == "ok"
    assert proxy.url.removeprefix("http://") in check(run, "proxy")["message"]
    assert "hidden" not in run.out + run.err
