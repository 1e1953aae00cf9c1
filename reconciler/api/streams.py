"""The network below httpx: a deadline for a whole exchange, a request that leaves as one packet, and bounded bodies.

A time-out of a socket counts from byte to byte, so a server that sends one byte now and then outlives it. Each read and
write therefore also counts against the deadline of the exchange that its thread does. httpcore writes the head and the
body of a request as two packets, and before each it asks whether the server has closed the connection. Both take time
that many threads must share, so this module sends one packet and asks once. The only importer of httpcore.
"""

from __future__ import annotations

import math
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from reconciler.lazy import without_optional

with without_optional("trio"):
    import httpcore

T = TypeVar("T")

SEND_BUFFER_BYTES = 65_536
"""A request is gathered up to this size before its first bytes leave: all but large bodies are one packet."""
RECENT_SECONDS = 0.1
"""A connection that was read from so recently is not asked whether the server has closed it. Servers keep idle
connections for seconds [guess]; if one does not, the request fails and is looked up as every lost response."""
IDLE_SECONDS = 5.0  # A connection that was idle for so long is closed and not used again, as httpx does by default.
TIMEOUTS = {"timeout": {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0}}
"""Seconds for one step on the network; all of an exchange has a deadline of its own."""
ANY_HEADER = zlib.MAX_WBITS | 32  # For zlib: gzip or zlib, as the header of the stream says.
MOST_BYTES = 32 * 1024 * 1024
"""The longest body of an answer, unpacked: a full page of reports has some hundred thousand."""


class DeadlineExceeded(Exception):
    """The exchange took longer than it may."""


class _Exchange(threading.local):
    began: float = 0.0
    ends: float = math.inf
    # Since the last request of this exchange left: the first bytes that came, and whether the connection ended.
    head: bytes = b""
    has_ended: bool = False


_exchange = _Exchange()


def start_exchange(seconds: float) -> None:
    """Starts the time of this thread's exchange: the network raises DeadlineExceeded after `seconds`."""
    _exchange.began = time.monotonic()
    _exchange.ends = _exchange.began + seconds


def count_seconds() -> float:
    """Seconds since the last exchange of this thread started."""
    return time.monotonic() - _exchange.began


def _count_seconds_left(timeout: float | None) -> float | None:
    left = _exchange.ends - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded(f"not complete after {_exchange.ends - _exchange.began:.0f} seconds")
    return left if timeout is None else min(timeout, left)


class Backend(httpcore.SyncBackend):
    """A network backend whose streams keep the deadline of the exchange."""

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *options: Any, **more: Any) -> _Stream:
        """A TCP connection. `timeout` is in seconds; `options` and `more` go to the backend of httpcore."""
        return _Stream(super().connect_tcp(host, port, _count_seconds_left(timeout), *options, **more))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._unsent = b""
        self._last_read = 0.0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._flush(timeout)
        received = self._run_in_time(self._stream.read, max_bytes, timeout=timeout)
        self._last_read = time.monotonic()
        _exchange.head, _exchange.has_ended = _exchange.head or received, not received
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Gathers what is written. httpcore ends a request by a write of nothing: that sends it."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > SEND_BUFFER_BYTES:
            self._flush(timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        self._flush(timeout)
        connect = self._stream.start_tls
        return _Stream(self._run_in_time(connect, ssl_context, server_hostname, timeout=timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and time.monotonic() - self._last_read < RECENT_SECONDS:
            return False
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()

    def _flush(self, timeout: float | None) -> None:
        if self._unsent:
            content, self._unsent = self._unsent, b""
            _exchange.head, _exchange.has_ended = b"", False
            self._run_in_time(self._stream.write, content, timeout=timeout)

    @staticmethod
    def _run_in_time(act: Callable[..., T], *arguments: Any, timeout: float | None) -> T:
        left = _count_seconds_left(timeout)
        try:
            return act(*arguments, timeout=left)
        except Exception:
            # A time-out of the socket that came with the deadline is the deadline's.
            _count_seconds_left(None)
            raise


NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
    httpcore.ProxyError,
)
"""The errors before which nothing of the request has left."""
NO_RESPONSE = (*NOT_SENT, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, DeadlineExceeded)
"""All errors of an exchange."""
FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (httpcore.ConnectTimeout, "no connection in time"),
    (httpcore.ReadTimeout, "nothing came in time"),
    (httpcore.WriteTimeout, "the request did not leave in time"),
    (httpcore.LocalProtocolError, "the request cannot be written as HTTP"),
    (socket.gaierror, "the name of the host is not known"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, "the connection was reset"),
)
"""By the type of an error, or of its cause, what happened."""
STATUS = re.compile(rb"HTTP/\S+ (\d{3})")


def describe_failure(error: Exception) -> str:
    """What happened, by the type of the error and its cause: the sentences of libraries change, and hold input of ours.
    For the exchange of this thread that failed last."""
    # The pool of httpcore raises without the cause, which stays the context.
    cause = error.__cause__ or error.__context__
    if isinstance(error, DeadlineExceeded):
        return str(error)
    if isinstance(error, httpcore.ProxyError):
        status = STATUS.match(_exchange.head)
        return f"the proxy answered {status[1].decode()}" if status else "the proxy refused"
    if isinstance(error, httpcore.RemoteProtocolError):
        ended = "the server ended the connection " + ("within its answer" if _exchange.head else "without an answer")
        return ended if _exchange.has_ended else "the answer is not HTTP"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or 'the connection ended'}"
    if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
        return "no name server answers"
    known = next((text for kind, text in FAILURES if isinstance(error, kind) or isinstance(cause, kind)), "")
    number = cause.errno if isinstance(cause, OSError) else None
    return known or (os.strerror(number) if number else "the connection failed")


Request = httpcore.Request
StreamedResponse = httpcore.Response
Url = httpcore.URL


def open_pool(
    context: ssl.SSLContext, proxy: Url | None = None, login: tuple[bytes, bytes] | None = None
) -> httpcore.ConnectionPool:
    """A pool of at most one connection to one server, opened when needed. `login`: user and password for the proxy.
    ImportError if a SOCKS proxy needs a library that is not installed."""
    options: dict[str, Any] = {"ssl_context": context, "max_connections": 1, "keepalive_expiry": IDLE_SECONDS}
    options["network_backend"] = Backend()
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    make = httpcore.SOCKSProxy if proxy.scheme.startswith(b"socks") else httpcore.HTTPProxy
    try:
        return make(proxy, login, **options)
    except RuntimeError as error:
        raise ImportError(str(error)) from error


class BodyTooLarge(Exception):
    """The body is too long, or not packed as its header says; the text says which."""


def read_bounded(chunks: Iterable[bytes], coding: str) -> bytes:
    """The body, unpacked. `coding`: the header `Content-Encoding`. Holds no more than `MOST_BYTES`, whatever the body
    unpacks to. BodyTooLarge if it is longer or cannot be unpacked."""
    coding = coding.strip().lower()
    is_packed = coding in ("gzip", "x-gzip", "deflate")
    if not is_packed and coding not in ("", "identity"):
        raise BodyTooLarge(f"in a coding that was not asked for: {coding[:40]!r}")
    content, came, member = bytearray(), 0, zlib.decompressobj(ANY_HEADER)
    for chunk in chunks:
        came += len(chunk)
        rest = chunk
        content += b"" if is_packed else chunk
        while is_packed and rest and len(content) <= MOST_BYTES:
            # A stream may have several members.
            member = zlib.decompressobj(ANY_HEADER) if member.eof else member
            try:
                content += member.decompress(rest, MOST_BYTES + 1 - len(content))
            except zlib.error as error:
                raise BodyTooLarge("that cannot be unpacked") from error
            rest = member.unused_data
        if max(came, len(content)) > MOST_BYTES:
            raise BodyTooLarge(f"of more than {MOST_BYTES // 1024 // 1024} MiB")
    if is_packed and came and not member.eof:
        raise BodyTooLarge(f"whose {coding} ends in the middle")
    return bytes(content)
