"""The one retry policy, the one rate limit that all requests of a run share, and polls.

Sent again: reads, PUT, PATCH, DELETE, the setting of a status, creates with a documented idempotency key; and each
request that never left, or that 429 turned away before work. After: connection errors, time-outs, 408, 429, 5xx.

A write that may have been done, and whose object can be read by id, is read before it is sent again. If it is done, it
is not repeated; a full PUT does not overwrite what somebody else has changed meanwhile. A 429 slows the whole run: no
request starts before the wait is over, half as many run at once, and one more after each full round of successes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

# The vendor publishes no numbers for its rate limits. All that is known is one 429 with `Retry-After: 60`, of a trial
# delivery. So these numbers are guesses, on the side of the API: a retry waits a random time up to a bound that doubles
# ("full jitter"), so that the runs of several pipelines do not come back all at once.
ATTEMPTS = 5
"""How often one request is sent at most. The waits between are at most 0.5, 1, 2 and 4 s, or as `Retry-After` says."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 8.0
"""Seconds. The bound of a wait is `FIRST_WAIT` doubled for each attempt, and never more than `LONGEST_WAIT`."""
BUDGET = 300.0
"""Seconds that all retries of a run may wait in total: a job of a pipeline ends with an error and does not hang. If the
API asks for more than is left, the run gives up at once."""
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
TOO_MANY = 429

POLL_DELAYS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt. How late a write shows up is documented nowhere; the sum is a guess."""

Sleep = Callable[[float], None]
Check = Callable[[], None]
NO_BOUND: AbstractContextManager[object] = nullcontext()
Permit = AbstractContextManager[None]
"""The permit of one request to be under way, which is taken at the beginning of its block."""


@dataclass(eq=False)
class WaitTooLong(Exception):
    """The API asked for a longer wait than the run has left."""

    seconds: float


class RateLimiter:
    """Limits the requests of a run. Safe to share between threads. `width`: the most requests at once. `budget`: the
    seconds that all retries may wait. `clock` gives seconds. `total` bounds the requests of several limiters at
    once."""

    def __init__(
        self,
        width: int,
        *,
        budget: float = BUDGET,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        total: AbstractContextManager[object] = NO_BOUND,
    ) -> None:
        self._total = total
        # `width`: how many requests may go at once now. After a 429 it is less than `most`.
        self.most = self.width = max(1, width)
        self.sleep = sleep
        self._clock = clock
        self._left = budget
        self._good = 0
        self._not_before = 0.0
        self._changed = threading.Condition()
        # A request goes as soon as fewer than `width` of those that asked before it are still to end. So threads go in
        # the order in which they ask, and after a 429 none goes before enough of those that are under way have ended.
        self._asked = self._ended = 0
        # Spreads the retries of many runs.
        self._random = random.SystemRandom()

    @contextmanager
    def permit(self, check: Check | None = None) -> Iterator[None]:
        """Lets one request be under way during the block. Waits until it may be, and as long as the API asked everybody
        to. `check` is called after all waits; an error from it ends the request. WaitTooLong, at once, if the run may
        not wait so long."""
        with self._changed:
            number = self._asked
            self._asked += 1
        try:
            with self._changed:
                self._changed.wait_for(lambda: number < self._ended + self.width)
            pause = self._not_before - self._clock()
            if pause > max(self._left, LONGEST_WAIT):
                raise WaitTooLong(pause)
            if pause > 0:
                self.sleep(pause)
            # Not before: who waits for one API must not hold up the requests to another one.
            with self._total:
                if check is not None:
                    check()
                yield
        finally:
            with self._changed:
                self._ended += 1
                self._changed.notify_all()

    def on_success(self) -> None:
        """After a full round of responses, lets one more request run at once."""
        with self._changed:
            self._good += 1
            if self.width < self.most and self._good >= self.width:
                self.width += 1
                self._good = 0
                self._changed.notify_all()

    def on_throttled(self, asked: float | None) -> None:
        """After a 429: all wait for `asked` seconds (None: a short time), and half as many run at once from now on."""
        with self._changed:
            self.width = max(1, self.width // 2)
            self._good = 0
            wait = asked if asked is not None else FIRST_WAIT
            self._not_before = max(self._not_before, self._clock() + wait)

    def wait(self, attempt: int, asked: float | None) -> bool:
        """Waits after an attempt (the first is 1), `asked` seconds if the API said so. False, at once, if the budget of
        the run is too small."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
        seconds = asked if asked is not None else self._random.uniform(0, longest)
        with self._changed:
            if seconds > self._left:
                return False
            self._left -= seconds
        self.sleep(seconds)
        return True


class SharedLimits:
    """The limiters of a run with several keys: one for each key, and `width` requests at once in all of them."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._total = threading.Semaphore(width)
        self._limiters: dict[tuple[str, str], RateLimiter] = {}
        self._lock = threading.Lock()

    def limiter(self, address: str, key: str) -> RateLimiter:
        """The limiter of a key at an address."""
        with self._lock:
            return self._limiters.setdefault((address, key), RateLimiter(self._width, total=self._total))
