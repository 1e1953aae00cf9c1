"""Edits YAML files: sets values of resources, and adds resources and import lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from reconciler.errors import Location, Problem, Refused
from reconciler.yaml import LocatedMap
from reconciler.yaml.edit_changes import Source, UnsafeError, require_read
from reconciler.yaml.located import Way, find_location, plain_copy
from reconciler.yaml.scalars import shown
from reconciler.yaml.writing import Layout, dump, escape_variables, has_variable_key

_VARIABLE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{")
_SHORT: Final = Layout(has_short_maps=True)
_RESOURCE: Final = 2
"""The steps of a path that name the resource: its section and its key."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A file's text before and after, not yet written; `before` is "" for a new file.

    Both have the line breaks and the byte order mark of the file, so writing `content` changes only what was edited.
    """

    path: Path
    before: str
    after: str

    @property
    def content(self) -> bytes:
        """The new bytes of the file."""
        return self.after.encode("utf-8")


@dataclass(frozen=True, slots=True)
class Adopted:
    """Values that were set in a file, and a problem with the position and the reason for each that was left."""

    edit: Edit
    left: Mapping[Way, Problem] = field(default_factory=dict)


class UnwritableError(Refused):
    """A value that YAML or a configuration cannot express. `str()` says why."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A value that is written as it is: each `${` in it is meant."""

    value: Any


REMOVED: Final = Verbatim(None)
"""In place of a value: its key goes."""


def set_values(path: Path, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set values of resources that are written in a file, by paths such as `("reports", "daily", "status")`.

    A map or a list changes item by item, so its comments stay. Keys that it has no longer are removed, and equal values
    are not touched. A value is left, with its reason, if it comes by an alias or `<<`, is shared by an anchor, holds a
    variable, cannot be written, or has an uncommon style. The reason ends with the lines to write by hand.

    ConfigurationInvalid if the text has problems; Refused if a resource is not in it.
    """
    source = Source(path, text)
    try:
        return Adopted(Edit(path, text, source.edited(_expected(source, values))))
    except (UnsafeError, UnwritableError) as error:
        if len(values) == 1:
            left = {way: _left(source, way, value, error) for way, value in values.items()}
            return Adopted(Edit(path, text, text), left)
    # One half after the other, to find the values that cannot be set.
    pairs, half = iter(values.items()), len(values) // 2
    first = set_values(path, text, dict(islice(pairs, half)))
    second = set_values(path, first.edit.after, dict(pairs))
    return Adopted(Edit(path, text, second.edit.after), {**first.left, **second.left})


def _document(source: Source, way: Way) -> int:
    """The index of the document with the resource of a path."""
    section, key = way[:_RESOURCE] if len(way) > _RESOURCE else ("", "")
    for position, document in enumerate(source.documents):
        value = document.value
        above = value.get(section) if isinstance(value, dict) else None
        if key in (above if isinstance(above, dict) else range(len(above)) if isinstance(above, list) else ()):
            return position
    raise Refused(f"{source.path}: there is no {shown('.'.join(map(str, way[:_RESOURCE])))}, so nothing in it is set")


def _expected(source: Source, values: Mapping[Way, Any]) -> list[Any]:
    """The values of the documents after the change; maps that are missing on a path are added."""
    expected = _values(source)
    for way, value in values.items():
        target: Any = expected[_document(source, way)]
        for step, after in zip(way, (*way[1:], None), strict=True):
            is_place = isinstance(target, dict) if isinstance(step, str) else isinstance(target, list)
            if not is_place or (isinstance(step, int) and step >= len(target)):
                raise UnsafeError("has no place here: another value stands in its way")
            if isinstance(step, str) and step not in target and "${" in step:
                raise UnsafeError("has a key with ${, and variables stand in values only")
            if after is None:
                if _VARIABLE.search(json.dumps(target[step] if isinstance(step, int) else target.get(step))):
                    raise UnsafeError("holds a variable, and other values or environments may have it too")
                target[step] = _written(value)
                if value is REMOVED:
                    del target[step]
                continue
            if isinstance(step, str) and target.get(step) is None:
                target[step] = {}
            target = target[step]
    return expected


def _left(source: Source, way: Way, value: Any, why: Exception) -> Problem:
    """Why a value is left, with its position, or that of the value around it, and the lines to write by hand."""
    document = source.documents[_document(source, way)]
    try:
        block = _written(value)
        for step in reversed(way[_RESOURCE:]):
            block = {step: block} if isinstance(step, str) else [block]
        message = f"{why}; change it by hand to:\n{dump(block, _SHORT).rstrip()}"
    except UnwritableError as error:
        message = f"cannot be written: {error}"
    location = find_location(document.value, way, Location(str(source.path), *document.position))
    return Problem(*location, f"{shown('.'.join(map(str, way[_RESOURCE:])))} {message}")


def _values(source: Source) -> list[Any]:
    """The values of the documents, as plain maps and lists that share nothing."""
    return [plain_copy(document.value) for document in source.documents]


def _written(value: Any) -> Any:
    """A live value for YAML: plain maps and lists, and `$${` for `${`.

    UnwritableError if YAML or a configuration cannot express it.
    """
    found = value.value if isinstance(value, Verbatim) else escape_variables(value)
    if not isinstance(value, Verbatim) and has_variable_key(found):
        raise UnwritableError("a key with ${ cannot be written; variables stand in values only")
    try:
        dump(found)
    except ValueError as error:
        raise UnwritableError(str(error)) from error
    return found


def add_to(path: Path, text: str, section: str, added: Mapping[str, Any] | Sequence[Any]) -> Edit:
    """Add to the end of a map or a list of a file, which is new if the text is "".

    ConfigurationInvalid if the text has problems. Refused, with the lines to write by hand, if the section is shared
    (an alias, an anchor). UnwritableError if a value cannot be written.
    """
    source = Source(path, text)
    new = {section: _written(added)}
    try:
        return Edit(path, text, _grown(source, new, section))
    except UnsafeError as error:
        maps = [each.value for each in source.documents if isinstance(each.value, LocatedMap) and section in each.value]
        position = maps[-1].value_positions[section] if maps else (1, 1)
        problem = Problem(str(path), *position, f"{section} cannot be added to: it {error}")
        raise Refused(str(problem), hint=f"write it by hand:\n{dump(new, _SHORT).rstrip()}") from error


def _grown(source: Source, new: dict[str, Any], section: str) -> str:
    """The text with the addition in the last document that has the section, or in the last document."""
    expected = _values(source)
    if not expected:
        after = source.byte_order_mark + source.text + dump(new, _SHORT).replace("\n", source.eol)
        require_read(after, [new])
        return after
    having = [value for value in expected if isinstance(value, dict) and section in value]
    target, added = (having or expected)[-1], new[section]
    if not isinstance(target, dict):
        raise UnsafeError("has no place in a document that is no map of sections")
    old = target.get(section)
    if not isinstance(old, type(added) | None):
        raise UnsafeError(f"is no {'map' if isinstance(added, dict) else 'list'}")
    target[section] = {**(old or {}), **added} if isinstance(added, dict) else [*(old or []), *added]
    return source.edited(expected)
