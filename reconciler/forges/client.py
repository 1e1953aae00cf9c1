"""What both hosts' APIs have in common: the retries of `reconciler.api`, pages, and errors in the hosts' words."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.api import Transport, Writer
from reconciler.api.rate_limiter import TOO_MANY
from reconciler.api.response import FORBIDDEN, NOT_FOUND, UNAUTHORIZED, Response, shorten
from reconciler.errors import AnswerRefused, AnswerUnreadable, NotAuthorised, ReconcilerError
from reconciler.lazy import frozen

MOST_PAGES = 100  # a host that names a next page for ever is refused, and not followed
PER_PAGE = 100  # the most that both hosts allow
A_MINUTE = 60.0
"""GitHub: without a header that says how long, wait at least one minute after a secondary limit
(docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api)."""


@frozen
class Comment:
    """One comment. `author` is the name or number by which the host knows who wrote it; `handle` is the host's own word
    for the comment if it has a second one."""

    id: int
    body: str
    author: str
    handle: str = ""


class ForgeClient(Writer):
    """Requests to a host, at the pace of the run, with its limits waited out."""

    def __init__(self, transport: Transport, hints: Mapping[int, str]) -> None:
        super().__init__(transport)
        self._hints = hints

    def _exchange_once(self, method: str, path: str, **rest: Any) -> Response:
        """A rate limit that GitHub answers with 403 becomes 429, so that the client waits."""
        return as_rate_limited(super()._exchange_once(method, path, **rest))

    def call(self, method: str, path: str, body: Any = None, **how: Any) -> Response:
        """Sends a request. Raises NotAuthorised or AnswerRefused, in the host's words, if the answer is no 2xx."""
        answer = self.send(method, path, body, **{"idempotent": True, **how})
        if not answer.ok:
            raise self._make_error(answer)
        return answer

    def read_pages(self, path: str, query: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """The items of all pages. AnswerUnreadable if one is no list, or there is no end of them."""
        for page in range(1, MOST_PAGES + 1):
            answer = self._exchange("GET", path, idempotent=True, query={**query, "per_page": PER_PAGE, "page": page})
            if not answer.ok:
                raise self._make_error(answer)
            items = answer.body()
            if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
                raise AnswerUnreadable(f"GET {path} answered with something that is no list")
            yield from items
            # GitLab says it in a header of its own, empty on the last page; GitHub in `Link`, if there are several
            # (docs.gitlab.com/api/rest/#other-pagination-headers,
            # docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api).
            link = 'rel="next"' if 'rel="next"' in answer.headers.get("link", "") else ""
            if not answer.headers.get("x-next-page", link).strip():
                return
        raise AnswerUnreadable(f"GET {path} has more than {MOST_PAGES} pages")

    def _make_error(self, answer: Response) -> ReconcilerError:
        # GitHub: `message`, and `errors` with a message each; GitLab: `message`, a text or a map, or `error`.
        body = answer.fields()
        errors = body.get("errors")
        listed = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        parts = [body.get("message"), body.get("error"), *(each.get("message") for each in listed[:3])]
        reasons = "; ".join(shorten(each) for each in parts if each)
        text = f"{answer.method} {answer.path} answered {answer.status}{': ' * bool(reasons)}{reasons}"
        text += answer.redirect() + answer.describe_wait()
        hint = self._hints.get(answer.status)
        if answer.status in (UNAUTHORIZED, FORBIDDEN, NOT_FOUND):
            return NotAuthorised(text, hint=hint)
        return AnswerRefused(text, status=answer.status, hint=hint)


def as_rate_limited(answer: Response, now: float | None = None) -> Response:
    """The answer, a refusal for too many requests as 429 with the seconds to wait.

    GitHub refuses with 403 as well as with 429, and says how long in `retry-after`, or with `x-ratelimit-remaining: 0`
    until when in `x-ratelimit-reset`, in seconds of the epoch (docs.github.com/en/rest/using-the-rest-api/
    rate-limits-for-the-rest-api#exceeding-the-rate-limit).
    """
    if answer.status not in (FORBIDDEN, TOO_MANY):
        return answer
    wait = answer.retry_after()
    reset = answer.headers.get("x-ratelimit-reset", "")
    if wait is None and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        wait = max(0.0, float(reset) - (time.time() if now is None else now))
    if wait is None and answer.status == FORBIDDEN and "rate limit" in answer.message().lower():
        wait = A_MINUTE
    if wait is None:
        return answer
    return replace(answer, status=TOO_MANY, headers={**answer.headers, "retry-after": str(math.ceil(wait))})
