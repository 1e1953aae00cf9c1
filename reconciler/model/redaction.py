"""The key in other letters: as JSON, an address or base64 may spell it. What is found is never shown."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

# A password may hold / # or ? without an escape: it is all that follows `user:` and is no port.
USER = r"""(?<=//)(?:[^/?#\s'"]*(?=@)|[^/?#\s'":]*:(?!\d*(?:[/?#\s'"]|$))[^\s'"]*(?=@))"""
ALL_BEFORE_HOST = r"(?:(?<=//)|^(?![^\s/]*//))\S*@"


def without_user(text: str) -> str:
    """A text without the user and the password of the addresses in it."""
    return re.sub(USER, "***", text)


def without_credentials(text: str) -> str:
    """An address without user, password and query, and without what looks like a key; also one that is none."""
    text = re.sub(r"[?#]\S*", "?***", re.sub(ALL_BEFORE_HOST, "***@", text))
    return re.sub(r"(?:test_)?sk_[^\s/]+", "***", text)


SHORTEST = 8
"""A text of fewer characters is no key, and is part of others."""
ESCAPES = (b"\\u00", b"%", b"\\/")
MASK = b"***"


class Spellings:
    """How a key may be spelled: plain, with any of its characters escaped as in JSON or percent-encoded, or in base64,
    in both alphabets and wherever in it the key begins."""

    def __init__(self, key: str) -> None:
        raw = key.encode() if len(key) >= SHORTEST else b""
        self._plain = tuple(dict.fromkeys((raw, *_in_base64(raw)))) if raw else ()
        self._escaped = _escaped(key) if raw else None
        codes = "|".join(sorted({f"{each:02x}" for each in raw}))
        self._escape = re.compile(rf"(?:\\u00|%)(?i:{codes})|\\/".encode())

    def are_in(self, content: bytes) -> bool:
        """Whether one of them is in it. Nearly always it is none, and that costs little more than to look once."""
        if any(each in content for each in self._plain):
            return True
        # To look for an escape of any character of the key is much quicker than to look for all of them.
        if self._escaped is None or not any(each in content for each in ESCAPES) or not self._escape.search(content):
            return False
        return self._escaped.search(content) is not None

    def redact(self, content: bytes) -> bytes:
        """The content without them."""
        if not self.are_in(content):
            return content
        for each in self._plain:
            content = content.replace(each, MASK)
        return self._escaped.sub(MASK, content) if self._escaped else content

    def places_in(self, value: Any, owner: str = "", path: str = "") -> Iterator[tuple[str, str]]:
        """Each object of a JSON document (its `id`, empty if it bears none) with a field in which one stands."""
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
                yield from self.places_in(inner, owner, f"{path}.{name}".lstrip("."))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from self.places_in(inner, owner, f"{path}[{number}]")


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The characters that are the same whatever stands before and behind the key."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield from (encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_")))


def _escaped(key: str) -> re.Pattern[bytes]:
    forms = []
    for char in key:
        number = f"{ord(char):02x}"
        any_case = "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in number)
        slashes = r"\\*" if char == "/" else ""
        forms.append(rf"(?:{slashes}{re.escape(char)}|%{any_case}|\\+u00{any_case})")
    return re.compile("".join(forms).encode())
