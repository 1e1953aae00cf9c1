"""The two clients: `Reader` has no verb that writes, so a plan cannot change anything. `Writer` has all verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.api.rate_limiter import ATTEMPTS, POLL_DELAYS, RETRIED, TOO_MANY, Check, RateLimiter
from reconciler.api.response import Response
from reconciler.api.transport import Transport
from reconciler.errors import ApiFailed, Unreachable
from reconciler.threads import Threads

Again = Callable[[bool], None]
"""Called before a write is sent again, with whether it may have been done already. An error from it ends the write."""


class Reader:
    """Reads within the rate limit of the run, and retries as `reconciler.api.rate_limiter` says."""

    def __init__(self, transport: Transport, limiter: RateLimiter | None = None) -> None:
        self._transport = transport
        self._limiter = limiter or transport.rate_limiter
        self._given_up = False

    def cancel(self) -> None:
        """Ends each further request, in whichever thread, with an ApiFailed."""
        self._given_up = True

    def poll(self, delays: Sequence[float] = POLL_DELAYS) -> Iterator[int]:
        """The numbers of the attempts of a poll, from 0; each comes after its wait. `delays` are in seconds."""
        for attempt, seconds in enumerate(delays):
            if seconds:
                self._limiter.sleep(seconds)
            yield attempt

    def threads(self, most: int) -> Threads:
        """At most so many threads, and no more than requests may be under way."""
        return Threads(min(most, self._limiter.most))

    def now(self) -> datetime:
        """The time in UTC."""
        return self._transport.clock()

    @property
    def source(self) -> str:
        """The variable that the key came from."""
        return self._transport.secret.source

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Response:
        """GET below the API's base. Raises ApiFailed or NotAuthorised if the status is no 2xx."""
        answer = self._exchange("GET", path, idempotent=True, query=query)
        if not answer.ok:
            raise answer.error(self.source)
        return answer

    def _exchange(
        self, method: str, path: str, *, idempotent: bool, before_again: Again | None = None, **rest: Any
    ) -> Response:
        # The last attempt is below: nothing waits after it, and whatever it brings is the answer.
        for attempt in range(1, ATTEMPTS):
            try:
                answer = self._once(method, path, **rest)
            except Unreachable as error:
                may_have_succeeded = error.sent
                if (may_have_succeeded and not idempotent) or not self._limiter.wait(attempt, None):
                    raise
            else:
                # What was turned away was not worked on, so even a create may be sent again.
                may_have_succeeded = answer.status != TOO_MANY
                again = answer.status in RETRIED and (idempotent or not may_have_succeeded)
                if not again or not self._limiter.wait(attempt, answer.retry_after()):
                    return answer
            if before_again is not None:
                before_again(may_have_succeeded)
        return self._once(method, path, **rest)

    def _once(self, method: str, path: str, **rest: Any) -> Response:
        if self._given_up:
            raise ApiFailed(f"{method} {path} was not sent: nobody needs its answer any more")
        answer = self._exchange_once(method, path, **rest)
        if answer.status == TOO_MANY:
            self._limiter.on_throttled(answer.retry_after())
        else:
            self._limiter.on_success()
        return answer

    def _exchange_once(self, method: str, path: str, **rest: Any) -> Response:
        return self._transport.exchange(method, path, self._limiter.permit(rest.pop("check", None)), **rest)


class Writer(Reader):
    """Reads and writes."""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotent: bool,
        idempotency_key: str | None = None,
        retry: bool = True,
        before_again: Again | None = None,
        check: Check | None = None,
    ) -> Response:
        """Sends one write and gives the response, whatever its status. `idempotent`: to send it twice does the same as
        to send it once, so it is retried after a lost response. With an `idempotency_key` a create is idempotent too
        (documented for integrations: same key, original response [seed]). `retry` False: it is sent once.
        `before_again` is called before each retry, and `check` each time right before it leaves, after all waits; an
        error from it ends the write."""
        headers = {"idempotency-key": idempotency_key} if idempotency_key else None
        if not retry:
            return self._once(method, path, body=body, headers=headers, check=check)
        return self._exchange(
            method, path, idempotent=idempotent, before_again=before_again, body=body, headers=headers, check=check
        )
