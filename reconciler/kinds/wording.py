"""What is said of a value that the API keeps otherwise than it was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from reconciler.kinds.normalization import looks_the_same
from reconciler.kinds.paths import keys_of, value_at
from reconciler.model.memory import Entry

LONGEST = 200
MOST_COMPARED = 2000
MOST_POINTS = 8
"""Code points that are named of one spot."""


def stored_otherwise(address: str, entry: Entry) -> Iterator[str]:
    """A warning for each value of an address that the API keeps otherwise than it was sent."""
    for path, value in sorted(entry.stored.items()):
        yield _said(address, path, value_at(entry.applied, keys_of(path) or ()), value)


def _said(address: str, path: str, sent: Any, stored: Any) -> str:
    """Which value the API keeps of which, what tells them apart if they look alike, and what to write in the YAML."""
    if stored is None:
        kept = f"{address}: {path}: the API keeps nothing of {_shown(sent)}"
        return f"{kept}; leave it out of the YAML, and this warning ends"
    is_short = max(len(str(sent)), len(str(stored))) <= MOST_COMPARED
    points = f" ({_points(sent, stored)})" if is_short and looks_the_same(sent, stored) else ""
    said = f"{address}: {path}: the API keeps {_shown(stored)} of {_shown(sent)}{points}"
    return f"{said}; write {_shown(stored)} in the YAML, and this warning ends"


def _shown(value: Any) -> str:
    """A value as YAML takes it; a long one is cut."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters; `explain` shows all)"


def _points(sent: Any, stored: Any) -> str:
    """The code points that were sent and are not stored, each spot with what stands there now."""
    one, other = (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in (sent, stored)
    )
    spots = [
        f"{_named(one[begin:end])} became {_named(other[start:stop])}"
        for tag, begin, end, start, stop in SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    return ", ".join(dict.fromkeys(spots))


def _named(text: str) -> str:
    more = "…" if len(text) > MOST_POINTS else ""
    return " ".join(f"U+{ord(each):04X}" for each in text[:MOST_POINTS]) + more or "nothing"
