"""A server that says on the wire whatever a test wants, where a real HTTP server would not."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

Bytes = Iterable[bytes]
Play = Callable[[str, threading.Event], Bytes]
"""Given the request line and what is set at the end of the test: the bytes to send, one piece after the other."""


@contextmanager
def saying(play: Play) -> Iterator[str]:
    """The address of a server that plays this to every connection, and closes it then."""
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode("latin-1")
            length = 0
            # A TLS client says no HTTP, and has no headers to wait for: it begins with the byte 22.
            while line[:1].isalpha() and (header := self.rfile.readline().strip()) != b"":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            with suppress(OSError):
                for piece in play(line, over):
                    if over.is_set():
                        return
                    self.wfile.write(piece)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v4"
        finally:
            over.set()
            server.shutdown()
            thread.join()


def answer(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer. Underscores in header names stand for dashes."""
    fields = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body
