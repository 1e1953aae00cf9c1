"""The door to the API: real HTTP, or the embedded simulator in this process. The only importer of httpx."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpx

from reconciler import __version__
from reconciler.api.answers import Answer
from reconciler.api.pace import Pace
from reconciler.api.secret import Secret
from reconciler.errors import Refused, Unreachable, WrongUsage
from reconciler.model.json_text import json_text

JSON = {"content-type": "application/json"}
DEFAULT_URL = "https://api.qonversion.io/v4"
SIMULATOR = "simulator:"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
# Before these, nothing of the request has left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


class Door:
    """One exchange at a time a thread; safe to share between threads."""

    def __init__(self, client: httpx.Client, secret: Secret, pace: Pace, close: Any = None) -> None:
        self.secret = secret
        self.trace: Callable[[str], None] | None = None
        self.pace = pace
        self._client = client
        self._close = close

    def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request and gives the answer, whatever its status. Unreachable where none came."""
        began = time.monotonic()
        try:
            response = self._client.request(
                method,
                path.lstrip("/"),
                params=dict(query) if query else None,
                content=None if body is None else json_text(body).encode(),
                headers={**({} if body is None else JSON), **(headers or {})},
            )
        except httpx.HTTPError as error:
            self._traced(method, path, query, began, f"no answer: {_said(error)}")
            sent = not isinstance(error, NOT_SENT)
            raise Unreachable(
                f"{method} {path}: no answer from {self._client.base_url.host} ({_said(error)})",
                sent=sent,
                hint="check the network and the API address (--api-url, QONVERSION_API_URL)",
            ) from error
        sizes = f"{len(response.request.content)} bytes sent, {len(response.content)} received"
        self._traced(method, path, query, began, f"{response.status_code}, {sizes}")
        return Answer(method, path, response.status_code, dict(response.headers), response.content)

    def _traced(self, method: str, path: str, query: Mapping[str, str | int] | None, began: float, how: str) -> None:
        """Tells of an exchange: never its headers, which hold the key, nor its bodies."""
        if self.trace is not None:
            asked = f"?{urlencode(query)}" if query else ""
            self.trace(f"{method} {path}{asked}: {how}, {(time.monotonic() - began) * 1000:.0f} ms")

    def close(self) -> None:
        """Closes the connections, and the simulator where one was opened."""
        self._client.close()
        if self._close is not None:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_door(address: str, secret: Secret, connections: int) -> Door:
    """The door at an API address: `https://…`, `http://` on loopback, or `simulator:FILE`.

    A bare host gets the API's base path `/v4`. Refused for plain http to anything but loopback; WrongUsage where the
    address is none.
    """
    headers = {
        "authorization": f"Bearer {secret.value}",
        "accept": "application/json",
        "user-agent": f"reconciler/{__version__}",
    }
    if address.startswith(SIMULATOR):
        return _open_simulator(address.removeprefix(SIMULATOR), secret, headers, connections)
    _check_address(address)
    base = address if urlsplit(address).path.strip("/") else address.rstrip("/") + "/v4"
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    # A proxy is for the way out: the key of a plain http address on this machine stays on this machine.
    outward = urlsplit(address).scheme == "https"
    client = httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT, limits=limits, trust_env=outward)
    return Door(client, secret, Pace(connections))


def _open_simulator(file: str, secret: Secret, headers: dict[str, str], connections: int) -> Door:
    import sqlite3  # noqa: PLC0415 - a run against the real API need not pay for it

    from reconciler.simulator import Simulator  # noqa: PLC0415
    from reconciler.simulator.dashboard import furnish  # noqa: PLC0415

    if not file:
        raise WrongUsage("--api-url simulator: needs the file that holds its data", hint="write simulator:demo.sqlite")
    try:
        simulator = Simulator(file)
        furnish(simulator.answer)
    except (OSError, sqlite3.Error) as error:
        raise WrongUsage(f"the simulator cannot keep its data in {file}: {_said(error)}") from error
    client = httpx.Client(
        base_url="http://simulator/v4", headers=headers, transport=httpx.WSGITransport(simulator), timeout=TIMEOUT
    )
    return Door(client, secret, Pace(connections), simulator.close)


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.hostname is None:
        raise WrongUsage(
            f"{address!r} is no API address", hint="expected https://HOST, http://127.0.0.1:PORT or simulator:FILE"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise Refused(
            f"the key will not be sent over plain http to {parts.hostname}", hint="use https, or a loopback address"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
