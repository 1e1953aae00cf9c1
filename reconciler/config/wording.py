"""How a value that was found is named in a message."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 60


def found(value: Any) -> str:
    """`the text "x"`, `the number 5`, `a list`; a text that looks like a key is not shown."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a map" if isinstance(value, dict) else "a list"


def quoted(text: str) -> str:
    """The text in quotes, control characters escaped, cut where it is long."""
    if text.startswith(("sk_", "test_sk_")):
        return "(a secret key, not shown)"
    shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return json.dumps(shown, ensure_ascii=False)
