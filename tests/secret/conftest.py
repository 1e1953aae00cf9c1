"""An API behind TLS, with an authority that nobody knows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trustme

from reconciler.simulator import Simulator

from .served import Seen, serving

NAME = "api.reconciler.test"


@dataclass(frozen=True)
class Secure:
    """A simulator by TLS, its certificate for localhost, 127.0.0.1 and NAME; `certificates` is its authority's."""

    port: int
    certificates: Path
    seen: Seen
    authority: trustme.CA
    context: ssl.SSLContext

    @property
    def url(self) -> str:
        """Its address on this machine."""
        return f"https://localhost:{self.port}"

    def renew(self, until: datetime) -> None:
        """Gives it a certificate that is valid until then."""
        self.authority.issue_cert("localhost", not_before=until - timedelta(days=1), not_after=until).configure_cert(
            self.context
        )


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no certificates of the machine that the tests run on."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    authority = trustme.CA()
    certificates = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificates))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", NAME).configure_cert(context)
    with Simulator(tmp_path / "secure.db") as simulator:
        seen = Seen(simulator)
        with serving(seen, context) as port:
            yield Secure(port, certificates, seen, authority, context)
