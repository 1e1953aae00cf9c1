"""The simulator over real HTTP: waitress, threaded, keep-alive."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Any
from wsgiref.types import WSGIApplication

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]

from reconciler.simulator.wire import MAX_BODY

_LOOP_SECONDS = 1.0  # `close` wakes the loop, so this delays nothing.
_STOP_SECONDS = 10.0


class Server(contextlib.AbstractContextManager["Server"]):
    """A bound server: port 0 takes a free one, `run()` answers until `close()`, which may come from any thread. `port`
    is the real one, and `url` the API's address. Closing it leaves the application open."""

    def __init__(self, application: WSGIApplication, host: str = "127.0.0.1", port: int = 0, threads: int = 16) -> None:
        # Waitress warns of each request that has to wait for a thread: no news for a simulator under load.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._server = create_server(
            application,
            map=self._sockets,
            # One socket for the first address of the host: waitress would open one for each, on different free ports.
            sockets=[socket.create_server(address[:2], family=family)],
            threads=threads,
            ident=None,
            # Above the application's own bound, so that a body just too long gets the envelope.
            max_request_body_size=8 * MAX_BODY,
            # What makes waitress hang up without a word at an OSError of the application: how a connection is dropped.
            log_socket_errors=False,
        )
        self.port = int(self._server.effective_port)
        self.url = f"http://{host}:{self.port}/v4"
        self._stopping = threading.Event()
        self._running = threading.RLock()

    def run(self) -> None:
        """Answer requests until closed. Ctrl-C comes through, after the cleaning up."""
        with self._running:
            try:
                while not self._stopping.is_set():  # Waitress's own run() cannot be stopped from another thread.
                    wasyncore.loop(_LOOP_SECONDS, use_poll=True, map=self._sockets, count=1)
            finally:
                self._shut()

    def close(self) -> None:
        """Stop answering, free the port and wait until that is done. Harmless when already closed."""
        if not self._stopping.is_set():
            self._stopping.set()
            with contextlib.suppress(OSError):  # it has just stopped by itself
                self._server.pull_trigger()
        if self._running.acquire(timeout=_STOP_SECONDS):
            self._shut()
            self._running.release()

    def _shut(self) -> None:
        self._stopping.set()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def __exit__(self, *_: object) -> None:
        self.close()
