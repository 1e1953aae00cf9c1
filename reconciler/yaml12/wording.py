"""How the messages of this room show text of the user's: short, quoted, and with nothing a terminal would act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60


def shown(text: str) -> str:
    """Return `text` cut to 60 characters, with every character that does not print written as its escape."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def quoted(text: str) -> str:
    """Return `shown(text)` in double quotes."""
    return f'"{shown(text)}"'


def meant(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word that is closest to `word`, or nothing when none is close."""
    close = difflib.get_close_matches(word[:_LONGEST], list(known)[:1000], n=1)
    return f"; did you mean {shown(close[0])}?" if close else ""
