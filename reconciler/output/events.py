"""The log of a run as JSON lines, for programs (`--log-format json`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.errors import Location
from reconciler.output.terminal import redact, strip_styles, write_line
from reconciler.serialization import to_json_text
from reconciler.threads import Fields

LEVELS = {"error": "error", "warning": "warn", "note": "info", "hint": "info"}
_around: ContextVar[Fields | None] = ContextVar("_around", default=None)


def clean(fields: Fields) -> Fields:
    """The fields that have a value, with the secret key redacted."""
    return {key: redact(each) if isinstance(each, str) else each for key, each in fields.items() if each is not None}


@dataclass(frozen=True)
class JsonLines:
    """Writes a line at the start and the end of each span, and for each message. A request has no line at its start."""

    clock: Callable[[], datetime]

    @contextmanager
    def span(self, name: str, fields: Fields) -> Iterator[None]:
        """Writes the lines of a span. All lines within the span of an environment have its name."""
        began, token = time.monotonic(), _around.set(fields if "environment" in fields else _around.get())
        if name != "request":
            self._write(f"{name}.start", fields)
        try:
            yield
        finally:
            self._write(f"{name}.end", fields, duration=round(time.monotonic() - began, 6))
            _around.reset(token)

    def message(self, text: str, at: Location | None) -> None:
        """Writes a message for people, with its level and its hint. `at`: its location, with which the text begins."""
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
        write_line(to_json_text(clean({**first, "environment": environment, **fields, **more})))
