"""A moment by which an exchange must be over, however it trickles in.

A connection's time-outs count from byte to byte, and a server that brings one now and then outlives them. So every
read and write of the connections of a client is held against the deadline of the thread that it is done for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Overdue(Exception):
    """The exchange took longer than it may."""


class _Now(threading.local):
    ends: float | None = None
    seconds: float = 0.0


_now = _Now()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """For what this thread does in the block: Overdue from the network where it takes longer."""
    _now.ends, _now.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _now.ends = None


def _left(timeout: float | None) -> float | None:
    if _now.ends is None:
        return timeout
    left = _now.ends - time.monotonic()
    if left <= 0:
        raise Overdue(f"not complete after {_now.seconds:.0f} seconds")
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

    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._kept(self._stream.read, max_bytes, timeout=_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._kept(self._stream.write, buffer, timeout=_left(timeout))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        return _Stream(self._kept(self._stream.start_tls, ssl_context, server_hostname, timeout=_left(timeout)))

    @staticmethod
    def _kept(act: Callable[..., Any], *arguments: Any, timeout: float | None) -> Any:
        try:
            return act(*arguments, timeout=timeout)
        except Exception:
            # A time-out that came with the deadline is that.
            _left(None)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def held_to_deadlines(transport: T) -> T:
    """An httpx transport, all of whose connections keep to the deadlines.

    httpx lets a backend be given to none of its transports, so it is put where httpcore looks for it. Where a later
    httpx has no such place, its time-outs a byte are what holds.
    """
    pool: Any = getattr(transport, "_pool", None)
    if hasattr(pool, "_network_backend"):
        pool._network_backend = Backend(pool._network_backend)
    return transport
