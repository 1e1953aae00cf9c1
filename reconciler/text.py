"""Text for people: cut to a length, broken into lines, quoted, counted, and compared with what was meant; and the words
of messages for values."""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, count
from typing import Any

from reconciler.lazy import load

WORD_CHARACTERS = 60
"""The most of a word that is shown and compared. A longer one was pasted by mistake."""
SHORTEST_PREFIX = 3  # A shorter word begins too many options.
MOST_SEARCHES = 20  # One takes 0.15 s among 10,000 options.
COUNTED = ", … and # more"
"""For `abridge`: the names that are left out are counted."""
HANG = 2
"""The extra indentation of a continued line, in columns."""

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_BEGINNING = re.compile(rf"(?:{_STYLE.pattern})* *")
# An expression is part of a word.
_TOKEN = re.compile(r"(?:\$\{[^}]*\}|\S)+|\s+")
# What people copy stays in one piece: a command in backquotes, an item in braces, an option with its value, and what
# stands in parentheses with its name.
_WORD = re.compile(r"(?:`[^`]*`|\{[^{}]{,60}\}|--[a-z-]{,30} (?=[A-Z]+\b)|--allow (?=\S)|\([^()\s]+ [^()\s]+\)|\S)+")
# A line of a file with its number, and the mark below it.
_SOURCE = re.compile(rf"(?:{_STYLE.pattern}| )*+\d*+ *+\|")
_BREAK = re.compile(r"\r\n|\r|\n")


def describe(value: Any) -> str:
    """A value as a message names it: `the text "x"`, `the number 5`, `a map of type, id`, `nothing`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the value {str(value).lower()}"
        case int() | float():
            return f"the number {cut(str(value))}"
        case str():
            return f"the text {cite(value)}" if value else "an empty text"
        case dict():
            return f"a map of {cut(', '.join(value))}" if value else "an empty map"
    return "a list" if value else "an empty list"


def cut(text: str) -> str:
    """The text, or its first 60 characters."""
    return truncate(text, WORD_CHARACTERS)


def cite(text: str) -> str:
    """The text in quotes, cut to 60 characters, with control characters escaped."""
    return quote(cut(text))


def join_choices(words: Sequence[str]) -> str:
    """`x`, `x or y`, `x, y or z`."""
    return " or ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def offer(options: Sequence[str]) -> str:
    """`x`, or `one of x, y`."""
    return options[0] if len(options) == 1 else f"one of {', '.join(options)}"


def add_article(noun: str) -> str:
    """`a report`, `an integration`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def find_position(text: str, index: int) -> tuple[int, int]:
    """The line and the column, counted from 1, of the character at `index` of a text."""
    before = text[:index]
    starts = [0, *(found.end() for found in _BREAK.finditer(before))]
    return len(starts), len(before) - starts[-1] + 1


def find_free(name: str, separator: str, taken: Collection[str]) -> str:
    """The name if it is not taken, else with a number: `name2`, `name3`, … The separator stands before the number."""
    numbered = (f"{name}{separator}{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def find_common_words(values: Sequence[object]) -> tuple[str, list[str], str]:
    """The common beginning of texts, the differing middle of each, and the common end, in whole words. If a value is no
    text, nothing is common."""
    words = [_TOKEN.findall(each) if isinstance(each, str) else [] for each in values]
    start = [*(len({*each}) == 1 for each in zip(*words, strict=False)), False].index(False)
    tails = (reversed(each[start:]) for each in words)
    end = [*(len({*each}) == 1 for each in zip(*tails, strict=False)), False].index(False)
    inner = ["".join(each[start : len(each) - end]) for each in words]
    return "".join(words[0][:start]), inner, "".join(words[0][len(words[0]) - end :])


def truncate(text: str, limit: int, rest: str = "…") -> str:
    """The text, or if it is longer, its first `limit` characters with `rest` behind them."""
    return text if len(text) <= limit else text[:limit] + rest


def abridge(names: Iterable[str], most: int = 3, rest: str = ", …", separator: str = ", ") -> str:
    """`a, b, c, …`: the first `most` names, and `rest` if there are others. A `#` in it becomes their number."""
    known = list(names)
    return separator.join(known[:most]) + (rest.replace("#", str(len(known) - most)) if known[most:] else "")


def count_columns(text: str) -> int:
    """The columns that a text takes on a terminal: styles take none, wide characters two."""
    plain = _STYLE.sub("", text)
    if plain.isascii():
        return len(plain)
    shown = [each for each in plain if not unicodedata.combining(each)]
    return len(shown) + sum(unicodedata.east_asian_width(each) in "WF" for each in shown)


def pad(text: str, width: int) -> str:
    """The text with spaces after it, up to `width` columns."""
    return text + " " * (width - count_columns(text))


def wrap(text: str, width: int | None, hang: int = HANG) -> str:
    """The text with its lines wrapped between words at `width` columns; None does not wrap.
    Continued lines are indented `hang` columns more. Lines of a file (`12 | text`) are not wrapped, nor is what people
    copy: a command in backquotes, an item in braces, an option with its value."""
    if width is None:
        return text
    lines = []
    for line in text.split("\n"):
        if count_columns(line) <= width or _SOURCE.match(line):
            lines.append(line)
            continue
        beginning = _BEGINNING.match(line)
        begun = beginning[0] if beginning else ""
        indent, at, is_empty = " " * (count_columns(begun) + hang), len(begun), True
        for word in _WORD.finditer(line, at):
            gap = line[at : word.start()]
            if not is_empty and count_columns(begun + gap + word[0]) > width:
                lines.append(begun)
                begun, gap = indent, ""
            begun, at, is_empty = begun + gap + word[0], word.end(), False
        lines.append(begun)
    return "\n".join(lines)


def quote(text: str) -> str:
    """The text in double quotes, with control characters escaped as in JSON."""
    return json.dumps(text, ensure_ascii=False)


def split_numbers(text: str) -> list[str | int]:
    """The texts and numbers in a text, as a key to sort by: 2 comes before 10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text)]


def shorten_commit(commit: str) -> str:
    """`commit 0123456789ab`, with the words after it; a text such as `not committed yet` stays as it is."""
    head, space, rest = commit.partition(" ")
    return commit if head == "not" else f"commit {head[:12]}{space}{rest}"


def format_count(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def share_out(remaining: int, needs: Sequence[int]) -> list[int]:
    """The shares of several texts in `remaining` characters: what each needs, or an equal part of the rest."""
    shares, order = [0] * len(needs), sorted(range(len(needs)), key=needs.__getitem__)
    for done, index in enumerate(order):
        shares[index] = min(needs[index], max(0, remaining) // (len(order) - done))
        remaining -= shares[index]
    return shares


def redact(text: str, secrets: Iterable[str], by: str = "***") -> str:
    """The text with each secret replaced. The longest is first, since one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, by)
    return text


def suggest_close(word: object, options: Iterable[str]) -> str:
    """`; did you mean "x"?` with the closest option, or nothing if none is close."""
    return suggest(find_close(str(word), options))


def find_misspelt(word: str, options: Iterable[str]) -> str:
    """The option that differs from a word in one letter, in case, or in punctuation; empty if there is none."""
    plain = {re.sub(r"[^a-z0-9]", "", each.casefold()): each for each in options}
    written = re.sub(r"[^a-z0-9]", "", word.casefold())
    close: list[str] = load("difflib:get_close_matches")(written, list(plain), n=1, cutoff=0.85)  # one letter of seven
    return plain[close[0]] if close and abs(len(close[0]) - len(written)) <= 1 else ""


def find_close(word: str, options: Iterable[str]) -> list[str]:
    """The option that is most similar to a word, as a list; an empty list if none is similar."""
    close: list[str] = load("difflib:get_close_matches")(word, list(options), n=1)
    return close


def suggest_similar(word: str, options: Sequence[str]) -> str:
    """`; did you mean "x"?` with the similar options, or nothing."""
    return suggest(find_similar(word, options))


def find_similar(word: str, options: Sequence[str]) -> list[str]:
    """The options that a word may mean: the one that differs in case or a leading zero; on a grid of times, the two
    beside it; the one that begins with it or has it between underscores; or the most similar one."""
    word = word.strip()
    padded = f"0{word}" if re.match(r"\d:", word) else word
    same = [each for each in options if each.casefold() == padded.casefold()]
    if same:
        return same
    forms = {re.sub(r"\d", "0", each) for each in (padded, *options)}
    if options and len(forms) == 1 and "0" in forms.pop():  # a grid: 09:30 and 10:00 have the same form
        at = bisect(options, padded)
        return list(options[max(at - 1, 0) : at + 1])
    if len(word) >= SHORTEST_PREFIX:
        near = [each for each in options if each.startswith(word) or word.startswith(each)]
        near = near or [each for each in options if f"_{word}_" in f"_{each}_" or f"_{each}_" in f"_{word}_"]
        if len(near) == 1:
            return near
    return find_close(word[:WORD_CHARACTERS], options)


def suggest(words: Sequence[str]) -> str:
    """`; did you mean "x" or "y"?`, or nothing without words."""
    return f"; did you mean {' or '.join(map(cite, words))}?" if words else ""


class Searches:
    """Suggestions among many options. difflib compares a word with every option, so a run makes at most 20 searches."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], str] = {}

    def suggest_similar(self, word: str, options: Collection[str]) -> str:
        """`; did you mean "x"?` with the option closest to a word; empty if none is close."""
        key = word, len(options), next(iter(options), "")  # a dimension and a variable may be misspelt alike
        if key not in self._known:
            is_over = len(self._known) >= MOST_SEARCHES
            self._known[key] = "" if is_over else suggest_close(word[:WORD_CHARACTERS], options)
        return self._known[key]
