"""Many nearly equal resources as one `for_each`: the reverse of `instances`. It knows no kind and reads no file.

Resources may fold if they have the same keys at every depth, the same `lifecycle` and the same `only_in`.

1. A key is taken apart at its dashes: what is before, an item, what is behind. Those with the same text before and
   behind are a group. Groups of short items come first, then large ones, then those with the item at the end.
2. A scalar that differs within a group is the item, or has it as a word: then it gets `${each.…}`. What else differs
   goes into the items, which become maps. About half of the scalars may do so.
3. A group has at least three resources. They become one block, and are in no other group.
4. These blocks fold again in the same way, which gives the next dimension. Two are enough then, if no map is needed.
   `exclude` has what is missing in the product, at most a quarter of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from math import prod
from typing import Any, Final

from reconciler.config.merge import KEY
from reconciler.config.values import EXPRESSION
from reconciler.serialization import canonical

Way = tuple[str | int, ...]
FEWEST: Final = 3
MOST_PARTS: Final = 8
"""A key of more parts is left alone: there are too many ways to take it apart."""
_FIXED: Final = ("lifecycle", "only_in")
_DASH: Final = re.compile("([-_]+)")
_NUMBER: Final = re.compile("0|[1-9][0-9]{0,14}")
_EXPRESSION: Final = re.compile(f"({EXPRESSION.pattern.replace('(', '(?:')})")
_WORD: Final = re.compile(r"(?:\$\{[^}]*\}|\S)+|\s+")


@dataclass(frozen=True, slots=True)
class Dimension:
    """Item → its other values, which stand at `ways`. At `equal` stands the item itself."""

    items: Mapping[str, tuple[Any, ...]]
    ways: tuple[Way, ...]
    equal: tuple[Way, ...]
    is_number: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A resource, or several: their items → the key. `shape` is what blocks that fold have in common. In `key` and
    `scalars` stands `${each.0}` for the item of the first dimension, and `${each.0.1}` for the second of its values."""

    place: int
    key: str
    shape: frozenset[tuple[Way, str]]
    scalars: Mapping[Way, Any]
    instances: Mapping[tuple[str, ...], str]
    dimensions: tuple[Dimension, ...] = ()


def fold_blocks(resources: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """The blocks that resources of one section come to, as they are written; none of those that do not fold."""
    done: list[Block] = []
    blocks = [_read(place, key, node) for place, (key, node) in enumerate(resources.items())]
    while blocks:
        folded: list[Block] = []
        rest = blocks
        while found := _fold_once(rest):
            inner = {key for each in found for key in each.instances.values()}
            rest = [each for each in rest if inner.isdisjoint(each.instances.values())]
            folded += found
        done += (each for each in rest if each.dimensions)
        blocks = sorted(folded, key=lambda each: each.place)
    return sorted(done, key=lambda each: each.place)


def _read(place: int, key: str, node: Mapping[str, Any]) -> Block:
    scalars = dict(_scalars((), {name: value for name, value in node.items() if name not in _FIXED}))
    shape = {(way, str(value) if isinstance(value, dict | list) else "") for way, value in scalars.items()}
    shape |= {((name,), canonical(node[name])) for name in _FIXED if name in node}
    return Block(place, key, frozenset(shape), scalars, {(): key})


def _scalars(way: Way, node: Any) -> Iterator[tuple[Way, Any]]:
    """The scalars of a value, and what is empty in it."""
    if not isinstance(node, dict | list) or not node:
        yield way, node
        return
    for step, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield from _scalars((*way, step), value)


def _fold_once(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that are made of several of these. Each of these is in one of them at most."""
    groups: dict[tuple[Any, str, str], list[tuple[Block, str]]] = defaultdict(list)
    for block in blocks:
        like = block.shape, *((each.ways, each.is_number) for each in block.dimensions)
        for before, item, behind in _take_apart(block.key):
            groups[like, before, behind].append((block, item))

    def rank(name: tuple[Any, str, str]) -> tuple[Any, ...]:
        members = groups[name]
        longest = max(len(_DASH.findall(item)) for _, item in members)
        return longest, -len(members), name[2] != "", name[1:], members[0][0].place

    folded: list[Block] = []
    used: set[int] = set()
    for name in sorted((name for name, members in groups.items() if len(members) > 1), key=rank):
        members = [each for each in groups[name] if each[0].place not in used]
        joined = _join(members, *name[1:]) if len(members) > 1 else None
        if joined is not None:
            folded.append(joined)
            used.update(block.place for block, _ in members)
    return folded


def _take_apart(key: str) -> Iterator[tuple[str, str, str]]:
    """Each way to take a key apart: what is before, an item, and what is behind."""
    pieces = _DASH.split(key)
    ends = range(0, len(pieces), 2) if len(pieces) < 2 * MOST_PARTS else range(0)
    for first in ends:
        for last in ends[first // 2 :]:
            before, item, behind = map("".join, (pieces[:first], pieces[first : last + 1], pieces[last + 1 :]))
            if (before or behind) and KEY.fullmatch(item):
                yield before, item, behind


def _join(members: Sequence[tuple[Block, str]], before: str, behind: str) -> Block | None:
    """The block that is made of these, one of each item; None if they are too few or differ too much."""
    blocks, items = [block for block, _ in members], [item for _, item in members]
    first, known = blocks[0], _unite(blocks)
    number = len(first.dimensions)
    each = f"${{each.{number}}}"
    differing = {way: [block.scalars[way] for block in blocks] for way in first.scalars}
    differing = {way: values for way, values in differing.items() if not _is_one(values)}
    written = {way: canonical(values) for way, values in differing.items()}
    numbers = [*map(int, items)] if all(map(_NUMBER.fullmatch, items)) else []
    is_number = bool(numbers) and (canonical(numbers) in written.values() or canonical(items) not in written.values())
    wanted = canonical(numbers if is_number else items)
    equal = tuple(sorted(way for way, text in written.items() if text == wanted))
    scalars = {**first.scalars, **dict.fromkeys(equal, each)}
    columns: dict[str, tuple[Way, list[Any]]] = {}
    for way in sorted(differing.keys() - {*equal}):
        texts = [_replace_word(value, item, each) for value, item in zip(differing[way], items, strict=True)]
        scalars[way] = texts[0]
        if not _is_one(texts) or texts[0] == each:
            start, inner, end = _take_common(texts)
            if each in canonical(inner):
                start, inner, end = _take_common(differing[way])
            columns.setdefault(canonical(inner), (way, inner))
            scalars[way] = f"{start}${{each.{number}.{[*columns].index(canonical(inner))}}}{end}"
    is_few = len(members) < (FEWEST if columns or not known else 2)
    if known is None or is_few or 2 * len(columns) > len(scalars) + 1 or any("${each." in name for name in columns):
        return None
    rows = zip(*(inner for _, inner in columns.values()), strict=True) if columns else [()] * len(items)
    ways = tuple(way for way, _ in columns.values())
    dimensions = (*known, Dimension(dict(zip(items, rows, strict=True)), ways, equal, is_number))
    instances = {(*of, item): key for block, item in members for of, key in block.instances.items()}
    if 3 * prod(len(each.items) for each in dimensions) > 4 * len(instances):
        return None
    return Block(first.place, f"{before}{each}{behind}", first.shape, scalars, instances, dimensions)


def _unite(blocks: Sequence[Block]) -> list[Dimension] | None:
    """The dimensions of blocks with the items of all of them; None if an item is not the same in all."""
    dimensions = []
    for alike in zip(*(each.dimensions for each in blocks), strict=True):
        items: dict[str, tuple[Any, ...]] = {}
        for item, values in chain.from_iterable(each.items.items() for each in alike):
            if canonical(items.setdefault(item, values)) != canonical(values):
                return None
        dimensions.append(replace(alike[0], items=items))
    return dimensions


def _is_one(values: Sequence[Any]) -> bool:
    """Whether values are the same and of one type."""
    return all(each == values[0] and type(each) is type(values[0]) for each in values)


def _replace_word(text: Any, word: str, by: str) -> Any:
    """A text with another one in place of a word, but not within expressions. What is no text stays."""
    pieces = _EXPRESSION.split(text) if isinstance(text, str) else []
    for at in range(0, len(pieces), 2):
        found, *rest = pieces[at].split(word)
        for part in rest:
            is_word = not (found[-1:].isalnum() or found.endswith("$") or part[:1].isalnum())
            found += (by if is_word else word) + part
        pieces[at] = found
    return "".join(pieces) if pieces else text


def _take_common(values: list[Any]) -> tuple[str, list[Any], str]:
    """What texts have in common at the beginning, what differs, and what is common at the end, in whole words."""
    if all(isinstance(each, str) for each in values):
        words = [_WORD.findall(each) for each in values]
        start = len([*takewhile(_is_one, zip(*words, strict=False))])
        end = len([*takewhile(_is_one, zip(*(reversed(each[start:]) for each in words), strict=False))])
        inner = ["".join(each[start : len(each) - end]) for each in words]
        if all(each and each == each.strip() for each in inner):
            return "".join(words[0][:start]), inner, "".join(words[0][len(words[0]) - end :])
    return "", values, ""
