"""Expands resources with `for_each`: dimensions, items, `exclude`, and the instances with their keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from reconciler.config import values
from reconciler.config.merge import KEY, ConfigItem, Expansion, explain_bad_key
from reconciler.config.schema_problems import NO_NAME
from reconciler.config.values import ELSEWHERE, EXPRESSION, NO_ITEMS, Item, Items, Substitution, Written
from reconciler.errors import Location, Problem
from reconciler.kinds.schema import META_ARGUMENTS, NAME_PATTERN
from reconciler.model.addresses import address_key, address_kind, make_address
from reconciler.text import cite, cut, describe, offer, suggest_similar
from reconciler.yaml import LocatedList, LocatedMap, copy_plain, find_location

DIMENSION: Final = re.compile(NAME_PATTERN)
NO_DIMENSION: Final = NO_NAME.replace("variable", "dimension")
EXPECTED: Final = "expected a map of lists by names of yours, for example {app: [chess, go]}"
MOST_INSTANCES: Final = 100_000  # of the contract
LARGEST_COUNT: Final = 10**12
"""A larger one is not written out in a message."""


class Dimension(NamedTuple):
    """A list of items as it is written, and its location. `of_variable`: it is the value of a variable."""

    node: LocatedList
    location: Location
    of_variable: bool


def expand_definitions(
    written: Iterable[tuple[str, Written, Location | None]], substitution: Substitution, found: Expansion, most: int
) -> None:
    """Add the instances of resources with `for_each` to an expansion. Each is an address, what is written, and the
    location of the `only_in` that leaves it out, or None. `most` limits the values of all instances."""
    definitions = [Definition(*each, substitution, found) for each in written]
    # The largest are refused first: one of them is nearly always the cause, and the others are still checked.
    kept = sorted(definitions, key=lambda each: (each.count, each.address))
    total = sum(each.count for each in kept)
    while total > MOST_INSTANCES:
        largest = kept.pop()
        number = str(largest.count) if largest.count < LARGEST_COUNT else f"more than {LARGEST_COUNT}"
        rest = f", of {total} in all" if largest.count <= MOST_INSTANCES else ""
        largest.refuse_all(f"makes {number} instances{rest}; expected at most {MOST_INSTANCES} in all")
        total -= largest.count
    for each in kept:
        each.add_instances(most)


class Definition:
    """A resource with `for_each`. Its instances go into `found`, or their addresses if an `only_in` leaves it out."""

    def __init__(
        self, address: str, written: Written, left_out: Location | None, substitution: Substitution, found: Expansion
    ) -> None:
        self.address = address
        self._written = written
        self._left_out = left_out
        self._found = found
        self._shared = substitution
        # What is left out need not have values for its variables.
        self._own = Substitution(substitution.environment) if left_out else substitution
        self._own.subject = address
        self._dimensions = self._read_dimensions()
        self.count = prod(len(each.node) for each in self._dimensions.values()) if self._dimensions else 0
        """How many instances there are before any is excluded."""

    def _refuse(self, location: Location, message: str) -> None:
        self._own.refuse(location, f"{cut(self.address)}: {message}")

    def refuse_all(self, message: str) -> None:
        """Add the problem that there are too many instances or values."""
        # What is left out counts too, so the problem is one of the environment, and not of this definition.
        self._shared.items, self._shared.subject = NO_ITEMS, self.address
        self._shared.refuse(self._written.locate("for_each"), f"{cut(self.address)}: for_each: {message}")
        self._found.is_complete = False

    def _read_dimensions(self) -> dict[str, Dimension]:
        """The dimensions of `for_each`; empty if one of them is wrong."""
        place = self._written.locate("for_each")
        node, location = self._own.follow(self._written.node["for_each"], place)
        if location not in self._own.unknown and (not isinstance(node, LocatedMap) or not node):
            self._refuse(location, f"for_each: found {describe(node)}; {EXPECTED}")
        result = {}
        for name in node if isinstance(node, LocatedMap) else ():
            at = find_location(node, (name,), location)
            items, origin = self._own.follow(node[name], at)
            if not DIMENSION.fullmatch(name):
                key = find_location(node, (name,), location, key=True)
                self._refuse(key, f"for_each: {cite(name)} {NO_DIMENSION}")
            elif isinstance(items, LocatedList) and items:
                result[name] = Dimension(items, origin, of_variable=place != location or at != origin)
            elif origin not in self._own.unknown:
                hint = f"; did you mean [{items}]?" if isinstance(items, str) and KEY.fullmatch(items) else ""
                self._refuse(origin, f"for_each.{cut(name)}: found {describe(items)}; expected a list of items{hint}")
        return result if isinstance(node, LocatedMap) and len(node) == len(result) else {}

    def add_instances(self, most: int) -> None:
        """Add the instances, or the addresses that an `only_in` leaves out."""
        own, written, found = self._own, self._written, self._found
        own.items, own.subject = NO_ITEMS, self.address
        dimensions = {name: [*self._read_items(name, each)] for name, each in self._dimensions.items()}
        fields = {name: node for name, node in written.node.items() if name not in META_ARGUMENTS}
        if not dimensions or prod(map(len, dimensions.values())) < self.count:
            if self._left_out is None:
                # The instances cannot be made, but the fields can be checked.
                found.is_complete = False
                value = {name: own.resolve_field(written, name, "") for name in fields}
                found.misplaced.append(ConfigItem(self.address, value, written))
            return
        excluded = self._read_exclude(dimensions)
        kind, key = address_kind(self.address), written.node.get("key")
        pattern = f"{self.address}-*" if key is None else make_address(kind, EXPRESSION.sub("*", str(key)))
        found.patterns[pattern] = self.address, written.location
        made = found.definitions.setdefault(self.address, [])
        shared = {}
        if self._left_out is not None:
            found.left_out[self.address] = self._left_out
        else:
            shared = {
                name: own.resolve_field(written, name) for name, node in fields.items() if not values.has_item(node)
            }
        varying = [(name, written.locate(name), node) for name, node in fields.items() if name not in shared]
        size = values.count_values([*shared.values(), *(node for *_, node in varying)]) + len(excluded)
        found.values += self.count * size
        if found.values > most:
            self.refuse_all(f"makes {found.values} values up to here; expected at most {most} in all")
            return
        words = {name: own.read_word(written, name) for name in ("exclude", "only_in") if name in written.node}
        for combination in product(*dimensions.values()):
            items = dict(zip(dimensions, combination, strict=True))
            if any(tuple(items[name].key for name in names) in keys for names, keys in excluded.items()):
                continue
            address = self._make_address(items)
            if address:
                made.append(address)
            if not address:
                found.is_complete = found.is_complete and self._left_out is not None
            elif self._left_out is not None:
                found.left_out.setdefault(address, self._left_out)
            else:
                own.items, own.subject = items, address
                value = shared | {name: own.resolve(node, at) for name, at, node in varying} | words
                self._add_instance(ConfigItem(address, value, written, items, self.address))
                words = {}  # one instance is enough to check them
        own.items = NO_ITEMS

    def _add_instance(self, entry: ConfigItem) -> None:
        other = self._found.resources.setdefault(entry.name, entry)
        if other is not entry:
            expected = "expected a key for each, with every dimension in `key`"
            message = f"has the key of {other.subject} at {other.written.location}; {expected}"
            path = ("key",) if "key" in entry.written.node else ()
            location = find_location(entry.written.node, path, entry.written.location)
            cause = f"{entry.definition} has the key of {other.definition or other.name}"
            problem = Problem(*location, f"{entry.subject}: {message}", subject=entry.subject, cause=cause)
            self._own.problems.append(problem)

    def _read_items(self, name: str, dimension: Dimension) -> Iterator[Item]:
        """The items of a dimension, without those that are wrong."""
        seen: dict[str, Location] = {}
        for written, position in zip(dimension.node, dimension.node.positions, strict=True):
            node, at = written, Location(dimension.location.file, *position)
            if not dimension.of_variable and isinstance(node, str):
                node, at = self._own.follow(node, at)
            is_done = dimension.of_variable or isinstance(written, str)
            value = copy_plain(node) if is_done else self._own.resolve(node, at, ELSEWHERE.format("for_each"))
            key, place = value.get("key") if isinstance(value, dict) else value, find_location(node, ("key",), at)
            if place in self._own.unknown:
                continue
            expected = "expected a text, a number, or a map with the key `key`"
            message = _explain_bad_key(key, float, f"found {describe(value)}; {expected}")
            first = seen.setdefault(str(key), at)  # 1 and "1" are the same key
            if not message and first is not at:
                message = f"{cite(str(key))} is an item at {first} already; expected it once"
            if message:
                self._refuse(place, f"for_each.{name}: {message}")
            else:
                yield Item(str(key), value, node, at)

    def _read_exclude(self, dimensions: Mapping[str, list[Item]]) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
        """Names of dimensions → the keys of their items that are left out. Warns of those that are no items."""
        result: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        keys = {name: {item.key: None for item in items} for name, items in dimensions.items()}
        written = self._own.read_word(self._written, "exclude")
        for index, each in enumerate(written if isinstance(written, list) else ()):
            named = each if isinstance(each, dict) else {}
            for name, key in named.items():
                about = f"exclude[{index}]"
                if name not in keys:
                    known = list(keys)
                    message = (
                        f"there is no dimension {cite(name)}; expected {offer(known)}{suggest_similar(name, known)}"
                    )
                    self._refuse(self._written.locate("exclude", index, name, key=True), f"{about}: {message}")
                elif isinstance(key, str | int | float) and str(key) not in keys[name] and self._left_out is None:
                    close = self._own.searches.suggest_similar(cut(str(key)), keys[name])
                    message = f"{about}: excludes nothing: {cite(str(key))} is no item of {name}{close}"
                    location, subject = self._written.locate("exclude", index, name), cut(self.address)
                    self._found.warnings.append(Problem(*location, f"{subject}: {message}", subject=subject))
            if named and named.keys() <= keys.keys():
                result.setdefault(tuple(named), set()).add(tuple(map(str, named.values())))
        return result

    def _make_address(self, items: Items) -> str:
        """The address of an instance; empty if its key is wrong."""
        kind, own = address_kind(self.address), address_key(self.address)
        if "key" not in self._written.node:
            return make_address(kind, "-".join((own, *(each.key for each in items.values()))))
        at = self._written.locate("key")
        self._own.items, self._own.subject = items, self.address
        key = self._own.resolve(self._written.node["key"], at)
        if at in self._own.unknown:
            return ""
        if message := _explain_bad_key(key, int, f"found {describe(key)}; expected a text"):
            self._own.refuse(at, f"key: {message}")
        return "" if message else make_address(kind, str(key))


def _explain_bad_key(value: Any, number: type, otherwise: str) -> str:
    """Why a value cannot be a key; empty if it can. `otherwise`: the reason if it is no text, int or `number`."""
    if isinstance(value, bool) or not isinstance(value, str | int | number):
        return otherwise
    return explain_bad_key(str(value))
