"""How text and values of the user's are shown in a message: quoted, cut where they are long, and never a key."""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST = 60
SECRET = re.compile(r"(?<![A-Za-z0-9])(?:test_)?sk_[^\s\"'`;,(){}\[\]]+")
HIDDEN = "(a secret key, not shown)"


def found(value: Any) -> str:
    """`the text "x"`, `the number 5`, `a map of type, id`, `nothing`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the value {str(value).lower()}"
        case int() | float():
            return f"the number {cut(str(value))}"
        case str():
            return f"the text {quoted(value)}" if value else "an empty text"
        case dict():
            return f"a map of {cut(', '.join(value))}" if value else "an empty map"
    return "a list" if value else "an empty list"


def quoted(text: str) -> str:
    """The text in quotes, control characters escaped, cut where it is long."""
    return json.dumps(cut(text), ensure_ascii=False)


def cut(text: str) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def masked(message: str) -> str:
    """The message without what looks like a Secret Key: people paste one where its variable's name belongs."""
    return SECRET.sub(HIDDEN, message)


def one_of(options: list[str]) -> str:
    """`x`, or `one of x, y`."""
    return options[0] if len(options) == 1 else f"one of {', '.join(options)}"


def listed(words: list[str]) -> str:
    """`x`, `x or y`, `x, y or z`."""
    return " or ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def with_article(noun: str) -> str:
    """`a report`, `an integration`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
