"""Live values into resources that are written already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from reconciler.edit.changes import Changes, Slot
from reconciler.edit.outcome import Adopted, Edit, Left, MismatchError, UnsafeError, UnwritableError, Way
from reconciler.edit.safety import anchor_trouble, copied, require_read
from reconciler.edit.source import Source
from reconciler.edit.tree import Shape
from reconciler.edit.wording import flow, written
from reconciler.errors import Problem, Refused
from reconciler.yaml12.wording import shown

_ODD: Final = "cannot be edited by itself as it is written here"
_RESOURCE: Final = 2
"""A way begins with the section and the key."""


def set_values(path: Path, text: str, values: Mapping[Way, Any]) -> Adopted:
    """Set values of resources that are written in a file, by ways such as `("reports", "daily", "status")`.

    A map or a list is changed item by item, so that comments within it stay; keys that it has no longer are taken out.
    A value that is the same already is not touched. One that comes by an alias or `<<`, that others share by an anchor,
    that holds a variable or that cannot be written is left and said. ConfigurationInvalid where the text has problems;
    Refused where a resource is not in it.
    """
    source = Source(path, text)
    for way in values:
        _document(source, way)
    try:
        return _set(source, values)
    except MismatchError:
        return _one_by_one(source, values)


def _document(source: Source, way: Way) -> int:
    """Which document holds the resource of a way."""
    section, key = way[:_RESOURCE] if len(way) > _RESOURCE else ("", "")
    for position, value in enumerate(source.values()):
        if isinstance(value, dict) and isinstance(value.get(section), dict) and key in value[section]:
            return position
    raise Refused(f"{source.path}: there is no {shown('.'.join(map(str, way[:_RESOURCE])))}, so nothing in it is set")


def _set(source: Source, values: Mapping[Way, Any]) -> Adopted:
    """Set all that can be set. MismatchError where the outcome is not exactly that."""
    setting = _Setting(source)
    left: list[Left] = []
    for way, value in values.items():
        try:
            setting.set(way, written(value))
        except UnwritableError as error:
            left.append(_left(source, way, value, str(error)))
        except UnsafeError as unsafe:
            left.append(Left(way, source.problem(unsafe.at, _by_hand(way, value, str(unsafe)))))
    left += [Left(way, source.problem(why.at, _by_hand(way, values[way], str(why)))) for way, why in setting.finish()]
    after = setting.changes.text()
    require_read(source.path, after, setting.expected)
    return Adopted(Edit(source.path, source.mark + source.text, after), tuple(left))


def _one_by_one(source: Source, values: Mapping[Way, Any]) -> Adopted:
    """Where all at once did not come out, set whatever comes out by itself."""
    text = before = source.mark + source.text
    left: list[Left] = []
    for way, value in values.items():
        current = Source(source.path, text)
        try:
            adopted = _set(current, {way: value})
        except MismatchError:
            left.append(_left(current, way, value, _ODD))
        else:
            text = adopted.edit.after
            left += adopted.left
    return Adopted(Edit(source.path, before, text), tuple(left))


def _left(source: Source, way: Way, value: Any, why: str) -> Left:
    """A value that is left for a reason that has no place of its own in the text: that of the resource."""
    line, column = source.values()[_document(source, way)][way[0]].key_marks[way[1]]
    return Left(way, Problem(str(source.path), line, column, _by_hand(way, value, why)))


def _by_hand(way: Way, value: Any, why: str) -> str:
    name = shown(".".join(map(str, way[_RESOURCE:])))
    try:
        return f"{name} {why}; change it by hand; live: {shown(flow(written(value)))}"
    except UnwritableError:
        return f"{name} cannot be written: {why}"


class _Setting:
    """The changes to one text while they are collected, and what its documents are expected to say then."""

    def __init__(self, source: Source) -> None:
        self.changes = Changes(source)
        self.expected = [copied(value) for value in source.values()]
        self._source = source
        self._missing: dict[Way, tuple[Slot, Any, dict[Way, Any]]] = {}

    def set(self, way: Way, value: Any) -> None:
        """Set a value that is written; note one that is not. UnsafeError where it has to be left."""
        position = _document(self._source, way)
        slot, old = Slot(self._source.roots[position].node), self._source.values()[position]
        for depth, step in enumerate(way):
            if trouble := anchor_trouble(slot.node, self.changes.uses):
                raise UnsafeError(slot.node.start, trouble)
            below = self.changes.slots(slot) if slot.node.shape in (Shape.MAP, Shape.LIST) else {}
            if step not in below:
                _require_addable(slot, old, way[depth:])
                self._missing.setdefault(way[:depth], (slot, old, {}))[2][way] = value
                return
            slot, old = below[step], old[step]
        self.changes.make(slot, old, value)
        _put(self.expected[position], way, value)

    def finish(self) -> Iterator[tuple[Way, UnsafeError]]:
        """Add what was missing, map by map; gives what has to be left."""
        for parent, (slot, old, values) in self._missing.items():
            new = dict(old or {})
            for way, value in values.items():
                _put(new, way[len(parent) :], value)
            try:
                self.changes.make(slot, old, new)
            except UnsafeError as unsafe:
                yield from ((way, unsafe) for way in values)
            else:
                for way, value in values.items():
                    _put(self.expected[_document(self._source, way)], way, value)


def _require_addable(slot: Slot, old: Any, rest: Way) -> None:
    """UnsafeError unless the rest of a way, which is not written, can be added to a slot that holds `old`."""
    if not all(isinstance(step, str) for step in rest) or not (old is None or isinstance(old, dict)):
        raise UnsafeError(slot.node.start, f"has no place here: {slot.node.shape.value} stands in its way")
    if any("${" in str(step) for step in rest):
        raise UnsafeError(slot.node.start, "has a key with ${, and variables stand in values only")
    if old and rest[0] in old:
        raise UnsafeError(slot.node.start, "comes by <<; written in the map itself, it wins over <<")


def _put(target: Any, way: Way, value: Any) -> None:
    """Put a value into nested maps and lists; maps that are missing on the way are made."""
    for step in way[:-1]:
        if isinstance(target, dict) and target.get(step) is None:
            target[step] = {}
        target = target[step]
    target[way[-1]] = copied(value)
