"""What was probably meant: `; did you mean …?`, or nothing."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Collection, Sequence

from reconciler.config.wording import LONGEST, quoted
from reconciler.errors import did_you_mean

MOST_SEARCHES = 20
SHORTEST_PREFIX = 3


def closest(word: str, options: Sequence[str]) -> str:
    """The option that differs in case or in a leading zero only, those beside it on a grid, or the most similar."""
    word = word.strip()
    padded = f"0{word}" if re.match(r"\d:", word) else word
    same = [each for each in options if each.casefold() == padded.casefold()]
    if same:
        return meant(same)
    if options and len({_shape(each) for each in (padded, *options)}) == 1:
        at = bisect(options, padded)
        return meant(options[max(at - 1, 0) : at + 1])
    near = [
        each for each in options if len(word) >= SHORTEST_PREFIX and (each.startswith(word) or word.startswith(each))
    ]
    return meant(near) if len(near) == 1 else did_you_mean(word[:LONGEST], options)


def meant(words: Sequence[str]) -> str:
    """`; did you mean "x" or "y"?`."""
    return f"; did you mean {' or '.join(map(quoted, words))}?"


def _shape(text: str) -> str:
    """`09:30` and `10:15` have one shape: such options are a grid."""
    return re.sub(r"\d", "0", text) if re.search(r"\d", text) else f"no grid: {text}"


class Searches:
    """Suggestions among many options. Each search costs time, so a run has only so many; what was found is kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def closest(self, word: str, options: Collection[str], before: str = "") -> str:
        """The suggestion for a word, with what stands `before` it and the options; nothing where none is close, or too
        many were asked for."""
        key = (before, word)
        if key not in self._known:
            spent = len(self._known) >= MOST_SEARCHES
            self._known[key] = "" if spent else did_you_mean(word[:LONGEST], options)
        return self._known[key].replace('"', f'"{before}', 1)
