"""Explains text that is no YAML, in words that do not depend on the version of the parser.

The parser's own messages change with its versions. So the explanation follows from the part that failed (scanner or
parser), the two positions that it gives, and the text there; or from a likely mistake before it.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

import yaml

from reconciler.errors import Problem
from reconciler.text import cite, find_position
from reconciler.yaml.located import TOO_DEEP

Mistake = tuple[int, str]
"""The index of the character where it is, and the message."""

_TOKEN: Final = re.compile(
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
_QUOTED: Final = {"'": re.compile(r"(?s)'(?:[^']++|'')*+'"), '"': re.compile(r'(?s)"(?:[^"\\]++|\\.)*+"')}
"""A whole quoted text, by its quote."""
_BLOCKS: Final = ("|", ">")
_SIGNS: Final = ("&", "*", "!", "%", *_BLOCKS)
"""The first characters of an anchor, an alias, a tag, a directive or a block."""
_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)+(?:#.*\s*)*")
_CONFLICT: Final = re.compile(r"(?m)^(?:[<>|]{7}(?: .*)?|={7})$")
_BLANK: Final = re.compile(r"(?m)^ *\t*([^\S \t\r\n])")
# A comment, or what stands before a quote that opens a text.
_BEFORE_QUOTE: Final = re.compile(
    r"""(?m)(?:^|[ \t])\#.*$|(?P<opens>^\ *(?:-\ +)*|[:,\[{][ \t]+|[\[{])(?=['"])""", re.X
)
_BEFORE_VALUE: Final = re.compile(r"""\ *(?:-\ +)*(?:[^\s\#'"\[{][^\n]*?:[ \t]+)?(?=['"\[{])""", re.X)
# The rest of a text within brackets; a key with its value is none.
_REST_OF_ITEM: Final = re.compile(r"(?!['\"\[{])[^,\[\]{}:\n]++(?::(?! )[^,\[\]{}:\n]*+)*+(?=[,\]}\n])")
_WITH_EXPRESSIONS: Final = re.compile(r"(?:[^,\[\]{}\n$]|\$(?!\{)|\$\{[^}\n]*+\}?)*+")
_LINE: Final = re.compile(r"(?m)^( *)([^\s#].*?)[ \t\r]*$")
_HAS_VALUE: Final = re.compile(r"""(?:- +)*[^:]+:[ \t]+(?:[^\s#|>&*!\[{'"].*|"[^"]*"|'[^']*')""")


def explain_error(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return the problem for an error that the parser raised over `text`."""
    context = getattr(error, "context_mark", None)
    marks = [mark for mark in (context, getattr(error, "problem_mark", None)) if mark]
    if not marks:
        return Problem(file, 1, 1, "this is no YAML; expected `key: value`")
    start, found = marks[0].index, marks[-1].index
    begin = text.rfind("\n", 0, found) + 1
    end = text.find("\n", found) if "\n" in text[found:] else len(text)
    if conflict := _CONFLICT.search(text):
        expected = "expected one of the two sides, without the lines of <<<<<<<, ======= and >>>>>>>"
        mistake = conflict.start(), f"git left a conflict in this file; {expected}"
    elif blank := _BLANK.search(text, text.rfind("\n", 0, max(begin - 1, 0)) + 1, end):
        mistake = blank.start(1), "a character that looks like a space is used as indentation; expected spaces"
    else:
        # What people meant comes first: the parser fails where it can go no further, which is often lines later.
        by_place = _find_expression(text, begin, found) or _find_value(text, begin, found, end)
        likely = by_place or _find_quote(text, found) or _find_indentation(text, begin, end)
        is_token = isinstance(error, yaml.scanner.ScannerError)
        fallback = (
            _explain_token(text, start, found) if is_token else _explain_node(text, start if context else -1, found)
        )
        mistake = likely or fallback
    return Problem(file, *find_position(text, mistake[0]), mistake[1])


def _explain_token(text: str, begin: int, end: int) -> Mistake:
    """Return why a token that begins at `begin` goes wrong at `end`."""
    first, last = text[begin : begin + 1], text[end : end + 1]
    closed = _QUOTED[first].match(text, begin) if first in _QUOTED else None
    at = end if begin == end or (last == "\t" and first not in _SIGNS) else begin
    is_one_line = {"\r", "\n"}.isdisjoint(text[begin:end])
    # An escape that the scanner does not know ends it at the backslash, or behind the letter that follows.
    if closed and closed.end() > end and "\\" in text[max(end - 2, begin) : end + 1]:
        message = "a backslash in these double quotes begins no escape that stands for a character"
        return begin, f"{message}; expected \\\\ for a backslash, or single quotes around the text"
    if first in _QUOTED and (closed is None or closed.end() > end):
        return begin, "this quote is never closed; expected the same quote at the end of the text"
    if last == "\t" and first not in _SIGNS:
        message = "a tab is used as indentation; expected spaces"
    elif begin == end and last in ("[", "{"):
        # A bracket begins a value, unless the scanner gives up: it looks far ahead of what the builder has seen.
        message = TOO_DEEP
    elif begin == end and last in (":", "?", "-"):
        message = (
            f'"{last} " is not allowed here; expected the text in quotes if "{last} " is part of it, or a new line'
        )
    elif begin == end:
        message = f"a value cannot begin with {cite(last)}; expected it in quotes"
    elif first in _BLOCKS or (first in _SIGNS and is_one_line):
        message = "this cannot be read; expected the text in quotes"
    else:
        message = "no value follows this; expected `key: value`, with a space after the colon"
    return at, message


def _explain_node(text: str, begin: int, end: int) -> Mistake:
    """Return why the token at `end` does not fit into the value that begins at `begin`, or (-1) into the document."""
    first = text[begin : begin + 1]
    if begin < 0 and text.startswith("%", end):
        return end, "only YAML 1.2 is read; expected no %YAML line, or %YAML 1.2"
    if begin < 0:
        expected = "expected one value, or --- on a line between two documents"
        return end, f"a document has to end before this; {expected}"
    if begin == end or (first in ("&", "!") and _PROPERTIES.fullmatch(text, begin, end)):
        char = text[end : end + 1]
        at_end = "the end of the line" if char else "the end of the file"
        what = cite(char) if char.strip("\r\n") else at_end
        return end, f"a value is missing here, found {what}; expected a value, or text in quotes"
    if first in ("[", "{"):
        within, close = ("items", "]") if first == "[" else ("entries", "}")
        expected = f'expected "," between {within} and "{close}" at the end'
        return begin, f'this "{first}" is not closed, or a comma is missing; {expected}'
    is_list = first == "-" and text[begin + 1 : begin + 2].isspace()
    what, item = ("list", '"- "') if is_list else ("map", "a key")
    message = f"this does not belong to the {what} that begins at line {find_position(text, begin)[0]}"
    return end, f"{message}; expected {item} with the same indentation"


def _find_expression(text: str, begin: int, found: int) -> Mistake | None:
    """A variable or an item within brackets that is not in quotes: its `{` begins a map there."""
    if text[found - 1 : found + 1] != "${":
        return None
    before = max(begin, *(text.rfind(separator, begin, found) + 1 for separator in (",", "[", "{", ": ")))
    start = found - len(text[before:found].lstrip())
    whole = _WITH_EXPRESSIONS.match(text, start)
    shown = whole[0].rstrip()[:60] if whole else ""
    return start, f'text with "${{" must be in quotes within brackets; expected "{shown}"'


def _find_value(text: str, begin: int, found: int, end: int) -> Mistake | None:
    """Text that follows a closed quote or bracket on its line, from `begin` to `end`."""
    before = _BEFORE_VALUE.match(text, begin)
    if before is None or before.end() >= found or not text[found : found + 1].strip():
        return None
    start = before.end()
    value = text[start:found].rstrip()
    if (quotes := _QUOTED.get(text[start])) is not None:
        within = "''" if text[start] == "'" else '\\"'
        error = f"text follows the closing quote; expected quotes around the whole text, and {within} for one within it"
        return (start, error) if quotes.fullmatch(value) else None
    if value[-1:] not in ("]", "}") or text[found] in "]}":
        return None
    start, is_inner = _find_last_closed(text, start, found)
    item = _REST_OF_ITEM.match(text, found)
    if start < 0 or (is_inner and item is None):
        return None
    whole = text[start : item.end() if is_inner and item else end].partition(" #")[0].rstrip(", \t\r")
    return start, f'text that begins with "{text[start]}" must be in quotes; expected "{whole[:60]}"'


def _find_last_closed(text: str, position: int, end: int) -> tuple[int, bool]:
    """The index of the bracket that is closed last between two indices, and whether another one is open around it."""
    opened: list[int] = []
    last = -1
    while (token := _TOKEN.match(text, position, end)) is not None:
        position = token.end()
        if token["open"]:
            opened.append(token.start("open"))
        elif token["close"]:
            last = opened.pop() if opened else -1
    return last, bool(opened)


def _find_quote(text: str, found: int) -> Mistake | None:
    """A quote that is closed on a later line only, by the quote that was to open the next text."""
    position = 0
    while before := _BEFORE_QUOTE.search(text, position, found):
        position = before.end()
        if before["opens"] is None:
            continue
        closed = _QUOTED[text[position]].match(text, position)
        if closed is None or closed.end() > found:
            return None
        if "\n" in closed[0] and not text[closed.end() : found].strip():
            line = text.count("\n", 0, closed.end()) + 1
            return position, f"this quote is closed in line {line} only; expected the same quote at the end of the text"
        position = closed.end()
    return None


def _find_indentation(text: str, begin: int, end: int) -> Mistake | None:
    """A line that is further left or right than the lines around it. The parser failed in the line at `begin`."""
    own = _LINE.match(text, begin, end)
    above = deque(_LINE.finditer(text, 0, begin), 2)
    if own is None or not above:
        return None
    indentation, last, earlier = len(own[1]), above[-1], above[0]
    if indentation <= len(last[1]) or not _HAS_VALUE.fullmatch(last[2]):
        return None
    if len(earlier[1]) == indentation or (earlier[1] == last[1] and earlier[2].endswith(":")):
        return last.start(2), f"this line is further left than the next one; expected {indentation} spaces before it"
    message = f"this line is further right than the one before it; expected {len(last[1])} spaces before it"
    return own.start(2), message
