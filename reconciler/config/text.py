"""Secret Keys that were pasted into a file: found wherever they stand, and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from reconciler.errors import Problem
from reconciler.text import WORD_CHARACTERS, quote, truncate
from reconciler.yaml import Document, LocatedList, LocatedMap
from reconciler.yaml.decoding import place

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
    """The text in quotes, control characters escaped, cut if it is long."""
    return quote(cut(text))


def cut(text: str) -> str:
    """The text, or its beginning if it is long."""
    return truncate(text, WORD_CHARACTERS)


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


# The documents give a key's prefix only. What follows is random, and a name like sk_premium_monthly_v2 is not: words,
# numbers and versions, none of 16 characters. At most 16 of them, or a long row of names would be read over and over.
WORD = "(?>(?:[A-Za-z]?[a-z]{0,14}|[A-Za-z]?[a-z]{0,9}[0-9]{1,4}|[A-Z]{1,4}|[0-9]{1,8})(?![A-Za-z0-9]))"
NAME = f"{WORD}(?:[_-]{WORD}){{0,15}}(?![_-])"
KEY = re.compile(f"(?<![A-Za-z0-9])(?:test_)?sk_(?!{NAME})[A-Za-z0-9_-]{{16,}}")
IN_BYTES = re.compile(KEY.pattern.encode())
SAID = (
    "a secret key stands here; expected none in a file: name the variable that holds it under secret_env, "
    "and make a new key, since this one may be known"
)
MOST = 20
MARK = b"\xef\xbb\xbf"


def holds_key(text: str) -> bool:
    """Whether a text has in it what can only be a Secret Key."""
    return "sk_" in text and KEY.search(text) is not None


def masked_key(text: str) -> str:
    """The text without a key in it."""
    return KEY.sub(HIDDEN, text)


def keys_in(content: bytes, documents: Iterable[Document], file: str) -> list[Problem]:
    """Every key in a file, comments included, and those that only its escapes spell. At most 20."""
    problems: list[Problem] = []
    if b"sk_" in content:
        for found in IN_BYTES.finditer(content):
            before = content[: found.start()].removeprefix(MARK).decode("utf-8", "replace")
            problems.append(Problem(file, *place(before, len(before)), SAID))
            if len(problems) == MOST:
                return problems
    if b"\\" in content:
        for document in documents:
            problems += _spelled(document, content)
    return problems[:MOST]


def _spelled(document: Document, content: bytes) -> list[Problem]:
    """Keys in values that do not stand in the file as they are."""
    problems: list[Problem] = []
    seen: set[int] = set()
    open_values: list[tuple[Any, tuple[int, int]]] = [(document.value, document.mark)]
    while open_values:
        value, mark = open_values.pop()
        if isinstance(value, str):
            found = KEY.search(value) if "sk_" in value else None
            if found and found.group().encode() not in content:
                problems.append(Problem(document.file, *mark, SAID))
        elif id(value) not in seen and isinstance(value, LocatedMap):
            open_values += ((key, value.key_marks[key]) for key in value)
            open_values += ((each, value.value_marks[key]) for key, each in value.items())
        elif id(value) not in seen and isinstance(value, LocatedList):
            open_values += zip(value, value.marks, strict=True)
        seen.add(id(value))
    return problems
