"""Edits YAML files: sets values of resources, adds resources and import lines, and puts one block in place of several.
Comments and all other lines stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

from yaml.nodes import CollectionNode, MappingNode

from reconciler.errors import Location, Problem, Refused
from reconciler.lazy import frozen
from reconciler.text import cut
from reconciler.yaml import LocatedMap
from reconciler.yaml.edit_changes import Slot, Source, UnsafeError, is_block, require_read
from reconciler.yaml.located import KeyPath, copy_plain, find_location
from reconciler.yaml.writing import Layout, dump, dump_inline, escape_variables, has_variable_key

_VARIABLE: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\{")
_SHORT: Final = Layout(has_short_maps=True)
_COMMENT: Final = re.compile(r"#(?:[^\r\n]*\S)?")
_RESOURCE: Final = 2
"""The steps of a path that name the resource: its section and its key."""


@frozen
class Edit:
    """A file's text before and after, not yet written; `before` is "" for a new file.

    Both have the line breaks and the byte order mark of the file, so writing `content` changes only what was edited.
    `left`: path → the problem of each value that was not set.
    """

    path: Path
    before: str
    after: str
    left: Mapping[KeyPath, Problem] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The new bytes of the file."""
        return self.after.encode("utf-8")


class UnwritableError(Refused):
    """A value that YAML or a configuration cannot express. `str()` says why."""


@frozen
class Verbatim:
    """A value whose `${` begin variables, so they are written without an escape."""

    value: Any


REMOVED: Final = Verbatim(None)
"""As the value of a path: its key is removed."""


def set_values(path: Path, text: str, values: Mapping[KeyPath, Any]) -> Edit:
    """Set values of resources that are written in a file, by paths such as `("reports", "daily", "status")`.

    A map or a list changes item by item, so its comments stay. Keys that it has no longer are removed, and equal values
    are not touched. A value is left, with its reason, if it comes by an alias or `<<`, is shared by an anchor, holds a
    variable, cannot be written, or has an uncommon style. The reason ends with the lines to write by hand.

    ConfigurationInvalid if the text has problems; Refused if a resource is not in it.
    """
    source = Source(path, text)
    try:
        return Edit(path, text, source.edit(_make_expected(source, values)))
    except (UnsafeError, UnwritableError) as error:
        if len(values) == 1:
            left = {key_path: _explain_left(source, key_path, value, error) for key_path, value in values.items()}
            return Edit(path, text, text, left)
    # One half after the other, to find the values that cannot be set.
    pairs, half = iter(values.items()), len(values) // 2
    first = set_values(path, text, dict(islice(pairs, half)))
    second = set_values(path, first.after, dict(pairs))
    return Edit(path, text, second.after, {**first.left, **second.left})


def _find_document(source: Source, keys: KeyPath) -> int:
    """The index of the document with the resource of a path."""
    section, key = keys[:_RESOURCE] if len(keys) > _RESOURCE else ("", "")
    for position, document in enumerate(source.documents):
        value = document.value
        above = value.get(section) if isinstance(value, dict) else None
        if key in (above if isinstance(above, dict) else range(len(above)) if isinstance(above, list) else ()):
            return position
    raise Refused(f"{source.path}: there is no {cut('.'.join(map(str, keys[:_RESOURCE])))}, so nothing in it is set")


def _make_expected(source: Source, values: Mapping[KeyPath, Any]) -> list[Any]:
    """The values of the documents after the change; maps that are missing on a path are added."""
    expected = [copy_plain(document.value) for document in source.documents]
    for key_path, value in values.items():
        target: Any = expected[_find_document(source, key_path)]
        for step, after in zip(key_path, (*key_path[1:], None), strict=True):
            is_place = isinstance(target, dict) if isinstance(step, str) else isinstance(target, list)
            if not is_place or (isinstance(step, int) and step >= len(target)):
                raise UnsafeError("has no place here: another value stands in its way")
            if isinstance(step, str) and step not in target and "${" in step:
                raise UnsafeError("has a key with ${, and variables stand in values only")
            if after is None:
                if _VARIABLE.search(json.dumps(target[step] if isinstance(step, int) else target.get(step))):
                    raise UnsafeError("holds a variable, and other values or environments may have it too")
                target[step] = _escape(value)
                if value is REMOVED:
                    del target[step]
                continue
            if isinstance(step, str) and target.get(step) is None:
                target[step] = {}
            target = target[step]
    return expected


def _explain_left(source: Source, key_path: KeyPath, value: Any, why: Exception) -> Problem:
    """The problem of a value that is not set: the reason, the location, and the lines to write by hand."""
    document = source.documents[_find_document(source, key_path)]
    try:
        block = _escape(value)
        for step in reversed(key_path[_RESOURCE:]):
            block = {step: block} if isinstance(step, str) else [block]
        message = f"{why}; change it by hand to:\n{dump(block, _SHORT).rstrip()}"
    except UnwritableError as error:
        message = f"cannot be written: {error}"
    location = find_location(document.value, key_path, Location(str(source.path), *document.position))
    return Problem(*location, f"{cut('.'.join(map(str, key_path[_RESOURCE:])))} {message}")


def _escape(value: Any) -> Any:
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
    new = {section: _escape(added)}
    try:
        return Edit(path, text, _extend(source, new, section))
    except UnsafeError as error:
        maps = [each.value for each in source.documents if isinstance(each.value, LocatedMap) and section in each.value]
        position = maps[-1].value_positions[section] if maps else (1, 1)
        problem = Problem(str(path), *position, f"{section} cannot be added to: it {error}")
        raise Refused(str(problem), hint=f"write it by hand:\n{dump(new, _SHORT).rstrip()}") from error


def _extend(source: Source, new: dict[str, Any], section: str) -> str:
    """The text with the addition in the last document that has the section, or in the last document."""
    expected = [copy_plain(document.value) for document in source.documents]
    if not expected:
        after = source.byte_order_mark + source.text + dump(new, _SHORT).replace("\n", source.eol)
        require_read(after, [new])
        return after
    holders = [value for value in expected if isinstance(value, dict) and section in value]
    target, added = (holders or expected)[-1], new[section]
    if not isinstance(target, dict):
        raise UnsafeError("has no place in a document that is no map of sections")
    old = target.get(section)
    if not isinstance(old, type(added) | None):
        raise UnsafeError(f"is no {'map' if isinstance(added, dict) else 'list'}")
    target[section] = {**(old or {}), **added} if isinstance(added, dict) else [*(old or []), *added]
    return source.edit(expected)


@frozen
class Joined:
    """An order to join blocks. The first of `keys` in the file gets the key `name`, the fields of `head` above its own,
    and the texts of `values`; the other blocks are removed."""

    keys: Sequence[str]
    name: str
    head: Mapping[str, Any]
    values: Mapping[KeyPath, str]


class BlockEditor(Source):
    """The text of a file, in which blocks can be joined. ConfigurationInvalid if it has problems."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path, text)
        self._layout = replace(self._layout, must_quote=lambda text: "${" in text)

    def join(self, document: int, section: str, joined: Joined) -> str:
        """Join blocks, and return the lines of the new one. UnsafeError if that would lose something."""
        first, *others = slots = self._find_slots(document, section, joined.keys)
        own, *notes = map(self._find_comments, slots)
        above = dict.fromkeys(text for each in notes for text in each if text not in own)
        written = self._rewrite_first(first, joined, [" " * first.column + text for text in above])
        for slot in others:
            line, end = self._find_extent(slot)
            before = next(number for number in range(line - 1, -1, -1) if self._peek(number))
            # The blank lines above go too, unless they end a comment that belongs to no block.
            self._put_lines(line if self._peek(before) == "#" else before + 1, end)
        return written

    @cached_property
    def _sections(self) -> Mapping[tuple[int, str], Mapping[str, Slot]]:
        """The blocks of each section of a document that is a map in block style."""
        return {
            (number, section): self._find_entries(slot.node)
            for number, root in enumerate(self._find_roots())
            for section, slot in (self._find_entries(root) if is_block(root) else {}).items()
            if isinstance(slot.node, MappingNode) and is_block(slot.node) and not self._marker(slot.node, slot.behind)
        }

    def _find_slots(self, document: int, section: str, keys: Sequence[str]) -> list[Slot]:
        """The slots of blocks. UnsafeError if one of them is no block, or shares something by an anchor."""
        known = self._sections.get((document, section), {})
        for key in keys:
            if key not in known:
                raise UnsafeError("comes by an alias or <<, or its section is no map in block style")
            self._require_unshared(known[key])
            if not is_block(known[key].node):
                raise UnsafeError("is written in braces")
        return sorted((known[key] for key in keys), key=lambda each: each.line)

    def _rewrite_first(self, slot: Slot, joined: Joined, above: Sequence[str]) -> str:
        """Give a block its new key and values, other lines above, and `head` below the key. Return its lines."""
        key: Any = slot.key
        start, known, nodes = key.start_mark.index, len(self._splices), dict(_walk_scalars(slot.node))
        marks = {key_path: (nodes[key_path].start_mark, nodes[key_path].end_mark) for key_path in joined.values}
        if any(begin.index == end.index or begin.line != end.line for begin, end in marks.values()):
            raise UnsafeError("has a value that differs and is not written on one line")
        self._splices.append((start, key.end_mark.index, dump_inline(joined.name, self.text[start])))
        for key_path, (begin, end) in marks.items():
            self._splices.append((begin.index, end.index, dump_inline(joined.values[key_path], '"')))
        self._put_lines(slot.line, slot.line, above)
        self._put_lines(slot.line + 1, slot.line + 1, self._render(joined.head, slot.node.start_mark.column))
        at, last = (self._starts[line] for line in self._find_extent(slot))
        parts = []
        for start, until, new in sorted(self._splices[known:]):
            parts += [self.text[at:start], new]
            at = until
        return "".join([*parts, self.text[at:last]])

    def _find_extent(self, slot: Slot) -> tuple[int, int]:
        """The first line of a block with the comments right above it, and the line after it."""
        line = slot.line
        while line and self._peek(line - 1) == "#" and self._indent(line - 1) <= slot.column:
            line -= 1
        return line, self._skip_comments(slot.end, slot.column + 1)

    def _find_comments(self, slot: Slot) -> list[str]:
        """The comments of a block: what is between its scalars, from a # to the end of the line."""
        line, end = self._find_extent(slot)
        found, at = list[str](), self._starts[line]
        for _, node in (*_walk_scalars(slot.key), *_walk_scalars(slot.node)):
            # A block of text may have a comment behind the sign with which it begins.
            is_text = node.style in ("|", ">")
            start = self._starts[node.start_mark.line + 1] if is_text else node.start_mark.index
            found += _COMMENT.findall(self.text, at, start)
            at = node.end_mark.index
        return found + _COMMENT.findall(self.text, at, self._starts[end])


def _walk_scalars(node: Any, key_path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The scalars in a node, in order, each after its path; the path of a key ends with None."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*key_path, key.value, None), key
            yield from _walk_scalars(value, (*key_path, key.value))
    elif isinstance(node, CollectionNode):
        for at, value in enumerate(node.value):
            yield from _walk_scalars(value, (*key_path, at))
    else:
        yield key_path, node
