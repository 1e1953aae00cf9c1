"""The simulator: the documented API as a WSGI program over a SQLite file.

`Simulator.answer` is the seam: a function from a `Request` to a `Response`. Whatever is to happen around an answer
(faults, delays) can wrap it, or the WSGI callable itself, and need not touch a resource.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TextIO
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from reconciler.simulator import dashboard, keys, routes
from reconciler.simulator.store import Store
from reconciler.simulator.wire import BASE, MAX_BODY, ApiError, Call, Request, Response, read_json


def utc_now() -> datetime:
    """The clock of a simulator that was given none."""
    return datetime.now(UTC)


class Simulator:
    """A WSGI callable. `path` is the file that keeps the data, made when it is not there.

    `log` gets one JSON line per request when its answer is ready: n, method, path (without `/v4`), query, status, body
    (parsed JSON or null) and, if sent, idempotency_key; never the key of the project. `clock` says what time it is and
    must return an aware datetime. Safe to call from several threads; `close()` it, or use it in a `with`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        log: TextIO | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = Store(path)
        self._log = log
        self._log_lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI in, WSGI out."""
        request = None
        try:
            request = _read(environ)
            response = self.answer(request)
        except ApiError as refusal:
            response = refusal.answer()
        except Exception as error:  # noqa: BLE001  a client gets an envelope, whatever happened; people get the traceback
            traceback.print_exc(file=environ["wsgi.errors"])
            code = "storage_error" if isinstance(error, sqlite3.Error) else "unknown_error"
            response = ApiError(500, code, "The simulator failed; see its stderr").answer()
        self._write_log(request or _head(environ), response)
        return _send(response, start_response, with_body=environ["REQUEST_METHOD"] != "HEAD")

    def answer(self, request: Request) -> Response:
        """Admit, route, and do the work in one transaction; raises ApiError for a refusal."""
        door = dashboard if request.path.startswith(f"{dashboard.PREFIX}/") else keys
        project = door.project_of(request)
        handler, record_id = routes.find(request)
        with self._store.transaction(project, write=request.method != "GET") as shelf:
            return handler(Call(request, shelf, self._clock(), record_id))

    def close(self) -> None:
        """Close the data file."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_log(self, request: Request, response: Response) -> None:
        if self._log is None:
            return
        line: dict[str, Any] = {
            "method": request.method,
            "path": request.path.removeprefix(BASE),
            "query": request.query_string,
            "status": response.status,
            "body": request.body,
        }
        if request.idempotency_key:
            line["idempotency_key"] = request.idempotency_key
        with self._log_lock:
            self._log.write(json.dumps({"n": next(self._numbers), **line}) + "\n")
            self._log.flush()


def _head(environ: WSGIEnvironment) -> Request:
    """The request without its body."""
    query = environ.get("QUERY_STRING", "")
    return Request(
        method=environ["REQUEST_METHOD"],
        # WSGI hands out the path's bytes as latin-1.
        path=environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace"),
        query_string=query,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY"),
        project=environ.get("HTTP_X_PROJECT"),
    )


def _read(environ: WSGIEnvironment) -> Request:
    """The whole request; a 413 when its body is too long to be read."""
    head = _head(environ)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY:
        raise ApiError(413, "invalid_request", f"The body must not exceed {MAX_BODY} bytes")
    body, unreadable = read_json(environ["wsgi.input"].read(length) if length else b"")
    return dataclasses.replace(head, body=body, unreadable=unreadable)


def _send(response: Response, start_response: StartResponse, *, with_body: bool) -> Iterable[bytes]:
    """Write an answer; one without a body has neither bytes nor a content type."""
    headers = list((response.headers or {}).items())
    content = b""
    if response.body is not None:
        content = json.dumps(response.body, ensure_ascii=False).encode()
        headers.append(("Content-Type", "application/json"))
    if response.status != HTTPStatus.NO_CONTENT:
        headers.append(("Content-Length", str(len(content))))
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
    return [content] if with_body else []
