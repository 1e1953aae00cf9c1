"""The text of a line of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.config.files import LARGEST, Disk
from reconciler.model.desired import Place
from reconciler.regular_files import Unreadable


def lines_of(path: Path) -> Callable[[Place], str]:
    """Gives the line of a place in the configuration at `path`; nothing where it cannot be read any more.

    Each file is read once.
    """
    disk = Disk(path)
    known: dict[str, list[str]] = {}

    def line(place: Place) -> str:
        if place.file not in known:
            try:
                known[place.file] = disk.content(Path(place.file), LARGEST).decode("utf-8-sig").splitlines()
            except (Unreadable, UnicodeDecodeError):
                known[place.file] = []
        lines = known[place.file]
        return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""

    return line
