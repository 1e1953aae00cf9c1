"""Secret Keys and passwords in texts: in an address, in any spelling of the one key, and pasted into a file. They are
never shown."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from reconciler.errors import SHOWS_KEY, Problem
from reconciler.text import find_position

# A password may hold / # or ? without an escape: it is all that follows `user:` and is no port.
USER = r"""(?<=//)(?:[^/?#\s'"]*(?=@)|[^/?#\s'":]*:(?!\d*(?:[/?#\s'"]|$))[^\s'"]*(?=@))"""
ALL_BEFORE_HOST = r"(?:(?<=//)|^(?![^\s/]*//))\S*@"


def remove_user(text: str) -> str:
    """The text without the users and passwords in its addresses."""
    return re.sub(USER, "***", text)


def remove_credentials(text: str) -> str:
    """An address, even a malformed one, without user, password and query, and without what looks like a key."""
    text = re.sub(r"[?#]\S*", "?***", re.sub(ALL_BEFORE_HOST, "***@", text))
    return re.sub(r"(?:test_)?sk_[^\s/]+", "***", text)


PASTED = re.compile(r"(?<![A-Za-z0-9])(?:test_)?sk_[^\s\"'`;,(){}\[\]]+")
NOT_SHOWN = "(a secret key, not shown)"
# The API's documents give only the prefix of a key. The rest is random. A name such as sk_premium_monthly_v2 is not: it
# has words, numbers and versions, each below 16 characters. At most 16 of them, or the match would be quadratic.
WORD = "(?>(?:[A-Za-z]?[a-z]{0,14}|[A-Za-z]?[a-z]{0,9}[0-9]{1,4}|[A-Z]{1,4}|[0-9]{1,8})(?![A-Za-z0-9]))"
NAME = f"{WORD}(?:[_-]{WORD}){{0,15}}(?![_-])"
KEY = f"(?<![A-Za-z0-9])(?:test_)?sk_(?!{NAME})[A-Za-z0-9_-]{{16,}}"
KEY_FOUND = (
    "a secret key stands here; expected none in a file: name the variable that holds it under secret_env, "
    "and make a new key, since this one may be known"
)
MOST_FOUND = 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def mask_pasted(message: str) -> str:
    """The message without what may be a Secret Key: people paste one in the place of its variable's name."""
    return PASTED.sub(NOT_SHOWN, message)


def holds_key(text: str) -> bool:
    """Whether a text has a Secret Key in it."""
    return "sk_" in text and re.search(KEY, text) is not None


def mask_key(text: str) -> str:
    """The text without a Secret Key in it; a name that begins as a key does stays."""
    return re.sub(KEY, NOT_SHOWN, text)


def find_keys(content: bytes, file: str) -> Iterator[Problem]:
    """A problem for each Secret Key in a file, at most 20: in comments too."""
    for found in islice(re.finditer(KEY.encode(), content), MOST_FOUND) if b"sk_" in content else ():
        before = content[: found.start()].removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")
        yield Problem(file, *find_position(before, len(before)), KEY_FOUND, SHOWS_KEY)


SHORTEST = 8
"""A text of fewer characters is no key, and is part of others."""
ESCAPES = (b"\\u00", b"%", b"\\/")
MASK = b"***"


class Spellings:
    """How a key may be spelled: plain, with any of its characters escaped as in JSON or percent-encoded, or in base64,
    in both alphabets and wherever in it the key begins."""

    def __init__(self, key: str) -> None:
        raw, slashes = key.encode(), str.maketrans({"/": r"\\*/"})
        self._plain: tuple[bytes, ...] = ()
        self._escaped = re.compile(b"(?!)")  # It matches nothing.
        if len(key) < SHORTEST:
            return
        encoded = []
        for before in range(3):
            # Without the characters that depend on what stands before and behind the key.
            first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
            encoded.append(base64.b64encode(b"\0" * before + raw)[first:last])
        of_urls = (each.translate(bytes.maketrans(b"+/", b"-_")) for each in encoded)
        self._plain = tuple(dict.fromkeys((raw, *encoded, *of_urls)))
        codes = ((re.escape(char).translate(slashes), f"(?i:{ord(char):02x})") for char in key)
        self._escaped = re.compile("".join(rf"(?:{char}|%{code}|\\+u00{code})" for char, code in codes).encode())

    def are_in(self, content: bytes) -> bool:
        """Whether the content has the key in any spelling. Each body is asked, and nearly always it has not."""
        if any(each in content for each in self._plain):
            return True
        # To look for any escape at all takes a hundredth of the time.
        return any(each in content for each in ESCAPES) and self._escaped.search(content) is not None

    def redact(self, content: bytes) -> bytes:
        """The content without them."""
        if not self.are_in(content):
            return content
        for each in self._plain:
            content = content.replace(each, MASK)
        return self._escaped.sub(MASK, content)

    def find_places(self, value: Any, owner: str = "", path: str = "") -> Iterator[tuple[str, str]]:
        """The objects of a JSON document with the key in them: the `id`, or "", and the path of the field."""
        if isinstance(value, str):
            if self.are_in(value.encode("utf-8", "surrogatepass")):
                yield owner, path
        elif isinstance(value, dict):
            known = value.get("id")
            if isinstance(known, str) and not self.are_in(known.encode("utf-8", "surrogatepass")):
                owner, path = known, ""
            for name, inner in value.items():
                if self.are_in(name.encode("utf-8", "surrogatepass")):
                    yield owner, f"{path} (a name in it)".strip()
                yield from self.find_places(inner, owner, f"{path}.{name}".lstrip("."))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from self.find_places(inner, owner, f"{path}[{number}]")
