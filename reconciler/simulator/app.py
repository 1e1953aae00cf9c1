"""The simulator: the documented API as a WSGI program over a SQLite file.

`Simulator.answer` is the seam: a function from a `Request` to a `Response`. Faults wrap it and touch no resource.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TextIO
from wsgiref.types import StartResponse, WSGIEnvironment

from reconciler.simulator import integrations, routes, wire
from reconciler.simulator.effects import RequestContext
from reconciler.simulator.faults import PATH as FAULTS
from reconciler.simulator.faults import Faults
from reconciler.simulator.store import ASSUMED, PROJECTS, Record, Store
from reconciler.simulator.wire import ApiError, Call, Clock, Dropped, Request, Response

utc_now = partial(datetime.now, UTC)
Seeds = tuple[tuple[str, Record], ...]
"""The objects that a new project has: pairs of a collection, and a body for the dashboard's path of it."""

_RULES = [
    {"metric": metric, "comparator": "eq", "value": value, "negate": False}
    for metric, value in (("target_platform", "Android"), ("renewable", "1"))
]
_SYSTEM = {"is_system": True}
_MAPPING = {"cta": "String", "tint": "Color", "columns": "Number"}
_YEARLY = {"type": "subscription", "duration": "P1Y", "apple_product_id": "app.example.studio.y1"}
# The pages name these rows of the vendor as examples; their conditions are a guess.
FIRST: Seeds = (
    ("destinations", {"id": "int-email-01", "label": "Email: Team"}),
    ("segments", {**_SYSTEM, "id": "active-subscribers", "name": "Active subscribers", "conditions": _RULES[1:]}),
    ("segments", {**_SYSTEM, "id": "churned-users", "name": "Churned users"}),
)
EXAMPLES: Seeds = (
    ("products", {"id": "studio_monthly", "type": "subscription", "duration": "P1M"}),
    ("products", {"id": "studio_yearly", **_YEARLY, "google_product_id": "studio", "google_base_plan_id": "y1"}),
    ("entitlements", {"id": "studio", "description": "Studio features", "product_ids": ["studio_yearly"]}),
    ("segments", {"id": "android-renewing", "name": "Android renewing", "conditions": _RULES}),
    (
        "remote-configurations",
        {
            **{"id": "5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711", "name": "Paywall, autumn", "context_key": "main_paywall"},
            **{"payload_mapping": _MAPPING, "payload": {"cta": "Try Studio", "tint": "#2244EE", "columns": 2}},
        },
    ),
)
"""The objects that the documents show as examples."""


class Simulator(contextlib.AbstractContextManager["Simulator"]):
    """A WSGI callable. `path` is the file that keeps the data, made when it is not there. `log` gets one JSON line per
    request when its answer is ready: n, method, path (without `/v4`), query, status, body (parsed JSON or null) and, if
    sent, idempotency_key; never the key of the project. After faults, fault says which, and status is what left: null
    if nothing did. `clock` says what time it is and must return an aware datetime; a rule may set it, and from then on
    the deliveries of reports are counted. `faults` can be added and cleared at any time. Safe to call from several
    threads; `close()` it, or use it in a `with`."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        log: TextIO | None = None,
        clock: Callable[[], datetime] = utc_now,
        faults: Faults | None = None,
    ) -> None:
        self.faults = Faults() if faults is None else faults
        self.store = Store(path)
        self._log = log
        self._log_lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.clock = Clock(clock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI in, WSGI out; raises Dropped, itself or when its bytes are read, if a fault breaks the connection."""
        request = _parse_request(environ)
        context = RequestContext(request, request, self.store, self.clock, self.faults.visibility)
        work = partial(_run_guarded, environ, lambda: self.answer(context.taken))
        response = _run_guarded(environ, lambda: self.faults.handle(context, work))
        self._write_log(context, response)
        return _send(response, start_response, with_body=environ["REQUEST_METHOD"] != "HEAD")

    def answer(self, request: Request) -> Response:
        """Admit, route, and do the work in one transaction, without faults; raises ApiError for a refusal."""
        if request.length > wire.MAX_BODY:
            raise wire.refusal(413, f"The body must not exceed {wire.MAX_BODY} bytes")
        if request.path == FAULTS:
            return self.faults.answer(request)
        project = routes.find_project(request)
        handler, record_id = routes.find(request)
        if self.clock.is_set:
            with self.store.transaction(project, write=True) as transaction:
                integrations.deliver(transaction, self.clock())
        unseen = self.faults.visibility.list_hidden_ids(project, request)
        with self.store.transaction(project, write=request.method != "GET", unseen=unseen) as transaction:
            call = Call(request, transaction, self.clock(), record_id)
            routes.require_served(call)
            return handler(call)

    def seed(self, what: Seeds = FIRST) -> None:
        """Gives each project these objects, unless it has or had them. The default, an e-mail destination and segments
        of the vendor, is what a new user can refer to by an id."""
        for project, (collection, body) in itertools.product(PROJECTS, what):
            with contextlib.suppress(ApiError):
                self.answer(Request("POST", f"{routes.DASHBOARD}/{collection}", body=body, project=project))

    def assume(self, answers: Mapping[str, str]) -> None:
        """Chooses answers to what the documents leave open, see `store.ASSUMPTIONS`. ApiError for one that is not in
        it."""
        for project in PROJECTS:
            self.answer(Request("PUT", f"{routes.DASHBOARD}/{ASSUMED}", body=dict(answers), project=project))

    def close(self) -> None:
        """Close the data file."""
        self.store.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_log(self, context: RequestContext, response: Response) -> None:
        if self._log is None:
            return
        request = context.request
        line: Record = {"method": request.method, "path": request.path.removeprefix(wire.BASE)}
        line |= {"query": request.query_string, "status": response.status or None, "body": request.body}
        if request.idempotency_key:
            line["idempotency_key"] = request.idempotency_key
        if context.fired:
            line["fault"] = ", ".join(context.fired)
        with self._log_lock:
            self._log.write(json.dumps({"n": next(self._numbers), **line}) + "\n")
            self._log.flush()


def _parse_request(environ: WSGIEnvironment) -> Request:
    """The request; a body that is too long is not read."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body, unreadable = wire.read_json(environ["wsgi.input"].read(length) if 0 < length <= wire.MAX_BODY else b"")
    return Request(
        method=environ["REQUEST_METHOD"],
        # WSGI hands out the path's bytes as latin-1.
        path=environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace"),
        query_string=environ.get("QUERY_STRING", ""),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY"),
        project=environ.get("HTTP_X_PROJECT"),
        body=body,
        unreadable=unreadable,
        length=length,
    )


def _run_guarded(environ: WSGIEnvironment, act: Callable[[], Response]) -> Response:
    """The answer, with refusals and failures as envelopes; people get the traceback of a failure."""
    try:
        return act()
    except ApiError as refusal:
        return refusal.answer()
    except Exception as error:  # noqa: BLE001  a client gets an envelope, whatever happened
        traceback.print_exc(file=environ["wsgi.errors"])
        code = "storage_error" if isinstance(error, sqlite3.Error) else "unknown_error"
        return ApiError(500, code, "The simulator failed; see its stderr").answer()


def _send(response: Response, start_response: StartResponse, *, with_body: bool) -> Iterable[bytes]:
    """Write an answer; one without a body has neither bytes nor a content type."""
    if response is wire.NO_ANSWER:
        raise Dropped("the simulator dropped the connection: a fault")
    headers = dict(response.headers or {})
    content = response.content()
    if response.body is not None:
        headers["Content-Type"] = "application/json"
    if response.status not in wire.BODILESS:
        headers["Content-Length"] = str(response.promised or len(content))
    phrase = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "Fault"
    start_response(f"{response.status} {phrase}", list(headers.items()))
    if not with_body:
        return []
    return [content] if response.promised is None else _send_part(content)


def _send_part(content: bytes) -> Iterator[bytes]:
    yield content
    raise Dropped("the simulator broke off within the body: a fault")
