"""What the API answered, and what its errors say. Tolerant of everything that the vendor's own client tolerates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from reconciler.errors import AnswerRefused, AnswerUnreadable, NotAuthorised, ReconcilerError

UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came. Header names are lower case."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Any 2xx: the documents state only 201 and 202 [seed]."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of the status

    def body(self) -> Any:
        """The JSON in the body, None where there is none; AnswerUnreadable where it is something else."""
        if not self.content.strip():
            return None
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            shown = self.content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
            raise AnswerUnreadable(
                f"{self.method} {self.path} answered {self.status} with something that is not JSON: {shown!r}"
            ) from error

    def record(self) -> dict[str, Any]:
        """The JSON object in the body; AnswerUnreadable where there is none."""
        body = self.body()
        if not isinstance(body, dict):
            raise AnswerUnreadable(f"{self.method} {self.path} answered {self.status} without a JSON object")
        return body

    def retry_after(self, now: datetime | None = None) -> float | None:
        """Seconds to wait as the header `Retry-After` says, given as seconds or as an HTTP date; None without it."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        # `-0000` says that no zone is known: HTTP's dates are UTC.
        until = until.replace(tzinfo=until.tzinfo or UTC)
        return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())

    def error(self, source: str) -> ReconcilerError:
        """The error that this answer is. `source`: the variable that the key came from."""
        said = self._said()
        text = f"{self.method} {self.path} answered {self.status}{said}"
        if self.status == UNAUTHORIZED:
            return NotAuthorised(
                text, hint=f"the API refused the key in {source}: check that it is whole and not revoked"
            )
        if self.status == FORBIDDEN:
            return NotAuthorised(text, hint=f"the key in {source} may not do this")
        return AnswerRefused(text, status=self.status, code=self._code(), retry_after=self.retry_after())

    def _envelope(self) -> dict[str, Any]:
        try:
            body = self.body()
        except AnswerUnreadable:
            return {}
        error = body.get("error") if isinstance(body, dict) else None
        return error if isinstance(error, dict) else {}

    def _code(self) -> str | None:
        code = self._envelope().get("code")
        return None if code is None else str(code)

    def _said(self) -> str:
        envelope = self._envelope()
        parts = [str(envelope[name]) for name in ("code", "message") if envelope.get(name)]
        details = envelope.get("details")
        listed = details if isinstance(details, list) else []
        parts += [f"{each.get('field', '?')}: {each.get('message', '?')}" for each in listed if isinstance(each, dict)]
        return (" " + "; ".join(parts)) if parts else ""
