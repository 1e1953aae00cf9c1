"""Ctrl-C, or another signal that ends a run, while an apply runs: the first two are told, a third one is raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TOLD = 2
"""To stop in good order, and to leave at once. Whoever needs a third one finds that nobody listens."""


@contextmanager
def on_interrupt(tell: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first signals call `tell`, from within whatever is going on; each later one is raised.

    The signals are Ctrl-C and all that raise KeyboardInterrupt as it does: the program lets SIGTERM and SIGHUP do so.

    Python raises KeyboardInterrupt wherever it happens to be, and where that is a destructor or a callback of a weak
    reference, it prints and swallows it. Elsewhere than in the main thread nothing can be done about that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > TOLD:
            raise KeyboardInterrupt
        tell()

    before = {number: signal.signal(number, interrupted) for number in {signal.SIGINT, *raising()}}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def raising() -> list[int]:
    """The signals that raise KeyboardInterrupt as things are."""
    return [number for number in signal.valid_signals() if signal.getsignal(number) is signal.default_int_handler]
