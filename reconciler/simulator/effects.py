"""What a fault does to a request: one class each. `grammar` makes them from text, `faults` decides when they happen.

`happen` gives whether there was anything to do; `late` ones happen after the work, and only if there was work.
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
from typing import Protocol

from reconciler.simulator import keys
from reconciler.simulator.automations import AUTOMATIONS
from reconciler.simulator.integrations import INTEGRATIONS
from reconciler.simulator.resource import page_limit, whole_number
from reconciler.simulator.scheduled_reports import REPORTS
from reconciler.simulator.store import Record, Store
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
    """One request on its way: `worked` is the answer of the work, `response` what will leave, `fired` what happened.
    `taken` is what the work gets in place of the request, None for the request itself."""

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
        """What somebody else does at this moment, in a transaction of its own; None without a project."""
        project = self.project
        if project is None:
            yield None
            return
        with self.store.transaction(project, write=True) as transaction:
            yield Call(self.request, transaction, self.clock())

    def answer(self, response: Response, *, late: bool) -> bool:
        """Have this leave instead of the work's answer; False where something else was decided before."""
        free = self.worked is not None and self.response is not NO_ANSWER if late else self.response is None
        if free:
            self.response = response
        return free


class Effect(Protocol):
    """What a fault is."""

    @property
    def late(self) -> bool:
        """Whether it happens after the work."""

    def applies(self, scene: Scene) -> bool:
        """Whether the request counts as one that matches, beyond method and path."""

    def happen(self, scene: Scene) -> bool:
        """Do it; whether there was anything to do."""


@dataclass
class _Effect:
    """Any request that matches will do."""

    late: bool = False

    def applies(self, _: Scene) -> bool:
        """True."""
        return True


@dataclass
class Instead(_Effect):
    """Another answer, or none: instead of the work, or, late, after it."""

    response: Response = NO_ANSWER

    def happen(self, scene: Scene) -> bool:
        """First come, first served."""
        return scene.answer(self.response, late=self.late)


@dataclass
class Delay(_Effect):
    """Time passes before the work, or between it and its answer."""

    seconds: float = 0

    def happen(self, scene: Scene) -> bool:
        """Hold the request, and the thread that serves it."""
        if self.late and scene.worked is None:
            return False
        time.sleep(self.seconds)
        return True


@dataclass
class Truncate(_Effect):
    """Only the first bytes of the body leave; quietly: as if they were all."""

    late: bool = True
    keep: int = 0
    quiet: bool = False

    def happen(self, scene: Scene) -> bool:
        """Cut what is longer."""
        answer = scene.response
        if answer is None or answer.promised is not None or len(content := answer.content()) <= self.keep:
            return False
        promised = None if self.quiet else len(content)
        scene.response = dataclasses.replace(answer, raw=content[: self.keep], promised=promised)
        return True


@dataclass
class Omit(_Effect):
    """The last objects of a list are left out, and the answer says that it ends there."""

    late: bool = True
    count: int = 0

    def happen(self, scene: Scene) -> bool:
        """Shorten a list that has so many; one that has fewer is empty then."""
        body = scene.response.body if scene.response else None
        if not isinstance(body, dict) or not body.get("data") or not isinstance(body["data"], list):
            return False
        short = {**body, "data": body["data"][: -self.count], "has_more": False}
        scene.response = Response(200, {name: value for name, value in short.items() if name != "next_cursor"})
        return True


@dataclass
class Hide(_Effect):
    """Late visibility of what was created."""

    late: bool = True
    readings: int = 0

    def happen(self, scene: Scene) -> bool:
        """Put what the work created behind the veil, whatever the client hears of it."""
        worked, project = scene.worked, scene.project
        if project is None or worked is None or worked.status != 201:  # noqa: PLR2004  created
            return False
        return scene.visibility.cover(project, worked.body["url"], self.readings)


@dataclass
class Shift(_Effect):
    """Somebody adds or removes an object between page `page` and the next one."""

    adds: bool = False
    page: int = 1

    def applies(self, scene: Scene) -> bool:
        """Whether the next page is asked for."""
        return self._last_seen(scene) is not None

    def happen(self, scene: Scene) -> bool:
        """Add one in front of all others, or remove the last one of the page that was read."""
        resource, fields = _PAGED[scene.request.path]
        last_seen = self._last_seen(scene)
        with scene.meanwhile() as call:
            if call is None or last_seen is None:
                return False
            if self.adds:
                call.transaction.to_front(resource.name, resource.make(call, dict(fields))["id"])
            else:
                call.transaction.delete(resource.name, last_seen)
        return True

    def _last_seen(self, scene: Scene) -> str | None:
        project, path = scene.project, scene.request.path
        if project is None or path not in _PAGED:
            return None
        with scene.store.transaction(project, write=False) as transaction:
            ids = [record["id"] for record in transaction.page(_PAGED[path][0].name)]
            try:
                read, limit = _read_before(Call(scene.request, transaction, scene.clock()), ids)
            except (ApiError, ValueError):
                return None
        return ids[read - 1] if 0 < read <= len(ids) and math.ceil(read / limit) == self.page else None


def _read_before(call: Call, ids: list[str]) -> tuple[int, int]:
    """How many objects stand before the page that is asked for, and how many are on one."""
    cursor = (call.request.query or {}).get("starting_after")
    read = ids.index(cursor) + 1 if cursor else whole_number(call, "offset", 0, 0)
    return read, page_limit(call)


@dataclass
class Rate(_Effect):
    """So many requests in so many seconds, counted from the first; then a 429 until they are over."""

    limit: int = 1
    seconds: float = 1
    retry: str = "seconds"

    def __post_init__(self) -> None:
        """A window that is not open yet."""
        self._lock = threading.Lock()
        self._ends: datetime | None = None
        self._used = 0

    def happen(self, scene: Scene) -> bool:
        """Let it pass, or refuse it."""
        now = scene.clock()
        with self._lock:
            if self._ends is None or now >= self._ends:
                self._ends, self._used = now + timedelta(seconds=self.seconds), 0
            self._used += 1
            used, ends = self._used, self._ends
        return used > self.limit and scene.answer(self._refusal(now, ends), late=False)

    def _refusal(self, now: datetime, ends: datetime) -> Response:
        message = f"More than {self.limit} requests in {self.seconds:g} seconds"
        # Whole seconds, so upwards: who comes back when told to is let in.
        wait = max(1, math.ceil((ends - now).total_seconds()))
        headers: Mapping[str, str] = {"Retry-After": str(wait) if self.retry == "seconds" else self.retry}
        if self.retry == "date":
            headers = {"Retry-After": _http_date(ends)}
        elif self.retry == "none":
            headers = {}
        return ApiError(429, "rate_limit_exceeded", message, headers=headers).answer()


def _http_date(moment: datetime) -> str:
    return format_datetime((moment.astimezone(UTC) + _ALMOST_A_SECOND).replace(microsecond=0), usegmt=True)


@dataclass
class Worker(_Effect):
    """The delivery worker gives up on an integration: `active` 2 and the last error, as only it can set them [seed]."""

    who: str = ""
    message: str = ""

    def happen(self, scene: Scene) -> bool:
        """Fail the active ones of that id or title, or all with `*`; a paused one delivers nothing and cannot fail."""
        if self.late and scene.worked is None:
            return False
        with scene.meanwhile() as call:
            return call is not None and self._fail(call)

    def _fail(self, call: Call) -> bool:
        found = [record for record in call.transaction.page(INTEGRATIONS.name) if self._means(record)]
        for record in found:
            INTEGRATIONS.change(call, record, self._failure(call, record))
        return bool(found)

    def _means(self, record: Record) -> bool:
        return record["active"] == _ACTIVE and self.who in ("*", record["id"], record["title"])

    def _failure(self, call: Call, record: Record) -> Record:
        return {
            "active": _ERROR,
            "last_error_at": call.stamp,
            "last_error_message": self.message,
            "delivery_error_count": record["delivery_error_count"] + _FAILURES,
        }
