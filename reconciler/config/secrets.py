"""Secret Keys that were pasted into a file: found wherever they stand, and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from reconciler.config.wording import HIDDEN
from reconciler.errors import Problem
from reconciler.yaml12 import Document, LocatedList, LocatedMap
from reconciler.yaml12.decoding import place

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
