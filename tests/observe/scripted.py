"""A small HTTP server that plays answers which the simulator would not give."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Query = dict[str, str]
Said = tuple[int, dict[str, str], bytes]
Play = Callable[[Query], Said]


def says(body: Any, status: int = 200, **headers: str) -> Said:
    """An answer; what is not bytes becomes JSON. Underscores in header names stand for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    media = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    return status, {**media, **{name.replace("_", "-"): value for name, value in headers.items()}}, content


def page(items: list[Any], *, more: bool, **rest: Any) -> dict[str, Any]:
    """A page of a list."""
    return {"object": "list", "url": "/v4/x", "data": items, "has_more": more, **rest}


class Script:
    """Answers by path; a path without a play is an empty list. `writes` is what must stay empty."""

    def __init__(self) -> None:
        self.plays: dict[str, Play] = {}
        self.asked: list[tuple[str, Query]] = []
        self.writes: list[str] = []
        self.url = ""

    def play(self, path: str, *answers: Said) -> None:
        """These answers one after the other; the last one for ever."""
        left = list(answers)
        self.plays[path] = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def answer(self, method: str, target: str) -> Said:
        """What is said to a request."""
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/v4"), dict(parse_qsl(parts.query))
        if method != "GET":
            self.writes.append(f"{method} {path}")
            return says({"error": {"message": "nobody may write here"}}, 500)
        self.asked.append((path, query))
        return self.plays.get(path, lambda _: says(page([], more=False)))(query)


@contextmanager
def served(script: Script) -> Iterator[Script]:
    """The script on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _go(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, content = script.answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _go  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """No talk."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_address[1]}/v4"
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
