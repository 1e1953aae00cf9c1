"""`defaults`: fields that the resources of a folder, and of those below it, have if they do not write them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

from reconciler.config.merge import Merged
from reconciler.config.values import Written, count_values
from reconciler.errors import Location, Problem
from reconciler.kinds import KINDS, SECTIONS, Kind
from reconciler.kinds.schema import DEFAULTS, META_ARGUMENTS
from reconciler.model.addresses import address_kind
from reconciler.text import cite, describe, suggest_similar
from reconciler.yaml import LocatedMap

Folders = dict[tuple[Path, str], LocatedMap]
"""Folder and section → the defaults that stand there."""


def apply_defaults(merged: Merged, most: int) -> None:
    """Adds the defaults of its folder, and of the folders above, to each resource. The nearest folder wins. `most`
    limits the values that defaults add in all."""
    folders: Folders = {}
    before = len(merged.problems)
    for written in merged.defaults:
        _collect(merged, written, folders)
    given: Counter[str] = Counter()

    @cache
    def find_nearest(folder: Path, section: str) -> tuple[LocatedMap, int]:
        fields = LocatedMap()
        for each in (folder, *folder.parents):
            if (each, section) in folders:
                fields = overlay(fields, "", folders[each, section], "")
        return fields, count_values(fields)

    def complete(address: str, written: Written) -> Written:
        file, section = written.location.file, KINDS[address_kind(address)].section
        fields, size = find_nearest(Path(file).parent, section)
        given[section] += size if fields else 0
        if not fields or not isinstance(written.node, LocatedMap) or given[section] > most:
            return written
        return replace(written, node=overlay(written.node, file, fields, ""))

    if folders:
        merged.resources = {address: complete(address, each) for address, each in merged.resources.items()}
        merged.misplaced = [(address, complete(address, each)) for address, each in merged.misplaced]
    for section in (name for name, number in given.items() if number > most):
        written = next(each for each in merged.defaults if isinstance(each.node, dict) and section in each.node)
        message = f"{DEFAULTS}: {section}: gives its resources {given[section]} values; expected at most {most}"
        merged.problems.append(Problem(*written.location, message))
    if len(merged.problems) > before or merged.lacks_defaults:
        # A field that is missing may be among what is wrong.
        merged.incomplete.update(each.location for each in merged.resources.values())


def _collect(merged: Merged, written: Written, folders: Folders) -> None:
    """Adds the `defaults` of a file to `folders`, and the problems to `merged`."""
    file = written.location.file
    if not isinstance(written.node, LocatedMap):
        text = f"{DEFAULTS}: found {describe(written.node)}; expected a map of {', '.join(SECTIONS)}"
        merged.problems.append(Problem(*written.value_location, text))
        return
    for name, fields in written.node.items():
        if name not in SECTIONS:
            expected = f"expected one of {', '.join(SECTIONS)}{suggest_similar(name, list(SECTIONS))}"
            text = f"{DEFAULTS}: unknown key {cite(name)}; {expected}"
            merged.problems.append(Problem(file, *written.node.key_positions[name], text))
        elif isinstance(fields, LocatedMap):
            known = folders.setdefault((Path(file).parent, name), overlay(LocatedMap(), "", LocatedMap(), ""))
            for key in fields:
                if message := _explain_no_default(SECTIONS[name], key, known):
                    merged.problems.append(Problem(file, *fields.key_positions[key], f"{DEFAULTS}.{name}: {message}"))
                else:
                    known.take(key, fields, file)
        elif fields is not None:
            text = f"{DEFAULTS}.{name}: found {describe(fields)}; expected a map of fields"
            merged.problems.append(Problem(file, *written.node.value_positions[name], text))


def _explain_no_default(kind: Kind, key: str, known: LocatedMap) -> str:
    """Why a key cannot have a default; empty if it can. `known` has the defaults of the same folder."""
    names = list(kind.field_names)
    if key in known:
        first = Location(known.files[key], *known.key_positions[key])
        return f"{cite(key)} has a default in this folder at {first} already; expected it once"
    if key in ("lifecycle", *META_ARGUMENTS):
        return f"{cite(key)} is no field; expected it on each resource"
    return (
        ""
        if key in names
        else f"unknown key {cite(key)}; expected one of {', '.join(names)}{suggest_similar(key, names)}"
    )


def overlay(own: LocatedMap, file: str, below: LocatedMap, below_file: str) -> LocatedMap:
    """A copy of `own` with the keys that only `below` has; maps merge. `file` and `below_file` are where they stand."""
    result = LocatedMap(own)
    result.key_positions, result.value_positions = dict(own.key_positions), dict(own.value_positions)
    result.anchors, result.files = own.anchors, dict(own.files)
    for key, value in below.items():
        if key not in own:
            result.take(key, below, below_file)
        elif isinstance(value, LocatedMap) and isinstance(own[key], LocatedMap):
            result[key] = overlay(own[key], own.files.get(key, file), value, below.files.get(key, below_file))
    return result
