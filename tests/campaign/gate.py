"""What stands before the simulator: the hand that edits when the n-th request comes, and the kill."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from reconciler.simulator import Simulator
from reconciler.simulator.wire import BASE, Dropped

from .haste import pause


@dataclass(frozen=True)
class Blow:
    """What ends a process: at its n-th `request`, `write` or `fsync`, before or after that is done."""

    at: str
    number: int
    when: str = "before"
    signal: int = signal.SIGKILL


class Gate:
    """A WSGI application around the simulator. One process under test at a time."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._mutex = threading.Lock()
        self._known = threading.Event()
        self.arm({}, None)

    def arm(self, moves: Mapping[int, Callable[[], None]], blow: Blow | None) -> None:
        """Counts from nothing. `moves`: number of a request → what somebody does just before it is worked on."""
        self._known.clear()
        self._moves, self._blow = moves, blow
        self._counts, self._inside = {"request": 0, "write": 0}, 0
        self.struck = False

    def aim(self, process: int) -> None:
        """Whom the blow is for; requests wait until that is known."""
        self._process = process
        self._known.set()

    def rest(self) -> None:
        """Waits until nothing is worked on."""
        while self._inside:
            pause()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Lets a request through."""
        if not environ["PATH_INFO"].startswith(BASE):
            return self._simulator(environ, start_response)
        with self._mutex:
            self._inside += 1
            self._counts["request"] += 1
            self._counts["write"] += environ["REQUEST_METHOD"] != "GET"
            numbers = dict(self._counts)
            if environ["REQUEST_METHOD"] == "GET":
                del numbers["write"]
        try:
            return self._let_through(numbers, environ, start_response)
        finally:
            with self._mutex:
                self._inside -= 1

    def _let_through(
        self, numbers: Mapping[str, int], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if numbers["request"] in self._moves:
            self._moves[numbers["request"]]()
        blow = self._blow if self._blow and numbers.get(self._blow.at) == self._blow.number else None
        if blow and blow.when == "before":
            self._strike(blow.signal)
            if blow.signal == signal.SIGKILL:
                raise Dropped("killed before the work")
        try:
            return self._simulator(environ, start_response)
        finally:
            if blow and blow.when == "after":
                self._strike(blow.signal)

    def _strike(self, number: int) -> None:
        self._known.wait()
        self.struck = True
        os.killpg(self._process, number) if number == signal.SIGKILL else os.kill(self._process, number)


def struck_at_fsync(blow: Blow | None) -> Callable[[Any], None]:
    """A flush that ends its process at the n-th call. It does not flush: a power cut is another test's business, and
    waiting for the disk would be most of the time here."""
    calls = 0

    def fsync(_: Any) -> None:
        nonlocal calls
        calls += 1
        if blow and blow.at == "fsync" and calls == blow.number:
            os.killpg(0, signal.SIGKILL)

    return fsync
