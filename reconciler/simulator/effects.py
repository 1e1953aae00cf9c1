"""What a fault does to a request: one function each, which returns False if it had no effect.

Each takes the context, then the words of its rule as they are written. An ApiError from it means: no effect.
"""

from __future__ import annotations

import json
import math
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote

from reconciler.simulator.catalogue import CONFIGS
from reconciler.simulator.integrations import INTEGRATIONS, REPORTS
from reconciler.simulator.resource import read_whole_number
from reconciler.simulator.routes import PAGED, find_project
from reconciler.simulator.store import Store
from reconciler.simulator.wire import BODILESS, CODES, NO_ANSWER, ApiError, Call, Clock, Request, Response

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

    def list_hidden_ids(self, project: str, request: Request) -> frozenset[str]:
        """The ids that this request does not see; a write sees everything. Counts a read at its first page."""
        if request.method != "GET":
            return frozenset()
        with self._lock:
            left = self._left.get((project, request.path), {})
            if not request.query.get("starting_after") and request.query.get("offset", "0") == "0":
                left.update({record_id: count - 1 for record_id, count in left.items()})
            return frozenset(record_id for record_id, count in left.items() if count >= 0)


@dataclass(slots=True)
class RequestContext:
    """One request on its way. `worked` is the answer of the work, `response` is what the client gets, `fired` has the
    faults that happened, and `is_answered` says that one of them answers. `taken` is the request that the work gets,
    and `is_late` says that the work, or the answer in its place, is done."""

    request: Request
    taken: Request
    store: Store
    clock: Clock
    visibility: VisibilityDelay
    worked: Response = NO_ANSWER
    response: Response = NO_ANSWER
    is_answered: bool = False
    is_late: bool = False
    fired: list[str] = field(default_factory=list)

    @contextmanager
    def meanwhile(self) -> Iterator[Call]:
        """A transaction in the project that the key names, for what somebody else does at this moment."""
        with self.store.transaction(find_project(self.request), write=True) as transaction:
            yield Call(self.request, transaction, self.clock())


def make_response(status: str, header: Sequence[str] = (), **written: str) -> Response:
    """The response of a rule. ValueError if its details contradict each other."""
    code, named = int(status), [each.partition(":") for each in header]
    headers = {name.title(): value.lstrip() for name, _, value in named}
    if "body" in written:
        if len(written) > 1 or code in BODILESS:
            raise ValueError("body: expected no code= or message= beside it, and no status 204 or 304")
        is_json = written["body"].startswith(("{", "["))
        headers = {"Content-Type": "application/json" if is_json else "text/plain; charset=utf-8", **headers}
        return Response(code, None, headers, written["body"].encode())
    if code in BODILESS or (code < HTTPStatus.BAD_REQUEST and not written):
        return Response(code, None, headers)
    usual = "unknown_error" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
    name = written.get("code", CODES.get(code, usual))
    message = written.get("message", f"A fault of the simulator: {code}")
    return ApiError(code, name, message, headers=headers).answer()


def respond(context: RequestContext, response: Response) -> bool:
    """Sends another response, or none, instead of the work or after it. Of several, the first one is sent."""
    is_first = not context.is_answered
    if is_first:
        context.response, context.is_answered = response, True
    return is_first


def delay(context: RequestContext, seconds: str) -> None:
    """Hold the request, and the thread that serves it, before the work or between it and its answer."""
    context.clock.sleep(float(seconds))


def set_clock(context: RequestContext, moment: datetime) -> None:
    """Sets the clock of the simulator."""
    context.clock.set(moment)


def truncate(context: RequestContext, keep: str, quietly: str | None) -> bool:
    """Only the first bytes of the body leave; quietly: as if they were all."""
    answer = context.response
    if answer.promised is not None or len(content := answer.content()) <= int(keep):
        return False
    promised = None if quietly else len(content)
    context.response = replace(answer, raw=content[: int(keep)], promised=promised)
    return True


def omit(context: RequestContext, count: str) -> bool:
    """The last objects of a list are left out, and the answer says that it ends there."""
    body = context.response.body
    if not isinstance(body, dict) or not body.get("data") or not isinstance(body["data"], list):
        return False
    short = {**body, "data": body["data"][: -int(count)], "has_more": False}
    short.pop("next_cursor", None)
    context.response = Response(200, short)
    return True


def hide(context: RequestContext, readings: str) -> bool:
    """What the work created is not shown for some readings, whatever the client hears of it."""
    if context.worked.status != HTTPStatus.CREATED:
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
_SORTED = ("data", "payload", "conditions", "segmentation_conditions", "product_ids")


class Way(NamedTuple):
    """How an API may alter what it stores or shows: `change` of the values of a type. `below`: only in these fields, as
    the documents fix maps and lists elsewhere."""

    type: type
    change: Callable[[Any], Any]
    below: Collection[str] = ()

    def apply(self, value: Any) -> Any:
        """The value with all that is changed within."""
        if isinstance(value, dict):
            value = {name: each if name in _LEFT_ALONE else self.apply(each) for name, each in value.items()}
        elif isinstance(value, list):
            value = [self.apply(item) for item in value]
        return self.change(value) if isinstance(value, self.type) else value


def _add_delay(items: list[Any]) -> list[Any]:
    return [{"delay": 0, **each} if isinstance(each, dict) else each for each in items]


WAYS: Mapping[str, Way] = {
    "trim": Way(str, str.strip),
    "nfc": Way(str, lambda text: unicodedata.normalize("NFC", text)),
    "lower": Way(str, str.lower),
    "round": Way(float, lambda number: round(number, 2)),
    "defaults": Way(list, _add_delay, ("data", "payload")),
    "drop": Way(dict, lambda fields: {name: fields[name] for name in fields if name in _DOCUMENTED}, ("data",)),
    "sort": Way(list, lambda items: sorted(items, key=lambda item: json.dumps(item, sort_keys=True)), _SORTED),
}


def normalise_value(way: str, body: Any) -> Any:
    """The fields as the way makes them."""
    made = WAYS[way]
    if not (made.below and isinstance(body, dict)):
        return made.apply(body)
    return {name: made.apply(value) if name in made.below else value for name, value in body.items()}


def normalise(context: RequestContext, way: str) -> bool:
    """A write stores other values than were sent; or late, a read of records shows other values than are stored."""
    # No document names the keys of a payload, so none of them is dropped.
    fixed = ["/meta", "/destinations", "/payload-mapping", *(["/payload"] if way == "drop" else [])]
    if context.request.path.endswith(tuple(fixed)) or (context.request.method == "GET") is not context.is_late:
        return False
    before: Any = context.response if context.is_late else context.taken
    body = before.body
    if context.is_late and not isinstance(body, dict):
        return False
    if context.is_late and isinstance(records := body.get("data"), list):
        body = {**body, "data": [normalise_value(way, record) for record in records]}
    else:
        body = normalise_value(way, body)
    after = replace(before, body=body)
    if context.is_late and after != before:
        context.response = after
    elif after != before:
        context.taken = after
    return bool(after != before)


def shift(context: RequestContext, what: str) -> bool:
    """Before a further page is read, somebody adds an object at the front, or removes the last one that was read."""
    resource = next((each for each in PAGED if each.url == context.request.path), None)
    if context.request.method != "GET" or resource is None:
        return False
    with context.meanwhile() as call:
        newest = resource.is_newest_first(call.transaction)
        ids = [record["id"] for record in call.transaction.page(resource.name, newest=newest)]
        cursor, read = context.request.query.get("starting_after"), read_whole_number(call, "offset", 0, 0)
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
        self._ends, self._used = datetime.min.replace(tzinfo=UTC), 0

    def count(self, now: datetime) -> Response | None:
        """The refusal of a request at that time; None if it may pass."""
        with self._lock:
            if now >= self._ends:
                self._ends, self._used = now + timedelta(seconds=self._seconds), 0
            self._used += 1
            if self._used <= self._limit:
                return None
            wait = self._ends - now
        # Whole seconds, rounded up: a client that waits so long is let in.
        retry = str(max(1, math.ceil(wait.total_seconds()))) if self._retry == "seconds" else self._retry
        headers = {} if retry == "none" else {"Retry-After": retry}
        message = f"More than {self._limit} requests in {self._seconds:g} seconds"
        return ApiError(429, "rate_limit_exceeded", message, headers=headers).answer()


def limit(context: RequestContext, window: Window) -> bool:
    """Refuses a request that is one too many."""
    refusal = window.count(context.clock())
    return refusal is not None and respond(context, refusal)


def fail(context: RequestContext, who: str, message: str = "The delivery failed repeatedly") -> bool:
    """The delivery worker gives up on active integrations of that id or title, or on all with `*`. It sets `active` to
    2 and the last error, as only it can [seed]. A paused integration delivers nothing."""
    with context.meanwhile() as call:
        records = call.transaction.page(INTEGRATIONS.name)
        found = [each for each in records if each["active"] == 1 and who in ("*", each["id"], each["title"])]
        for record in found:
            failures = record["delivery_error_count"] + _FAILURES
            failure = {"last_error_at": call.stamp, "last_error_message": message, "delivery_error_count": failures}
            INTEGRATIONS.change(call, record, {"active": 2, **failure})
    return bool(found)
