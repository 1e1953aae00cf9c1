"""What no schema can say of `moved`, `removed` and `imports`: where they contradict the configuration or each other."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from reconciler.config.entry import Entry
from reconciler.config.findings import Spot, spot_of
from reconciler.config.merge import Written
from reconciler.config.wording import cut, quoted
from reconciler.errors import Problem
from reconciler.kinds.schema import ADDRESS_PATTERN
from reconciler.model.desired import kind_of

ADDRESS = re.compile(ADDRESS_PATTERN)
Items = Mapping[str, Sequence[Entry]]
Addresses = Mapping[str, Written]


def block_problems(items: Items, known: Addresses, unknown: Container[Spot]) -> Iterator[Problem]:
    """Every such problem. A target that is not there is none: the line may have done its work (`plan.reviewed`)."""
    found = [*_sources(items, known), *_targets(items), *_repeated(items)]
    yield from (problem for problem in found if spot_of(problem) not in unknown)


def _address(item: Entry, key: str) -> str:
    """The address at a key of an item; nothing where there is none, which the schema has said."""
    value = item.value.get(key) if isinstance(item.value, dict) else None
    return value if isinstance(value, str) and ADDRESS.fullmatch(value) else ""


def _sources(items: Items, known: Addresses) -> Iterator[Problem]:
    """What has moved or was removed is not there any more."""
    for item in (*items["moved"], *items["removed"]):
        source = _address(item, "from")
        if source in known and source != _address(item, "to"):
            expected = "expected it under `to` only" if item.name == "moved" else "expected it gone, or this item gone"
            place = known[source].place
            message = f"{item.name}: from: {cut(source)} is still in the configuration, at {place}; {expected}"
            yield item.problem(("from",), message)


def _targets(items: Items) -> Iterator[Problem]:
    """A move leads from one key to another of its kind."""
    for item in items["moved"]:
        source, target = _address(item, "from"), _address(item, "to")
        if source and target and kind_of(source) != kind_of(target):
            message = f"moved: to: {cut(source)} cannot become {cut(target)}; expected a key of the same kind"
            yield item.problem(("to",), message)
        elif source and source == target:
            yield item.problem(("to",), f"moved: to: {cut(source)} moves to itself; expected another key")


def _repeated(items: Items) -> Iterator[Problem]:
    """One object has one fate, and one address is one object."""
    first: dict[tuple[str, str, str], Entry] = {}
    for item, key, what in _claims(items):
        other = first.setdefault((key, _kind_of_id(item) if key == "id" else "", what), item)
        if other is not item:
            message = f"{item.name}: {key}: {quoted(what)} is in {other.name} at {other.written.place} already"
            yield item.problem((key,), f"{message}; expected it once")


def _claims(items: Items) -> Iterator[tuple[Entry, str, str]]:
    for item in (*items["moved"], *items["removed"]):
        if source := _address(item, "from"):
            yield item, "from", source
    for item in (*items["moved"], *items["imports"]):
        if target := _address(item, "to"):
            yield item, "to", target
    for item in items["imports"]:
        live = item.value.get("id") if isinstance(item.value, dict) else None
        if isinstance(live, str):
            yield item, "id", live


def _kind_of_id(item: Entry) -> str:
    return kind_of(_address(item, "to"))
