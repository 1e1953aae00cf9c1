"""Text for people: cut to a length, quoted, counted, without secrets, and compared with what was meant."""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Collection, Iterable, Sequence

WORD_CHARACTERS = 60
"""As much of a word is looked at and shown: what is longer was pasted by mistake."""
SHORTEST_PREFIX = 3
MOST_SEARCHES = 20


def truncate(text: str, limit: int, rest: str = "…") -> str:
    """The text, or if it is longer, its first `limit` characters with `rest` behind them."""
    return text if len(text) <= limit else text[:limit] + rest


def quote(text: str) -> str:
    """The text in double quotes, with control characters escaped as in JSON."""
    return json.dumps(text, ensure_ascii=False)


def counted(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def redact(text: str, secrets: Iterable[str], by: str = "***") -> str:
    """The text with each secret replaced, the longest first, since one may be a part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, by)
    return text


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """`; did you mean "x"?` with the closest option, or nothing if none is close."""
    import difflib  # noqa: PLC0415 - most runs guess nothing

    close = difflib.get_close_matches(str(word), list(options), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def meant(words: Sequence[str]) -> str:
    """`; did you mean "x" or "y"?`."""
    return f"; did you mean {' or '.join(quote(truncate(each, WORD_CHARACTERS)) for each in words)}?"


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
    return meant(near) if len(near) == 1 else did_you_mean(word[:WORD_CHARACTERS], options)


def _shape(text: str) -> str:
    """`09:30` and `10:15` have one shape: such options are a grid."""
    return re.sub(r"\d", "0", text) if re.search(r"\d", text) else f"no grid: {text}"


class Searches:
    """Suggestions among many options. Each search costs time, so a run has only so many; what was found is kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def closest(self, word: str, options: Collection[str], before: str = "") -> str:
        """The suggestion for a word, with what stands `before` it and the options; nothing if none is close, or too
        many were asked for."""
        key = (before, word)
        if key not in self._known:
            spent = len(self._known) >= MOST_SEARCHES
            self._known[key] = "" if spent else did_you_mean(word[:WORD_CHARACTERS], options)
        return self._known[key].replace('"', f'"{before}', 1)
