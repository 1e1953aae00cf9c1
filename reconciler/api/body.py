"""What a library would load beside itself, and nobody here needs."""

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

    BodyTooLarge where it is too long or not packed so. No more than the bound is ever held, whatever it would unpack
    to.
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


@contextmanager
def left_out(*names: str) -> Iterator[None]:
    """While the block runs, these modules cannot be imported, unless they are loaded already. For imports only."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
