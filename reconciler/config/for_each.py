"""Reads the `for_each` of one resource: dimensions, items, `exclude`, and the keys of the instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from reconciler.config.merge import KEY, explain_bad_key
from reconciler.config.schema_problems import NO_NAME
from reconciler.config.values import ELSEWHERE, EXPRESSION, NO_FOR_EACH, Item, Items, Substitution, Written
from reconciler.errors import Location, Problem
from reconciler.kinds.schema import NAME_PATTERN
from reconciler.lazy import frozen
from reconciler.model.addresses import address_key, address_kind, make_address
from reconciler.text import cite, closest, cut, describe, offer
from reconciler.yaml import LocatedList, LocatedMap, find_location, plain_copy

DIMENSION: Final = re.compile(NAME_PATTERN)
NO_DIMENSION: Final = NO_NAME.replace("variable", "dimension")
EXPECTED: Final = "expected a map of lists by names of yours, for example {app: [chess, go]}"
Excluded = dict[tuple[str, ...], set[tuple[str, ...]]]
"""Names of dimensions → the keys of their items that are left out together."""


class Dimension(NamedTuple):
    """A list of items as it is written, and its location. `of_variable`: it is the value of a variable."""

    node: LocatedList
    location: Location
    of_variable: bool


@frozen
class Definition:
    """A resource with `for_each`. `left_out`: the location of the `only_in` that leaves it out, None if none does.
    `substitution` collects its problems."""

    address: str
    written: Written
    dimensions: Mapping[str, Dimension]
    left_out: Location | None
    substitution: Substitution

    def count(self) -> int:
        """How many instances there are before any is excluded."""
        return prod(len(each.node) for each in self.dimensions.values())

    def refuse(self, location: Location, message: str) -> None:
        """Note a problem."""
        self.substitution.subject = self.address
        self.substitution.refuse(location, f"{cut(self.address)}: {message}")

    def items(self) -> dict[str, list[Item]] | None:
        """The items of each dimension, None if some are wrong."""
        self.substitution.subject = self.address
        self.substitution.no_items = ELSEWHERE.format("for_each")
        items = {name: list(self._items(name, each)) for name, each in self.dimensions.items()}
        self.substitution.no_items = NO_FOR_EACH
        return items if all(len(items[name]) == len(self.dimensions[name].node) for name in items) else None

    def _items(self, name: str, dimension: Dimension) -> Iterator[Item]:
        """The items of a dimension, without those that are wrong."""
        seen: dict[str, Location] = {}
        for written, position in zip(dimension.node, dimension.node.positions, strict=True):
            node, at = written, Location(dimension.location.file, *position)
            if not dimension.of_variable and isinstance(node, str):
                node, at = self.substitution.follow(node, at)
            is_done = dimension.of_variable or isinstance(written, str)
            value = plain_copy(node) if is_done else self.substitution.resolve(node, at)
            key, place = value.get("key") if isinstance(value, dict) else value, find_location(node, ("key",), at)
            if place in self.substitution.unknown:
                continue
            expected = "expected a text, a number, or a map with the key `key`"
            message = _explain_bad_key(key, float, f"found {describe(value)}; {expected}")
            first = seen.setdefault(str(key), at)  # 1 and "1" are the same key
            if not message and first is not at:
                message = f"{cite(str(key))} is an item at {first} already; expected it once"
            if message:
                self.refuse(place, f"for_each.{name}: {message}")
            else:
                yield Item(str(key), value, node, at)

    def read_exclude(self, dimensions: Mapping[str, list[Item]]) -> tuple[Excluded, list[Problem]]:
        """The combinations that `exclude` leaves out, and a warning for each that matches no item."""
        result: Excluded = {}
        keys = {name: {item.key: None for item in items} for name, items in dimensions.items()}
        warnings = []
        written = self.substitution.read_word(self.written, "exclude")
        for index, each in enumerate(written if isinstance(written, list) else ()):
            named = each if isinstance(each, dict) else {}
            for name, key in named.items():
                about = f"exclude[{index}]"
                if name not in keys:
                    known = list(keys)
                    message = f"there is no dimension {cite(name)}; expected {offer(known)}{closest(name, known)}"
                    self.refuse(self.written.locate("exclude", index, name, key=True), f"{about}: {message}")
                elif isinstance(key, str | int | float) and str(key) not in keys[name]:
                    close = self.substitution.searches.closest(cut(str(key)), keys[name])
                    message = f"{about}: excludes nothing: {cite(str(key))} is no item of {name}{close}"
                    location, subject = self.written.locate("exclude", index, name), cut(self.address)
                    warnings.append(Problem(*location, f"{subject}: {message}", subject=subject))
            if named and named.keys() <= keys.keys():
                result.setdefault(tuple(named), set()).add(tuple(map(str, named.values())))
        return result, warnings

    def make_pattern(self) -> str:
        """A pattern that fits the addresses of all instances that it could have."""
        key = self.written.node.get("key")
        own = f"{self.address}-*"
        return own if key is None else make_address(address_kind(self.address), EXPRESSION.sub("*", str(key)))

    def make_address(self, items: Items) -> str:
        """The address of an instance; empty if its key is wrong."""
        kind, own = address_kind(self.address), address_key(self.address)
        if "key" not in self.written.node:
            return make_address(kind, "-".join((own, *(each.key for each in items.values()))))
        at = self.written.locate("key")
        self.substitution.items, self.substitution.subject = items, self.address
        key = self.substitution.resolve(self.written.node["key"], at)
        if at in self.substitution.unknown:
            return ""
        if message := _explain_bad_key(key, int, f"found {describe(key)}; expected a text"):
            self.substitution.refuse(at, f"key: {message}")
        return "" if message else make_address(kind, str(key))


def _explain_bad_key(value: Any, number: type, otherwise: str) -> str:
    """Why a value cannot be a key; empty if it can. `otherwise`: the reason if it is no text, int or `number`."""
    if isinstance(value, bool) or not isinstance(value, str | int | number):
        return otherwise
    return explain_bad_key(str(value))


def read_dimensions(substitution: Substitution, written: Written) -> dict[str, Dimension] | None:
    """The dimensions of `for_each`, None if one of them is wrong."""
    substitution.no_items = ELSEWHERE.format("for_each")
    place = written.locate("for_each")
    node, location = substitution.follow(written.node["for_each"], place)
    about = f"{cut(substitution.subject)}: for_each"
    result = {}
    if location not in substitution.unknown and (not isinstance(node, LocatedMap) or not node):
        substitution.refuse(location, f"{about}: found {describe(node)}; {EXPECTED}")
    for name in node if isinstance(node, LocatedMap) else ():
        at = find_location(node, (name,), location)
        items, origin = substitution.follow(node[name], at)
        if not DIMENSION.fullmatch(name):
            key = find_location(node, (name,), location, key=True)
            substitution.refuse(key, f"{about}: {cite(name)} {NO_DIMENSION}")
        elif isinstance(items, LocatedList) and items:
            result[name] = Dimension(items, origin, of_variable=place != location or at != origin)
        elif origin not in substitution.unknown:
            hint = f"; did you mean [{items}]?" if isinstance(items, str) and KEY.fullmatch(items) else ""
            substitution.refuse(origin, f"{about}.{cut(name)}: found {describe(items)}; expected a list of items{hint}")
    substitution.no_items = NO_FOR_EACH
    return result if isinstance(node, LocatedMap) and 0 < len(node) == len(result) else None


def combine(dimensions: Mapping[str, list[Item]], excluded: Excluded) -> Iterator[Items]:
    """Each combination of items that is not excluded."""
    for combination in product(*dimensions.values()):
        items = dict(zip(dimensions, combination, strict=True))
        if not any(tuple(items[name].key for name in names) in keys for names, keys in excluded.items()):
            yield items
