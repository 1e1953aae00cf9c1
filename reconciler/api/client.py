"""The two clients: `Reader` has no verb that writes, so what plans with it cannot change anything. `Writer` has all."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.api.answers import Answer
from reconciler.api.door import Door
from reconciler.errors import Unreachable

ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT, LONGEST_ASKED_WAIT = 0.25, 8.0, 120.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
# The request was turned away before any work, so even a create may be sent again.
TURNED_AWAY = frozenset({429})

Sleep = Callable[[float], None]


class Reader:
    """Reads. Failures that pass are waited out (full jitter, `Retry-After` honoured), 5 attempts in all."""

    def __init__(self, door: Door, sleep: Sleep = time.sleep) -> None:
        self._door = door
        self._sleep = sleep
        # Spreads retries of many runs; nothing secret hangs on it.
        self._random = random.Random()  # noqa: S311

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

    def _exchange(self, method: str, path: str, *, repeatable: bool, **rest: Any) -> Answer:
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                answer = self._door.exchange(method, path, **rest)
            except Unreachable as error:
                if last or (error.sent and not repeatable):
                    raise
                self._wait(attempt, None)
                continue
            if last or answer.status not in (RETRIED if repeatable else TURNED_AWAY):
                return answer
            self._wait(attempt, answer.retry_after())
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, attempt: int, asked: float | None) -> None:
        if asked is not None:
            self._sleep(min(asked, LONGEST_ASKED_WAIT))
        else:
            self._sleep(self._random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)))


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
    ) -> Answer:
        """Sends one write and gives the answer, whatever its status.

        `repeatable`: sending it twice does what sending it once does, so a lost answer is no reason to give up. With an
        `idempotency_key` a create is repeatable too (documented for integrations: same key, original response [seed]).
        Not `patient`: what was turned away is not sent again.
        """
        headers = {"idempotency-key": idempotency_key} if idempotency_key else None
        if not patient:
            return self._door.exchange(method, path, body=body, headers=headers)
        return self._exchange(method, path, repeatable=repeatable, body=body, headers=headers)
