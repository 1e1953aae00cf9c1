"""Words for messages: values, and Secret Keys that were pasted into a file and are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from reconciler.errors import SHOWS_KEY, Problem
from reconciler.text import WORD_CHARACTERS, quote, truncate
from reconciler.yaml.scalars import position_at

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
    """The text in quotes, cut to 60 characters, control characters escaped."""
    return quote(cut(text))


def cut(text: str) -> str:
    """The text, or its first 60 characters."""
    return truncate(text, WORD_CHARACTERS)


def masked(message: str) -> str:
    """The message without Secret Keys: people paste one in the place of its variable's name."""
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


# The API's documents give only the prefix of a key. The rest is random. A name such as sk_premium_monthly_v2 is not: it
# has words, numbers and versions, each below 16 characters. At most 16 of them, or the match would be quadratic.
WORD = "(?>(?:[A-Za-z]?[a-z]{0,14}|[A-Za-z]?[a-z]{0,9}[0-9]{1,4}|[A-Z]{1,4}|[0-9]{1,8})(?![A-Za-z0-9]))"
NAME = f"{WORD}(?:[_-]{WORD}){{0,15}}(?![_-])"
KEY = f"(?<![A-Za-z0-9])(?:test_)?sk_(?!{NAME})[A-Za-z0-9_-]{{16,}}"
KEY_FOUND = (
    "a secret key stands here; expected none in a file: name the variable that holds it under secret_env, "
    "and make a new key, since this one may be known"
)
MOST = 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def holds_key(text: str) -> bool:
    """Whether a text has a Secret Key in it."""
    return "sk_" in text and re.search(KEY, text) is not None


def masked_key(text: str) -> str:
    """The text without a key in it."""
    return re.sub(KEY, HIDDEN, text)


def keys_in(content: bytes, file: str) -> Iterator[Problem]:
    """A problem for each key in a file, at most 20: in comments too."""
    for found in islice(re.finditer(KEY.encode(), content), MOST) if b"sk_" in content else ():
        before = content[: found.start()].removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")
        yield Problem(file, *position_at(before, len(before)), KEY_FOUND, SHOWS_KEY)
