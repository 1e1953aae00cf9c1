"""The values of scalars by the YAML 1.2 core schema (section 10.3.2 of the specification)."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final

from reconciler.yaml.syntax import meant, quoted, shown

MAYBE: Final = frozenset(["", *"~nNtTfF.+-0123456789<"])
"""The first characters (none, for the empty scalar) of a plain scalar that may be something else than a string."""

TAG_PREFIX: Final = "tag:yaml.org,2002:"

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_JSON: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES: Final = {"0o": 8, "0x": 16}
_SHORT: Final = 32
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


def plain(text: str) -> Any:
    """Return what the plain scalar `text` means: None, a bool, an int, a float, `MERGE`, or the string itself.

    Raises `UnfitError` for numbers that JSON does not have and for integers that are too long.
    """
    return _plain_cached(text) if len(text) <= _SHORT else _plain(text)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > _LONGEST_INT:
            message = f"the integer {shown(text)} has {len(text)} characters; expected at most {_LONGEST_INT}"
            raise UnfitError(message, 0)
        return int(text, _BASES.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return _finite(float(text), text)
    if _NOT_JSON.fullmatch(text):
        raise UnfitError(f"JSON has no such number as {text}; expected a finite number, or the text in quotes", 0.0)
    return MERGE if text == "<<" else text


# Configurations repeat few words. Long texts stay out of the cache, so it stays small.
_plain_cached = lru_cache(maxsize=4096)(_plain)


def _finite(number: float, text: str) -> float:
    if math.isinf(number):
        raise UnfitError(f"the number {shown(text)} is too large for JSON; expected at most 1.797e308", 0.0)
    return number


_EXPECTED: Final[dict[str, tuple[type, str, Any]]] = {
    TAG_PREFIX + "null": (type(None), "null, ~ or nothing", None),
    TAG_PREFIX + "bool": (bool, "true or false", False),
    TAG_PREFIX + "int": (int, "digits, such as 12", 0),
    TAG_PREFIX + "float": (float, "a decimal number, such as 1.5", 0.0),
    TAG_PREFIX + "merge": (object, "<<", ""),
    TAG_PREFIX + "map": (dict, "a map", None),
    TAG_PREFIX + "seq": (list, "a list", None),
}
"""Tag → type, what is expected, and the value in place of a wrong one."""
_TEXTS: Final = ("!", TAG_PREFIX + "str")
KNOWN_TAGS: Final = tuple(f"!!{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))


def tagged(tag: str, text: str, *, is_plain: bool) -> Any:
    """Return what the scalar `text` means under the explicit `tag`. Raises `UnfitError` when it cannot mean that."""
    if tag in _TEXTS:
        return text
    if tag not in _EXPECTED:
        raise UnfitError(_unknown_tag(tag), _placeholder(text) if is_plain else text)
    kind, expected, placeholder = _EXPECTED[tag]
    value = _finite(float(text), text) if kind is float and _FLOAT.fullmatch(text) else plain(text)
    if type(value) is not kind:
        raise UnfitError(f"{quoted(text)} is no {_short(tag)}; expected {expected}", placeholder)
    return value


def _placeholder(text: str) -> Any:
    try:
        return plain(text)
    except UnfitError as unfit:
        return unfit.placeholder


def _short(tag: str) -> str:
    if tag.startswith(TAG_PREFIX):
        return "!!" + tag.removeprefix(TAG_PREFIX)
    return tag if tag.startswith("!") else f"!<{tag}>"


def collection_tag_problem(tag: str, found: str) -> str | None:
    """Return what is wrong with `tag` on a collection, `found` being "map" or "seq"; None when it may stand there."""
    if tag in ("!", TAG_PREFIX + found):
        return None
    if tag in _EXPECTED or tag in _TEXTS:
        what = "map" if found == "map" else "list"
        return f"a {what} cannot be tagged {_short(tag)}; expected !!{found} or no tag"
    return _unknown_tag(tag)


def _unknown_tag(tag: str) -> str:
    short = _short(tag)
    return f"unknown tag {shown(short)}; expected one of {' '.join(KNOWN_TAGS)}, or no tag{meant(short, KNOWN_TAGS)}"


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
