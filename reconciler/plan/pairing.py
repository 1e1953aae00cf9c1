"""Which live objects of one environment are resources that others have, and where their values differ."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, count
from typing import Self

from reconciler.errors import WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import keys_path, path_keys, value_at
from reconciler.kinds.normalization import normal_form
from reconciler.model.inputs import Fields, Live, ObjectRef, Record, Resource
from reconciler.model.plan import Change
from reconciler.text import did_you_mean
from reconciler.yaml.edit import Way


@dataclass(frozen=True, slots=True)
class Selection:
    """Which live objects are meant: those of these kinds (without any: of all), and if there are patterns (each with
    its kind), only those with a name that fits one."""

    kinds: tuple[str, ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, kinds: Iterable[str], matches: Iterable[str]) -> Self:
        """The selection of these kinds, and of texts such as `report "Daily*"`. WrongUsage if one is none."""
        patterns = []
        for each in matches:
            found = re.fullmatch(r'(\w+)\s+("?)(.+)\2', each, re.DOTALL)
            if found is None:
                raise WrongUsage(f"--match {each}: expected a kind and a pattern of names, as in 'report \"Daily*\"'")
            patterns.append((found[1], found[3]))
        for name in (*kinds, *(kind for kind, _ in patterns)):
            if name not in KINDS:
                known = f"expected one of {', '.join(KINDS)}"
                raise WrongUsage(f"there is no kind {name}; {known}{did_you_mean(name, KINDS)}")
        return cls(tuple(kinds), tuple(patterns))

    def has(self, record: Record) -> bool:
        """Whether an object is meant."""
        fits = any(record.kind == kind and fnmatchcase(record.name, pattern) for kind, pattern in self.patterns)
        return (fits or not self.patterns) and (record.kind in self.kinds or not self.kinds)

    def require_fitting(self, live: Live) -> None:
        """WrongUsage if a pattern fits no live object."""
        for kind, pattern in self.patterns:
            names = [record.name for record in live.records[kind].values()]
            if not any(fnmatchcase(name, pattern) for name in names):
                raise WrongUsage(f'there is no live {kind} "{pattern}"{did_you_mean(pattern, names)}')


def find_pairs(
    resources: Mapping[str, Resource], records: Iterable[Record]
) -> tuple[dict[ObjectRef, str], list[tuple[list[Record], list[str]]]]:
    """Object → address of the resource that it is: both have a natural key that no other one has. Also the objects and
    the addresses that have one key, if they are several. A field that follows the environment of the key may differ, if
    nothing is equal in it, too."""
    pairs: dict[ObjectRef, str] = {}
    unclear = []
    records = list(records)
    for is_last in (False, True):
        groups: dict[tuple[str, ...], tuple[list[Record], list[str]]] = defaultdict(lambda: ([], []))
        taken = set(pairs.values())
        for record in records:
            if record.ref not in pairs:
                groups[_key(record.kind, record.fields, is_loose=is_last)][0].append(record)
        for address, resource in resources.items():
            if address not in taken:
                groups[_key(resource.kind, resource.fields, is_loose=is_last)][1].append(address)
        for found, addresses in groups.values():
            if len(found) == len(addresses) == 1:
                pairs[found[0].ref] = addresses[0]
            elif found and addresses and is_last:
                unclear.append((found, addresses))
    return pairs, unclear


def _key(kind_name: str, fields: Fields, *, is_loose: bool) -> tuple[str, ...]:
    kind = KINDS[kind_name]
    names = [name for name in kind.natural_key if not (is_loose and kind.field_named(name).follows_key)]
    return kind_name, *(normal_form(str(fields.get(name))) for name in names)


def find_ways(change: Change, sides: Sequence[Fields]) -> list[Way]:
    """The keys of each value that a change has in it, so far out that all `sides` have it; none if a side lacks the
    field."""
    lists = {name for name, _ in KINDS[change.kind].reference_fields()}
    ways: dict[Way, None] = {}
    for each in change.fields:
        keys = path_keys(each.path) or (each.path,)
        keys = keys[:1] if keys[0] in lists else keys
        while keys and any(value_at(side, keys) is None for side in sides):
            keys = keys[:-1]
        if not keys:
            return []
        ways[keys] = None
    return [way for way in ways if not any(way[:length] in ways for length in range(1, len(way)))]


def name_variables(ways: Mapping[str, Iterable[Way]], taken: Iterable[str]) -> dict[tuple[str, Way], str]:
    """Address and keys of a value → a variable: named after them, and like none that is taken."""
    known, names = set(taken), dict[tuple[str, Way], str]()
    for address, way in [(name, way) for name in sorted(ways) for way in ways[name]]:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", f"{address}.{keys_path(way)}").strip("_")
        numbered = (f"{plain}_{number}" for number in count(2))
        names[address, way] = name = next(each for each in chain([plain], numbered) if each not in known)
        known.add(name)
    return names
