"""Puts one block in place of several of a section. Their comments stay, and so do all other lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from yaml.nodes import CollectionNode, MappingNode

from reconciler.yaml.edit_changes import Slot, Source, UnsafeError, is_block
from reconciler.yaml.located import Way
from reconciler.yaml.writing import inline

_COMMENT: Final = re.compile(r"#(?:[^\r\n]*\S)?")


@dataclass(frozen=True, slots=True)
class Joined:
    """The blocks with these keys become the first of them that is written: by the key `name`, with `head` above its
    fields, and with other texts at `values`."""

    keys: Sequence[str]
    name: str
    head: Mapping[str, Any]
    values: Mapping[Way, str]


class BlockEditor(Source):
    """The text of a file, in which blocks can be joined. ConfigurationInvalid if it has problems."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path, text)
        self._layout = replace(self._layout, must_quote=lambda text: "${" in text)

    def join(self, document: int, section: str, joined: Joined) -> str:
        """Join blocks, and return the lines of the new one. UnsafeError if that would lose something."""
        first, *others = slots = self._slots(document, section, joined.keys)
        own, *notes = map(self._comments, slots)
        above = dict.fromkeys(text for each in notes for text in each if text not in own)
        written = self._rewrite_first(first, joined, [" " * first.column + text for text in above])
        for slot in others:
            line, end = self._extent(slot)
            before = next(number for number in range(line - 1, -1, -1) if self._first(number))
            # The blank lines above go too, unless they end a comment that belongs to no block.
            self._put_lines(line if self._first(before) == "#" else before + 1, end)
        return written

    def joined(self) -> str:
        """The text after all that was joined."""
        return self._spliced()

    @cached_property
    def _sections(self) -> Mapping[tuple[int, str], Mapping[str, Slot]]:
        """The blocks of each section of a document that is a map in block style."""
        return {
            (number, section): self._entries(slot.node)
            for number, root in enumerate(self._roots())
            for section, slot in (self._entries(root) if is_block(root) else {}).items()
            if isinstance(slot.node, MappingNode) and is_block(slot.node) and not self._property(slot.node, slot.behind)
        }

    def _slots(self, document: int, section: str, keys: Sequence[str]) -> list[Slot]:
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
        start, known, nodes = key.start_mark.index, len(self._splices), dict(_scalars(slot.node))
        marks = {way: (nodes[way].start_mark, nodes[way].end_mark) for way in joined.values}
        if any(begin.index == end.index or begin.line != end.line for begin, end in marks.values()):
            raise UnsafeError("has a value that differs and is not written on one line")
        self._splices.append((start, key.end_mark.index, inline(joined.name, self.text[start])))
        for way, (begin, end) in marks.items():
            self._splices.append((begin.index, end.index, inline(joined.values[way], '"')))
        self._put_lines(slot.line, slot.line, above)
        self._put_lines(slot.line + 1, slot.line + 1, self._rendered(joined.head, slot.node.start_mark.column))
        at, last = (self._starts[line] for line in self._extent(slot))
        parts = []
        for start, until, new in sorted(self._splices[known:]):
            parts += [self.text[at:start], new]
            at = until
        return "".join([*parts, self.text[at:last]])

    def _extent(self, slot: Slot) -> tuple[int, int]:
        """The first line of a block with the comments right above it, and the line after it."""
        line = slot.line
        while line and self._first(line - 1) == "#" and self._margin(line - 1) <= slot.column:
            line -= 1
        return line, self._behind(slot.end, slot.column + 1)

    def _comments(self, slot: Slot) -> list[str]:
        """The comments of a block: what is between its scalars, from a # to the end of the line."""
        line, end = self._extent(slot)
        found, at = list[str](), self._starts[line]
        for _, node in (*_scalars(slot.key), *_scalars(slot.node)):
            # A block of text may have a comment behind the sign with which it begins.
            is_text = node.style in ("|", ">")
            start = self._starts[node.start_mark.line + 1] if is_text else node.start_mark.index
            found += _COMMENT.findall(self.text, at, start)
            at = node.end_mark.index
        return found + _COMMENT.findall(self.text, at, self._starts[end])


def _scalars(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The scalars in a node, in their order, with their ways; that of a key ends with None."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*way, key.value, None), key
            yield from _scalars(value, (*way, key.value))
    elif isinstance(node, CollectionNode):
        for at, value in enumerate(node.value):
            yield from _scalars(value, (*way, at))
    else:
        yield way, node
