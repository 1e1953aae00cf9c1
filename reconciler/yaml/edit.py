"""Edits YAML files: sets values of resources, and adds resources and import lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.yaml import Document, LocatedList, LocatedMap
from reconciler.yaml.edit_changes import copied, edited, require_read
from reconciler.yaml.edit_source import (
    Adopted,
    Edit,
    Layout,
    Left,
    Source,
    UnsafeError,
    UnwritableError,
    Way,
    documents_of,
)
from reconciler.yaml.edit_text import entries, flow, written
from reconciler.yaml.located import find_position
from reconciler.yaml.syntax import shown

_VARIABLE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{")
_RESOURCE: Final = 2
"""The steps of a path that name the resource: its section and its key."""


def set_values(path: Path, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set values of resources that are written in a file, by paths such as `("reports", "daily", "status")`.

    A map or a list changes item by item, so its comments stay. Keys that it has no longer are removed, and equal values
    are not touched. A value is left, with its reason, if it comes by an alias or `<<`, is shared by an anchor, holds a
    variable, cannot be written, or has an uncommon style.

    ConfigurationInvalid if the text has problems; Refused if a resource is not in it.
    """
    source = Source(path, text)
    for way in values:
        _document(source, way)
    return _set(source, text, values) if values else Adopted(Edit(path, text, text))


def _set(source: Source, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set all values at once; if that fails, one half after the other, to find the values that cannot be set."""
    try:
        return Adopted(Edit(source.path, text, edited(source, _expected(source, values))))
    except (UnsafeError, UnwritableError) as error:
        if len(values) == 1:
            return Adopted(Edit(source.path, text, text), tuple(_left(source, *each, error) for each in values.items()))
    pairs, half = iter(values.items()), len(values) // 2
    first = _set(source, text, dict(islice(pairs, half)))
    second = _set(Source(source.path, first.edit.after), first.edit.after, dict(pairs))
    return Adopted(Edit(source.path, text, second.edit.after), (*first.left, *second.left))


def _document(source: Source, way: Way) -> int:
    """The index of the document with the resource of a path."""
    section, key = way[:_RESOURCE] if len(way) > _RESOURCE else ("", "")
    for position, document in enumerate(source.documents):
        value = document.value
        if isinstance(value, dict) and isinstance(value.get(section), dict) and key in value[section]:
            return position
    raise Refused(f"{source.path}: there is no {shown('.'.join(map(str, way[:_RESOURCE])))}, so nothing in it is set")


def _expected(source: Source, values: Mapping[Way, Any]) -> list[Any]:
    """The values of the documents after the change; maps that are missing on a path are added."""
    expected = [copied(document.value) for document in source.documents]
    for way, value in values.items():
        target: Any = expected[_document(source, way)]
        for step, after in zip(way, (*way[1:], None), strict=True):
            is_place = isinstance(target, dict) if isinstance(step, str) else isinstance(target, list)
            if not is_place or (isinstance(step, int) and step >= len(target)):
                raise UnsafeError("has no place here: another value stands in its way")
            if isinstance(step, str) and step not in target and "${" in step:
                raise UnsafeError("has a key with ${, and variables stand in values only")
            if after is None:
                if _has_variable(target[step] if isinstance(step, int) else target.get(step)):
                    raise UnsafeError("holds a variable, and what it stands for differs between environments")
                target[step] = written(value)
            elif isinstance(step, str) and target.get(step) is None:
                target[step] = {}
            target = target[step]
    return expected


def _has_variable(value: Any) -> bool:
    """Whether a written value holds `${…}`; `$${` is none."""
    if isinstance(value, dict | list):
        return any(map(_has_variable, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and _VARIABLE.search(value) is not None


def _left(source: Source, way: Way, value: Any, why: Exception) -> Left:
    """A value that is left, with its position, or that of the value around it."""
    document = source.documents[_document(source, way)]
    name = shown(".".join(map(str, way[_RESOURCE:])))
    message = f"{name} cannot be written: {why}"
    if isinstance(why, UnsafeError):
        try:
            message = f"{name} {why}; change it by hand; live: {shown(flow(written(value)))}"
        except UnwritableError as error:
            message = f"{name} cannot be written: {error}"
    return Left(way, Problem(str(source.path), *find_position(document.value, way, document.position), message))


_IMPORTS: Final = "imports"


def add_resource(files: Mapping[Path, str], target: Path, section: str, key: str, fields: Mapping[str, Any]) -> Edit:
    """Write a resource at the end of its section in the file `target`, which is new if `files` does not have it.

    ConfigurationInvalid if one of the files has problems. Refused if one of them has the key already, if the section is
    shared (an alias, an anchor), or if a value cannot be written.
    """
    if places := _places(files, section, key):
        raise Refused(str(places[0]), hint="choose another key, or change what is written there")
    return _add(target, files.get(target, ""), section, {key: fields})


def add_import(path: Path, text: str, to: str, object_id: str) -> Edit:
    """Write `{to, id}` at the end of the list `imports` of a file, which is new if the text is "".

    A line that is there already is not added. ConfigurationInvalid if the text has problems. Refused as in
    `add_resource`, and if the address is imported with another id.
    """
    line = {"to": to, "id": object_id}
    for document in documents_of(path, text):
        items = document.value.get(_IMPORTS) if isinstance(document.value, LocatedMap) else None
        if not isinstance(items, LocatedList):
            continue
        for each, (row, column) in zip(items, items.positions, strict=True):
            if each == line:
                return Edit(path, text, text)
            if isinstance(each, dict) and each.get("to") == to:
                raise Refused(str(Problem(str(path), row, column, f"{shown(to)} is imported already, with another id")))
    return _add(path, text, _IMPORTS, [line])


def _places(files: Mapping[Path, str], section: str, key: str) -> list[Problem]:
    """A problem for each place that has the key; ConfigurationInvalid with the problems of every file."""
    found: list[Problem] = []
    problems: list[Problem] = []
    for path, text in files.items():
        try:
            documents = documents_of(path, text)
        except ConfigurationInvalid as error:
            problems += error.problems
            continue
        found += [place for each in documents if (place := _place(each, section, key))]
    if problems:
        raise ConfigurationInvalid(problems)
    return found


def _place(document: Document, section: str, key: str) -> Problem | None:
    inside = document.value.get(section) if isinstance(document.value, LocatedMap) else None
    if not isinstance(inside, LocatedMap) or key not in inside:
        return None
    return Problem(document.file, *inside.key_positions[key], f"{shown(key)} is in {section} already")


def _add(path: Path, text: str, section: str, added: Any) -> Edit:
    """Add a map or a list to the section. Refused, with the lines to write by hand, if that is not possible."""
    source = Source(path, text)
    try:
        new = {section: written(added)}
        lines = entries(new, 0, Layout())
        after = _grown(source, section, new[section], lines)
    except UnwritableError as error:
        raise Refused(f"{path}: {section} cannot be added to: {error}") from error
    except UnsafeError as error:
        maps = [each.value for each in source.documents if isinstance(each.value, LocatedMap) and section in each.value]
        position = maps[-1].value_positions[section] if maps else (1, 1)
        problem = Problem(str(path), *position, f"{section} cannot be added to: it {error}")
        raise Refused(str(problem), hint="write it by hand:\n" + "\n".join(lines)) from error
    return Edit(path, text, after)


def _grown(source: Source, section: str, added: Any, lines: list[str]) -> str:
    """The text with the addition in the last document that has the section, or in the last document."""
    expected = [copied(document.value) for document in source.documents]
    if not expected:
        after = source.byte_order_mark + source.text + "".join(line + source.eol for line in lines)
        require_read(after, [{section: added}])
        return after
    having = [value for value in expected if isinstance(value, dict) and section in value]
    target = (having or expected)[-1]
    if not isinstance(target, dict):
        raise UnsafeError("has no place in a document that is no map of sections")
    old = target.get(section)
    if not isinstance(old, type(added) | None):
        raise UnsafeError(f"is no {'map' if isinstance(added, dict) else 'list'}")
    if isinstance(added, dict):
        target[section] = {**(old or {}), **added}
    else:
        target[section] = [*(old or []), *added]
    return edited(source, expected)
