"""Time that passes a thousand times as fast for whoever sleeps: retries and read-backs wait, and nobody waits for them.

Call `hasten` before anything of the reconciler is imported: it binds the sleep that it finds then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FACTOR = 1000.0
_really_sleep = time.sleep


def hasten() -> None:
    """From now on a second of sleep takes a millisecond in this process and all that it forks."""
    time.sleep = lambda seconds: _really_sleep(seconds / FACTOR)


def pause() -> None:
    """A millisecond of the real time."""
    _really_sleep(0.001)


def clock() -> Callable[[], datetime]:
    """A clock for the simulator that keeps pace with those who sleep."""
    began, ticks = datetime.now(UTC), time.monotonic()
    return lambda: began + timedelta(seconds=(time.monotonic() - ticks) * FACTOR)
