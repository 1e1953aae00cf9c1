"""Time that passes a thousand times as fast for whoever sleeps: retries and read-backs wait, and nobody waits for them.
And what is not looked at is not paid for: power cuts, authorities of TLS.

Call `hasten` before anything of the reconciler is imported: it binds the sleep that it finds then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi

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


def trust_one(folder: Path) -> None:
    """Has clients load one authority in the place of all: here everything is plain http on this machine."""
    first, end, _ = (
        Path(certifi.where()).read_text(encoding="ascii", errors="ignore").partition("-----END CERTIFICATE-----\n")
    )
    one = folder / "authority.pem"
    one.write_text(first + end, encoding="utf-8")
    certifi.where = lambda: str(one)
