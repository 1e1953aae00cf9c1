"""From bytes to text, from text to events by PyYAML's C parser, and from scalars to values by the YAML 1.2 core schema.

PyYAML's parser in Python reads some texts otherwise, so it is not used. The schema is that of section 10.3.2.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final

import yaml

from reconciler.errors import Problem, ReconcilerError
from reconciler.text import cut, find_position

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII: Final = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
# YAML 1.2 allows U+0085, U+2028 and U+2029 as plain characters. PyYAML takes them for line breaks, as YAML 1.1 did. So
# they are refused: no reader takes them otherwise, and line numbers are those of every editor.
_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_MOST: Final = 20  # A binary file has thousands.


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
        line, column = find_position(data[: error.start].decode("utf-8"), error.start)
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        return "", [Problem(file, line, column, message)]
    # Deleting the allowed bytes is much quicker than the expression, and most files are ASCII.
    if data.isascii() and not data.translate(None, _ASCII):
        return text, []
    problems: list[Problem] = []
    for found in islice(_REFUSED.finditer(text), _MOST):
        code = f"{ord(found[0]):04X}"
        message = f'the character U+{code} is not allowed; remove it, or write "\\u{code}" in double quotes'
        problems.append(Problem(file, *find_position(text, found.start()), message))
    return text, problems


_PAIR_BEGINS: Final = ("\\ud", "\\uD")
_PAIR_FORM: Final = r"(?<!\\)((?:\\\\)*+\\u)([%s])([89abAB][0-9a-fA-F]{2}\\u)([%s])([c-fC-F][0-9a-fA-F]{2})"
_PAIR: Final = _PAIR_FORM % ("dD", "dD")
_MOVED_PAIR: Final = _PAIR_FORM % ("eE", "eE")
_MOVED: Final = "[\ue800-\uebff][\uec00-\uefff]"
_TAKEN: Final = r"[\ue800-\uefff]|\\(?:u|U0000)[eE][89a-fA-F]"


def _find_loader() -> Any:
    """PyYAML's loader with the C parser. ReconcilerError if PyYAML was built without it."""
    if not yaml.__with_libyaml__:
        hint = "install its wheel: pip install --force-reinstall --only-binary pyyaml pyyaml"
        raise ReconcilerError("PyYAML is installed without its C parser", hint=hint)
    return yaml.CSafeLoader


def parse(text: str) -> Iterator[Any]:
    """The events of `text`. Raises YAMLError at what is no YAML.

    JSON writes characters beyond U+FFFF as two escapes, a surrogate pair, which YAML does not have. The parser reads
    escapes of the private use area instead (E for D), which the text does not use. They have the same length, so all
    positions stay. The values then get the characters that the pairs mean.
    """
    loader = _find_loader()
    if not any(begin in text for begin in _PAIR_BEGINS) or re.search(_TAKEN, text):
        return iter(loader(text).get_event, None)
    return map(_restore_pairs, iter(loader(re.sub(_PAIR, partial(_shift_pair, by=1), text)).get_event, None))


def compose(text: str) -> Iterator[yaml.Node]:
    """The nodes of the documents of `text`, with their beginnings and ends. They hold no values for people."""
    return yaml.compose_all(re.sub(_PAIR, partial(_shift_pair, by=1), text), _find_loader())


def find_markers(text: str) -> list[tuple[int, int]]:
    """The beginning and the end of each anchor, alias, tag and `<<` of `text`, in order."""
    tokens = yaml.scan(re.sub(_PAIR, partial(_shift_pair, by=1), text), _find_loader())
    return [
        (each.start_mark.index, each.end_mark.index)
        for each in tokens
        if isinstance(each, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken)
        or (isinstance(each, yaml.ScalarToken) and each.plain and each.value == "<<")
    ]


def _restore_pairs(event: Any) -> Any:
    if event.__class__ is yaml.ScalarEvent:
        # A pair is a character only in double quotes.
        is_quoted = event.style == '"'
        form, back = (_MOVED, _combine_pair) if is_quoted else (_MOVED_PAIR, partial(_shift_pair, by=-1))
        event.value = re.sub(form, back, event.value)
    return event


def _shift_pair(found: re.Match[str], by: int) -> str:
    """Return the escapes of a pair with the next letter (or the one before it) for its D, in the same case."""
    before, first, between, second, after = found.groups()
    return before + chr(ord(first) + by) + between + chr(ord(second) + by) + after


def _combine_pair(found: re.Match[str]) -> str:
    high, low = map(ord, found[0])
    return chr(0x10000 + ((high - 0xE800) << 10) + (low - 0xEC00))


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
def read_plain(text: str) -> Any:
    """Return what the plain scalar `text` means: None, a bool, an int, a float, `MERGE`, or the string itself.

    Raises `UnfitError` for numbers that JSON does not have and for integers that are too long.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > _LONGEST_INT:
            message = f"the integer {cut(text)} has {len(text)} characters; expected at most {_LONGEST_INT}"
            raise UnfitError(message, 0)
        return int(text, _BASES.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        if math.isinf(number := float(text)):
            raise UnfitError(f"the number {cut(text)} is too large for JSON; expected at most 1.797e308", 0.0)
        return number
    if _NOT_JSON.fullmatch(text):
        raise UnfitError(f"JSON has no such number as {text}; expected a finite number, or the text in quotes", 0.0)
    return MERGE if text == "<<" else text


def explain_tag(tag: str) -> str:
    """Return what is wrong with a tag that is not read."""
    short = tag if tag.startswith("!") else f"!<{tag}>"
    if tag.startswith(_TAG_PREFIX):
        short = "!!" + tag.removeprefix(_TAG_PREFIX)
    return f"unknown tag {cut(short)}; expected !!str for a text, or no tag"
