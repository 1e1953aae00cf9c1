"""What a person sees while an apply runs: one line on a terminal, plain lines elsewhere.

A long apply shows failures, how far it is and about how long it will take, and no line for each success.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack

from reconciler.model.plan import Action, Change, Plan
from reconciler.model.reports import Status
from reconciler.output.labels import STATUSES
from reconciler.output.terminal import escape, write_status, write_stderr, yellow
from reconciler.text import counted

MOST_LINES = 100  # up to so many changes each has its line
MOST_RUNNING = 3  # so many changes that are under way fit into the line
MILESTONES = 10
BAR = 24
MINUTE = 60


class PlainProgress(ExitStack):
    """Made for logs: a line for every change that ends, or if there are many, for each failure and each tenth.

    `reasons`: whether a failure is told with its cause; a report in text tells it at the end.
    """

    def __init__(self, plan: Plan, *, reasons: bool) -> None:
        super().__init__()
        self._reasons = reasons
        self._total = sum(change.action is not Action.MANUAL for change in plan.changes)
        self._ended = 0
        self._began = time.monotonic()

    def __call__(self, change: Change | None, status: Status | None, text: str) -> None:
        """A change begins (no status) or ends; without a change, `text` is said."""
        if change is None:
            self._print(yellow(escape(text)))
            return
        if change.action is Action.MANUAL:  # which is no work of this run
            return
        if status is not None:
            self._ended += 1
            if self._total <= MOST_LINES or status is not Status.DONE:
                number = f"[{self._ended:>{len(str(self._total))}}/{self._total}]"
                reason = f" ({escape(text)})" if self._reasons and text and status is not Status.DONE else ""
                end = STATUSES[status].paint(status.value) + reason
                self._print(f"{number} {change.action.value} {escape(change.address)}: {end}")
        self._show(change, status)

    def _print(self, line: str) -> None:
        write_stderr(line)

    def _show(self, change: Change, status: Status | None) -> None:
        """Of many, a line for each tenth that has ended."""
        if status is not None and self._total > MOST_LINES and self._ended * MILESTONES % self._total < MILESTONES:
            self._print(f"[{self._ended:,}/{self._total:,}] changes ended{self._left()}")

    def _left(self) -> str:
        """About how long the rest takes, once there is something to tell it by."""
        rest = (time.monotonic() - self._began) * (self._total - self._ended) / max(1, self._ended)
        return f"; {about(rest)} left" if 0 < self._ended < self._total else ""


class LiveProgress(PlainProgress):
    """One line at the bottom that counts, with what is under way; failures stay above it."""

    def __init__(self, plan: Plan, *, reasons: bool) -> None:
        super().__init__(plan, reasons=reasons)
        self._running: list[str] = []
        self.callback(write_status, "")

    def _show(self, change: Change, status: Status | None) -> None:
        address = escape(change.address)
        if status is None:
            self._running.append(address)
        elif address in self._running:
            self._running.remove(address)
        shown = ", ".join(self._running[:MOST_RUNNING]) + ("…" if len(self._running) > MOST_RUNNING else "")
        bar = "=" * (BAR * self._ended // max(1, self._total))
        write_status(f"Applying [{bar:<{BAR}}] {self._ended:,}/{self._total:,}{self._left()}: {shown}")


def about(seconds: float) -> str:
    """A time in words: `less than a minute`, `about 3 minutes`."""
    minutes = round(seconds / MINUTE)
    return f"about {counted(minutes, 'minute')}" if minutes else "less than a minute"


def progress(plan: Plan, *, reasons: bool) -> PlainProgress:
    """A line that is replaced, if stderr is a terminal that can do so; else plain lines."""
    is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return (LiveProgress if is_live else PlainProgress)(plan, reasons=reasons)
