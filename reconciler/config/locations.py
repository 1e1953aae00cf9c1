"""Finds where the values of a configuration are written, reads those lines, and makes the policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.config.files import LARGEST, Disk
from reconciler.config.merge import ConfigItem
from reconciler.config.values import EXPRESSION, NAME, Items, find_source, find_whole_expression
from reconciler.errors import Location
from reconciler.kinds.comparison import join_keys
from reconciler.model.addresses import address_key
from reconciler.model.policies import Policy, PolicyException
from reconciler.model.redaction import mask_pasted
from reconciler.model.settings import Environment
from reconciler.system import Unreadable
from reconciler.yaml import LocatedList, LocatedMap

TAKEN: Final = ("when", "require", "message", "level", "ratchet")
"""The values of a policy that are taken as they are written."""


def make_line_reader() -> Callable[[Location], str]:
    """A function that returns the line at a location, without Secret Keys, or "" if the file cannot be read any more.
    It reads each file once."""
    known: dict[str, list[str]] = {}

    def read_line(location: Location) -> str:
        if location.file not in known:
            try:
                file = Path(location.file)
                text = Disk(file).read_bytes(file, LARGEST).decode("utf-8-sig")
                known[location.file] = (mask_pasted(text) if "sk_" in text else text).splitlines()
            except (Unreadable, UnicodeDecodeError):
                known[location.file] = []
        lines = known[location.file]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else ""

    return read_line


def locate_values(node: Any, file: str, items: Items) -> Mapping[str, Location]:
    """Path (`data.initiators[0].uid`) → where to edit the value: at its key or item, at the anchor of its alias, or at
    the item of `for_each` that is the whole value."""
    return {
        path: (_find_whole_item(value, items) if items else None) or location
        for path, location, value in _walk_values("", node, file)
    }


def _find_whole_item(value: Any, items: Items) -> Location | None:
    """The location of the item of `for_each` that is the whole value; None if there is none."""
    named = find_whole_expression(value)
    return find_source(named, None, items) if named and named[1] == "each" else None


def find_sources(node: Any, file: str, environment: Environment, items: Items) -> Mapping[str, tuple[Location, ...]]:
    """Path → the other places that the value comes from: its variables and items. If an item is the whole value, it is
    the text that names the item."""
    found = {}
    for path, location, value in _walk_values("", node, file):
        if isinstance(value, str) and "${" in value:
            named = (NAME.fullmatch(each[1].strip()) for each in EXPRESSION.finditer(value) if each[1] is not None)
            places = (find_source(each, environment, items) for each in named if each)
            is_item = items and _find_whole_item(value, items)
            found[path] = (location,) if is_item else tuple(dict.fromkeys(place for place in places if place))
    return {path: places for path, places in found.items() if places}


def _walk_values(path: str, node: Any, file: str) -> Iterator[tuple[str, Location, Any]]:
    """Each value within a node of a file, at every depth: its path, its place, and itself."""
    if isinstance(node, LocatedMap):
        at = {**node.key_positions, **node.anchors}
        found = [
            (join_keys([key], path), Location(node.files.get(key, file), *at[key]), value)
            for key, value in node.items()
        ]
    elif isinstance(node, LocatedList):
        found = [(join_keys([at], path), Location(file, *node.positions[at]), value) for at, value in enumerate(node)]
    else:
        return
    for each in found:
        yield each
        # The items are no values of an instance, and each of many instances would look at all of them.
        if each[0] not in ("for_each", "exclude"):
            yield from _walk_values(each[0], each[2], each[1].file)


def make_policies(entries: Iterable[ConfigItem], relative: Callable[[str], str]) -> Iterator[Policy]:
    """The policies of entries that have no problem. `relative` gives a file's path from the configuration's folder."""
    read_line = make_line_reader()

    def find_text(location: Location) -> Location:
        """Where the text at a location begins: behind a quote, or on the next line."""
        file, row, column = location
        if (begin := read_line(location)[column - 1 : column]) in ("|", ">"):
            first = read_line(Location(file, row + 1, 1))
            return Location(file, row + 1, len(first) - len(first.lstrip()) + 1)
        return Location(file, row, column + (begin in ("'", '"')))

    for entry in entries:
        value = entry.value
        paths = [(key,) for key in value] + [("with", key) for key in value.get("with", ())]
        excepted = (
            PolicyException(**each, location=entry.written.locate("except", index))
            for index, each in enumerate(value.get("except", ()))
        )
        taken: Any = {key: each for key, each in value.items() if key in TAKEN}
        yield Policy(
            address_key(entry.name),
            entry.written.location,
            relative(entry.written.location.file).rpartition("/")[0],
            tuple(value.get("kinds", ())),
            exceptions=tuple(excepted),
            rule=value.get("use", ""),
            given=value.get("with", {}),
            locations={".".join(path): find_text(entry.written.locate(*path)) for path in paths},
            **taken,
        )
