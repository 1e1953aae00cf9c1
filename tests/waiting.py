"""A sleep that a test can shorten, for all that sleeps in this process: retries, polls, delays of the simulator.

Call `install` before anything of the reconciler is imported: some of it keeps the sleep that it finds then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_really_sleep = time.sleep
_share = 1.0


def install() -> None:
    """Has every sleep of this process take its share of the time, which is all of it by default."""
    time.sleep = lambda seconds: _really_sleep(seconds * _share)


@contextmanager
def skipped() -> Iterator[None]:
    """For a while, a second of sleep takes a millisecond."""
    global _share  # noqa: PLW0603 - whoever sleeps has the function already
    before, _share = _share, 0.001
    try:
        yield
    finally:
        _share = before
