"""Folds many nearly equal resources into one `for_each`: the reverse of `instances`. It knows no kind, reads no file.

Resources may fold if they have the same keys at every depth, the same `lifecycle` and the same `only_in`.

1. A key is split at its dashes: a prefix, an item, a suffix. Those with the same prefix and suffix are a group.
   Groups of short items come first, then large ones, then those with the item at the end.
2. A scalar that differs within a group is the item, or differs in nothing else: then it gets `${each.…}`. What else
   differs goes into the items, which become maps. About half of the scalars may do so.
3. A group has at least three resources. They become one block, and are in no other group.
4. These blocks fold again in the same way, which gives the next dimension. Two are enough then, if no map is needed.
   `exclude` has what is missing in the product, at most a quarter of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from math import prod
from typing import Any, Final

from reconciler.config.for_each import DIMENSION
from reconciler.config.merge import KEY
from reconciler.lazy import frozen
from reconciler.serialization import to_canonical
from reconciler.text import find_common_words, find_free
from reconciler.yaml import KeyPath, walk
from reconciler.yaml.edit import Joined

Lists = Mapping[frozenset[str], str]
"""The items of a list, as canonical texts → the name of the variable with this list."""
Dimension = Mapping[str, Mapping[KeyPath, Any]]
"""Item → its other values, by where they stand."""
FEWEST: Final = 3  # Two resources are read faster than a for_each with two items.
MOST_PARTS: Final = 8
"""A key of more parts is left alone: there are too many ways to split it."""
_FIXED: Final = ("lifecycle", "only_in")
_DASH: Final = re.compile("([-_]+)")
_EACH: Final = re.compile(r"\$\{each\.([0-9.]+)\}")


@frozen
class Block:
    """One resource, or several that were folded. `instances`: items → key. Blocks fold only if they have the same
    `shape`. In `key` and `scalars`, `${each.0}` is the item of the first dimension, `${each.0.1}` its second value."""

    index: int
    key: str
    shape: frozenset[tuple[KeyPath, str]]
    scalars: Mapping[KeyPath, Any]
    instances: Mapping[tuple[str, ...], str]
    dimensions: tuple[Dimension, ...] = ()


def fold_blocks(resources: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """The blocks that resources (key → fields) of one section fold into, without those that do not fold."""
    blocks = [_read(index, key, node) for index, (key, node) in enumerate(resources.items())]
    before = len(blocks) + 1
    while len(blocks) < before:
        before, blocks = len(blocks), _fold_once(blocks)
    return [each for each in blocks if each.dimensions]


def _read(index: int, key: str, node: Mapping[str, Any]) -> Block:
    fields = {name: value for name, value in node.items() if name not in _FIXED}
    # What is empty has nothing within it that could stand for it.
    scalars = {key_path: value for key_path, value in walk(fields) if not isinstance(value, dict | list) or not value}
    shape = {(key_path, str(value) if isinstance(value, dict | list) else "") for key_path, value in scalars.items()}
    shape |= {((name,), to_canonical(node[name])) for name in _FIXED if name in node}
    return Block(index, key, frozenset(shape), scalars, {(): key})


def _fold_once(blocks: Sequence[Block]) -> list[Block]:
    """The blocks after one round of joining. Each block is joined at most once."""
    groups: dict[tuple[Any, str, str], list[tuple[Block, str]]] = defaultdict(list)
    for block in blocks:
        like = block.shape, *(tuple(next(iter(each.values()))) for each in block.dimensions)
        for prefix, item, suffix in _split_key(block.key):
            groups[like, prefix, suffix].append((block, item))

    def rank(name: tuple[Any, str, str]) -> tuple[Any, ...]:
        members = groups[name]
        longest = max(len(_DASH.findall(item)) for _, item in members)
        return longest, -len(members), name[2] != "", name[1:], members[0][0].index

    folded: list[Block] = []
    used: set[int] = set()
    for name in sorted((name for name, members in groups.items() if len(members) > 1), key=rank):
        members = [each for each in groups[name] if each[0].index not in used]
        joined = _join(members, *name[1:]) if len(members) > 1 else None
        if joined is not None:
            folded.append(joined)
            used.update(block.index for block, _ in members)
    return sorted([*folded, *(each for each in blocks if each.index not in used)], key=lambda each: each.index)


def _split_key(key: str) -> Iterator[tuple[str, str, str]]:
    """Each way to split a key: a prefix, an item, and a suffix."""
    pieces = _DASH.split(key)
    ends = range(0, len(pieces), 2) if len(pieces) < 2 * MOST_PARTS else range(0)
    for first in ends:
        for last in ends[first // 2 :]:
            prefix, item, suffix = map("".join, (pieces[:first], pieces[first : last + 1], pieces[last + 1 :]))
            if (prefix or suffix) and KEY.fullmatch(item):
                yield prefix, item, suffix


def _join(members: Sequence[tuple[Block, str]], prefix: str, suffix: str) -> Block | None:
    """The block that joins members, each with its item; None if they are too few or differ too much."""
    blocks, items = [block for block, _ in members], [item for _, item in members]
    first, known = blocks[0], _unite(blocks)
    number = len(first.dimensions)
    each = f"${{each.{number}}}"
    differing = {key_path: [block.scalars[key_path] for block in blocks] for key_path in first.scalars}
    differing = {
        key_path: values
        for key_path, values in differing.items()
        if len({(type(each), str(each)) for each in values}) > 1
    }
    scalars = {**first.scalars}
    columns: dict[str, tuple[KeyPath, list[Any]]] = {}
    for key_path in sorted(differing):
        start, inner, end = find_common_words(differing[key_path])
        if not all(each and each == each.strip() for each in inner):
            start, inner, end = "", differing[key_path], ""
        if inner == items:
            scalars[key_path] = f"{start}{each}{end}"
        elif pieces := _split(differing[key_path], items):
            scalars[key_path] = each.join(pieces)
        else:
            columns.setdefault(to_canonical(inner), (key_path, inner))
            scalars[key_path] = f"{start}${{each.{number}.{[*columns].index(to_canonical(inner))}}}{end}"
    is_few = len(members) < (FEWEST if columns or not known else 2)
    if known is None or is_few or 2 * len(columns) > len(scalars) + 1 or any("${each." in name for name in columns):
        return None
    added = {item: {key_path: inner[at] for key_path, inner in columns.values()} for at, item in enumerate(items)}
    dimensions = (*known, added)
    instances = {(*of, item): key for block, item in members for of, key in block.instances.items()}
    if 3 * prod(map(len, dimensions)) > 4 * len(instances):  # more than a quarter is missing
        return None
    return Block(first.index, f"{prefix}{each}{suffix}", first.shape, scalars, instances, dimensions)


def _unite(blocks: Sequence[Block]) -> list[Dimension] | None:
    """The dimensions of blocks, with the items of all blocks; None if two blocks have different values for an item."""
    dimensions: list[Dimension] = []
    for alike in zip(*(each.dimensions for each in blocks), strict=True):
        items: dict[str, Mapping[KeyPath, Any]] = {}
        for item, values in chain.from_iterable(each.items() for each in alike):
            if to_canonical([*items.setdefault(item, values).values()]) != to_canonical([*values.values()]):
                return None
        dimensions.append(items)
    return dimensions


def _split(values: Sequence[Any], items: Sequence[str]) -> Sequence[str]:
    """The pieces of text around the item, if they are the same in all texts. Empty if they differ, or if an item is
    within an expression."""
    texts = [value if isinstance(value, str) else "" for value in values]
    pieces = {tuple(text.split(item)) for text, item in zip(texts, items, strict=True)}
    first, *others = pieces
    is_within = any("${" in piece.rpartition("}")[2] or piece.endswith("$") for piece in first[:-1])
    return () if others or is_within or len(first) == 1 else first


def write_block(block: Block, lists: Lists, taken: set[str]) -> Joined:
    """The order to write a block. `taken` has the keys that it cannot have; its own key is added."""
    order = sorted(range(len(block.dimensions)), key=lambda number: block.key.index(f"${{each.{number}}}"))
    names: dict[str, str] = {}
    items: dict[str, Any] = {}
    for number in order:
        dimension = block.dimensions[number]
        variable = lists.get(frozenset(map(to_canonical, dimension)), "")
        singular = re.sub("(?<!s)s$", "", re.sub("ies$", "y", variable))
        name = names[str(number)] = find_free(singular or "item", "", items)
        attributes = list[str]()
        for index, key_path in enumerate(next(iter(dimension.values()))):
            last = [step for step in key_path if isinstance(step, str)][-1]
            attributes.append(find_free(last if DIMENSION.fullmatch(last) else "value", "", ["key", *attributes]))
            names[f"{number}.{index}"] = f"{name}.{attributes[-1]}"
        maps = [
            dict(zip(("key", *attributes), (item, *each.values()), strict=True)) for item, each in dimension.items()
        ]
        plain = f"${{var.{variable}}}" if variable else [*dimension]
        items[name] = maps if attributes else plain
    rows = [
        {names[str(number)]: row[number] for number in order}
        for row in product(*block.dimensions)
        if row not in block.instances
    ]
    fixed = "-".join(filter(None, (part.strip("-_") for part in _EACH.split(block.key)[::2])))
    name = fixed if KEY.fullmatch(fixed) else "-".join(items).lower().strip("_")
    name = name if name not in taken else find_free("-".join((name, *items)).lower(), "", taken)
    taken.add(name)
    key = _insert_names(block.key, names)
    is_usual = key == "-".join((name, *(f"${{each.{each}}}" for each in items)))
    head = {"for_each": items} | ({"exclude": rows} if rows else {}) | ({} if is_usual else {"key": key})
    values = {key_path: _insert_names(text, names) for key_path, text in block.scalars.items() if isinstance(text, str)}
    changed = {key_path: text for key_path, text in values.items() if text != block.scalars[key_path]}
    return Joined(tuple(block.instances.values()), name, head, changed)


def _insert_names(text: str, names: Mapping[str, str]) -> str:
    return _EACH.sub(lambda found: f"${{each.{names.get(found[1], found[1])}}}", text)
