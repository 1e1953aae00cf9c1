"""The two clients: `Reader` has no verb that writes, so what plans with it cannot change anything. `Writer` has all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.api.rate_limiter import ATTEMPTS, RETRIED, TOO_MANY, Pace
from reconciler.api.response import Answer
from reconciler.api.transport import Door
from reconciler.errors import ApiFailed, Unreachable

Again = Callable[[bool], None]
"""Called before a write is sent again, and told whether it may have been done already. What it raises ends it."""


class Reader:
    """Reads, at the pace of the run: failures that pass are waited out (see `reconciler.api.rate_limiter`)."""

    def __init__(self, door: Door, pace: Pace | None = None) -> None:
        self._door = door
        self._pace = pace or door.pace
        self._given_up = False

    def give_up(self) -> None:
        """From now on nothing more is read: the next request ends with an ApiFailed, in whichever thread."""
        self._given_up = True

    @property
    def source(self) -> str:
        """The variable that the key came from."""
        return self._door.secret.source

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """GET below the API's base. Raises an ApiFailed or NotAuthorised where the answer is no 2xx."""
        return self._checked(self._exchange("GET", path, repeatable=True, query=query))

    def _checked(self, answer: Answer) -> Answer:
        if not answer.ok:
            raise answer.error(self.source)
        return answer

    def _exchange(
        self, method: str, path: str, *, repeatable: bool, before_again: Again | None = None, **rest: Any
    ) -> Answer:
        for attempt in range(1, ATTEMPTS):
            try:
                answer = self._once(method, path, **rest)
            except Unreachable as error:
                perhaps_done = error.sent
                if (perhaps_done and not repeatable) or not self._pace.wait(attempt, None):
                    raise
            else:
                # What was turned away was not worked on, so even a create may be sent again.
                perhaps_done = answer.status != TOO_MANY
                again = answer.status in RETRIED and (repeatable or not perhaps_done)
                if not again or not self._pace.wait(attempt, answer.retry_after()):
                    return answer
            if before_again is not None:
                before_again(perhaps_done)
        return self._once(method, path, **rest)

    def _once(self, method: str, path: str, **rest: Any) -> Answer:
        if self._given_up:
            raise ApiFailed(f"{method} {path} was not sent: nobody needs its answer any more")
        answer = self._door.exchange(method, path, turn=self._pace.turn(), **rest)
        if answer.status == TOO_MANY:
            self._pace.turned_away(answer.retry_after())
        else:
            self._pace.went_well()
        return answer


class Writer(Reader):
    """Reads and writes."""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        repeatable: bool,
        idempotency_key: str | None = None,
        patient: bool = True,
        before_again: Again | None = None,
    ) -> Answer:
        """Sends one write and gives the answer, whatever its status.

        `repeatable`: sending it twice does what sending it once does, so a lost answer is no reason to give up. With an
        `idempotency_key` a create is repeatable too (documented for integrations: same key, original response [seed]).
        Not `patient`: what was turned away is not sent again. `before_again`: looks whether that is still right.
        """
        headers = {"idempotency-key": idempotency_key} if idempotency_key else None
        if not patient:
            return self._once(method, path, body=body, headers=headers)
        return self._exchange(
            method, path, repeatable=repeatable, before_again=before_again, body=body, headers=headers
        )
