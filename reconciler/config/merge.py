"""Merges the documents of all files into one configuration, and finds what is written twice or in a wrong place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.config.files import SETTINGS_FILE
from reconciler.config.values import NO_ITEMS, Items, Written, format_subject
from reconciler.errors import Location, Problem
from reconciler.kinds import KINDS, SECTIONS, Kind
from reconciler.kinds.schema import BLOCKS, DEFAULTS, KEY_PATTERN, META_ARGUMENTS, POLICIES
from reconciler.kinds.settings import SETTINGS
from reconciler.lazy import frozen
from reconciler.model.addresses import make_address
from reconciler.text import abridge, add_article, cite, cut, describe, find_misspelt, find_similar, suggest_similar
from reconciler.yaml import LocatedList, LocatedMap
from reconciler.yaml.located import Document


@frozen
class ConfigItem:
    """A resource, an item of a block, or the settings. `name`: its address, or the block's name; empty of the settings.
    `items`: those of an instance of the `for_each` with the address `definition`."""

    name: str
    value: Any
    written: Written
    items: Items = field(default_factory=lambda: NO_ITEMS)
    definition: str = ""

    @property
    def subject(self) -> str:
        """The name as messages have it: with the items, if it is an instance."""
        return format_subject(self.name, self.items)

    def problem(self, path: tuple[str | int, ...], message: str, cause: str = "", *, at_key: bool = False) -> Problem:
        """A problem with the value at a path, or with its key. The message begins with the name, if there is one."""
        subject = self.subject if "." in self.name else ""
        about = f"{self.subject}: {message}" if self.name else message
        return Problem(*self.written.locate(*path, key=at_key), about, subject=subject, cause=cause)


@dataclass(slots=True)
class Expansion:
    """The resources of one environment, by address.

    `left_out`: the addresses that an `only_in` leaves out → its location. `misplaced` entries are checked, but are not
    part of the configuration. `definitions`: the address of a `for_each` → the addresses of its instances. `patterns`:
    a pattern of the addresses that a `for_each` can make → its address and location. `values`: how many instances have.
    `is_complete`: none is missing.
    """

    resources: dict[str, ConfigItem] = field(default_factory=dict)
    left_out: dict[str, Location] = field(default_factory=dict)
    definitions: dict[str, list[str]] = field(default_factory=dict)
    patterns: dict[str, tuple[str, Location]] = field(default_factory=dict)
    misplaced: list[ConfigItem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    values: int = 0
    is_complete: bool = True


KEY = re.compile(KEY_PATTERN)
ANCHORS = "x-"
FEWEST = 2
"""A map with this many fields of a kind is taken for one of its resources."""
OTHER_FORMATS = {
    ("services",): "Docker Compose",
    ("jobs", "on"): "GitHub Actions",
    ("apiVersion", "kind"): "Kubernetes",
    ("site_name",): "MkDocs",
    ("openapi", "paths"): "OpenAPI",
}
"""The keys by which a file is recognised."""
KEY_IN_BYTES = re.compile(rb"(?m)^([A-Za-z_][\w.-]*):(?=\s|\Z)")


@dataclass(slots=True)
class Merged:
    """The whole configuration as written.
    `blocks`: the items of `moved`, `removed` and `imports`. `misplaced`: resources with a wrong key, or written twice;
    their values are checked, but they are not part of the configuration. `policies` are by name. `incomplete`: the
    locations of resources that may have more fields than were read. `unread`: where the YAML is wrong, and a
    placeholder replaces the value; `unread_aliases` are those that are an alias. `is_complete`: no file and no section
    is missing. `lacks_defaults`: some defaults may be missing."""

    resources: dict[str, Written] = field(default_factory=dict)
    misplaced: list[tuple[str, Written]] = field(default_factory=list)
    blocks: dict[str, list[Written]] = field(default_factory=lambda: {name: [] for name in BLOCKS})
    defaults: list[Written] = field(default_factory=list)
    policies: dict[str, Written] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    incomplete: set[Location] = field(default_factory=set)
    unread: frozenset[Location] = frozenset()
    unread_aliases: Sequence[Location] = ()
    is_complete: bool = True
    lacks_defaults: bool = False


def merge(documents: Iterable[Document]) -> Merged:
    """The documents as one configuration. Their order and their files have no meaning."""
    merged = Merged()
    for document in documents:
        if not isinstance(document.value, LocatedMap):
            message = f"found {describe(document.value)}; expected a map of {', '.join(_list_top())}"
            merged.problems.append(Problem(document.file, *document.position, message))
            continue
        above = ""
        for name, node in document.value.items():
            _add_section(merged, document.file, document.value, name, above)
            above = name if name in SECTIONS and isinstance(node, LocatedMap) else above
    return merged


def _list_top() -> tuple[str, ...]:
    """The keys that stand at the top of a file."""
    return (*SECTIONS, *BLOCKS, POLICIES, DEFAULTS)


def _add_section(merged: Merged, file: str, parent: LocatedMap, name: str, above: str) -> None:
    """Add what is below a key at the top of a file. `above`: the last section above it."""
    node = parent[name]
    if name.startswith(ANCHORS) or (node is None and name in _list_top()):
        return
    if name in SECTIONS and isinstance(node, LocatedMap):
        _add_resources(merged, file, SECTIONS[name], node)
    elif name == POLICIES and isinstance(node, LocatedMap):
        for key in node:
            written = Written.at(node, key, file)
            first = merged.policies.setdefault(key, written)
            problem = explain_bad_key(key)
            if first is not written:
                problem = f"the policy {cut(key)} is written a second time; expected it once, as at {first.location}"
            merged.problems += [Problem(*written.location, problem)] if problem else ()
    elif name in BLOCKS and isinstance(node, LocatedList):
        places = [Location(file, *each) for each in node.positions]
        merged.blocks[name] += (Written(item, at, at) for item, at in zip(node, places, strict=True))
    elif name == DEFAULTS:
        merged.defaults.append(Written.at(parent, name, file))
    elif name in _list_top():
        is_map = name in (*SECTIONS, POLICIES)
        expected = f"a map of {name} by keys of yours" if is_map else 'a list; write "- " before each item'
        message = f"{name}: found {describe(node)}; expected {expected}"
        merged.problems.append(Problem(file, *parent.value_positions[name], message))
    else:
        merged.is_complete = False
        merged.lacks_defaults = merged.lacks_defaults or bool(find_misspelt(name, [DEFAULTS]))
        message = _explain_top_key(merged, file, parent, name, above)
        merged.problems.append(Problem(file, *parent.key_positions[name], message))


def _explain_top_key(merged: Merged, file: str, parent: LocatedMap, name: str, above: str) -> str:
    """Why a key at the top of a file is wrong."""
    if above and parent[above] and name in SECTIONS[above].field_names:
        key = next(reversed(parent[above]))
        merged.incomplete.add(Location(file, *parent[above].key_positions[key]))
        kind_name = add_article(SECTIONS[above].name)
        return f"{cite(name)} is a field of {kind_name}; expected it below the key {cite(key)}, indented"
    kind = guess_kind(parent[name]) if isinstance(parent[name], LocatedMap) else None
    if kind is not None:
        return f"{cite(name)} has the fields of {add_article(kind.name)}; expected it below {kind.section}:, indented"
    if name in SETTINGS["properties"]:
        return f"{cite(name)} is a setting; expected it in {SETTINGS_FILE}, in the folder of the configuration"
    keys = _list_top()
    return (
        f"unknown key {cite(name)}; expected one of {', '.join(keys)}, or x-… for anchors{suggest_similar(name, keys)}"
    )


def guess_kind(fields: Collection[str]) -> Kind | None:
    """The kind that has the most of these fields, at least two; None if there is none."""
    best = max(KINDS.values(), key=lambda kind: len({*kind.field_names} & {*fields}))
    return best if len({*best.field_names} & {*fields}) >= FEWEST else None


def _add_resources(merged: Merged, file: str, kind: Kind, node: LocatedMap) -> None:
    """Add the resources of a section. Fields in the places of their keys are a problem."""
    known = {*kind.field_names, "lifecycle", *META_ARGUMENTS}
    strays: dict[str, list[str]] = {}  # the key above them, or "" → the fields
    above = ""
    for key, value in node.items():
        if key in known and value is not None and not (isinstance(value, LocatedMap) and value.keys() & known):
            strays.setdefault(above, []).append(key)
            continue
        above = key
    for above, fields in strays.items():
        names = abridge(fields)
        what, it = (f"the fields {names} stand", "them") if len(fields) > 1 else (f"the field {names} stands", "it")
        message = f"{what} directly below {kind.section}:; expected a key of yours between, for example my-{kind.name}:"
        if above:
            merged.incomplete.add(Location(file, *node.key_positions[above]))
            message = f"{what} beside the key {cite(above)}; expected {it} below that key, indented further"
        merged.problems.append(Problem(file, *node.key_positions[fields[0]], message))
    misplaced = {name for fields in strays.values() for name in fields}
    for key in (key for key in node if key not in misplaced):
        written = Written.at(node, key, file)
        if written.node is None and key in strays:
            written = replace(written, node=LocatedMap())  # Its fields stand beside it.
        address = make_address(kind.name, key)
        problem = explain_bad_key(key)
        if address in merged.resources:
            first = merged.resources[address].location
            problem = f"{cut(address)} is written a second time; expected it once, and it stands at {first} already"
        if problem:
            merged.problems.append(Problem(*written.location, problem))
            merged.misplaced.append((address, written))
        else:
            merged.resources[address] = written


def explain_bad_key(key: str) -> str:
    """Why a text cannot be the key of a resource; empty if it can."""
    if KEY.fullmatch(key):
        return ""
    if "${" in key:
        return f"the key {cite(key)} holds a variable; expected variables in values only"
    close = re.sub(r"[^a-z0-9_-]+", "-", key.lower()).strip("-_")
    hint = f"; did you mean {cite(close)}?" if close else ""
    return f"{cite(key)} cannot be a key; expected small letters, digits, - and _, a letter or digit first{hint}"


def find_foreign(content: bytes, documents: Sequence[Document], wrong: Sequence[Problem]) -> str:
    """Why a file belongs to another program; empty if it does not. `wrong` are the problems of its YAML."""
    maps = [each.value for each in documents if isinstance(each.value, LocatedMap)]
    names = [name for each in maps for name in each]
    # Templates of other programs are often no YAML: their keys are looked for in the text.
    names += [found.decode() for found in KEY_IN_BYTES.findall(content)] if wrong else []
    keys = {name for name in names if not name.startswith(ANCHORS)}
    values = [value for each in maps for value in each.values() if isinstance(value, LocatedMap)]
    if not keys or keys & {*SECTIONS, *BLOCKS, POLICIES} or keys == {DEFAULTS} or any(map(guess_kind, (keys, *values))):
        return ""
    program = next((name for needed, name in OTHER_FORMATS.items() if keys.issuperset(needed)), "")
    similar = [key for key in keys if key in SETTINGS["properties"] or find_similar(key, _list_top())]
    if program:
        what = f"is a file of {program}"
    elif len(keys) >= FEWEST and len(similar) * FEWEST < len(keys):
        what = f"has only keys of another program ({abridge(sorted(keys))})"
    else:
        return ""
    return f"{what}; expected it outside of this folder, or below a hidden one"
