"""A line of a file of the user's, with a caret below the column that a problem is about."""

from __future__ import annotations

import unicodedata

from reconciler.output.terminal import dim, escape, red, width

COLUMNS = 80
"""The width without a terminal."""
CUT = "…"


def excerpt(line: str, number: int, column: int) -> str:
    """The line with its number, and the caret below it. The line is cut around the caret to the width."""
    gutter = f"  {number} | "
    text, caret = _cut(line.rstrip(), column - 1, max(20, (width() or COLUMNS) - len(gutter)))
    empty = f"{'| ':>{len(gutter)}}"
    return f"{dim(gutter)}{text}\n{dim(empty)}{' ' * caret}{red('^')}"


def _cut(line: str, index: int, room: int) -> tuple[str, int]:
    """The part of the line that fits, with the character at `index`, and how many columns are before that character."""
    index = min(index, len(line))
    begin = 0 if _columns(line[: room + 1]) <= room else _fitting(line, index, -1, room * 2 // 3)
    before = CUT if begin else ""
    used = len(before) + _columns(line[begin:index])
    end = _fitting(line, index, 1, room - used)
    if end < len(line):
        end = _fitting(line, index, 1, room - used - len(CUT))
    after = CUT if end < len(line) else ""
    return f"{before}{escape(line[begin:end])}{after}", used


def _fitting(line: str, index: int, step: int, room: int) -> int:
    """How far one can go from an index before the text between takes more than `room` columns."""
    while 0 <= index + min(step, 0) < len(line) and room > 0:
        room -= _columns(line[index + min(step, 0)])
        index += step if room >= 0 else 0
    return index


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters take two, marks on others take none."""
    shown = escape(text)
    if shown.isascii():
        return len(shown)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in shown
    )
