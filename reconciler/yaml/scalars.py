"""The values of scalars by the YAML 1.2 core schema (section 10.3.2 of the specification)."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

from reconciler.yaml.syntax import quoted, shown

MAYBE: Final = frozenset(["", *"~nNtTfF.+-0123456789<"])
"""The first characters (none, for the empty scalar) of a plain scalar that may be something else than a string."""

_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_TEXTS: Final = ("!", f"{_TAG_PREFIX}str")

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
    """A scalar that cannot be read. `str()` is the message; `placeholder` replaces its value."""

    def __init__(self, message: str, placeholder: Any) -> None:
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


def tagged(tag: str, text: str) -> str:
    """Return the scalar `text` under the explicit `tag`: `!` and `!!str` make it a string. UnfitError for others."""
    if tag not in _TEXTS:
        raise UnfitError(tag_problem(tag), text)
    return text


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
