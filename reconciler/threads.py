"""Threads for one block, and a wait for them that Ctrl-C can interrupt."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

NOTICED_SECONDS = 0.2
"""The longest single wait. A signal right before a wait, or to another thread, does not end it, and Python would handle
Ctrl-C only after the API's response."""


class Threads(ThreadPoolExecutor):
    """A pool of threads. The end of its block waits for them, but not after Ctrl-C: a response may take minutes.

    Then the process ends without them (see cli.main).
    """

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)


def result(future: Future[T]) -> T:
    """The result of a thread, after it ended; raises its exception."""
    while not wait([future], NOTICED_SECONDS).done:
        pass
    return future.result()
