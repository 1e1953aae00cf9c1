"""Threads for one block, a wait for them that Ctrl-C can interrupt, a handler of Ctrl-C, and listeners of a run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from types import FrameType, TracebackType
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

NOTICED_SECONDS = 0.2
"""The longest single wait. A signal right before a wait, or to another thread, does not end it, and Python would handle
Ctrl-C only after the API's response."""


Fields = dict[str, Any]
"""The attributes of a span: by OpenTelemetry's semantic conventions, if they have a name; never a key, never a body."""
Sink = Callable[[str, Fields], AbstractContextManager[object]]
"""A listener: gets the name and the attributes of a span, and is entered around it, in any thread. The attributes may
become more until the end."""
_sinks: ContextVar[tuple[Sink, ...]] = ContextVar("_sinks", default=())


@contextmanager
def listen(*sinks: Sink) -> Iterator[None]:
    """While the block runs, these listeners get its spans, and those of the threads that it starts."""
    token = _sinks.set((*_sinks.get(), *sinks))
    try:
        yield
    finally:
        _sinks.reset(token)


@contextmanager
def span(name: str, /, **fields: Any) -> Iterator[Fields]:
    """A span: tells the listeners when the block begins and how it ends. The block may add attributes."""
    with ExitStack() as stack:
        for sink in _sinks.get():
            stack.enter_context(sink(name, fields))
        try:
            yield fields
        except BaseException as error:
            fields["error.type"] = type(error).__name__
            raise


class Threads(ThreadPoolExecutor):
    """A pool of threads, which run in the context of the caller. The end of its block waits for them, but not after
    Ctrl-C: a response may take minutes. Then the process ends without them (see cli.main)."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs a function in a thread."""
        # A thread starts with an empty context, without the listeners and the registry of kinds.
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        interrupted = kind is not None and not issubclass(kind, Exception)
        self.shutdown(wait=not interrupted, cancel_futures=interrupted)


def result(future: Future[T]) -> T:
    """The result of a thread, after it ended; raises its exception."""
    while not wait([future], NOTICED_SECONDS).done:
        pass
    return future.result()


HANDLED = 2
"""The first stops in order, the second leaves at once. A third one shows that the handler does not work."""


@contextmanager
def on_interrupt(callback: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first signals call `callback` from the handler; later ones raise KeyboardInterrupt.

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
        callback()

    interrupting = [each for each in signal.valid_signals() if signal.getsignal(each) is signal.default_int_handler]
    before = {number: signal.signal(number, handle) for number in {signal.SIGINT, *interrupting}}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
