"""The connections below httpx: an exchange is over by a set moment however it trickles in, and a request is one piece.

A connection's time-outs count from byte to byte, and a server that brings one now and then outlives them. So every
read and write is held against the deadline of the thread that it is done for. And httpcore writes the head of a request
and its body one after the other, as two packets, and looks before and after each whether the server has hung up: what
costs a moment each, and threads must take turns at, where many requests are under way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from reconciler.api.rate_limiter import Permit

T = TypeVar("T")


MUCH = 65_536
"""Bytes that are gathered at most."""
JUST_NOW = 0.1
"""Seconds. Servers keep an idle connection for some seconds at least; one that was hung up on earlier is noticed when
the request fails, and is looked into as every lost answer."""


class DeadlineExceeded(Exception):
    """The exchange took longer than it may."""


class ServerDisconnected(Exception):
    """The server ended the connection before the request left: nothing was done."""


class _Now(threading.local):
    began: float = 0.0
    ends: float | None = None
    seconds: float = 0.0
    turn: Permit | None = None


_now = _Now()


@contextmanager
def exchange_deadline(seconds: float, turn: Permit) -> Iterator[None]:
    """For the one exchange that this thread does in the block: DeadlineExceeded from the network where it takes longer.

    The turn is held while the request is with the server: from right before it leaves until the answer begins to come.
    What it takes to make the one and to read the other need not wait, nor be waited for.
    """
    _now.seconds, _now.turn = seconds, turn
    _begin()
    try:
        yield
    finally:
        _now.ends = _now.turn = None
        turn.give_back()


def start_exchange() -> bool:
    """The request of this thread is about to leave: it waits for its turn, and its time begins with that. False where
    it had its turn already."""
    if _now.turn is None or not _now.turn.take():
        return False
    _begin()
    return True


def seconds_taken() -> float:
    """How long ago the last request of this thread had its turn."""
    return time.monotonic() - _now.began


def _begin() -> None:
    _now.began = time.monotonic()
    _now.ends = _now.began + _now.seconds


def _left(timeout: float | None) -> float | None:
    if _now.ends is None:
        return timeout
    left = _now.ends - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded(f"not complete after {_now.seconds:.0f} seconds")
    return left if timeout is None else min(timeout, left)


class Backend:
    """A network backend as httpcore has it, whose streams keep to the deadline."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **rest: Any) -> Any:
        """A connection."""
        return _Stream(self._backend.connect_tcp(host, port, timeout=_left(timeout), **rest))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Stream:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._unsent = b""
        self._heard = 0.0

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        self._send(timeout)
        found = self._kept(self._stream.read, max_bytes, timeout=_left(timeout))
        if _now.turn is not None:
            _now.turn.give_back()
        self._heard = time.monotonic()
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """The end of a request is told by a write of nothing; until then it is gathered, or until there is much."""
        self._unsent += buffer
        if not buffer or len(self._unsent) > MUCH:
            self._send(timeout)

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        self._send(timeout)
        return _Stream(self._kept(self._stream.start_tls, ssl_context, server_hostname, timeout=_left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks. Whether the server has hung up is not looked for right after it was heard."""
        if info == "is_readable" and time.monotonic() - self._heard < JUST_NOW:
            return False
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()

    def _send(self, timeout: float | None) -> None:
        if self._unsent:
            content, self._unsent = self._unsent, b""
            # It was looked at before it waited for its turn, which can take as long as a server asks for.
            if start_exchange() and self._heard and self.get_extra_info("is_readable"):
                raise ServerDisconnected("the server ended the connection before the request left")
            self._kept(self._stream.write, content, timeout=_left(timeout))

    @staticmethod
    def _kept(act: Callable[..., Any], *arguments: Any, timeout: float | None) -> Any:
        try:
            return act(*arguments, timeout=timeout)
        except Exception:
            # A time-out that came with the deadline is that.
            _left(None)
            raise


def watch_network(transport: T) -> T:
    """An httpx transport, all of whose connections are such.

    httpx lets a backend be given to none of its transports, so it is put where httpcore looks for it. Where a later
    httpx has no such place, its time-outs a byte are what holds.
    """
    pool: Any = getattr(transport, "_pool", None)
    if hasattr(pool, "_network_backend"):
        pool._network_backend = Backend(pool._network_backend)
    return transport
