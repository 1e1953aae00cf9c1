"""From bytes to text, and where something is in a text."""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import Final

from reconciler.errors import Problem

_LONGEST = 60


def shown(text: str) -> str:
    """Return `text` cut to 60 characters, with every character that does not print written as its escape."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def quoted(text: str) -> str:
    """Return `shown(text)` in double quotes."""
    return f'"{shown(text)}"'


TOKEN: Final = re.compile(
    r"""(?xs) \s*+ (?:
      (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | " (?: [^"\\]++ | \\. )*+ (?: "|\\? )
    | ' [^']*+ '?
    | [&*!] [^\s,\[\]{}]*+
    | [-?:] (?= \s )
    | \# [^\r\n]*+
    | (?P<plain> , | [^\s,\[\]{}]++ )
    )"""
)
"""A bracket, or what holds none: a quoted text, an anchor, a comment, plain text; and the white space before it. Quoted
text is one token, closed or not. A quote within plain text, as in `it's`, begins no token."""
QUOTED: Final = {"'": re.compile(r"(?s)'(?:[^']++|'')*+'"), '"': re.compile(r'(?s)"(?:[^"\\]++|\\.)*+"')}
"""A whole quoted text, by its quote."""
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII: Final = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
# YAML 1.2 allows U+0085, U+2028 and U+2029 as plain characters. PyYAML takes them for line breaks, as YAML 1.1 did. So
# they are refused: no reader takes them otherwise, and line numbers are those of every editor.
_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_MOST: Final = 20


def decode(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """Return the text of `data` without a byte order mark, and the problems that keep it from being parsed.

    There is one problem for bytes that are not UTF-8, or up to 20 for characters that YAML does not allow.
    """
    if data.startswith(_UTF16):
        return "", [Problem(file, 1, 1, "not UTF-8: the file begins as UTF-16; save the file as UTF-8")]
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = position_at(data[: error.start].decode("utf-8"), error.start)
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        return "", [Problem(file, line, column, message)]
    # Deleting the allowed bytes is much quicker than the expression, and most files are ASCII.
    if data.isascii() and not data.translate(None, _ASCII):
        return text, []
    problems: list[Problem] = []
    for found in islice(_REFUSED.finditer(text), _MOST):
        code = f"{ord(found[0]):04X}"
        message = f'the character U+{code} is not allowed; remove it, or write "\\u{code}" in double quotes'
        problems.append(Problem(file, *position_at(text, found.start()), message))
    return text, problems


def position_at(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column, counted from 1, of the character at `index` of `text`."""
    before = text[:index]
    starts = [0, *(found.end() for found in _BREAK.finditer(before))]
    return len(starts), len(before) - starts[-1] + 1


def too_deep(text: str, levels: int, *, in_brackets: bool) -> int | None:
    """Return the index of the bracket that opens one level more than `levels`, or None.

    `text` begins between two tokens; `in_brackets`: it begins within brackets. A parser looks ahead for a colon, up to
    1024 characters along a line. It opens the brackets there before the builder sees the first one.
    """
    position = opened = 0
    while (token := TOKEN.match(text, position)) is not None:
        position = token.end()
        if token["open"]:
            opened += 1
            if opened > levels:
                return position - 1
        elif token["close"]:
            opened -= 1
        elif token["plain"] and opened <= 0 and not in_brackets:
            # Outside of brackets, plain text ends with its line.
            line_end = _BREAK.search(text, position)
            position = line_end.end() if line_end else len(text)
    return None
