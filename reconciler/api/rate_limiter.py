"""The one retry policy, and the one brake that all requests of a run share.

What is tried again: reads, PUT, PATCH, DELETE, the setting of a status, creates with a documented idempotency key; any
request that was turned away before work (429) or never left. On what: connection errors, time-outs, 408, 429, 5xx.
How: at most `ATTEMPTS` times, after a random wait up to a bound that doubles (full jitter), or as `Retry-After` says;
and no more once the run has waited `BUDGET` seconds for retries. A longer wait than is left of that is given up at
once. What may have been done, and can be read by itself, is read before it is sent again: a write that is done is not
repeated, and one that replaces a whole record does not go over what somebody changed meanwhile. A 429 slows everybody
down: nothing starts before the wait is over, half as many requests go at once, and one more again after each round
that went well.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 0.25, 8.0
BUDGET = 300.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
TOO_MANY = 429

Sleep = Callable[[float], None]


class WaitTooLong(Exception):
    """The API asked for a longer wait than the run has left; `seconds` remain of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Permit:
    """The place of one request among those that may be under way. One thread has to do with it."""

    def __init__(self, pace: RateLimiter) -> None:
        self._pace = pace
        self._is_taken = False

    def take(self) -> bool:
        """Waits until one more request may go, and for the brake; False, at once, where the turn is taken already."""
        if self._is_taken:
            return False
        self._pace.enter()
        self._is_taken = True
        self._pace.wait_for_retry_after()
        return True

    def give_back(self) -> None:
        """Lets the next request go; nothing where the turn is not taken."""
        if self._is_taken:
            self._is_taken = False
            self._pace.free()


class RateLimiter:
    """How fast one run may go. Safe to share between threads. `width`: the most requests at once."""

    def __init__(
        self,
        width: int,
        *,
        budget: float = BUDGET,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = self._width = max(1, width)
        self._sleep = sleep
        self._clock = clock
        self._left = budget
        self._good = 0
        self._not_before = 0.0
        self._lock = threading.Lock()
        # One for each request that may go now; a queue hands them on in the order of asking.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(self._most):
            self._places.put(None)
        # Places to take out once they come back.
        self._surplus = 0
        # Spreads the retries of many runs; nothing secret hangs on it.
        self._random = random.Random()  # noqa: S311

    @property
    def width(self) -> int:
        """How many requests may go at once now."""
        return self._width

    def turn(self) -> Permit:
        """A turn, which is still to be taken."""
        return Permit(self)

    def enter(self) -> None:
        """Waits until one more request may be under way; from then on it is."""
        self._places.get()

    def wait_for_retry_after(self) -> None:
        """Waits as long as the API asked everybody to. WaitTooLong, at once, if the run may not wait so long."""
        held = self._not_before - self._clock()
        if held > max(self._left, LONGEST_WAIT):
            raise WaitTooLong(held)
        if held > 0:
            self._sleep(held)

    def free(self) -> None:
        """One more request may go."""
        with self._lock:
            if self._surplus:
                self._surplus -= 1
                return
        self._places.put(None)

    def on_success(self) -> None:
        """An answer came: after a round of them, one more request may go at once."""
        with self._lock:
            self._good += 1
            if self._width == self._most or self._good < self._width:
                return
            self._width += 1
            self._good = 0
        self.free()

    def on_throttled(self, asked: float | None) -> None:
        """A 429 came: everybody waits as long as was asked, and half as many go at once from now on."""
        with self._lock:
            width = max(1, self._width // 2)
            for _ in range(self._width - width):
                try:
                    self._places.get_nowait()
                except Empty:
                    self._surplus += 1
            self._width = width
            self._good = 0
            wait = asked if asked is not None else FIRST_WAIT
            self._not_before = max(self._not_before, self._clock() + wait)

    def wait(self, attempt: int, asked: float | None) -> bool:
        """Waits before the next attempt; False, at once, where the run has waited as long as it may."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
        seconds = asked if asked is not None else self._random.uniform(0, longest)
        with self._lock:
            if seconds > self._left:
                return False
            self._left -= seconds
        self._sleep(seconds)
        return True
