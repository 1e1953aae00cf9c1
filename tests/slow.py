"""The simulated API with one create that keeps its answer: what happens meanwhile is the test's to say."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.simulator import Simulator
from reconciler.simulator.server import Server


class Slow:
    """The API, which does the second create and keeps its answer until it is told to go on."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._creates = 0
        self.arrived = threading.Event()
        self.go_on = threading.Event()
        self.later: list[str] = []
        """The requests after the second create."""
        self.is_broken = False
        """Whether the second create is answered with an error, although it is done."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One exchange."""
        if self.arrived.is_set():
            self.later.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        answer: Iterable[bytes] = self._application(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST":
            self._creates += 1
            if self._creates == 2:
                self.arrived.set()
                assert self.go_on.wait(60)
                if self.is_broken:
                    start_response("500 Internal Server Error", [("Content-Length", "0")])
                    return []
        return answer


@contextmanager
def serving(path: Path) -> Iterator[tuple[Slow, str]]:
    """The API on the data in a file, and its address."""
    with Simulator(path) as simulator:
        api = Slow(simulator)
        with Server(api, port=0, threads=8) as server:
            thread = threading.Thread(target=server.run)
            thread.start()
            yield api, server.url
            api.go_on.set()
            server.close()
            thread.join()
