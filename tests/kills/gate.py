"""The simulator as a process of its own, with a gate before and behind it that stops the world at one request.

Told what to do by JSON lines on stdin, answers each with one on stdout:

    {"open": FILE}                                  serve this data, count from nothing → {"url": …}
    {"hold": "before" | "after", "write": N}        hold the N-th write: not worked on, or worked on and not answered
    {"hold": "before", "write": N, "read": K}       hold the K-th read after N writes
    {"drop": true}                                  the held request ends: what was not worked on never will be
    {"pass": true}                                  the held request goes on
    {"writes": true}                                → {"writes": [[method, path, body], …]}, all that were worked on
    {"close": true}                                 the data is whole in its file

A held request says {"held": "METHOD PATH"} by itself. Ends with its stdin.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

Order = dict[str, Any]


class Gate:
    """The WSGI application: one simulator at a time, one hold at a time."""

    def __init__(self) -> None:
        self.simulator: Simulator | None = None
        self.log = io.StringIO()
        self._mutex = threading.Lock()
        self._order: Order = {}
        self._writes = self._reads = 0
        self._fate = ""
        self._decided = threading.Event()

    def open(self, path: str | None) -> None:
        """Puts other data behind the gate, or none."""
        if self.simulator is not None:
            self.simulator.close()
        self.log = io.StringIO()
        self.simulator = Simulator(path, log=self.log) if path else None
        self._writes = self._reads = 0

    def hold(self, order: Order) -> None:
        """Holds the request that the order describes, once."""
        self._decided.clear()
        self._order = order

    def decide(self, fate: str) -> None:
        """Ends the hold."""
        self._order, self._fate = {}, fate
        self._decided.set()

    def writes(self) -> list[list[Any]]:
        """What was worked on and was no read."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [
            [each["method"], each["path"], each["body"]]
            for each in lines
            if each["method"] != "GET" and not each["path"].startswith("/_dashboard") and each["status"] < 300
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Lets a request through, or holds it."""
        assert self.simulator
        when = self._meant(environ)
        if when == "before" and self._held(environ) == "drop":
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        answer = self.simulator(environ, start_response)
        if when == "after":
            self._held(environ)
        return answer

    def _meant(self, environ: WSGIEnvironment) -> str:
        """`before` or `after` where this is the request to be held."""
        order = self._order
        with self._mutex:
            if environ["PATH_INFO"].startswith("/_dashboard"):
                return ""
            if environ["REQUEST_METHOD"] == "GET":
                self._reads += 1
                meant = (order.get("write"), order.get("read")) == (self._writes, self._reads)
            else:
                self._writes, self._reads = self._writes + 1, 0
                meant = order.get("write") == self._writes and "read" not in order
        return str(order["hold"]) if meant else ""

    def _held(self, environ: WSGIEnvironment) -> str:
        say({"held": f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"})
        self._decided.wait()
        return self._fate


def say(document: Order) -> None:
    """One line to whoever started this."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def obey(gate: Gate, order: Order, url: str) -> None:
    """Carries out one order and answers."""
    if "hold" in order:
        gate.hold(order)
    elif "drop" in order or "pass" in order:
        gate.decide(next(iter(order)))
    elif "writes" in order:
        say({"writes": gate.writes()})
        return
    else:
        gate.open(order.get("open"))
    say({"url": url})


def main() -> None:
    """Serves until stdin ends."""
    gate = Gate()
    with Server(gate, port=0, threads=8) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        for line in sys.stdin:
            obey(gate, json.loads(line), server.url)
        gate.decide("drop")
        server.close()
        thread.join()
    gate.open(None)


if __name__ == "__main__":
    main()
