"""Something between the command line and the API that can make a request fail, or let somebody be quicker."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
from loopback import NO_TLS
from world import World

from reconciler.simulator.server import Server

PASSED_ON = {
    "HTTP_AUTHORIZATION": "authorization",
    "HTTP_IDEMPOTENCY_KEY": "idempotency-key",
    "CONTENT_TYPE": "content-type",
}
REFUSAL = b'{"error": {"type": "logical", "code": "conflict", "message": "not this time"}}'


class Between:
    """Passes requests on, but for those that a rule waits for; each rule is used once."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url.removesuffix("/v4"), trust_env=False, verify=NO_TLS)
        self._rules: list[tuple[str, re.Pattern[str], Callable[[], object] | None]] = []
        self._lock = threading.Lock()

    def refuse(self, method: str, path: str) -> None:
        """The next such request is answered with a 409 and goes no further."""
        self._rules.append((method, re.compile(path), None))

    def before(self, method: str, path: str, happens: Callable[[], object]) -> None:
        """Something happens right before the next such request is passed on."""
        self._rules.append((method, re.compile(path), happens))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            rule = next((each for each in self._rules if each[0] == method and each[1].search(path)), None)
            if rule is not None:
                self._rules.remove(rule)
        if rule is not None and rule[2] is None:
            start_response("409 Conflict", [("Content-Type", "application/json")])
            return [REFUSAL]
        if rule is not None and rule[2] is not None:
            rule[2]()
        headers = {name: environ[key] for key, name in PASSED_ON.items() if environ.get(key)}
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = environ.get("QUERY_STRING") or None
        answer = self._client.request(method, path, params=query, headers=headers, content=content)
        kept = [(name, answer.headers[name]) for name in ("content-type", "retry-after") if name in answer.headers]
        start_response(f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}", kept)
        return [answer.content]

    def close(self) -> None:
        """Let the connections go. A rule that was never used is a test that proves nothing."""
        self._client.close()
        assert self._rules == []


@pytest.fixture
def between(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    """The world's API behind something that can misbehave."""
    passing = Between(world.url)
    with Server(passing, port=0, threads=8) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        monkeypatch.setenv("QONVERSION_API_URL", server.url)
        try:
            yield passing
        finally:
            server.close()
            thread.join()
            passing.close()
