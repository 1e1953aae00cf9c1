"""Live values into a resource that is written already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.edit.changes import Changes, Slot
from reconciler.edit.outcome import Adopted, Edit, Left, MismatchError, UnsafeError, UnwritableError, Way
from reconciler.edit.safety import anchor_trouble, copied, require_read
from reconciler.edit.source import Source
from reconciler.edit.tree import Root, Shape
from reconciler.edit.wording import flow, written
from reconciler.errors import Problem, Refused
from reconciler.yaml12 import LocatedMap
from reconciler.yaml12.wording import shown

_ODD: Final = "cannot be edited by itself as it is written here"


def set_values(path: Path, text: str, section: str, key: str, values: Mapping[Way, Any]) -> Adopted:
    """Set values within the resource `key` of `section`, by the ways to them from the resource.

    A map or a list is changed item by item, so that comments within it stay; keys that it has no longer are taken out.
    A value that is the same already is not touched. One that comes by an alias or `<<`, that others share by an anchor,
    that holds a variable or that cannot be written is left and said. ConfigurationInvalid where the text has problems;
    Refused where the resource is not in it.
    """
    source = Source(path, text)
    position = _document_with(source, section, key)
    try:
        return _set(source, position, (section, key), values)
    except MismatchError:
        return _one_by_one(source, position, (section, key), values)


def _document_with(source: Source, section: str, key: str) -> int:
    for position, value in enumerate(source.values()):
        if isinstance(value, LocatedMap) and isinstance(value.get(section), dict) and key in value[section]:
            return position
    raise Refused(f"{source.path}: {section} has no {shown(key)}, so nothing in it can be set")


def _set(source: Source, position: int, resource: tuple[str, str], values: Mapping[Way, Any]) -> Adopted:
    """Set all that can be set. MismatchError where the outcome is not exactly that."""
    setting = _Setting(source, position)
    left: list[Left] = []
    for way, value in values.items():
        try:
            setting.set((*resource, *way), written(value))
        except UnwritableError as error:
            left.append(_left(source, position, resource, way, value, str(error)))
        except UnsafeError as unsafe:
            left.append(Left(way, source.problem(unsafe.at, _by_hand(way, value, str(unsafe)))))
    for full, value, unsafe in setting.finish():
        way = full[len(resource) :]
        left.append(Left(way, source.problem(unsafe.at, _by_hand(way, value, str(unsafe)))))
    after = setting.changes.text()
    require_read(source.path, after, setting.expected)
    return Adopted(Edit(source.path, source.mark + source.text, after), tuple(left))


def _one_by_one(source: Source, position: int, resource: tuple[str, str], values: Mapping[Way, Any]) -> Adopted:
    """Where all at once did not come out, set whatever comes out by itself."""
    text = before = source.mark + source.text
    left: list[Left] = []
    for way, value in values.items():
        current = Source(source.path, text)
        try:
            adopted = _set(current, position, resource, {way: value})
        except MismatchError:
            left.append(_left(current, position, resource, way, value, _ODD))
        else:
            text = adopted.edit.after
            left += adopted.left
    return Adopted(Edit(source.path, before, text), tuple(left))


def _left(source: Source, position: int, resource: tuple[str, str], way: Way, value: Any, why: str) -> Left:
    """A value that is left for a reason that has no place of its own in the text: that of the resource."""
    section, key = resource
    found = source.values()[position]
    mark = found[section].key_marks.get(key) or found.key_marks[section]
    return Left(way, Problem(str(source.path), *mark, _by_hand(way, value, why)))


def _by_hand(way: Way, value: Any, why: str) -> str:
    name = ".".join(map(str, way))
    try:
        wanted = shown(flow(written(value)))
    except UnwritableError:
        return f"{shown(name)} {why}"
    return f"{shown(name)} {why}; change it by hand; live: {wanted}"


class _Setting:
    """The changes to one document while they are collected, and what all documents are expected to say then."""

    def __init__(self, source: Source, position: int) -> None:
        self.expected = [copied(value) for value in source.values()]
        self._document = self.expected[position]
        self._value = source.values()[position]
        self._root: Root = source.roots[position]
        self._missing: dict[Way, tuple[Slot, Any, dict[Way, Any]]] = {}
        self.changes = Changes(source, self._root.uses)

    def set(self, way: Way, value: Any) -> None:
        """Set a value that is written; note one that is not. UnsafeError where it has to be left."""
        slot, old = Slot(self._root.node), self._value
        for depth, step in enumerate(way):
            if trouble := anchor_trouble(slot.node, self._root.uses):
                raise UnsafeError(slot.node.start, trouble)
            is_collection = slot.node.shape in (Shape.MAP, Shape.LIST)
            slots = self.changes.slots(slot) if is_collection else {}
            if step not in slots:
                self._require_addable(slot, old, way[depth:])
                self._missing.setdefault(way[:depth], (slot, old, {}))[2][way] = value
                return
            slot, old = slots[step], old[step]
        self.changes.make(slot, old, value)
        _put(self._document, way, value)

    def _require_addable(self, slot: Slot, old: Any, rest: Way) -> None:
        if not all(isinstance(step, str) for step in rest) or not (old is None or isinstance(old, dict)):
            raise UnsafeError(slot.node.start, f"has no place here: {slot.node.shape.value} stands in its way")
        if any("${" in str(step) for step in rest):
            raise UnsafeError(slot.node.start, "has a key with ${, and variables stand in values only")
        if old and rest[0] in old:
            raise UnsafeError(slot.node.start, "comes by <<; written in the map itself, it wins over <<")

    def finish(self) -> Iterator[tuple[Way, Any, UnsafeError]]:
        """Add what was missing, map by map; gives what has to be left."""
        for parent, (slot, old, values) in self._missing.items():
            new = dict(old or {})
            for way, value in values.items():
                _put(new, way[len(parent) :], value)
            try:
                self.changes.make(slot, old, new)
            except UnsafeError as unsafe:
                yield from ((way, value, unsafe) for way, value in values.items())
            else:
                for way, value in values.items():
                    _put(self._document, way, value)


def _put(target: Any, way: Way, value: Any) -> None:
    """Put a value into nested maps and lists; maps that are missing on the way are made."""
    for step in way[:-1]:
        if isinstance(target, dict) and target.get(step) is None:
            target[step] = {}
        target = target[step]
    target[way[-1]] = copied(value)
