"""Merges the documents of all files into one configuration, and finds what is written twice or in a wrong place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.config.names import SETTINGS_FILE
from reconciler.config.text import cut, found, quoted
from reconciler.errors import Location, Problem
from reconciler.kinds import SECTIONS
from reconciler.kinds.schema import BLOCKS, KEY_PATTERN, SETTINGS
from reconciler.model.desired import make_address
from reconciler.text import closest
from reconciler.yaml import Document, LocatedList, LocatedMap, Position, find_position


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource or an item of a block. `name`: its address, or the block's name."""

    name: str
    value: Any
    written: Written

    @property
    def key_location(self) -> Location:
        """Where its key is; of an item, where it begins."""
        return self.written.location

    def location(self, *path: str | int) -> Location:
        """Where the value at a path is, or the nearest value around it."""
        return Location(self.written.location.file, *find_position(self.written.node, path, self.written.position))

    def problem(self, path: tuple[str | int, ...], message: str, cause: str = "") -> Problem:
        """A problem with the value at a path. The message begins with the name."""
        subject = cut(self.name) if "." in self.name else ""
        return Problem(*self.location(*path), f"{cut(self.name)}: {message}", subject=subject, cause=cause)


KEY = re.compile(KEY_PATTERN)
KEY_EXPECTED = "expected small letters, digits, - and _, a letter or digit first"
ANCHORS = "x-"
TOP = (*SECTIONS, *BLOCKS)


@dataclass(frozen=True, slots=True)
class Written:
    """One resource, or one item of a block, as it was read.

    `location` is where its key is, or the item itself; `position` is where the value begins.
    """

    node: Any
    location: Location
    position: Position


@dataclass(slots=True)
class Merged:
    """The whole configuration as written. `blocks`: `moved`, `removed`, `imports` with their items.

    `misplaced` are resources with a wrong key, or written a second time, each with its address. Their values are
    checked, and they are no part of the configuration.
    """

    resources: dict[str, Written] = field(default_factory=dict)
    misplaced: list[tuple[str, Written]] = field(default_factory=list)
    blocks: dict[str, list[Written]] = field(default_factory=lambda: {name: [] for name in BLOCKS})
    problems: list[Problem] = field(default_factory=list)

    def named(self) -> set[str]:
        """The addresses of its resources, and the `from` addresses of `moved` and `removed`."""
        blocks = (each.node for name in ("moved", "removed") for each in self.blocks[name])
        sources = (node.get("from") for node in blocks if isinstance(node, LocatedMap))
        return {*self.resources, *(each for each in sources if isinstance(each, str))}


def merge(documents: Iterable[Document]) -> Merged:
    """The documents as one configuration. Their order and their files have no meaning."""
    merged = Merged()
    for document in documents:
        if document.value is None:
            continue
        if not isinstance(document.value, LocatedMap):
            message = f"found {found(document.value)}; expected a map of {', '.join(TOP)}"
            merged.problems.append(Problem(document.file, *document.position, message))
            continue
        for name, node in document.value.items():
            _section(merged, document.file, document.value, name, node)
    return merged


def keys_by_kind(addresses: Iterable[str]) -> dict[str, dict[str, None]]:
    """Kind → the keys of its addresses, in their order."""
    keys: dict[str, dict[str, None]] = {kind.name: {} for kind in SECTIONS.values()}
    for address in addresses:
        kind_name, _, key = address.partition(".")
        keys[kind_name][key] = None
    return keys


def _section(merged: Merged, file: str, parent: LocatedMap, name: str, node: Any) -> None:
    if name.startswith(ANCHORS) or (node is None and name in TOP):
        return
    if name in SECTIONS and isinstance(node, LocatedMap):
        _resources(merged, file, name, node)
    elif name in BLOCKS and isinstance(node, LocatedList):
        items = zip(node, node.positions, strict=True)
        merged.blocks[name] += [Written(item, Location(file, *position), position) for item, position in items]
    elif name in TOP:
        expected = f"a map of {name} by keys of yours" if name in SECTIONS else 'a list; write "- " before each item'
        message = f"{name}: found {found(node)}; expected {expected}"
        merged.problems.append(Problem(file, *parent.value_positions[name], message))
    else:
        merged.problems.append(Problem(file, *parent.key_positions[name], _unknown(name)))


def _unknown(name: str) -> str:
    if name in SETTINGS["properties"]:
        return f"{quoted(name)} is a setting; expected it in {SETTINGS_FILE}, in the folder of the configuration"
    return f"unknown key {quoted(name)}; expected one of {', '.join(TOP)}, or x-… for anchors{closest(name, TOP)}"


def _resources(merged: Merged, file: str, section: str, node: LocatedMap) -> None:
    kind = SECTIONS[section]
    for key, value in node.items():
        location = Location(file, *node.key_positions[key])
        written = Written(value, location, node.value_positions[key])
        address = make_address(kind.name, key)
        problem = "" if KEY.fullmatch(key) else _no_key(key)
        if address in merged.resources:
            first = merged.resources[address].location
            problem = f"{cut(address)} is written a second time; expected it once, and it stands at {first} already"
        if problem:
            merged.problems.append(Problem(*location, problem))
            merged.misplaced.append((address, written))
        else:
            merged.resources[address] = written


def _no_key(key: str) -> str:
    if "${" in key:
        return f"the key {quoted(key)} holds a variable; expected variables in values only"
    close = re.sub(r"[^a-z0-9_-]+", "-", key.lower()).strip("-_")
    hint = f"; did you mean {quoted(close)}?" if close else ""
    return f"{quoted(key)} cannot be a key; {KEY_EXPECTED}{hint}"
