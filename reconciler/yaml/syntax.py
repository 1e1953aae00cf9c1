"""From bytes to text, and the problems of text that is no YAML, in words that are always the same.

The messages of a parser change with its versions, so none is shown. A problem follows from the half of the parser that
failed (scanner or parser), the two positions that it gives, and the text there.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice
from typing import Any, Final

import yaml

from reconciler.errors import Problem
from reconciler.yaml.mistakes import QUOTED, TOKEN, likely_mistake

_LONGEST = 60


def shown(text: str) -> str:
    """Return `text` cut to 60 characters, with every character that does not print written as its escape."""
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut)


def quoted(text: str) -> str:
    """Return `shown(text)` in double quotes."""
    return f'"{shown(text)}"'


_NO_START: Final = "a value cannot begin with {char}; expected it in quotes"
_NO_YAML: Final = "this is no YAML; expected `key: value`"
_NO_VALUE: Final = "a value is missing here, found {char}; expected a value, or text in quotes"
_TAB: Final = "a tab is used as indentation; expected spaces"
_NO_COLON: Final = "no value follows this; expected `key: value`, with a space after the colon"
_DOCUMENT: Final = "a document has to end before this; expected one value, or --- on a line between two documents"
_INDICATOR: Final = '"{0} " is not allowed here; expected the text in quotes if "{0} " is part of it, or a new line'
_INDICATORS: Final = {char: _INDICATOR.format(char) for char in ":?-"}
_COLLECTIONS: Final = {
    "[": 'this "[" is not closed, or a comma is missing; expected "," between items and "]" at the end',
    "{": 'this "{{" is not closed, or a comma is missing; expected "," between entries and "}}" at the end',
    "-": 'this does not belong to the list that begins at line {line}; expected "- " with the same indentation',
    "": "this does not belong to the map that begins at line {line}; expected a key with the same indentation",
}
_UNREADABLE: Final = "this cannot be read; expected the text in quotes"
_BLOCKS: Final = ("|", ">")
_SIGNS: Final = ("&", "*", "!", "%", *_BLOCKS)
"""The first characters of an anchor, an alias, a tag, a directive or a block."""
_VERSION: Final = "only YAML 1.2 is read; expected no %YAML line, or %YAML 1.2"
_UNCLOSED: Final = "this quote is never closed; expected the same quote at the end of the text"
_NO_ESCAPE: Final = (
    "a backslash in these double quotes begins no escape that stands for a character; expected \\\\ for a backslash, "
    "or single quotes around the text"
)
_ENDS: Final = {"": "the end of the file", "\n": "the end of the line", "\r": "the end of the line"}
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)+(?:#.*\s*)*")


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return the problem that `error` of one of the parsers over `text` means."""
    found: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if found is None:
        return Problem(file, 1, 1, _NO_YAML)
    if mistake := likely_mistake(text, found.index):
        return Problem(file, *position_at(text, mistake[0]), mistake[1])
    begun: Any = getattr(error, "context_mark", None)
    if isinstance(error, yaml.scanner.ScannerError):
        message, at_begin = _of_token(text, begun or found, found)
    elif begun is None:
        message, at_begin = _VERSION if text.startswith("%", found.index) else _DOCUMENT, False
    else:
        message, at_begin = _of_node(text, begun, found)
    begun = begun or found
    char = text[found.index : found.index + 1]
    message = message.format(char=_ENDS.get(char) or quoted(char), line=begun.line + 1) if "{" in message else message
    mark = begun if at_begin else found
    return Problem(file, mark.line + 1, mark.column + 1, message)


def _of_token(text: str, begun: Any, found: Any) -> tuple[str, bool]:
    """Return the problem of a token, and whether its position is the beginning of the token."""
    first, last = text[begun.index : begun.index + 1], text[found.index : found.index + 1]
    if first in QUOTED and (message := _of_quoted(text, begun.index, found.index)):
        return message, True
    if last == "\t" and first not in _SIGNS:
        return _TAB, False
    if begun.index == found.index:
        return _INDICATORS.get(last, _NO_START), False
    if first in _BLOCKS or (first in _SIGNS and begun.line == found.line):
        return _UNREADABLE, True
    return _NO_COLON, True


def _of_quoted(text: str, begin: int, end: int) -> str:
    """Return the problem of the quoted text that begins at `begin`, read up to `end`; empty if there is none."""
    closed = QUOTED[text[begin]].match(text, begin)
    if closed and closed.end() <= end:
        return ""
    # An escape that the scanner does not know ends it at the backslash, or behind the letter that follows.
    return _NO_ESCAPE if closed and "\\" in text[max(end - 2, begin) : end + 1] else _UNCLOSED


def _of_node(text: str, begun: Any, found: Any) -> tuple[str, bool]:
    """Return why a token does not fit into what was begun, and whether the position is where that begins."""
    first = text[begun.index : begun.index + 1]
    if begun.index == found.index or (first in ("&", "!") and _PROPERTIES.fullmatch(text, begun.index, found.index)):
        return _NO_VALUE, False
    if first in ("[", "{"):
        return _COLLECTIONS[first], True
    is_list = first == "-" and text[begun.index + 1 : begun.index + 2].isspace()
    return _COLLECTIONS["-" if is_list else ""], False


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
