"""How a comment's room is shared out: what destroys comes first and whole, the least important goes first.

GitHub cuts nothing off: it refuses a body of more than 65,536 characters (422, «Body is too long (maximum is 65536
characters)»); GitLab's notes may have 1,000,000. One budget holds for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

TEXT_ROOM = 46_000
"""Bytes of all that people read, of the 65,536 that a forge takes. The rest is for the hidden mark, and for what
`reconciler comment` adds: the history, and the approval of an earlier mark."""


class Level(IntEnum):
    """How much is shown of a change."""

    WHOLE = 0
    LINE = 1
    ADDRESS = 2
    LEFT_OUT = 3


class Sizes(NamedTuple):
    """What a change takes at each level."""

    whole: int
    line: int
    address: int


def levels(sizes: Sequence[Sizes], destroys: int, room: int) -> list[Level]:
    """The level of each change, the most important first; the first `destroys` of them destroy something.

    Each is shown whole as long as all later ones still get a line, or if that is too much, their addresses. So none is
    left out while another one is shown with its values, except that what destroys comes before all else.
    """
    chosen, left = _shared_out(sizes[:destroys], room)
    return chosen + _shared_out(sizes[destroys:], left)[0]


def _shared_out(sizes: Sequence[Sizes], room: int) -> tuple[list[Level], int]:
    least = Level.LINE if sum(each.line for each in sizes) <= room else Level.ADDRESS
    later = [0, *accumulate(each[least] for each in reversed(sizes))][::-1]
    chosen, left, level = [], room, Level.WHOLE
    for index, each in enumerate(sizes):
        if level is Level.WHOLE and left - each.whole < later[index + 1]:
            level = least
        if level is Level.LEFT_OUT or (level is not Level.WHOLE and left < each[level]):
            level = Level.LEFT_OUT
        chosen.append(level)
        left -= (*each, 0)[level]
    return chosen, left
