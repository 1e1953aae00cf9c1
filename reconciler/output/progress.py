"""What is told while a command runs: to people a bar on a terminal, or plain lines; to programs JSON lines.

A long apply shows failures, how far it is and about how long it will take, and no line for each success.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from reconciler.errors import Location
from reconciler.lazy import load
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.reports import Status
from reconciler.output.labels import STATUSES
from reconciler.output.terminal import (
    escape,
    message,
    printable,
    redact,
    strip_styles,
    write_line,
    write_stderr,
    yellow,
)
from reconciler.serialization import json_text
from reconciler.text import counted
from reconciler.threads import Fields

MOST_LINES = 100
"""Up to so many changes each has its line."""
MOST_RUNNING = 3
"""So many changes that are under way fit into the line."""
MILESTONES = 10
MINUTE = 60
LEVELS = {"error": "error", "warning": "warn", "note": "info", "hint": "info"}
_around: ContextVar[Fields | None] = ContextVar("_around", default=None)


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
            # Another tenth of them has ended.
            if self._total > MOST_LINES and self._ended * MILESTONES % self._total < MILESTONES:
                self._milestone()
        self._show(change, status)

    def _print(self, line: str) -> None:
        write_stderr(line)

    def _show(self, change: Change, status: Status | None) -> None:
        """Nothing moves in a log."""

    def _milestone(self) -> None:
        left = (time.monotonic() - self._began) / self._ended * (self._total - self._ended)
        rest = f"; {about(left)} left" if self._ended < self._total else ""
        self._print(f"[{self._ended:,}/{self._total:,}] changes ended{rest}")


class LiveProgress(PlainProgress):
    """A bar that counts, with what is under way beside it; failures stay above it."""

    def __init__(self, plan: Plan, *, reasons: bool) -> None:
        super().__init__(plan, reasons=reasons)
        self._from_ansi = load("rich.text:Text").from_ansi
        self._running: list[str] = []
        bar = load("rich.progress")
        self._bar = bar.Progress(
            bar.TextColumn("Applying"),
            bar.BarColumn(bar_width=24),
            bar.MofNCompleteColumn(),
            bar.TimeElapsedColumn(),
            bar.TextColumn("left:"),
            bar.TimeRemainingColumn(),
            # What is under way gets the columns that the others leave.
            bar.TextColumn(
                "{task.fields[running]}",
                markup=False,
                table_column=load("rich.table:Column")(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            expand=True,
            console=load("rich.console:Console")(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("apply", total=self._total, running="")

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._bar.start()
        self.callback(self._stop)
        return self

    def _stop(self) -> None:
        with suppress(OSError):
            self._bar.stop()

    def _milestone(self) -> None:
        """The bar shows it."""

    def _print(self, line: str) -> None:
        """As `write_stderr`: if the terminal has gone, the work goes on."""
        with suppress(OSError):
            self._bar.console.print(self._from_ansi(message(line)))

    def _show(self, change: Change, status: Status | None) -> None:
        address = escape(change.address)
        if status is None:
            self._running.append(address)
        elif address in self._running:
            self._running.remove(address)
        shown = ", ".join(self._running[:MOST_RUNNING]) + ("…" if len(self._running) > MOST_RUNNING else "")
        self._bar.update(self._task, completed=self._ended, running=printable(shown, sys.stderr))


def about(seconds: float) -> str:
    """A time in words: `less than a minute`, `about 3 minutes`."""
    minutes = round(seconds / MINUTE)
    return f"about {counted(minutes, 'minute')}" if minutes else "less than a minute"


def progress(plan: Plan, *, reasons: bool) -> PlainProgress:
    """A bar if stderr is a terminal, else plain lines."""
    return (LiveProgress if sys.stderr.isatty() else PlainProgress)(plan, reasons=reasons)


def clean(fields: Fields) -> Fields:
    """What is known of the fields, without the key."""
    return {key: redact(each) if isinstance(each, str) else each for key, each in fields.items() if each is not None}


@dataclass(frozen=True)
class JsonLines:
    """A line for the start and the end of what takes time, but for the start of a request; and for each message."""

    clock: Callable[[], datetime]

    @contextmanager
    def span(self, name: str, fields: Fields) -> Iterator[None]:
        """Around what takes time. What happens within an environment has its name."""
        began, token = time.monotonic(), _around.set(fields if "environment" in fields else _around.get())
        if name != "request":
            self._write(f"{name}.start", fields)
        try:
            yield
        finally:
            self._write(f"{name}.end", fields, duration=round(time.monotonic() - began, 6))
            _around.reset(token)

    def message(self, text: str, at: Location | None) -> None:
        """A message for people, with its level and its hint. `at`: what it is about, with which it begins."""
        text, _, hint = strip_styles(text).partition("\nhint: ")
        word, _, rest = text.partition(": ")
        level = "error" if at else LEVELS.get(word)
        place = {"code.file.path": at.file, "code.line.number": at.line, "code.column.number": at.column} if at else {}
        text = text.partition("\n")[0].removeprefix(f"{at}: ") if at else rest if level else text
        self._write("message", {"level": level or "info", "message": text, "hint": hint or None, **place})

    def _write(self, event: str, fields: Fields, **more: Any) -> None:
        first = {"timestamp": self.clock().isoformat(timespec="microseconds"), "event": event}
        first["level"] = "error" if "error.type" in fields else "info"
        environment = (_around.get() or {}).get("environment")
        write_line(json_text(clean({**first, "environment": environment, **fields, **more})))
