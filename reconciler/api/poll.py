"""Attempts with waits between them: a write may show up late in the API's lists."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from reconciler.api.rate_limiter import Sleep

POLL_DELAYS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt. How late a write shows up is documented nowhere; the sum is a guess."""


class Poll:
    """The numbers of the attempts of a poll, from 0; each comes after its wait. `delays` are in seconds."""

    sleep: Sleep = staticmethod(time.sleep)

    def __init__(self, delays: Sequence[float] = POLL_DELAYS, sleep: Sleep | None = None) -> None:
        self._delays = delays
        if sleep is not None:
            self.sleep = sleep

    def __iter__(self) -> Iterator[int]:
        for attempt, seconds in enumerate(self._delays):
            if seconds:
                self.sleep(seconds)
            yield attempt

    def longer(self, *delays: float) -> Poll:
        """A poll with further attempts at the end."""
        return Poll((*self._delays, *delays), self.sleep)
