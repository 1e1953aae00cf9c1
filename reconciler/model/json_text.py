"""JSON for files: readable where that can be, and never a text that a file cannot hold."""

from __future__ import annotations

import json
from typing import Any


def json_text(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """The JSON of a value, letters of all languages as they are.

    Half a surrogate pair, which an API may send and UTF-8 cannot hold, makes the whole text ASCII: it reads back as
    the same value.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, sort_keys=sort_keys)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, sort_keys=sort_keys)
    return text
