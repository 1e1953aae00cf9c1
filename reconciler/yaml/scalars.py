"""From bytes to text, and from text to the values of scalars by the YAML 1.2 core schema (section 10.3.2)."""

from __future__ import annotations

import codecs
import math
import re
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from reconciler.errors import Problem

_LONGEST = 60


def shown(text: str) -> str:
    """Return `text` cut to 60 characters, with every character that does not print written as its escape."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def quoted(text: str) -> str:
    """Return `shown(text)` in double quotes."""
    return f'"{shown(text)}"'


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


MAYBE: Final = frozenset(["", *"~nNtTfF.+-0123456789<"])
"""The first characters (none, for the empty scalar) of a plain scalar that may be something else than a string."""

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
TEXTS: Final = ("!", f"{_TAG_PREFIX}str")

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_JSON: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES: Final = {"0o": 8, "0x": 16}
# Python refuses to print an integer of more than 4300 decimal digits, at its strictest setting 640. 500 characters are
# below that in base 16 too.
_LONGEST_INT: Final = 500


MERGE: Final = object()
"""The value of a plain `<<`: a merge if a key is expected, the string "<<" everywhere else."""


class UnfitError(Exception):
    """A scalar or an alias that cannot be read. `str()` is the message; `placeholder` replaces its value."""

    def __init__(self, message: str, placeholder: Any = None) -> None:
        super().__init__(message)
        self.placeholder = placeholder


@lru_cache(maxsize=4096)  # configurations repeat few words
def plain(text: str) -> Any:
    """Return what the plain scalar `text` means: None, a bool, an int, a float, `MERGE`, or the string itself.

    Raises `UnfitError` for numbers that JSON does not have and for integers that are too long.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > _LONGEST_INT:
            message = f"the integer {shown(text)} has {len(text)} characters; expected at most {_LONGEST_INT}"
            raise UnfitError(message, 0)
        return int(text, _BASES.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        if math.isinf(number := float(text)):
            raise UnfitError(f"the number {shown(text)} is too large for JSON; expected at most 1.797e308", 0.0)
        return number
    if _NOT_JSON.fullmatch(text):
        raise UnfitError(f"JSON has no such number as {text}; expected a finite number, or the text in quotes", 0.0)
    return MERGE if text == "<<" else text


def tag_problem(tag: str) -> str:
    """Return what is wrong with a tag that is not read."""
    short = tag if tag.startswith("!") else f"!<{tag}>"
    if tag.startswith(_TAG_PREFIX):
        short = "!!" + tag.removeprefix(_TAG_PREFIX)
    return f"unknown tag {shown(short)}; expected !!str for a text, or no tag"


def node_kind(value: Any) -> str:
    """Return the words for `value` in a message, such as `the integer 12` or `a map`."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {'true' if value else 'false'}"
        case int() | float():
            return f"the {'integer' if isinstance(value, int) else 'number'} {shown(str(value))}"
        case str():
            return f"the string {quoted(value)}"
        case _:
            return "a map" if isinstance(value, dict) else "a list"
