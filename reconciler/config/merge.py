"""All documents of all files, merged into one: which resource is written where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.config.wording import found, quoted
from reconciler.errors import Problem, did_you_mean
from reconciler.kinds import SECTIONS
from reconciler.kinds.schema import BLOCKS, KEY_PATTERN
from reconciler.model.desired import Place, address_of
from reconciler.yaml12 import Document, LocatedList, LocatedMap

KEY = re.compile(KEY_PATTERN)
ANCHORS = "x-"


@dataclass(frozen=True, slots=True)
class Written:
    """One resource, or one item of a block, as it was read. `place` is where its key stands, or the item itself."""

    node: Any
    place: Place
    mark: tuple[int, int]


@dataclass(slots=True)
class Merged:
    """The whole configuration as written. `blocks`: `moved`, `removed`, `imports` with their items."""

    resources: dict[str, Written] = field(default_factory=dict)
    blocks: dict[str, list[Written]] = field(default_factory=lambda: {name: [] for name in BLOCKS})
    problems: list[Problem] = field(default_factory=list)


def merge(documents: Iterable[Document]) -> Merged:
    """Order and file names mean nothing; one address in two places is a problem."""
    merged = Merged()
    for document in documents:
        if document.value is None:
            continue
        if not isinstance(document.value, LocatedMap):
            message = f"found {found(document.value)}; expected a map of {', '.join((*SECTIONS, *BLOCKS))}"
            merged.problems.append(Problem(document.file, *document.mark, message))
            continue
        for name, node in document.value.items():
            _section(merged, document.file, document.value, name, node)
    return merged


def _section(merged: Merged, file: str, parent: LocatedMap, name: str, node: Any) -> None:
    mark = parent.value_marks[name]
    if name.startswith(ANCHORS) or (node is None and (name in SECTIONS or name in BLOCKS)):
        return
    if name in SECTIONS:
        if isinstance(node, LocatedMap):
            _resources(merged, file, name, node)
        else:
            message = f"{name}: found {found(node)}; expected a map of keys"
            merged.problems.append(Problem(file, *mark, message))
    elif name in BLOCKS:
        if isinstance(node, LocatedList):
            for item, at in zip(node, node.marks, strict=True):
                merged.blocks[name].append(Written(item, Place(file, *at), at))
        else:
            merged.problems.append(Problem(file, *mark, f"{name}: found {found(node)}; expected a list"))
    else:
        known = (*SECTIONS, *BLOCKS)
        message = f"unknown key {quoted(name)}; expected one of {', '.join(known)}, or x-… for anchors"
        merged.problems.append(Problem(file, *parent.key_marks[name], message + did_you_mean(name, known)))


def _resources(merged: Merged, file: str, section: str, node: LocatedMap) -> None:
    kind = SECTIONS[section]
    for key, value in node.items():
        place = Place(file, *node.key_marks[key])
        if not KEY.match(key):
            close = re.sub(r"[^a-z0-9_-]+", "-", key.lower()).strip("-_")
            hint = f'; did you mean "{close}"?' if close else ""
            message = f"{quoted(key)} cannot be a key; expected small letters, digits, - and _, a letter or digit first"
            merged.problems.append(Problem(file, place.line, place.column, message + hint))
            continue
        address = address_of(kind.name, key)
        if address in merged.resources:
            message = f"{address} is written a second time; it stands at {merged.resources[address].place} already"
            merged.problems.append(Problem(file, place.line, place.column, message))
            continue
        merged.resources[address] = Written(value, place, node.value_marks[key])
