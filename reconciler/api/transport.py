"""The transport to the API: HTTP, or the embedded simulator in this process. The only importer of httpx."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlencode

from reconciler import __version__
from reconciler.api import streams
from reconciler.api.rate_limiter import Permit, RateLimiter, WaitTooLong
from reconciler.api.response import Response, format_wait
from reconciler.api.secret import Secret, find_proxy, load_trust, make_base_url, require_trust
from reconciler.errors import AnswerUnreadable, ApiFailed, Unreachable, WrongUsage
from reconciler.lazy import load, without_optional
from reconciler.serialization import to_json_text
from reconciler.threads import Fields, span

# With pygments installed, httpx loads its own command line: 40 ms of 85 ms for its import.
with without_optional("pygments"):
    import httpx

JSON = {"content-type": "application/json"}
USER_AGENT = {"user-agent": f"reconciler/{__version__}"}
HAVE_LENGTH = frozenset({"POST", "PUT", "PATCH"})
EXCHANGE_SECONDS = 120.0  # Seconds from the first byte sent to the last one read.
SIMULATOR = "simulator:"
Query = Mapping[str, str | int] | None
Headers = Mapping[str, str] | None
Moment = datetime | None
# The same few addresses are asked again and again.
_url = lru_cache(httpx.URL)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: streams.StreamedResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _NetworkTransport(httpx.BaseTransport):
    """A transport of httpx over one connection that keeps the deadlines of `reconciler.api.streams`."""

    def __init__(self, context: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        self._pool = streams.open_pool(context, *((_convert_url(proxy.url), proxy.raw_auth) if proxy else ()))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = streams.Request(
            request.method,
            _convert_url(request.url),
            headers=request.headers.raw,
            content=request.read(),
            extensions=streams.TIMEOUTS,
        )
        response = self._pool.handle_request(sent)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


def _convert_url(url: httpx.URL) -> streams.Url:
    return streams.Url(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


class Transport(AbstractContextManager["Transport"]):
    """Sends requests with the key to one address. Safe to share between threads. There is no client of httpx: it would
    follow redirects, keep cookies, and read passwords from .netrc. Each thread has a transport of httpx for itself: a
    shared one examines all its connections before and after each request."""

    def __init__(
        self,
        make: Callable[[], httpx.BaseTransport],
        base: str,
        headers: Mapping[str, str],
        secret: Secret,
        connections: int,
        close: Callable[[], None] = lambda: None,
        address: str = "",
    ) -> None:
        """`connections`: the most requests at once. `address` names this API in plans and states; `base` by default."""
        self.secret = secret
        self.address = address or base.rstrip("/")
        self.refuses_key = False
        self.now: datetime | None = None
        self.rate_limiter = RateLimiter(connections)
        self._make = make
        self._idle = [make()]
        self._transports = list(self._idle)
        self._close = close
        self._base = f"{base.rstrip('/')}/"
        self._host = _find_host(base)
        host = _url(self._base).netloc.decode("ascii")
        self._headers = httpx.Headers({"host": host, **headers, "accept-encoding": "gzip, deflate"})

    def clock(self) -> datetime:
        """The time in UTC: `now` if it is set."""
        return self.now or datetime.now(UTC)

    def exchange(
        self, method: str, path: str, permit: Permit, query: Query = None, body: Any = None, headers: Headers = None
    ) -> Response:
        """Sends one request and gives the response, whatever its status. Holds `permit` until the response begins.
        Unreachable if none came in time, AnswerUnreadable if its body is too long or cannot be unpacked, ApiFailed if
        the API asks for too long a wait."""
        query_string = f"?{urlencode(query)}" if query else ""
        content = b"" if body is None else to_json_text(body).encode()
        url = _url(f"{self._base}{path.lstrip('/')}{query_string}")
        request = httpx.Request(method, url, headers=self._headers, stream=httpx.ByteStream(content))
        length = {"content-length": str(len(content))} if content or method in HAVE_LENGTH else {}
        request.headers.update({**length, **(JSON if content else {}), **(headers or {})})
        target = {"server.address": self._host, "url.path": request.url.path, "url.query": query_string[1:] or None}
        with span("request", **{"http.request.method": method, **target}) as fields:
            try:
                with self._transport() as transport:
                    with permit:
                        streams.start_exchange(EXCHANGE_SECONDS)
                        response = transport.handle_request(request)
                    answer = self._read(response, request, path)
            except (*streams.NO_RESPONSE, ConnectionResetError) as error:
                why = streams.describe_failure(error)
                _describe(fields, f"{method} {path}{query_string}: no answer: {why}")
                require_trust(error, self._host)
                raise Unreachable(
                    f"{method} {path}: no answer from {self._host} ({why})",
                    sent=not isinstance(error, streams.NOT_SENT),
                    hint="check the network and the API address (--api-url, QONVERSION_API_URL)",
                ) from error
            except WaitTooLong as error:
                wait = format_wait(error.seconds, self.clock())
                text = f"{method} {path} was not sent: the API asks for a wait {wait}, longer than this run may wait"
                raise ApiFailed(text, hint="run it again after that") from error
            except AnswerUnreadable as error:
                _describe(fields, f"{method} {path}{query_string}: {error}")
                raise
            sizes = f"{len(content)} bytes sent, {len(answer.content)} received"
            _describe(fields, f"{method} {path}{query_string}: {answer.status}, {sizes}")
            fields.update({"http.response.status_code": answer.status, "http.response.body.size": len(answer.content)})
            fields.update({} if answer.ok else {"error.type": str(answer.status)})
            return answer

    @contextmanager
    def _transport(self) -> Iterator[httpx.BaseTransport]:
        """A transport for the block alone: the last one that was used, or a new one."""
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = self._make()
            self._transports.append(transport)
        try:
            yield transport
        finally:
            self._idle.append(transport)

    def _read(self, response: httpx.Response, request: httpx.Request, path: str) -> Response:
        try:
            content = streams.read_bounded(response.iter_raw(), response.headers.get("content-encoding", ""))
        except streams.BodyTooLarge as unfit:
            # The status of an error is enough.
            if not response.is_error:
                raise AnswerUnreadable(
                    f"{request.method} {path} answered {response.status_code} with a body {unfit}"
                ) from unfit
            content = b""
        finally:
            response.close()
        if self.refuses_key and response.is_success and request.method == "GET":
            self.secret.require_absent(content, path)
        headers = dict(response.headers.items())
        # To search all of them at once is five times as fast.
        if self.secret.spellings.are_in("\n".join(headers.values()).encode("utf-8", "surrogatepass")):
            headers = {name: self.secret.redact(value) for name, value in headers.items()}
        redacted = self.secret.spellings.redact(content)
        return Response(request.method, path, response.status_code, headers, redacted, self.clock())

    def close(self) -> None:
        """Closes the connections, and the simulator if one was opened."""
        for transport in self._transports:
            transport.close()
        self._close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _describe(fields: Fields, what: str) -> None:
    """Says of an exchange what it was, without its headers, which hold the key, and without its bodies."""
    fields |= {"message": what, "http.client.request.duration": streams.count_seconds()}


def connect(address: str, secret: Secret, connections: int, now: Moment = None, simulator: Any = None) -> Transport:
    """The transport for an API address: `https://…`, `http://` on loopback, or `simulator:FILE`. A bare host gets the
    API's base path `/v4`. TLS is verified, by SSL_CERT_FILE or SSL_CERT_DIR if they are set. HTTPS_PROXY and NO_PROXY
    apply. `connections`: the most requests at once. `now`: what time it is, else the machine's time. `simulator`: the
    one to use, which stays open. Refused for plain http to another machine; WrongUsage if the address, or one of those
    variables, cannot be used."""
    headers = {"authorization": f"Bearer {secret.value}", "accept": "application/json", **USER_AGENT}
    if address.startswith(SIMULATOR):
        opened = simulator or open_simulator(address.removeprefix(SIMULATOR), now)
        wsgi, close = httpx.WSGITransport(opened), (lambda: None) if simulator else opened.close
        transport = Transport(lambda: wsgi, "http://simulator/v4", headers, secret, connections, close, address)
    else:
        transport = _open(make_base_url(address), secret, headers, connections)
    transport.now = now
    return transport


def connect_to_forge(address: str, secret: Secret, headers: Mapping[str, str]) -> Transport:
    """The transport for the API of a forge, by the same rules as `connect`. `headers`: those of every request, with the
    token."""
    return _open(make_base_url(address, path=""), secret, {**USER_AGENT, **headers}, 1)


def _open(base: str, secret: Secret, headers: Mapping[str, str], connections: int) -> Transport:
    # Plain http is for loopback alone, and the key in it must not leave this machine by a proxy.
    outward = base.startswith("https:")
    # Without TLS no certificates are loaded: that takes time.
    verify = httpx.create_ssl_context(verify=load_trust()) if outward else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        proxy = find_proxy(_find_host(base)) if outward else None
        make = partial(_NetworkTransport, verify, httpx.Proxy(proxy) if proxy else None)
        return Transport(make, base, headers, secret, connections)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # The library's message may hold a part of the password.
        missing = isinstance(error, ImportError)
        why = (
            "what it takes is not installed (pip install 'httpx[socks]')" if missing else "it is no address of a proxy"
        )
        raise WrongUsage(
            f"the proxy cannot be used: {why}",
            hint="see HTTPS_PROXY, ALL_PROXY, NO_PROXY; in a user or password, / # ? @ and : are written as %2F %23 "
            "%3F %40 and %3A",
        ) from None


def _find_host(base: str) -> str:
    """The host in ASCII: with `xn--`, and not with the letters that it stands for."""
    return _url(base).raw_host.decode("ascii")


def open_simulator(file: str, now: Moment, *, bare: bool = False, **more: Any) -> Any:
    """A simulator that keeps its data in a file; `more` is for it. `bare`: not seeded. WrongUsage if it cannot."""
    if not file:
        raise WrongUsage("--api-url simulator: needs the file that holds its data", hint="write simulator:demo.sqlite")
    try:
        simulator = load("reconciler.simulator:Simulator")(file, **more)
        if not bare:
            simulator.seed()
        if now is not None:
            simulator.clock.set(now)
    except (OSError, load("sqlite3:Error")) as error:
        why = getattr(error, "strerror", None) or "it cannot be used as a database"
        raise WrongUsage(
            f"the simulator cannot keep its data in {file}: {why}", hint="name a new file, or one that a simulator made"
        ) from error
    return simulator
