"""What a fault does to a request: one function each, which returns whether it had an effect.

Each takes the context, then the words of its rule as they are written. An ApiError from it means: no effect.
"""

from __future__ import annotations

import dataclasses
import json
import math
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from reconciler.simulator.catalogue import CONFIGS
from reconciler.simulator.integrations import INTEGRATIONS, REPORTS
from reconciler.simulator.resource import whole_number
from reconciler.simulator.routes import PAGED, find_project
from reconciler.simulator.store import Store
from reconciler.simulator.wire import BODILESS, CODES, NO_ANSWER, ApiError, Call, Clock, Request, Response

_WORDS = ("/meta", "/destinations", "/payload-mapping")
_ACTIVE, _ERROR = 1, 2
_CREATED, _REFUSED, _FAILED = 201, 400, 500
_FAILURES = 3  # Deliveries in a row before the worker gives up [guess].


class VisibilityDelay:
    """Created records that reads do not show yet, as if a replica lagged behind. It hides them for a number of reads of
    each path: the list, the record itself, the destinations. All pages of a list are one read. Each path counts alone,
    so a client that reads only one sees it in the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def hide(self, project: str, url: str, readings: int) -> bool:
        """Hide the record at the url (`/v4/automations/ID`); False if it was hidden before."""
        url = unquote(url)
        collection, _, record_id = url.rpartition("/")
        # A new integration is also missing from the destinations of reports.
        also = [f"{REPORTS.url}/destinations"] if collection == INTEGRATIONS.url else []
        also += [f"{url}/payload", f"{url}/payload-mapping"] if collection == CONFIGS.url else []
        with self._lock:
            if record_id in self._left[project, url]:
                return False
            for path in (url, collection, *also):
                self._left[project, path][record_id] = readings
        return True

    def hidden_ids(self, project: str, request: Request) -> frozenset[str]:
        """The ids that this request does not see; a write sees everything. Counts a read at its first page."""
        if request.method != "GET":
            return frozenset()
        query = request.query or {}
        with self._lock:
            left = self._left.get((project, request.path), {})
            if not query.get("starting_after") and query.get("offset", "0") == "0":
                left.update({record_id: count - 1 for record_id, count in left.items()})
            return frozenset(record_id for record_id, count in left.items() if count >= 0)


@dataclass(slots=True)
class RequestContext:
    """One request on its way. `worked` is the answer of the work, `response` is what the client gets, `fired` has the
    faults that happened. `taken` is what the work gets instead of the request; None: the request itself."""

    request: Request
    store: Store
    clock: Clock
    visibility: VisibilityDelay
    worked: Response | None = None
    response: Response | None = None
    taken: Request | None = None
    fired: list[str] = field(default_factory=list)

    @contextmanager
    def meanwhile(self) -> Iterator[Call]:
        """A transaction in the project that the key names, for what somebody else does at this moment."""
        with self.store.transaction(find_project(self.request), write=True) as transaction:
            yield Call(self.request, transaction, self.clock())


def make_response(
    status: str, when: str | None, header: tuple[str, ...] = (), **written: str
) -> tuple[Response, str | None]:
    """The arguments of `respond`. ValueError if the details contradict each other."""
    code, named = int(status), [each.partition(":") for each in header]
    headers = {name.title(): value.lstrip() for name, _, value in named}
    if "body" in written:
        if len(written) > 1 or code in BODILESS:
            raise ValueError("body: expected no code= or message= beside it, and no status 204 or 304")
        is_json = written["body"].startswith(("{", "["))
        headers = {"Content-Type": "application/json" if is_json else "text/plain; charset=utf-8", **headers}
        return Response(code, None, headers, written["body"].encode()), when
    if code in BODILESS or (code < _REFUSED and not written):
        return Response(code, None, headers), when
    name = written.get("code") or CODES.get(code, "unknown_error" if code >= _FAILED else "invalid_request")
    message = written.get("message", f"A fault of the simulator: {code}")
    return ApiError(code, name, message, headers=headers).answer(), when


def respond(context: RequestContext, response: Response, when: str | None) -> bool:
    """Sends another response, or none, instead of the work or after it. Of several, the first one is sent."""
    after = context.worked is not None and context.response is not NO_ANSWER
    free = after if when == "after" else context.response is None
    if free:
        context.response = response
    return free


def delay(context: RequestContext, seconds: str, when: str | None) -> bool:
    """Hold the request, and the thread that serves it, before the work or between it and its answer."""
    if when == "after" and context.worked is None:
        return False
    context.clock.sleep(float(seconds))
    return True


def truncate(context: RequestContext, keep: str, quietly: str | None) -> bool:
    """Only the first bytes of the body leave; quietly: as if they were all."""
    answer = context.response
    if answer is None or answer.promised is not None or len(content := answer.content()) <= int(keep):
        return False
    promised = None if quietly else len(content)
    context.response = dataclasses.replace(answer, raw=content[: int(keep)], promised=promised)
    return True


def set_clock(context: RequestContext, moment: datetime) -> bool:
    """Sets the clock of the simulator."""
    context.clock.set(moment)
    return True


def omit(context: RequestContext, count: str) -> bool:
    """The last objects of a list are left out, and the answer says that it ends there."""
    body = context.response.body if context.response else None
    if not isinstance(body, dict) or not body.get("data") or not isinstance(body["data"], list):
        return False
    short = {**body, "data": body["data"][: -int(count)], "has_more": False}
    context.response = Response(200, {name: value for name, value in short.items() if name != "next_cursor"})
    return True


def hide(context: RequestContext, readings: str) -> bool:
    """What the work created is not shown for some readings, whatever the client hears of it."""
    if context.worked is None or context.worked.status != _CREATED:
        return False
    return context.visibility.hide(find_project(context.request), context.worked.body["url"], int(readings))


# Words, ids and references: the documents list the words, and another one would be another value.
_FIXED = (
    "object id url type integration target_platform status active environment send_at included_range_days destinations "
    "platform created_at updated_at metric comparator duration product_ids google_base_plan_id config_id context_key "
    "apple_product_id google_product_id stripe_product_id"
)
_LEFT_ALONE = frozenset(_FIXED.split())
_DOCUMENTED = frozenset(("platform", "initiators", "actions", "segments", "uid", "type", "push", "screen"))
_CHANGES: Mapping[str, tuple[type, Callable[[Any], Any]]] = {
    "trim": (str, str.strip),
    "nfc": (str, lambda text: unicodedata.normalize("NFC", text)),
    "lower": (str, str.lower),
    "round": (float, lambda number: round(number, 2)),
    "defaults": (list, lambda items: [{"delay": 0, **each} if isinstance(each, dict) else each for each in items]),
    "drop": (dict, lambda fields: {name: value for name, value in fields.items() if name in _DOCUMENTED}),
    "sort": (list, lambda items: sorted(items, key=lambda item: json.dumps(item, sort_keys=True))),
}
"""For each way in which an API may alter what it stores or shows: the type of the values that it changes, and how."""
_BELOW = {"drop": ("data",), "sort": ("data", "payload", "conditions", "segmentation_conditions", "product_ids")}
WAYS = tuple(_CHANGES)


def normalise_value(way: str, body: Any) -> Any:
    """The fields as the way makes them. Maps and lists change below some fields alone: elsewhere the documents fix
    them."""
    if _CHANGES[way][0] not in (dict, list) or not isinstance(body, dict):
        return _change_value(way, body)
    names = [name for name in _BELOW.get(way, ("data", "payload")) if name in body]
    return {**body, **{name: _change_value(way, body[name]) for name in names}}


def _change_value(way: str, value: Any) -> Any:
    if isinstance(value, dict):
        value = {name: inner if name in _LEFT_ALONE else _change_value(way, inner) for name, inner in value.items()}
    elif isinstance(value, list):
        value = [_change_value(way, item) for item in value]
    changed_type, change = _CHANGES[way]
    return change(value) if isinstance(value, changed_type) else value


def normalise(context: RequestContext, way: str, when: str | None) -> bool:
    """A write stores other values than were sent; or a read of records shows other values than are stored."""
    # No document names the keys of a payload, so none of them is dropped.
    fixed = (*_WORDS, "/payload") if way == "drop" else _WORDS
    if context.request.path.endswith(fixed) or (context.request.method == "GET") is not (when == "shown"):
        return False
    if when != "shown":
        before = context.taken or context.request
        context.taken = dataclasses.replace(before, body=normalise_value(way, before.body))
        return bool(context.taken.body != before.body)
    answer = context.response
    if answer is None or not isinstance(answer.body, dict):
        return False
    if isinstance(answer.body.get("data"), list):
        shown = {**answer.body, "data": [normalise_value(way, record) for record in answer.body["data"]]}
    else:
        shown = normalise_value(way, answer.body)
    context.response = dataclasses.replace(answer, body=shown)
    return bool(shown != answer.body)


def shift(context: RequestContext, what: str) -> bool:
    """Before a further page is read, somebody adds an object at the front, or removes the last one that was read."""
    resource = next((each for each in PAGED if each.url == context.request.path), None)
    if context.request.method != "GET" or resource is None:
        return False
    with context.meanwhile() as call:
        newest = resource.is_newest_first(call.transaction)
        ids = [record["id"] for record in call.transaction.page(resource.name, newest=newest)]
        cursor, read = (context.request.query or {}).get("starting_after"), whole_number(call, "offset", 0, 0)
        last = cursor or (ids[read - 1] if 0 < read <= len(ids) else "")
        if last not in ids:
            return False
        if what == "add":
            name = resource.required[0]
            added = resource.make(call, {} if name == "id" else {name: "Added meanwhile"})
            if not newest:
                call.transaction.move_to_front(resource.name, added["id"])
        else:
            call.transaction.delete(resource.name, last)
    return True


class Window:
    """So many requests in so many seconds, counted from the first; then a 429 until they are over."""

    def __init__(self, limit: str, seconds: str, retry: str = "seconds") -> None:
        self._limit, self._seconds, self._retry = int(limit), float(seconds), retry
        self._lock = threading.Lock()
        self._ends = datetime.min.replace(tzinfo=UTC)
        self._used = 0

    def count(self, context: RequestContext) -> bool:
        """Let the request pass, or refuse it."""
        now = context.clock()
        with self._lock:
            if now >= self._ends:
                self._ends, self._used = now + timedelta(seconds=self._seconds), 0
            self._used += 1
            used, ends = self._used, self._ends
        if used <= self._limit:
            return False
        # Whole seconds, rounded up: a client that waits so long is let in.
        wait = str(max(1, math.ceil((ends - now).total_seconds())))
        headers = {} if self._retry == "none" else {"Retry-After": wait if self._retry == "seconds" else self._retry}
        message = f"More than {self._limit} requests in {self._seconds:g} seconds"
        return respond(context, ApiError(429, "rate_limit_exceeded", message, headers=headers).answer(), None)


def fail(context: RequestContext, who: str, when: str | None, message: str = "The delivery failed repeatedly") -> bool:
    """The delivery worker gives up on active integrations of that id or title, or on all with `*`. It sets `active` to
    2 and the last error, as only it can [seed]. A paused integration delivers nothing."""
    if when == "after" and context.worked is None:
        return False
    with context.meanwhile() as call:
        records = call.transaction.page(INTEGRATIONS.name)
        found = [each for each in records if each["active"] == _ACTIVE and who in ("*", each["id"], each["title"])]
        for record in found:
            failures = record["delivery_error_count"] + _FAILURES
            failure = {"last_error_at": call.stamp, "last_error_message": message, "delivery_error_count": failures}
            INTEGRATIONS.change(call, record, {"active": _ERROR, **failure})
    return bool(found)
