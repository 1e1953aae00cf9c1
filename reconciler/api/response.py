"""Responses of the API and their errors. Tolerates all that the vendor's own client tolerates."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.api.rate_limiter import TOO_MANY
from reconciler.errors import AnswerRefused, AnswerUnreadable, NotAuthorised, ReconcilerError
from reconciler.lazy import frozen, load
from reconciler.model.redaction import remove_credentials
from reconciler.text import abridge, truncate

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, UNAVAILABLE = 401, 403, 404, 503
SUCCESS = range(200, 300)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOVED = "if the API lives there now, write that address: --api-url, or QONVERSION_API_URL"
SECONDS = r"(?a)(\d+(\.\d*)?|\.\d+) ?s?( ?, ?(\d+(\.\d*)?|\.\d+) ?s?)*"
LONGEST_ASKED = 366 * 86400.0  # Seconds. `Retry-After: 1e99` could not be added to a date.
LONGEST_IN_SECONDS = 600  # People read a longer wait more easily as a time of day.
SHOWN_CHARACTERS = 200
SHOWN_DETAILS = 10
DEEPEST = 64  # How deep maps and lists may be nested, as in the YAML.


@frozen
class Response:
    """One response. Header names are lower case."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    at: datetime | None = None

    @property
    def ok(self) -> bool:
        """Whether it is any 2xx (the documents state only 201 and 202 [seed]) without an error in its body."""
        if self.status not in SUCCESS or b'"error"' not in self.content:
            return self.status in SUCCESS
        fields = self.fields()
        return not fields.get("error") or isinstance(fields.get("id"), str)  # An object may have a field of that name.

    def body(self) -> Any:
        """The JSON in the body, None if it is empty; AnswerUnreadable if it is not JSON."""
        if not self.content.strip():
            return None
        try:
            # Without these, Python takes NaN, Infinity and 1e999, which no JSON has.
            body = json.loads(self.content, parse_constant=_parse_finite, parse_float=_parse_finite)
        except (ValueError, RecursionError) as error:
            shown = self.content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
            raise self._make_unreadable(f"with something that is not JSON: {shown!r}") from error
        if isinstance(body, (dict, list)) and _is_deep(body):
            raise self._make_unreadable(f"with values nested deeper than {DEEPEST} levels")
        return body

    def _make_unreadable(self, what: str) -> AnswerUnreadable:
        return AnswerUnreadable(f"{self.method} {self.path} answered {self.status} {what}")

    def record(self) -> dict[str, Any]:
        """The JSON object in the body; AnswerUnreadable if there is none."""
        body = self.body()
        if not isinstance(body, dict):
            raise self._make_unreadable("without a JSON object")
        return body

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body, {} if there is none."""
        try:
            return self.record()
        except AnswerUnreadable:
            return {}

    def read_acknowledged(self, object_id: str | None) -> dict[str, Any]:
        """The record in the response to a write of that object, {} if the body is empty: the documents promise one for
        few writes. AnswerUnreadable if it is not JSON, or another object."""
        if self.content.strip() in (b"", b"null"):
            return {}
        record = self.record()
        if object_id is not None and record.get("id", object_id) != object_id:
            raise self._make_unreadable(f"with another object: {shorten(record['id'])}")
        return record

    def message(self) -> str:
        """The message in the body, shortened; empty if there is none."""
        return shorten(self.fields().get("message") or "")

    def retry_after(self, now: datetime | None = None) -> float | None:
        """Seconds to wait as the header `Retry-After` says, given as seconds or as a date; None without it, or if it
        says neither. Never more than `LONGEST_ASKED`."""
        value = self.headers.get("retry-after", "").strip()
        if re.fullmatch(SECONDS, value):
            # A header that comes twice is one with a comma.
            return min(LONGEST_ASKED, max(float(each.rstrip("s ")) for each in value.split(",")))
        until = _parse_date(value)
        if until is None:
            return None
        return min(LONGEST_ASKED, max(0.0, (until - (now or datetime.now(UTC))).total_seconds()))

    def describe_wait(self) -> str:
        """The wait that the response asks for, as the end of a sentence; empty if it asks for none."""
        seconds = self.retry_after()
        if not seconds or self.status not in (TOO_MANY, UNAVAILABLE):
            return ""
        return f"; it asks for a wait {format_wait(seconds, self.at)}"

    def redirect(self) -> str:
        """The target of a redirect, as the end of a sentence; empty if it is none."""
        if self.status not in REDIRECTS:
            return ""
        target = shorten(remove_credentials(self.headers.get("location", ""))) or "an address that it does not name"
        return f"; it redirects to {target}, and redirects are not followed"

    def error(self, source: str) -> ReconcilerError:
        """The error for this response. `source`: the variable that the key came from."""
        disguised = " with an error:" if self.status in SUCCESS else ""
        text = f"{self.method} {self.path} answered {self.status}{disguised}{self._details()}"
        text += self.redirect() + self.describe_wait()
        if self.status == UNAUTHORIZED:
            hint = f"the API refused the key in {source}: check that it is whole and not revoked"
            return NotAuthorised(text, hint=hint)
        if self.status == FORBIDDEN:
            return NotAuthorised(text, hint=f"the key in {source} may not do this")
        return AnswerRefused(text, status=self.status, hint=MOVED if self.redirect() else None)

    def _details(self) -> str:
        error = self.fields().get("error")
        envelope = error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}
        parts = [shorten(envelope[name]) for name in ("code", "message") if envelope.get(name)]
        details = envelope.get("details")
        found = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
        pairs = (f"{shorten(each.get('field', '?'))}: {shorten(each.get('message', '?'))}" for each in found)
        parts += [abridge(pairs, SHOWN_DETAILS, rest="; and # more", separator="; ")] if found else []
        return (" " + "; ".join(parts)) if parts else ""


def format_wait(seconds: float, at: datetime | None = None) -> str:
    """`of 90 s`, or for a longer one `until 2027-01-31 09:30 UTC`. `at` is when it begins; None: now."""
    if seconds <= LONGEST_IN_SECONDS:
        return f"of {math.ceil(seconds)} s"
    if seconds >= LONGEST_ASKED:
        return "of a year or more"
    return f"until {(at or datetime.now(UTC)) + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"


def _parse_date(text: str) -> datetime | None:
    """A date as HTTP writes it, in any of its three forms, or as ISO 8601. Without a zone it is UTC."""
    for read in (load("email.utils:parsedate_to_datetime"), datetime.fromisoformat):
        try:
            date: datetime = read(text)
            return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def shorten(value: object) -> str:
    """A value of the API on one line, truncated, for a message."""
    text = value[: SHOWN_CHARACTERS * 4] if isinstance(value, str) else repr(value)
    return truncate(" ".join(text.split()), SHOWN_CHARACTERS)


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def _is_deep(value: dict[str, Any] | list[Any]) -> bool:
    """Whether values are nested deeper than `DEEPEST`: code that recurses into them would fail."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner = [each.values() if each.__class__ is dict else each for each in level]
        level = [each for values in inner for each in values if each.__class__ in (dict, list)]
        if not level:
            return False
    return True
