"""Servers on the loopback that a test looks into: by TLS, one that sends elsewhere, a proxy."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Seen:
    """An application that keeps the key of each request it answers."""

    def __init__(self, application: WSGIApplication) -> None:
        self.keys: list[str] = []
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Any:
        self.keys.append(str(environ.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer "))
        return self._application(environ, start)


class Redirecting:
    """An application that sends everybody to another address."""

    def __init__(self, status: int, address: str) -> None:
        self.asked = 0
        self._status = f"{status} Elsewhere"
        self._address = address

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Any:
        self.asked += 1
        start(self._status, [("Location", self._address + str(environ["PATH_INFO"])), ("Content-Length", "0")])
        return [b""]


class Quoting:
    """An application that refuses writes, or answers them with nonsense, and quotes the key each time."""

    def __init__(self, application: WSGIApplication, status: str, form: str) -> None:
        self._application = application
        self._status, self._form = status, form

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Any:
        if environ["REQUEST_METHOD"] == "GET":
            return self._application(environ, start)
        content = self._form.replace("KEY", str(environ["HTTP_AUTHORIZATION"]).removeprefix("Bearer ")).encode()
        start(self._status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base
        """Says nothing."""


class _Threading(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some tests are about."""


@contextmanager
def serving(application: WSGIApplication, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of the loopback on which the application answers, by TLS where a context is given."""
    with make_server("127.0.0.1", 0, application, _Threading, _Quiet) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class Proxy:
    """What a proxy was asked for: the first lines, and all that it was shown before a tunnel began."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.shown = b""
        self.url = ""


@contextmanager
def proxying(port: int) -> Iterator[Proxy]:
    """A proxy that makes a tunnel to a port of the loopback, whatever host it is asked for."""
    proxy = Proxy()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            proxy.shown += head
            proxy.asked.append(head.decode().splitlines()[0])
            with socket.create_connection(("127.0.0.1", port)) as onward:
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_pipe, args=(onward, self.connection))
                back.start()
                _pipe(self.connection, onward)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
