"""Live values into resources that are written already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from reconciler.edit.changes import copied, edited
from reconciler.edit.outcome import Adopted, Edit, Left, UnsafeError, UnwritableError, Way
from reconciler.edit.source import Source
from reconciler.edit.wording import flow, written
from reconciler.errors import Problem, Refused
from reconciler.yaml12.located import mark_of
from reconciler.yaml12.wording import shown

_VARIABLE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{")
_RESOURCE: Final = 2
"""A way begins with the section and the key."""


def set_values(path: Path, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set values of resources that are written in a file, by ways such as `("reports", "daily", "status")`.

    A map or a list is changed item by item, so that comments within it stay; keys that it has no longer are taken out.
    A value that is the same already is not touched. One that comes by an alias or `<<`, that others share by an anchor,
    that holds a variable, that cannot be written or is written in an uncommon style is left and said.
    ConfigurationInvalid where the text has problems; Refused where a resource is not in it.
    """
    source = Source(path, text)
    for way in values:
        _document(source, way)
    return _set(source, text, values) if values else Adopted(Edit(path, text, text))


def _set(source: Source, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set all values at once, or, where that does not come out, one half after the other."""
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
    """Which document holds the resource of a way."""
    section, key = way[:_RESOURCE] if len(way) > _RESOURCE else ("", "")
    for position, document in enumerate(source.documents):
        value = document.value
        if isinstance(value, dict) and isinstance(value.get(section), dict) and key in value[section]:
            return position
    raise Refused(f"{source.path}: there is no {shown('.'.join(map(str, way[:_RESOURCE])))}, so nothing in it is set")


def _expected(source: Source, values: Mapping[Way, Any]) -> list[Any]:
    """What the documents say with the values; maps that are missing on a way are made."""
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
    """A value that is left, with its place or that of what it would stand in."""
    document = source.documents[_document(source, way)]
    name = shown(".".join(map(str, way[_RESOURCE:])))
    message = f"{name} cannot be written: {why}"
    if isinstance(why, UnsafeError):
        try:
            message = f"{name} {why}; change it by hand; live: {shown(flow(written(value)))}"
        except UnwritableError as error:
            message = f"{name} cannot be written: {error}"
    return Left(way, Problem(str(source.path), *mark_of(document.value, way, document.mark), message))
