"""A host of repositories on the loopback: what both have in common. It knows their documents and nothing of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Told:
    """One answer."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of a method to a path that ends so.

    With `status` they are answered so and not worked on; without one they are worked on, and the connection is closed
    in the answer's place.
    """

    method: str
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    path: str = ""

    def fits(self, asked: Asked) -> bool:
        """Whether it is for this request."""
        return self.method == asked.method and asked.path.endswith(self.path)


class Forge:
    """`log` holds the requests as `POST /path`; `faults` come in their order."""

    def __init__(self) -> None:
        self.url = ""
        self.log: list[str] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Told:
        """What the host says."""
        raise NotImplementedError

    def writes(self) -> list[str]:
        """The requests that may have changed something, since the last call."""
        found = [line for line in self.log if not line.startswith("GET ") and "graphql" not in line]
        self.log.clear()
        return found

    def served(self, asked: Asked) -> Told | None:
        """The answer, None where it gets lost."""
        with self._lock:
            self.log.append(f"{asked.method} {asked.path}")
            fault = next((each for each in self.faults if each.times and each.fits(asked)), None)
            if fault is None:
                return self.answer(asked)
            fault.times -= 1
            if fault.status is not None:
                return Told(fault.status, fault.body, fault.headers)
            self.answer(asked)
            return None


@contextmanager
def serving(host: Forge) -> Iterator[None]:
    """The host answers on a port of the loopback; `host.url` says on which."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, query, headers, json.loads(content) if content else None)
            told = host.served(asked)
            if told is None:
                self.close_connection = True
                return
            body = json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in {**told.headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - the names of the base

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name of the base
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page_of(items: list[Json], asked: Asked, default: int) -> tuple[list[Json], int, int]:
    """The page that was asked for, its number, and the last one's. Both hosts give at most 100 items."""
    size = min(int(asked.query.get("per_page", default)), 100)
    page = int(asked.query.get("page", 1))
    last = max(1, -(-len(items) // size))
    return items[(page - 1) * size : page * size], page, last
