"""What goes in and out of the simulator: requests, responses, errors, JSON read strictly, and checks of fields.

A check takes a value and yields what is wrong with it, by path below the field, as the pages state it.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from reconciler.simulator.store import Record, Transaction

BASE = "/v4"
MAX_BODY = 1024 * 1024
BODILESS = (204, 304)

Problem = tuple[str, str]  # A dotted field path and what is wrong with it: one entry of an error's `details`.

Check = Callable[[object], Iterator[Problem]]

ID = re.compile(r"[a-zA-Z0-9._-]{1,256}")  # What an id looks like [seed: pattern and length of `integration_id`].

WIDE_ID = re.compile(r"[a-zA-Z0-9._ :-]{1,256}")
"""What an old id of a product may look like [docs, of references to it]."""

CODES = {
    401: "control_unauthorized",
    403: "control_forbidden",
    404: "not_found",
    409: "conflict",
    422: "invalid_data",
    429: "rate_limit_exceeded",
}
_TYPES = {404: "resource", 409: "logical"}
_FAILED = 500


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal: becomes the error envelope of [docs] `{"error": {type, code, message, details?}}`. Which `type` goes
    with which status is stated nowhere; the table above is a choice [guess]."""

    status: int
    code: str
    message: str
    details: Sequence[Problem] = ()
    headers: Mapping[str, str] | None = None

    def answer(self) -> Response:
        """The envelope; `details` is absent when the failure is not about fields [docs]."""
        kind = "internal" if self.status >= _FAILED else _TYPES.get(self.status, "request")
        error: dict[str, Any] = {"type": kind, "code": self.code, "message": self.message}
        if self.details:
            error["details"] = [{"field": field, "message": message} for field, message in self.details]
        return Response(self.status, {"error": error}, self.headers)


def invalid(problems: Sequence[Problem], *, code: str = "invalid_data") -> ApiError:
    """The 422 of a body or query whose fields break the rules that the pages state."""
    names = ", ".join(dict.fromkeys(field for field, _ in problems))
    return ApiError(422, code, f"The request is not valid: {names}", problems)


def refusal(status: str | int, message: str) -> ApiError:
    """An error with the usual code of its status."""
    return ApiError(int(status), CODES.get(int(status), "invalid_request"), message)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: `body` is JSON, or None for an empty one. The rest is for faults. `raw` are the bytes of the body if
    they are not the JSON of `body`; `promised` is the Content-Length of which only these bytes come before the
    connection breaks; status 0 is no answer at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] | None = None
    raw: bytes | None = None
    promised: int | None = None

    def content(self) -> bytes:
        """The bytes of the body."""
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()


NO_ANSWER = Response(0)


class Dropped(ConnectionResetError):
    """The connection breaks here: a server closes it without another byte, in the process it comes out as it is."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the wire brought it; `body` is parsed JSON, `unreadable` says why it could not be parsed. `length`
    is that of the body in bytes; one of more than MAX_BODY was not read."""

    method: str
    path: str
    query_string: str = ""
    body: Any = None
    unreadable: str | None = None
    authorization: str | None = None
    idempotency_key: str | None = None
    project: str | None = None
    length: int = 0

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters; of one that is repeated, the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def fields(self) -> Record:
        """The body as an object; a 400 when it is none."""
        if self.unreadable:
            raise ApiError(400, "invalid_request", f"The body is not JSON: {self.unreadable}")
        if not isinstance(self.body, dict):
            raise ApiError(400, "invalid_request", "The body must be a JSON object")
        return self.body


class Clock:
    """The time of `source`, or one that was set and runs on from there."""

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._shift = timedelta()
        self.is_set = self._is_still = False

    def __call__(self) -> datetime:
        return self._source() + self._shift

    def set(self, now: datetime) -> None:
        """Sets the clock, forward or back."""
        self._shift, self.is_set = now - self._source(), True

    def stop(self, now: datetime) -> None:
        """Sets the clock. From then on, time passes only by `sleep`, which returns at once."""
        self._source, self._is_still = lambda: now, True
        self.set(now)

    def sleep(self, seconds: float) -> None:
        """Waits, or sets a clock that was stopped forward."""
        if self._is_still:
            self._shift += timedelta(seconds=seconds)
        else:
            time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Call:
    """A routed request, with the records of its project and the moment it happens."""

    request: Request
    transaction: Transaction
    now: datetime
    id: str = ""

    def assumption(self, name: str) -> str:
        """How a question of the documents is answered here."""
        return self.transaction.assumption(name)

    @property
    def stamp(self) -> str:
        """The moment as the documents write it: `2026-04-23T11:44:36Z` [seed]."""
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Handler = Callable[[Call], Response]


def read_json(raw: bytes) -> tuple[Any, str | None]:
    """Parse a body: its value and None, or None and the reason. Refuses what no other JSON reader would take."""
    if not raw:
        return None, "it is empty"
    try:
        value = json.loads(raw.decode(), parse_constant=_parse_finite, parse_float=_parse_finite)
        if b"\\ud" in raw.lower():  # Half of a surrogate pair, which only Python takes: UTF-8 cannot have it.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as error:
        return None, str(error)
    return value, None


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def accept(fields: Record, checks: Mapping[str, Check], required: Iterable[str]) -> Record:
    """The known fields of a body, checked; a 422 names every problem at once. Unknown fields are ignored (choice)."""
    if problems := list(shape(checks, required=required)(fields)):
        raise invalid(problems)
    return {name: fields[name] for name in checks if name in fields}


def prefix_paths(name: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, with the field's name in front of their paths: paths are dotted [docs]."""
    for path, message in problems:
        yield (f"{name}.{path}" if path else name), message


def passing(is_right: Callable[[Any], object], message: str) -> Check:
    """A value that is right."""
    return lambda value: iter(() if is_right(value) else (("", message),))


def text(shortest: int = 0, longest: int = MAX_BODY) -> Check:
    """A string of that many characters, both ends included; any string by default."""
    message = f"must be a string of {shortest} to {longest} characters"
    return passing(lambda value: isinstance(value, str) and shortest <= len(value) <= longest, message)


def matching(pattern: re.Pattern[str], message: str = "") -> Check:
    """A string of that form."""
    message = message or f"must match {pattern.pattern}"
    return passing(lambda value: isinstance(value, str) and pattern.fullmatch(value), message)


def one_of(*options: str | int | None) -> Check:
    """One of the values, of the same type: `true` and `1.0` are not `1`, `"ios"` is not `"iOS"`."""
    message = "must be one of " + ", ".join(json.dumps(option).strip('"') for option in options)
    return passing(lambda value: any(type(value) is type(each) and value == each for each in options), message)


def number(lowest: int, highest: int) -> Check:
    """A number between the two, both included."""
    message = f"must be a number from {lowest} to {highest}"
    return passing(lambda value: type(value) in (int, float) and lowest <= value <= highest, message)


def nullable(inner: Check) -> Check:
    """Null, or what passes the check."""
    return lambda value: iter(()) if value is None else inner(value)


def shape(known: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    """An object whose known keys pass their checks; other keys may be there."""

    def check(value: object) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield "", "must be an object"
            return
        yield from ((name, "is required") for name in required if name not in value)
        for name, inner in known.items():
            if name in value:
                yield from prefix_paths(name, inner(value[name]))

    return check


def each(inner: Check, *, at_least: int = 0) -> Check:
    """A list whose items pass the check; an item's path is its index."""

    def check(value: object) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield "", "must be a list"
        elif len(value) < at_least:
            yield "", f"must have at least {at_least}"
        else:
            for index, item in enumerate(value):
                yield from prefix_paths(str(index), inner(item))

    return check
