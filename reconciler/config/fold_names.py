"""How a person writes a `for_each`: the names of dimensions and of their values, the items, `exclude`, and the keys."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, combinations, count, product
from math import prod
from typing import Any, Final

from reconciler.config.fold import Block, Dimension, Way
from reconciler.config.for_each import DIMENSION
from reconciler.config.merge import KEY
from reconciler.serialization import canonical
from reconciler.yaml.edit_blocks import Joined

Lists = Mapping[frozenset[str], Mapping[str, list[Any]]]
_EACH: Final = re.compile(r"\$\{each\.([0-9.]+)\}")
_ATTRIBUTE: Final = re.compile("[A-Za-z_][A-Za-z0-9_-]*")
_PLURAL: Final = re.compile("(?<=s|x)es$|(?<=ch|sh)es$|(?<!s)s$")


def lists_by_items(variables: Mapping[str, Any]) -> Lists:
    """The variables that are lists of items: the keys of the items → name → the list."""
    found: dict[frozenset[str], dict[str, list[Any]]] = defaultdict(dict)
    for name, value in sorted(variables.items()):
        if isinstance(value, list):
            found[frozenset(str(_key(each)) for each in value)][name] = value
    return found


def write_block(block: Block, lists: Lists, taken: set[str]) -> Joined:
    """A block as it is written. `taken` are the keys that it cannot have; that which it gets is added to them."""
    order = sorted(range(len(block.dimensions)), key=lambda number: block.key.index(f"${{each.{number}}}"))
    fields = [*block.scalars]
    names: dict[str, str] = {}
    items: dict[str, Any] = {}
    for number in order:
        dimension = block.dimensions[number]
        variable, attributes = _find_variable(dimension, lists)
        found = _singular(variable) if variable else _last_name(dimension.equal, DIMENSION) or "item"
        name = names[str(number)] = _free(found, items)
        items[name] = f"${{var.{variable}}}"
        if attributes is None:
            attributes = _name_values(dimension, block.scalars)
            shown = sorted(range(len(attributes)), key=[fields.index(way) for way in dimension.ways].__getitem__)
            items[name] = [
                _write_item(dimension, item, {attributes[index]: index for index in shown}) for item in dimension.items
            ]
        names |= {f"{number}.{index}": f"{name}.{each}" for index, each in enumerate(attributes)}
    rows = [
        {names[str(number)]: _write_item(block.dimensions[number], item, {}) for number, item in row.items()}
        for row in _excluded(block, order)
    ]
    fixed = "-".join(filter(None, (part.strip("-_") for part in _EACH.split(block.key)[::2])))
    name = fixed if KEY.fullmatch(fixed) else "-".join(items).lower().strip("_")
    name = name if name not in taken else _free("-".join((name, *items)).lower(), taken)
    taken.add(name)
    key = _named(block.key, names)
    is_usual = key == "-".join((name, *(f"${{each.{each}}}" for each in items)))
    head = {"for_each": items} | ({"exclude": rows} if rows else {}) | ({} if is_usual else {"key": key})
    values = {way: _named(text, names) for way, text in block.scalars.items() if isinstance(text, str)}
    keys = tuple(block.instances.values())
    return Joined(keys, name, head, {way: text for way, text in values.items() if text != block.scalars[way]})


def _named(text: str, names: Mapping[str, str]) -> str:
    return _EACH.sub(lambda found: f"${{each.{names.get(found[1], found[1])}}}", text)


def _key(item: Any) -> Any:
    return item.get("key") if isinstance(item, dict) else item


def _find_variable(dimension: Dimension, lists: Lists) -> tuple[str, list[str] | None]:
    """The variable with the same items, else one with these among others, else no name; and how it calls their values,
    None if it lacks one."""
    found = min((name for keys, named in lists.items() if keys >= dimension.items.keys() for name in named), default="")
    for name, written in lists.get(frozenset(dimension.items), {}).items():
        maps = {str(_key(each)): each if isinstance(each, dict) else {} for each in written}
        names = sorted(next(iter(maps.values())))
        columns = {canonical([maps[item].get(each) for item in dimension.items]): each for each in names}
        wanted = [canonical([*values]) for values in zip(*dimension.items.values(), strict=True)]
        known = [columns[each] for each in wanted if each in columns]
        is_same = len(written) == len(maps) and all(
            isinstance(_key(each), int) is dimension.is_number for each in written
        )
        if is_same and len(known) == len(wanted):
            return name, known
    return found, None


def _name_values(dimension: Dimension, scalars: Mapping[Way, Any]) -> list[str]:
    """Names for the values of items: those of their fields; `title` for a part of a text that is the item in other
    letters."""
    names: list[str] = []
    for index, way in enumerate(dimension.ways):
        is_title = not _EACH.fullmatch(scalars[way]) and all(
            _letters(values[index]) == _letters(item) for item, values in dimension.items.items()
        )
        names.append(_free("title" if is_title else _last_name([way], _ATTRIBUTE) or "value", ["key", *names]))
    return names


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _last_name(ways: Sequence[Way], allowed: re.Pattern[str]) -> str:
    """The last key of the first of these ways that has an allowed one."""
    last = ([step for step in way if isinstance(step, str)][-1] for way in ways)
    return next(filter(allowed.fullmatch, last), "")


def _singular(name: str) -> str:
    return re.sub("ies$", "y", name) if name.endswith("ies") else _PLURAL.sub("", name) or name


def _free(name: str, used: Collection[str]) -> str:
    """The name, with the first number behind it that makes it another one than these."""
    return next(each for each in chain([name], (f"{name}{number}" for number in count(2))) if each not in used)


def _write_item(dimension: Dimension, item: str, attributes: Mapping[str, int]) -> Any:
    key = int(item) if dimension.is_number else item
    values = dimension.items[item]
    return {"key": key, **{name: values[index] for name, index in attributes.items()}} if attributes else key


def _excluded(block: Block, order: Sequence[int]) -> Iterator[dict[int, str]]:
    """What is missing in the product, in as few rows as it takes: dimension → item."""
    sizes = [len(each.items) for each in block.dimensions]
    missing = [each for each in product(*(each.items for each in block.dimensions)) if each not in block.instances]
    for numbers in chain.from_iterable(combinations(order, size) for size in range(1, len(order) + 1)):
        rows = Counter(tuple(each[number] for number in numbers) for each in missing)
        whole = prod(sizes) // prod(sizes[number] for number in numbers)
        left_out = {row: None for row, many in rows.items() if many == whole}
        yield from (dict(zip(numbers, row, strict=True)) for row in left_out)
        missing = [each for each in missing if tuple(each[number] for number in numbers) not in left_out]
