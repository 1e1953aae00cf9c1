"""What a person sees while an apply runs: one line on a terminal, plain lines elsewhere.

A long apply shows failures, how far it is and about how long it will take, and no line for each success.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from itertools import islice

from reconciler.model.plan import Action, Change, Plan
from reconciler.model.reports import Status
from reconciler.output.labels import STATUSES
from reconciler.output.terminal import escape, write_status, write_stderr, yellow
from reconciler.text import counted

MOST_LINES = 100  # of more changes, only failures and milestones have a line: a log is read in one piece
MOST_RUNNING = 3  # changes that are under way, which the line names: more do not fit
MILESTONES = 10
BAR = 24


class Progress(ExitStack):
    """Shows the changes of an apply: on a terminal, one line at the bottom that counts, with failures above it.

    Elsewhere, for logs: a line for each change that ends, or if there are many, for each failure and each tenth.
    `reasons`: whether a failure is told with its cause; a report in text tells it at the end.
    """

    def __init__(self, plan: Plan, *, reasons: bool) -> None:
        super().__init__()
        self._reasons = reasons
        self._total = sum(change.action is not Action.MANUAL for change in plan.changes)
        self._ended = 0
        self._began = time.monotonic()
        self._running: dict[str, None] = {}  # in the order in which they began
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.callback(write_status, "")

    def __call__(self, change: Change | None, status: Status | None, text: str) -> None:
        """Shows that a change begins (no status) or ends; without a change, it shows `text`."""
        if change is None:
            write_stderr(yellow(escape(text)))
            return
        if change.action is Action.MANUAL:  # which is no work of this run
            return
        address = escape(change.address)
        if status is None:
            self._running[address] = None
        else:
            self._ended += 1
            self._running.pop(address, None)
            if self._total <= MOST_LINES or status is not Status.DONE:
                number = f"[{self._ended:>{len(str(self._total))}}/{self._total}]"
                reason = f" ({escape(text)})" if self._reasons and text and status is not Status.DONE else ""
                end = STATUSES[status].paint(status.value) + reason
                write_stderr(f"{number} {change.action.value} {address}: {end}")
        # About how long the rest takes, once there is something to tell it by.
        rest = (time.monotonic() - self._began) * (self._total - self._ended) / max(1, self._ended)
        left = f"; {format_duration(rest)} left" if 0 < self._ended < self._total else ""
        if self._is_live:
            shown = ", ".join(islice(self._running, MOST_RUNNING)) + ("…" if len(self._running) > MOST_RUNNING else "")
            bar = "=" * (BAR * self._ended // max(1, self._total))
            write_status(f"Applying [{bar:<{BAR}}] {self._ended:,}/{self._total:,}{left}: {shown}")
        elif status and self._total > MOST_LINES and self._ended * MILESTONES % self._total < MILESTONES:
            write_stderr(f"[{self._ended:,}/{self._total:,}] changes ended{left}")


def format_duration(seconds: float) -> str:
    """A time in words: `less than a minute`, `about 3 minutes`."""
    minutes = round(seconds / 60)
    return f"about {counted(minutes, 'minute')}" if minutes else "less than a minute"
