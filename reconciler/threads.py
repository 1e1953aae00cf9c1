"""Threads that work for one block, and how to wait for them so that Ctrl-C is heard."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

NOTICED_SECONDS = 0.2
"""How long one wait lasts at most. A signal that comes right before it, or to another thread, does not end it, and
Python would hear of Ctrl-C only with the API's answer."""


class Threads(ThreadPoolExecutor):
    """As many as are given, made when needed. The end of the block waits for all that was begun, but not after Ctrl-C:
    an answer may take minutes, and whoever wants to leave needs none. The process ends without them (see cli.main)."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)


def result(future: Future[T]) -> T:
    """What a thread has come to, once it has; raises what it has raised."""
    while not wait([future], NOTICED_SECONDS).done:
        pass
    return future.result()
