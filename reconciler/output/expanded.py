"""What a configuration comes to: as YAML with the place of each value, and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.errors import Location
from reconciler.kinds import KINDS, SECTIONS
from reconciler.kinds.comparison import join_keys
from reconciler.model.addresses import address_key, make_address
from reconciler.model.inputs import Desired
from reconciler.output.document import to_json
from reconciler.output.labels import format_place
from reconciler.output.terminal import escape, sanitize
from reconciler.system import relative_path
from reconciler.yaml import LocatedList, LocatedMap, read
from reconciler.yaml.writing import Layout, dump, escape_variables

KeyPath = tuple[str | int, ...]


def render_yaml(desired: Desired, folder: Path) -> str:
    """The configuration without for_each, defaults and variables. Behind each value stand its places, relative to the
    folder.

    A text that stdout would show escaped stands in double quotes, in which YAML reads the same escapes.
    """
    resources: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for address, each in desired.resources.items():
        written = {**each.fields, **each.lifecycle.written()}
        resources[KINDS[each.kind].section][address_key(address)] = written
    sections = {section: escape_variables(blocks) for section, blocks in resources.items() if blocks}
    layout = Layout(must_quote=lambda text: "\n" in text or sanitize(text, sys.stdout.encoding) != text)
    text = dump({**sections, **_collect_blocks(desired)}, layout)
    lines = text.split("\n")[:-1]
    (parsed,), _ = read(text.encode(), "")
    for key_path, line in _find_lines((), parsed.value):
        comment = ", ".join(_list_places(desired, key_path, folder))
        lines[line - 1] += f"  # {escape(comment)}" if comment else ""
    return "\n".join(lines)


def render_json(desired: Desired) -> str:
    """The fields of each resource, and the place of each value in them."""
    resources = [
        {
            "address": address,
            "fields": each.fields,
            **each.lifecycle.written(),
            "places": {path: str(each.field_location(path)) for path in _list_paths("", each.fields)},
        }
        for address, each in desired.resources.items()
    ]
    return to_json(resources=resources, **_collect_blocks(desired))


def _collect_blocks(desired: Desired) -> dict[str, Any]:
    """The blocks that are written, without their places."""
    blocks = {
        "moved": [{"from": each.source, "to": each.target} for each in desired.moved],
        "removed": [{"from": each.source, "destroy": each.destroy} for each in desired.removed],
        "imports": [{"to": each.target, "id": each.id} for each in desired.imports],
    }
    return {name: items for name, items in blocks.items() if items}


def _find_lines(key_path: KeyPath, node: Any) -> Iterator[tuple[KeyPath, int]]:
    """The keys of each resource, of each item of a block and of each scalar, with its line."""
    found: list[tuple[Any, Any, int]] = []
    if isinstance(node, LocatedMap):
        found = [(key, value, node.key_positions[key][0]) for key, value in node.items()]
    elif isinstance(node, LocatedList):
        found = [(at, value, node.positions[at][0]) for at, value in enumerate(node)]
    for step, value, line in found:
        is_value = bool(key_path) and key_path[0] in SECTIONS and not (value and isinstance(value, dict | list))
        if is_value or len(key_path) == 1:
            yield (*key_path, step), line
        yield from _find_lines((*key_path, step), value)


def _list_places(desired: Desired, key_path: KeyPath, folder: Path) -> Iterator[str]:
    """Where a value is written, then where the variables and items stand that it is made of."""
    section, step, *path = key_path
    if section not in SECTIONS:
        yield _format_place(getattr(desired, str(section))[step].location, folder)
        return
    resource = desired.resources[make_address(SECTIONS[str(section)].name, str(step))]
    if not path:
        items = resource.instance.places.values() if resource.instance else ()
        made = f" for {resource.instance} ({', '.join(_format_place(each, folder) for each in items)})" if items else ""
        yield _format_place(resource.location, folder) + made
        return
    inner = join_keys(path)
    places = (resource.field_location(inner), *resource.sources.get(inner, ()))
    yield from dict.fromkeys(_format_place(each, folder) for each in places)


@cache
def _format_place(place: Location, folder: Path) -> str:
    return format_place(Location(relative_path(place.file, folder), *place[1:]))


def _list_paths(path: str, value: Any) -> Iterator[str]:
    """The path of each value within fields, at every depth."""
    steps = value if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        inner = join_keys([step], path)
        yield inner
        yield from _list_paths(inner, value[step])
