"""Expands `for_each` into resources, and leaves out those that `only_in` excludes from an environment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from reconciler import config
from reconciler.config.merge import ConfigItem
from reconciler.config.values import EACH, NO_FOR_EACH, NO_ITEMS, Substitution, Written, count_values
from reconciler.errors import Location, Problem
from reconciler.kinds.schema import META_ARGUMENTS
from reconciler.text import cite, cut, did_you_mean, find_misspelt, offer
from reconciler.yaml import LocatedMap, find_location, walk

if TYPE_CHECKING:
    from reconciler.config.for_each import Definition

WORDS: Final = frozenset(META_ARGUMENTS)
MOST_INSTANCES: Final = 100_000  # of the contract
LARGEST_COUNT: Final = 10**12
"""A larger one is not written out in a message."""


@dataclass(slots=True)
class Expansion:
    """The resources of one environment, by address.

    `left_out`: the addresses that an `only_in` leaves out → its location. `misplaced` entries are checked, but are not
    part of the configuration. `definitions`: the address of a `for_each` → the addresses of its instances. `patterns`:
    a pattern of the addresses that a `for_each` can make → its address and location. `is_complete`: none is missing.
    """

    resources: dict[str, ConfigItem] = field(default_factory=dict)
    left_out: dict[str, Location] = field(default_factory=dict)
    definitions: dict[str, list[str]] = field(default_factory=dict)
    patterns: dict[str, tuple[str, Location]] = field(default_factory=dict)
    misplaced: list[ConfigItem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    is_complete: bool = True


def expand(
    resources: Mapping[str, Written], substitution: Substitution, environments: Collection[str], most: int
) -> Expansion:
    """The resources of the environment of `substitution`, which collects the problems.

    `environments` names all environments; it is empty if they are not known. `most` limits the values of all instances.
    """
    expander = _Expander(substitution, environments, most)
    definitions: list[Definition] = []
    for address, written in resources.items():
        substitution.subject = address
        node = written.node if isinstance(written.node, LocatedMap) else LocatedMap()
        is_plain = WORDS.isdisjoint(node)
        left_out = None if is_plain or "only_in" not in node else expander.find_left_out(written)
        if not is_plain and "for_each" in node:
            definitions += expander.define(address, written, left_out)
        elif left_out is not None:
            expander.found.left_out[address] = left_out
        else:
            expander.add(address, written)
    # The largest are refused first: one of them is nearly always the cause, and the others are still checked.
    kept = sorted(definitions, key=lambda each: (each.count(), each.address))
    total = sum(each.count() for each in kept)
    while total > MOST_INSTANCES:
        largest = kept.pop()
        number = str(largest.count()) if largest.count() < LARGEST_COUNT else f"more than {LARGEST_COUNT}"
        rest = f", of {total} in all" if largest.count() <= MOST_INSTANCES else ""
        expander.refuse(largest, f"makes {number} instances{rest}; expected at most {MOST_INSTANCES} in all")
        total -= largest.count()
    for definition in kept:
        expander.add_instances(definition)
    return expander.found


class _Expander:
    """Makes the resources of one environment."""

    def __init__(self, substitution: Substitution, environments: Collection[str], most: int) -> None:
        self.found = Expansion()
        self._most = most
        self._values = 0
        self._substitution = substitution
        self._environments = environments

    def add(self, address: str, written: Written) -> None:
        """Add a resource without `for_each`."""
        substitution, node = self._substitution, written.node
        if isinstance(node, LocatedMap):
            for name in ("exclude", "key"):
                if name in node:
                    location = written.locate(name, key=True)
                    substitution.refuse(location, f"{cut(address)}: {name}: expected for_each beside it")
            if any(find_misspelt(key, ["for_each"]) for key in node if key[:3] in ("for", "For")):  # difflib is slow
                substitution.no_items = ""  # The misspelt key is the problem.
        value = substitution.resolve(node, written.value_location)
        substitution.no_items = NO_FOR_EACH
        self.found.resources[address] = ConfigItem(address, value, written)

    def find_left_out(self, written: Written) -> Location | None:
        """The location of the `only_in` that leaves a resource out of the environment; None if it stays."""
        names = self._substitution.read_word(written, "only_in")
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            return None
        for index, name in enumerate(names):
            place = written.locate("only_in", index)
            if place in self._substitution.unknown:
                return None
            if self._environments and not any(fnmatchcase(each, name) for each in self._environments):
                expected = f"expected {offer(list(self._environments))}{did_you_mean(name, self._environments)}"
                message = f"only_in: there is no environment {cite(name)}; {expected}"
                self._substitution.refuse(place, f"{cut(self._substitution.subject)}: {message}")
        here = self._substitution.environment
        is_here = here is None or any(fnmatchcase(here.name, name) for name in names)
        return None if is_here else written.locate("only_in")

    def define(self, address: str, written: Written, left_out: Location | None) -> Iterator[Definition]:
        """The definition of a resource with `for_each`; none if its dimensions cannot be read."""
        # What is left out need not have values for its variables.
        substitution = Substitution(self._substitution.environment) if left_out else self._substitution
        substitution.subject = address
        dimensions = config.for_each.read_dimensions(substitution, written)
        if dimensions is not None:
            yield config.for_each.Definition(address, written, dimensions, left_out, substitution)
        elif left_out is None:
            self._add_unmade(address, written)

    def refuse(self, definition: Definition, message: str) -> None:
        """Add the problem that a definition makes too many instances or values."""
        self._substitution.items, self._substitution.subject = NO_ITEMS, definition.address
        text = f"{cut(definition.address)}: for_each: {message}"
        self._substitution.refuse(definition.written.locate("for_each"), text)
        self.found.is_complete = False

    def _add_unmade(self, address: str, written: Written) -> None:
        """Check the fields of a definition whose instances cannot be made."""
        self.found.is_complete = False
        self._substitution.no_items = ""
        fields = {name: self._substitution.resolve_field(written, name) for name in written.node if name not in WORDS}
        self._substitution.no_items = NO_FOR_EACH
        self.found.misplaced.append(ConfigItem(address, fields, written))

    def add_instances(self, definition: Definition) -> None:
        """Add the instances of a definition, or record that an `only_in` leaves them out."""
        substitution, written = definition.substitution, definition.written
        dimensions = definition.items()
        if dimensions is None:
            if definition.left_out is None:
                self._add_unmade(definition.address, written)
            return
        excluded, warnings = definition.read_exclude(dimensions)
        self.found.warnings += warnings if definition.left_out is None else ()
        made = self.found.definitions.setdefault(definition.address, [])
        self.found.patterns[definition.make_pattern()] = definition.address, written.location
        if definition.left_out is not None:
            self.found.left_out[definition.address] = definition.left_out
        substitution.items, substitution.subject, shared = NO_ITEMS, definition.address, {}
        if definition.left_out is None:
            same = (name for name, node in written.node.items() if name not in WORDS and not _has_item(node))
            shared = {name: substitution.resolve_field(written, name) for name in same}
        varying = [
            (name, written.locate(name), node)
            for name, node in written.node.items()
            if name not in WORDS and name not in shared
        ]
        size = count_values(shared) + sum(count_values(node) for *_, node in varying) + len(excluded)
        self._values += definition.count() * size
        if self._values > self._most:
            self.refuse(definition, f"makes {self._values} values up to here; expected at most {self._most} in all")
            return
        words = {name: substitution.read_word(written, name) for name in ("exclude", "only_in") if name in written.node}
        for items in config.for_each.combine(dimensions, excluded):
            address = definition.make_address(items)
            if not address:
                self.found.is_complete = self.found.is_complete and definition.left_out is not None
                continue
            made.append(address)
            if definition.left_out is not None:
                self.found.left_out.setdefault(address, definition.left_out)
            else:
                substitution.items, substitution.subject = items, address
                value = shared | {name: substitution.resolve(node, at) for name, at, node in varying} | words
                self._add_instance(ConfigItem(address, value, written, items, definition.address))
                words = {}  # one instance is enough to check them
        substitution.items = NO_ITEMS

    def _add_instance(self, entry: ConfigItem) -> None:
        other = self.found.resources.setdefault(entry.name, entry)
        if other is not entry:
            expected = "expected a key for each, with every dimension in `key`"
            message = f"has the key of {other.subject} at {other.written.location}; {expected}"
            path = ("key",) if "key" in entry.written.node else ()
            location = find_location(entry.written.node, path, entry.written.location)
            cause = f"{entry.definition} has the key of {other.definition or other.name}"
            problem = Problem(*location, f"{entry.subject}: {message}", subject=entry.subject, cause=cause)
            self._substitution.problems.append(problem)


def _has_item(node: Any) -> bool:
    """Whether a value has an item of `for_each` in it."""
    return any(isinstance(value, str) and "${" in value and EACH.search(value) for _, value in walk(node))
