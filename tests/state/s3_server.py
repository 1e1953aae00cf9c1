"""S3 servers, each a process of its own: moto's, behind waitress. One program loads moto, and forks for each server.

One thread, so that the check of a condition and the write that it guards are one step, as they are at Amazon's: moto's
own server has many threads and nothing between the two. `deaf` drops the conditions on their way, as some servers do;
`mumbling` does every write and answers the first to each object with an error; `vast` promises more than anybody reads.
"""

from __future__ import annotations

import atexit
import importlib.util
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from wsgiref.util import setup_testing_defaults

import httpx
import pytest

MISSING = [name for name in ("moto", "flask", "flask_cors") if importlib.util.find_spec(name) is None]
needs_server = pytest.mark.skipif(
    bool(MISSING) or not hasattr(os, "fork"),
    reason=f"no S3 server is installed: {', '.join(MISSING) or 'os.fork'} not found",
)

CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
PASSES = 8
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""As in loopback.py, which a program of its own does not find."""
Application = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str

    def client(self, service: str = "s3", user: str = "AKIAEXAMPLE") -> httpx.Client:
        """Speaks HTTP with it, with a signature that means nothing and is looked at only where it is asked for."""
        scope = f"Credential={user}/20260101/us-east-1/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        return httpx.Client(base_url=self.url, headers=signed, trust_env=False, verify=NO_TLS, timeout=30)

    def make(self, bucket: str) -> None:
        """Makes a bucket."""
        with self.client() as client:
            client.put(f"/{bucket}").raise_for_status()

    def get(self, key: str) -> bytes:
        """What an object holds."""
        with self.client() as client:
            return client.get(f"/{key}").raise_for_status().content

    def get_or(self, key: str, default: bytes) -> bytes:
        """What an object holds, or that if there is none."""
        with self.client() as client:
            answer = client.get(f"/{key}")
            return default if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().content

    def settle(self) -> None:
        """Returns once all that had been sent to it before is done, also by a process that is dead by now.

        One thread works on requests in the order in which they were read, and each pass reads 8 KiB of each.
        """
        with self.client() as client:
            for _ in range(PASSES):
                client.get("/")

    def put(self, key: str, content: bytes, **headers: str) -> int:
        """Writes an object, with headers (`if_match` for If-Match), and gives the status of the answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.client() as client:
            return client.put(f"/{key}", content=content, headers=named).status_code


@contextmanager
def running(flaw: str = "none") -> Iterator[Server]:
    """A server of its own, from when it answers until the block ends."""
    port, process = _ask(flaw).split()
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        _ask(process)


def _ask(line: str) -> str:
    program = _program()
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{line}\n")
    program.stdin.flush()
    return program.stdout.readline()


@cache
def _program() -> subprocess.Popen[str]:
    program = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(program.communicate)  # it ends with its input
    return program


@contextmanager
def nobody(*, listening: bool = False) -> Iterator[str]:
    """An address on loopback where every connection is refused; `listening`: it is taken, and nothing ever answers."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        if listening:
            taken.listen()
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def aim(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Sets the environment variables by which people of Amazon's choose server and credentials."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def deaf(server: Application) -> Application:
    """A server that hears no condition."""
    return lambda environ, answer: server({k: v for k, v in environ.items() if k not in CONDITIONS}, answer)


def mumbling(server: Application) -> Application:
    """A server that does what it is asked, and whose first answer to a write of an object is lost."""
    heard: set[str] = set()

    def serve(environ: dict[str, Any], answer: Any) -> Any:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "PUT" or path.count("/") == 1 or path in heard:
            return server(environ, answer)
        heard.add(path)
        list(server(environ, lambda *_: None))
        answer("503 Service Unavailable", [])
        return []

    return serve


def vast(server: Application) -> Application:
    """A server of which every object that is read promises a terabyte."""

    def serve(environ: dict[str, Any], answer: Any) -> Any:
        if environ["REQUEST_METHOD"] != "GET" or environ["PATH_INFO"].count("/") == 1:
            return server(environ, answer)
        stamp = ("Last-Modified", "Fri, 27 Nov 2026 09:00:00 GMT")
        answer("200 OK", [("Content-Length", str(10**12)), ("ETag", '"0"'), stamp])
        return [b"{"]

    return serve


def main() -> None:
    """Starts a server for each line that names a flaw, and says its port and its process; ends that for its number."""
    import waitress  # noqa: PLC0415 - for this program, not for the tests that start it
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    moto = DomainDispatcherApplication(create_backend_app)
    _load(moto)
    for line in sys.stdin:
        word = line.strip()
        if word.isdigit():
            os.kill(int(word), signal.SIGTERM)
            os.waitpid(int(word), 0)
            sys.stdout.write("ended\n")
            sys.stdout.flush()
        elif os.fork() == 0:
            application = {"none": moto, "deaf": deaf(moto), "mumbling": mumbling(moto), "vast": vast(moto)}[word]
            server = waitress.create_server(application, host="127.0.0.1", port=0, threads=1)
            sys.stdout.write(f"{server.effective_port} {os.getpid()}\n")
            sys.stdout.flush()
            server.run()


def _load(moto: Application) -> None:
    """Has it load S3, which it does at the first request."""
    environ: dict[str, Any] = {"HTTP_HOST": "127.0.0.1"}
    setup_testing_defaults(environ)
    b"".join(moto(environ, lambda *_: None))


if __name__ == "__main__":
    main()
