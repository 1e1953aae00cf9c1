"""The door to the API: real HTTP, or the embedded simulator in this process. The only importer of httpx."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlencode

from reconciler import __version__
from reconciler.api.address import base_url, is_outward, proxy_for, require_trust, trusted
from reconciler.api.body import CODINGS, LONGEST_EXCHANGE, BodyTooLarge, left_out, read_bounded
from reconciler.api.rate_limiter import Permit, RateLimiter, WaitTooLong
from reconciler.api.response import Response, wait_text
from reconciler.api.secret import Secret
from reconciler.api.streams import (
    DeadlineExceeded,
    ServerDisconnected,
    exchange_deadline,
    seconds_taken,
    start_exchange,
    watch_network,
)
from reconciler.errors import AnswerUnreadable, ApiFailed, Unreachable, WrongUsage
from reconciler.lazy import load
from reconciler.serialization import json_text

T = TypeVar("T")


class Pool(Generic[T]):
    """As many as were ever used at once. Safe to share between threads; what was used last is used first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._free = [make()]
        self._all = list(self._free)

    @contextmanager
    def one(self) -> Iterator[T]:
        """One of them, for the block alone."""
        try:
            taken = self._free.pop()
        except IndexError:
            taken = self._make()
            self._all.append(taken)
        try:
            yield taken
        finally:
            self._free.append(taken)

    def all(self) -> list[T]:
        """All that were made."""
        return list(self._all)


# A command line of its own, and what works asynchronously: as much to load as all the rest of it.
with left_out("httpx._main", "anyio", "trio"):
    import httpcore  # noqa: F401 - httpx loads it with its first transport
    import httpx

JSON = {"content-type": "application/json"}
OURS = {"user-agent": f"reconciler/{__version__}", "connection": "keep-alive"}
DEFAULT_URL = "https://api.qonversion.io/v4"
SIMULATOR = "simulator:"
ALONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)
TIMEOUT = httpx.Timeout(30.0, connect=10.0).as_dict()
# Before these, nothing of the request has left.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
    ServerDisconnected,
)

# The same few addresses are asked again and again.
_url = lru_cache(httpx.URL)


class Transport:
    """One exchange at a time a thread; safe to share between threads.

    Requests go to the transport itself: what a client of httpx would do beside that is to follow redirects, keep
    cookies and look for passwords in .netrc. The key is for one address, and nothing else is kept or sent. Each
    connection has a transport of its own: one for all looks at all its connections before and after every request.
    """

    def __init__(
        self,
        make: Callable[[], httpx.BaseTransport],
        base: str,
        headers: Mapping[str, str],
        secret: Secret,
        pace: RateLimiter,
        close: Callable[[], None] | None = None,
        *,
        address: str = "",
    ) -> None:
        """`address` is what tells this API from others, `base` if it is left out."""
        self.secret = secret
        self.address = address or base.rstrip("/")
        self.trace: Callable[[str], None] | None = None
        self.refuses_key = False
        self.pace = pace
        self._transports = Pool(lambda: watch_network(make()))
        self._close = close
        self._base = f"{base.rstrip('/')}/"
        self._host = _host(base)
        self._headers = {**headers, "accept-encoding": CODINGS}

    def exchange(
        self,
        method: str,
        path: str,
        *,
        turn: Permit,
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Sends one request when it is its turn, and gives the answer, whatever its status.

        Unreachable where none came, or not in time; AnswerUnreadable where its body is too long or cannot be unpacked.
        """
        request = httpx.Request(
            method,
            _url(f"{self._base}{path.lstrip('/')}" + (f"?{urlencode(query)}" if query else "")),
            content=None if body is None else json_text(body).encode(),
            headers={**self._headers, **({} if body is None else JSON), **(headers or {})},
            extensions={"timeout": TIMEOUT},
        )
        try:
            with exchange_deadline(LONGEST_EXCHANGE, turn), self._transports.one() as transport:
                answer = self._answer(transport, request, path)
        except (httpx.HTTPError, DeadlineExceeded, ServerDisconnected) as error:
            self._traced(method, path, query, f"no answer: {_said(error)}")
            require_trust(error, self._host)
            sent = not isinstance(error, NOT_SENT)
            raise Unreachable(
                f"{method} {path}: no answer from {self._host} ({self.secret.redact(_said(error))})",
                sent=sent,
                hint="check the network and the API address (--api-url, QONVERSION_API_URL)",
            ) from error
        except WaitTooLong as error:
            why = f"the API asks for a wait {wait_text(error.seconds)}, longer than this run may wait"
            raise ApiFailed(f"{method} {path} was not sent: {why}", hint="run it again after that") from error
        except AnswerUnreadable as error:
            self._traced(method, path, query, str(error))
            raise
        sizes = f"{len(request.content)} bytes sent, {len(answer.content)} received"
        self._traced(method, path, query, f"{answer.status}, {sizes}")
        return answer

    def _answer(self, transport: httpx.BaseTransport, request: httpx.Request, path: str) -> Response:
        response = transport.handle_request(request)
        try:
            content = read_bounded(_chunks(response), response.headers.get("content-encoding", ""))
        except BodyTooLarge as unfit:
            # What an error says beside its status is good to know, and no more.
            if not response.is_error:
                raise AnswerUnreadable(
                    f"{request.method} {path} answered {response.status_code} with a body {unfit}"
                ) from unfit
            content = b""
        finally:
            response.close()
        if self.refuses_key and response.is_success and request.method == "GET":
            self.secret.require_absent(content, path)
        headers = {name: self.secret.redact(value) for name, value in response.headers.items()}
        told = self.secret.spellings.redact(content)
        return Response(request.method, path, response.status_code, headers, told)

    def _traced(self, method: str, path: str, query: Mapping[str, str | int] | None, how: str) -> None:
        """Tells of an exchange: never its headers, which hold the key, nor its bodies."""
        if self.trace is not None:
            asked = f"?{urlencode(query)}" if query else ""
            self.trace(f"{method} {path}{asked}: {how}, {seconds_taken() * 1000:.0f} ms")

    def close(self) -> None:
        """Closes the connections, and the simulator where one was opened."""
        for transport in self._transports.all():
            transport.close()
        if self._close is not None:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(address: str, secret: Secret, connections: int) -> Transport:
    """The door at an API address: `https://…`, `http://` on loopback, or `simulator:FILE`.

    A bare host gets the API's base path `/v4`. TLS is verified, by the certificates of SSL_CERT_FILE or SSL_CERT_DIR
    where these are set; HTTPS_PROXY and NO_PROXY hold. Refused for plain http to anything but loopback; WrongUsage
    where the address is none, or those variables cannot be used.
    """
    headers = {"authorization": f"Bearer {secret.value}", "accept": "application/json", **OURS}
    if address.startswith(SIMULATOR):
        return _open_simulator(address.removeprefix(SIMULATOR), secret, headers, connections)
    return _open(base_url(address), secret, headers, connections)


def connect_to_forge(address: str, secret: Secret, headers: Mapping[str, str]) -> Transport:
    """The door at the API of a host of repositories. `headers`: those of every request, the token among them.

    Held by the same rules as the other: https only but on loopback, the same limits, certificates and proxies.
    """
    return _open(base_url(address, path=""), secret, {**OURS, **headers}, 1)


def _open(base: str, secret: Secret, headers: Mapping[str, str], connections: int) -> Transport:
    # A proxy is for the way out: the key of a plain http address on this machine stays on this machine.
    outward = is_outward(base)
    # Without TLS there is nothing to verify, and loading the certificates of all authorities takes its time.
    verify = httpx.create_ssl_context(verify=trusted()) if outward else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        proxy = proxy_for(_host(base)) if outward else None
        make = partial(httpx.HTTPTransport, verify=verify, limits=ALONE, proxy=proxy, trust_env=outward)
        return Transport(make, base, headers, secret, RateLimiter(connections))
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # In words of our own: those of a library may hold a part of the password
        raise WrongUsage(
            f"the proxy cannot be used: {_unfit(error)}",
            hint="see HTTPS_PROXY, ALL_PROXY, NO_PROXY; in a user or password, / # ? @ and : are written as %2F %23 "
            "%3F %40 and %3A",
        ) from None


def _host(base: str) -> str:
    """The host as it is asked: in ASCII, never in the letters of other scripts that `xn--` stands for."""
    return _url(base).raw_host.decode("ascii")


def _open_simulator(file: str, secret: Secret, headers: dict[str, str], connections: int) -> Transport:
    if not file:
        raise WrongUsage("--api-url simulator: needs the file that holds its data", hint="write simulator:demo.sqlite")
    try:
        simulator = load("reconciler.simulator:Simulator")(file)
        load("reconciler.simulator.dashboard:seed_project")(simulator.answer)
    except (OSError, load("sqlite3:Error")) as error:
        raise WrongUsage(f"the simulator cannot keep its data in {file}: {_said(error)}") from error
    transport = httpx.WSGITransport(_paced(simulator))
    base, address = "http://simulator/v4", f"{SIMULATOR}{file}"
    return Transport(
        lambda: transport, base, headers, secret, RateLimiter(connections), simulator.close, address=address
    )


def _paced(application: Any) -> Any:
    def asked(*call: Any) -> Any:
        start_exchange()
        return application(*call)

    return asked


def _chunks(response: httpx.Response) -> Iterable[bytes]:
    """The body as it comes."""
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError("a stream for asynchronous use")
    return response.stream


def _unfit(error: Exception) -> str:
    missing = isinstance(error, ImportError)
    return "what it takes is not installed (pip install 'httpx[socks]')" if missing else "it is no address of a proxy"


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
