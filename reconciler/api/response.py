"""Responses of the API and their errors. Tolerates all that the vendor's own client tolerates."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.errors import AnswerRefused, AnswerUnreadable, NotAuthorised, ReconcilerError
from reconciler.lazy import frozen, load
from reconciler.model.redaction import remove_credentials
from reconciler.text import truncate

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, UNAVAILABLE = 401, 403, 404, 429, 503
SUCCESS = range(200, 300)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOVED = "if the API lives there now, write that address: --api-url, or QONVERSION_API_URL"
SECONDS = r"(?a)(\d+(\.\d*)?|\.\d+) ?s?( ?, ?(\d+(\.\d*)?|\.\d+) ?s?)*"
LONGEST_ASKED = 366 * 86400.0
LONGEST_IN_SECONDS = 600
SHOWN_CHARACTERS = 200
SHOWN_DETAILS = 10
DEEPEST = 64
"""How deep maps and lists may be nested, as in the YAML."""


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
        # An object may have a field of that name.
        return not fields.get("error") or isinstance(fields.get("id"), str)

    def body(self) -> Any:
        """The JSON in the body, None if it is empty; AnswerUnreadable if it is not JSON."""
        if not self.content.strip():
            return None
        try:
            body = json.loads(self.content, parse_constant=_finite, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            shown = self.content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
            raise AnswerUnreadable(
                f"{self.method} {self.path} answered {self.status} with something that is not JSON: {shown!r}"
            ) from error
        if isinstance(body, (dict, list)) and _is_deep(body):
            raise AnswerUnreadable(
                f"{self.method} {self.path} answered {self.status} with values nested deeper than {DEEPEST} levels"
            )
        return body

    def record(self) -> dict[str, Any]:
        """The JSON object in the body; AnswerUnreadable if there is none."""
        return self._require_object(self.body())

    def _require_object(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise AnswerUnreadable(f"{self.method} {self.path} answered {self.status} without a JSON object")
        return body

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body, {} if there is none."""
        try:
            return self.record()
        except AnswerUnreadable:
            return {}

    def acknowledged(self, object_id: str | None) -> dict[str, Any]:
        """The record in the response to a write of that object, {} if the body is empty: the documents promise one for
        few writes. AnswerUnreadable if it is not JSON, or another object."""
        body = self.body()
        if body is None:
            return {}
        record = self._require_object(body)
        if object_id is not None and record.get("id", object_id) != object_id:
            raise AnswerUnreadable(
                f"{self.method} {self.path} answered {self.status} with another object: {in_short(record['id'])}"
            )
        return record

    def message(self) -> str:
        """The message in the body, shortened; empty if there is none."""
        return in_short(self.fields().get("message") or "")

    def retry_after(self, now: datetime | None = None) -> float | None:
        """Seconds to wait as the header `Retry-After` says, given as seconds or as a date; None without it, or if it
        says neither. Never more than `LONGEST_ASKED`."""
        value = self.headers.get("retry-after", "").strip()
        if re.fullmatch(SECONDS, value):
            # A header that comes twice is one with a comma.
            return min(LONGEST_ASKED, max(float(each.rstrip("s ")) for each in value.split(",")))
        until = _date(value)
        if until is None:
            return None
        return min(LONGEST_ASKED, max(0.0, (until - (now or datetime.now(UTC))).total_seconds()))

    def asked_wait(self) -> str:
        """The wait that the response asks for, as the end of a sentence; empty if it asks for none."""
        seconds = self.retry_after()
        if not seconds or self.status not in (TOO_MANY, UNAVAILABLE):
            return ""
        return f"; it asks for a wait {wait_text(seconds, self.at)}"

    def redirect(self) -> str:
        """The target of a redirect, as the end of a sentence; empty if it is none."""
        if self.status not in REDIRECTS:
            return ""
        target = in_short(remove_credentials(self.headers.get("location", ""))) or "an address that it does not name"
        return f"; it redirects to {target}, and redirects are not followed"

    def error(self, source: str) -> ReconcilerError:
        """The error for this response. `source`: the variable that the key came from."""
        disguised = " with an error:" if self.status in SUCCESS else ""
        text = f"{self.method} {self.path} answered {self.status}{disguised}{self._details()}"
        text += self.redirect() + self.asked_wait()
        if self.status == UNAUTHORIZED:
            return NotAuthorised(
                text, hint=f"the API refused the key in {source}: check that it is whole and not revoked"
            )
        if self.status == FORBIDDEN:
            return NotAuthorised(text, hint=f"the key in {source} may not do this")
        return AnswerRefused(text, status=self.status, hint=MOVED if self.redirect() else None)

    def _details(self) -> str:
        error = self.fields().get("error")
        envelope = error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}
        parts = [in_short(envelope[name]) for name in ("code", "message") if envelope.get(name)]
        details = envelope.get("details")
        listed = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
        pairs = ((in_short(each.get("field", "?")), in_short(each.get("message", "?"))) for each in listed)
        parts += [f"{field}: {message}" for field, message in list(pairs)[:SHOWN_DETAILS]]
        more = len(listed) - SHOWN_DETAILS
        parts += [f"and {more} more"] if more > 0 else []
        return (" " + "; ".join(parts)) if parts else ""


def wait_text(seconds: float, at: datetime | None = None) -> str:
    """`of 90 s`, or for a longer one `until 2027-01-31 09:30 UTC`. `at` is when it begins; None: now."""
    if seconds <= LONGEST_IN_SECONDS:
        return f"of {math.ceil(seconds)} s"
    if seconds >= LONGEST_ASKED:
        return "of a year or more"
    return f"until {(at or datetime.now(UTC)) + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"


def _date(text: str) -> datetime | None:
    """A date as HTTP writes it, in any of its three forms, or as ISO 8601. Without a zone it is UTC."""
    for read in (load("email.utils:parsedate_to_datetime"), datetime.fromisoformat):
        try:
            date: datetime = read(text)
            return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def in_short(value: object) -> str:
    """A value of the API on one line, truncated, to stand in a message."""
    text = value[: SHOWN_CHARACTERS * 4] if isinstance(value, str) else repr(value)
    return truncate(" ".join(text.split()), SHOWN_CHARACTERS)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def _is_deep(value: dict[str, Any] | list[Any], left: int = DEEPEST) -> bool:
    """Whether values are nested deeper than `DEEPEST`: code that recurses into them would fail."""
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_is_deep(each, left - 1) for each in inner if isinstance(each, (dict, list)))
