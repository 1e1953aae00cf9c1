"""How much the files of one configuration may hold together: their bytes say little of the memory that they take."""

from __future__ import annotations

from typing import Final

PIECES: Final = 2_500_000
"""Keys, values and ends of maps and lists. A hundred thousand resources have three quarters of it."""
EXPANDED: Final = 1_000_000
"""Values that aliases bring."""


class Room:
    """What is left of it, and what was taken."""

    def __init__(self, pieces: int = PIECES, expanded: int = EXPANDED) -> None:
        self._pieces = self.pieces_left = pieces
        self._expanded = self.expanded_left = expanded

    @property
    def taken(self) -> int:
        """How many values there are, those from aliases included."""
        return self._pieces - self.pieces_left + self._expanded - self.expanded_left
