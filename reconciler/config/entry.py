"""One thing that is written, with the variables of an environment put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.config.findings import Spot
from reconciler.config.merge import Written
from reconciler.errors import Problem
from reconciler.yaml12 import mark_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource or an item of a block. `name`: its address, or the block's name."""

    name: str
    value: Any
    written: Written

    @property
    def key_spot(self) -> Spot:
        """Where its key stands, or where it begins."""
        place = self.written.place
        return (place.file, place.line, place.column)

    def spot(self, *path: str | int) -> Spot:
        """Where a value of it stands."""
        return (self.written.place.file, *mark_of(self.written.node, path, self.written.mark))

    def problem(self, path: tuple[str | int, ...], message: str) -> Problem:
        """A problem with the value at a path."""
        return Problem(*self.spot(*path), message)
