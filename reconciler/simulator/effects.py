"""What a fault does to a request: one function each, which returns whether there was anything to do.

`grammar` makes effects from text, `faults` decides when they happen. A late effect happens after the work.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from reconciler.simulator import keys
from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.integrations import INTEGRATIONS
from reconciler.simulator.resource import page_limit, whole_number
from reconciler.simulator.scheduled_reports import REPORTS
from reconciler.simulator.store import Store
from reconciler.simulator.visibility import VisibilityDelay
from reconciler.simulator.wire import NO_ANSWER, ApiError, Call, Request, Response

_ACTIVE, _ERROR = 1, 2
_FAILURES = 3
_ALMOST_A_SECOND = timedelta(microseconds=999_999)
_PAGED = {
    REPORTS.url: (REPORTS, {"report_name": "Added meanwhile"}),
    AUTOMATIONS.url: (AUTOMATIONS, {"name": "Added meanwhile"}),
}


@dataclass(slots=True)
class Scene:
    """One request on its way.

    `worked` is the answer of the work, `response` is what the client gets, `fired` has the faults that happened.
    `taken` is what the work gets instead of the request; None: the request itself.
    """

    request: Request
    store: Store
    clock: Callable[[], datetime]
    visibility: VisibilityDelay
    worked: Response | None = None
    response: Response | None = None
    taken: Request | None = None
    fired: list[str] = field(default_factory=list)

    @property
    def project(self) -> str | None:
        """The project that the key names; None for a key that names none."""
        try:
            return keys.project_of(self.request)
        except ApiError:
            return None

    @contextmanager
    def meanwhile(self) -> Iterator[Call | None]:
        """A transaction for what somebody else does at this moment; None without a project."""
        project = self.project
        if project is None:
            yield None
            return
        with self.store.transaction(project, write=True) as transaction:
            yield Call(self.request, transaction, self.clock())


@dataclass(frozen=True)
class Effect:
    """What a rule does: `act(scene, late, **options)`. `applies`: which requests count, beyond method and path."""

    act: Callable[..., bool]
    options: Mapping[str, Any]
    late: bool = False
    condition: Callable[..., bool] | None = None

    def applies(self, scene: Scene) -> bool:
        """Whether the request counts as one that matches, beyond method and path."""
        return self.condition is None or self.condition(scene, self.late, **self.options)

    def happen(self, scene: Scene) -> bool:
        """Do it; whether there was anything to do."""
        return self.act(scene, self.late, **self.options)


def respond(scene: Scene, late: bool, response: Response) -> bool:
    """Another answer, or none: instead of the work, or, late, after it. The first one counts."""
    free = scene.worked is not None and scene.response is not NO_ANSWER if late else scene.response is None
    if free:
        scene.response = response
    return free


def delay(scene: Scene, late: bool, seconds: float) -> bool:
    """Hold the request, and the thread that serves it, before the work or between it and its answer."""
    if late and scene.worked is None:
        return False
    time.sleep(seconds)
    return True


def truncate(scene: Scene, _late: bool, keep: int, quietly: str | None) -> bool:
    """Only the first bytes of the body leave; quietly: as if they were all."""
    answer = scene.response
    if answer is None or answer.promised is not None or len(content := answer.content()) <= keep:
        return False
    scene.response = dataclasses.replace(answer, raw=content[:keep], promised=None if quietly else len(content))
    return True


def omit(scene: Scene, _late: bool, count: int) -> bool:
    """The last objects of a list are left out, and the answer says that it ends there."""
    body = scene.response.body if scene.response else None
    if not isinstance(body, dict) or not body.get("data") or not isinstance(body["data"], list):
        return False
    short = {**body, "data": body["data"][:-count], "has_more": False}
    scene.response = Response(200, {name: value for name, value in short.items() if name != "next_cursor"})
    return True


def hide(scene: Scene, _late: bool, readings: int) -> bool:
    """What the work created is not shown for some readings, whatever the client hears of it."""
    worked, project = scene.worked, scene.project
    if project is None or worked is None or worked.status != 201:  # noqa: PLR2004  created
        return False
    return scene.visibility.cover(project, worked.body["url"], readings)


def shift(scene: Scene, _late: bool, what: str, page: int = 1) -> bool:
    """Somebody adds an object before all others, or removes the last one of the page that was read."""
    resource, fields = _PAGED[scene.request.path]
    last_seen = _last_seen(scene, page)
    with scene.meanwhile() as call:
        if call is None or last_seen is None:
            return False
        if what == "add":
            call.transaction.to_front(resource.name, resource.make(call, dict(fields))["id"])
        else:
            call.transaction.delete(resource.name, last_seen)
    return True


def shift_applies(scene: Scene, _late: bool, what: str, page: int = 1) -> bool:
    """Whether the page after `page` is asked for."""
    return _last_seen(scene, page) is not None


def _last_seen(scene: Scene, page: int) -> str | None:
    """The last object of `page`, if the next page is asked for."""
    project, path = scene.project, scene.request.path
    if project is None or path not in _PAGED:
        return None
    with scene.store.transaction(project, write=False) as transaction:
        ids = [record["id"] for record in transaction.page(_PAGED[path][0].name)]
        try:
            call = Call(scene.request, transaction, scene.clock())
            cursor = (call.request.query or {}).get("starting_after")
            read = ids.index(cursor) + 1 if cursor else whole_number(call, "offset", 0, 0)
            pages = math.ceil(read / page_limit(call))
        except (ApiError, ValueError):
            return None
    return ids[read - 1] if 0 < read <= len(ids) and pages == page else None


class Window:
    """So many requests in so many seconds, counted from the first; then a 429 until they are over."""

    def __init__(self, limit: int, seconds: float, retry: str = "seconds") -> None:
        self.limit, self.seconds, self.retry = limit, seconds, retry
        self._lock = threading.Lock()
        self._ends: datetime | None = None
        self._used = 0

    def refusal(self, now: datetime) -> Response | None:
        """Count one request; the 429 if it is one too many."""
        with self._lock:
            if self._ends is None or now >= self._ends:
                self._ends, self._used = now + timedelta(seconds=self.seconds), 0
            self._used += 1
            used, ends = self._used, self._ends
        if used <= self.limit:
            return None
        # Whole seconds, rounded up: who comes back when told to is let in.
        wait = str(max(1, math.ceil((ends - now).total_seconds())))
        after = {"seconds": wait, "date": _http_date(ends)}.get(self.retry, self.retry)
        headers = {} if self.retry == "none" else {"Retry-After": after}
        message = f"More than {self.limit} requests in {self.seconds:g} seconds"
        return ApiError(429, "rate_limit_exceeded", message, headers=headers).answer()


def rate(scene: Scene, _late: bool, window: Window) -> bool:
    """Let the request pass, or refuse it."""
    refusal = window.refusal(scene.clock())
    return refusal is not None and respond(scene, False, refusal)


def _http_date(moment: datetime) -> str:
    return format_datetime((moment.astimezone(UTC) + _ALMOST_A_SECOND).replace(microsecond=0), usegmt=True)


def worker(scene: Scene, late: bool, who: str, message: str = "The delivery failed repeatedly") -> bool:
    """The delivery worker gives up on active integrations of that id or title, or on all with `*`.

    It sets `active` to 2 and the last error, as only it can [seed]. A paused integration delivers nothing.
    """
    if late and scene.worked is None:
        return False
    with scene.meanwhile() as call:
        if call is None:
            return False
        records = call.transaction.page(INTEGRATIONS.name)
        found = [each for each in records if each["active"] == _ACTIVE and who in ("*", each["id"], each["title"])]
        for record in found:
            failures = record["delivery_error_count"] + _FAILURES
            failure = {"last_error_at": call.stamp, "last_error_message": message, "delivery_error_count": failures}
            INTEGRATIONS.change(call, record, {"active": _ERROR, **failure})
    return bool(found)
