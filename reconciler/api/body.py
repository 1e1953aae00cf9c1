"""The body of a response, unpacked and bounded; and imports without the optional libraries of a library."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

MOST_BYTES = 32 * 1024 * 1024
"""The longest body of an answer, unpacked: a full page of reports has some hundred thousand."""
LONGEST_EXCHANGE = 120.0
"""Seconds from the first byte sent to the last one read."""
CODINGS = "gzip, deflate"

_SAME = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_SHOWN = 40


class BodyTooLarge(Exception):
    """The body is too long, or not packed as its header says; the text says which."""


def read_bounded(chunks: Iterable[bytes], coding: str) -> bytes:
    """The body, unpacked. `coding`: the header `Content-Encoding`.

    Holds no more than `MOST_BYTES`, whatever the body unpacks to. BodyTooLarge if it is longer or cannot be unpacked.
    """
    coding = coding.strip().lower()
    if coding not in _SAME | _PACKED:
        raise BodyTooLarge(f"in a coding that was not asked for: {coding[:_SHOWN]!r}")
    unpacked = _Unpacked() if coding in _PACKED else None
    content, came = bytearray(), 0
    for chunk in chunks:
        came += len(chunk)
        content += chunk if unpacked is None else unpacked.more(chunk, MOST_BYTES + 1 - len(content))
        if max(came, len(content)) > MOST_BYTES:
            raise BodyTooLarge(f"of more than {MOST_BYTES // 1024 // 1024} MiB")
    if unpacked is not None and not unpacked.whole:
        raise BodyTooLarge(f"whose {coding} ends in the middle")
    return bytes(content)


class _Unpacked:
    """A gzip or zlib stream, one member after the other."""

    def __init__(self) -> None:
        self._member = self._next()
        self.whole = True

    def more(self, packed: bytes, room: int) -> bytes:
        """What these bytes unpack to, no more than `room` (at least 1) of it."""
        content = b""
        while packed and len(content) < room:
            if self._member.eof:
                self._member = self._next()
            try:
                content += self._member.decompress(packed, room - len(content))
            except zlib.error as error:
                raise BodyTooLarge(f"that cannot be unpacked ({error})") from error
            packed, self.whole = self._member.unused_data, self._member.eof
        return content

    @staticmethod
    def _next() -> zlib._Decompress:
        return zlib.decompressobj(zlib.MAX_WBITS | 32)


class _NotInstalled:
    """An import hook that says of some modules that they are not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def without_optional(*names: str) -> Iterator[None]:
    """While the block runs, an import of these optional libraries fails as if they were not installed."""
    hook = _NotInstalled(names)
    sys.meta_path.insert(0, hook)
    try:
        yield
    finally:
        sys.meta_path.remove(hook)
