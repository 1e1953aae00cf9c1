"""Ctrl-C and the other signals that end a run, during an apply: two are handled, a third one is raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HANDLED = 2
"""The first stops in order, the second leaves at once. A third one shows that the handler does not work."""


@contextmanager
def on_interrupt(tell: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first signals call `tell` from the handler; each later one raises KeyboardInterrupt.

    The signals are Ctrl-C and all that raise KeyboardInterrupt too (`__main__` makes SIGTERM and SIGHUP do so).
    Without the handler, a KeyboardInterrupt in a destructor or in the callback of a weak reference would be lost.
    Does nothing in other threads than the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > HANDLED:
            raise KeyboardInterrupt
        tell()

    before = {number: signal.signal(number, handle) for number in {signal.SIGINT, *interrupting_signals()}}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupting_signals() -> list[int]:
    """The signals that raise KeyboardInterrupt now."""
    return [number for number in signal.valid_signals() if signal.getsignal(number) is signal.default_int_handler]
