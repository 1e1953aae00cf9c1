"""Puts one block in place of several of a section. Their comments stay, and so do all other lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from yaml.nodes import CollectionNode, MappingNode

from reconciler.yaml.edit_changes import Slot, Source, UnsafeError, is_block
from reconciler.yaml.writing import dump, inline

Way = tuple[str | int, ...]
_COMMENT: Final = re.compile(r"(?<!\S)#.*")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_WIDEST: Final = 100


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
        self._sections: dict[tuple[int, str], dict[str, Slot]] = {}
        self._nodes = self._roots()

    def join(self, document: int, section: str, joined: Joined) -> tuple[int, str]:
        """Join blocks, and return how many lines go by that, and the new ones; nothing is done if none goes.

        UnsafeError if they cannot be joined without losing something.
        """
        first, *others = self._slots(document, section, joined.keys)
        own = [*self._comments(first)]
        notes = [[text for at, text in self._comments(each) if (at, text) not in own] for each in others]
        kept, self._splices = self._splices, []
        try:
            self._rewrite_first(first, joined, self.documents[document].value[section], [[], *notes])
            written = self._part(*self._extent(first))
            for slot in others:
                line, end = self._extent(slot)
                above = next(number for number in range(line - 1, -1, -1) if self._first(number))
                self._put_lines(line if self._first(above) == "#" else above + 1, end)
            changes = self._splices
        finally:
            self._splices = kept
        saved = sum(len(_BREAK.findall(self.text[start:end])) - len(_BREAK.findall(new)) for start, end, new in changes)
        kept += changes if saved > 0 else ()
        return max(saved, 0), written

    def _part(self, line: int, end: int) -> str:
        """These lines as they are edited."""
        parts, at = [], self._starts[line]
        for start, until, new in sorted(self._splices, key=lambda each: each[:2]):
            parts += [self.text[at:start], new]
            at = until
        return "".join([*parts, self.text[at : self._starts[end]]])

    def joined(self) -> str:
        """The text after all that was joined."""
        return self._spliced()

    def _slots(self, document: int, section: str, keys: Sequence[str]) -> list[Slot]:
        """The slots of blocks. UnsafeError if one of them shares something by an anchor."""
        if (document, section) not in self._sections:
            above = self._entries(self._nodes[document]).get(section) if is_block(self._nodes[document]) else None
            is_plain = above is not None and is_block(above.node) and not self._property(above.node, above.behind)
            self._sections[document, section] = self._entries(above.node) if above is not None and is_plain else {}
        known = self._sections[document, section]
        for key in keys:
            if key not in known:
                raise UnsafeError("comes by an alias or <<, or its section is no map in block style")
            self._require_unshared(known[key])
        return sorted((known[key] for key in keys), key=lambda each: each.line)

    def _rewrite_first(self, slot: Slot, joined: Joined, blocks: Any, notes: Sequence[Sequence[str]]) -> None:
        node: Any = slot.node
        key: Any = slot.key
        start, end = key.start_mark.index, key.end_mark.index
        self._splices.append((start, end, inline(joined.name, self.text[start])))
        items = [*joined.head["for_each"].values()]
        beside = notes if any(notes) and len(items) == 1 and isinstance(items[0], list) else ()
        above = [] if beside else [" " * slot.column + text for each in notes for text in each]
        self._put_lines(slot.line, slot.line, above)
        column = node.start_mark.column if is_block(node) else slot.column + self._layout.step
        head = [
            line
            for name, value in joined.head.items()
            for line in self._head(name, value, column, beside if name == "for_each" else ())
        ]
        if is_block(node):
            self._put_lines(slot.line + 1, slot.line + 1, head)
            self._set_scalars(dict(_scalars(node)), joined.values)
            return
        if _COMMENT.search(self._masked(slot, slot.behind, node.end_mark.index)):
            raise UnsafeError("has a comment within braces")
        layout = replace(self._layout, must_quote=lambda text: "${" in text)
        body = dump(_put(blocks[key.value], (), joined.values), layout).split("\n")[:-1]
        self._splices.append((slot.behind, node.end_mark.index, ""))
        below = node.end_mark.line + 1
        self._put_lines(below, below, [*head, *(" " * column + line for line in body)])

    def _set_scalars(self, nodes: Mapping[Way, Any], values: Mapping[Way, str]) -> None:
        for way, text in values.items():
            start, end = nodes[way].start_mark, nodes[way].end_mark
            if start.index == end.index or start.line != end.line:
                raise UnsafeError("has a value that differs and is not written on one line")
            self._splices.append((start.index, end.index, inline(text, '"')))

    def _head(self, name: str, value: Any, column: int, notes: Sequence[Sequence[str]]) -> Iterator[str]:
        """The lines of `for_each`, `exclude` or `key`: one, if it is short, and has no maps in a map."""
        indent = " " * column
        inner = value.values() if isinstance(value, dict) else ()
        is_deep = any(isinstance(each, list) and isinstance(each[0], dict) for each in inner)
        is_open = bool(notes) or is_deep or len(str(value)) > 2 * _WIDEST
        line = f"{indent}{name}: {inline(value, chr(34))}" if isinstance(value, str) or not is_open else ""
        if isinstance(value, str) or 0 < len(line) <= _WIDEST:
            yield line
            return
        yield f"{indent}{name}:"
        for each in value if isinstance(value, dict) else ():
            yield from self._head(each, value[each], column + self._layout.step, notes)
        for at, item in enumerate(value if isinstance(value, list) else ()):
            indent = " " * (column + self._layout.dash)
            yield from (indent + text for text in (notes[at] if notes else ()))
            yield f"{indent}- {inline(item, '')}"

    def _extent(self, slot: Slot) -> tuple[int, int]:
        """The first line of a block with the comments right above it, and the line after it."""
        line = slot.line
        while line and self._first(line - 1) == "#" and self._margin(line - 1) <= slot.column:
            line -= 1
        return line, self._behind(slot.end, slot.column + 1)

    def _comments(self, slot: Slot) -> Iterator[tuple[int, str]]:
        """The comments of a block, each with its line, counted from that of the key."""
        line, end = self._extent(slot)
        masked = self._masked(slot, self._starts[line], self._starts[end])
        for number, text in enumerate(masked.splitlines(), line - slot.line):
            yield from ((number, found[0].rstrip()) for found in _COMMENT.finditer(text))

    def _masked(self, slot: Slot, start: int, end: int) -> str:
        """A part of the text in which no scalar has a sign that could begin a comment."""
        parts, at = [], start
        for _, node in (*_scalars(slot.key), *_scalars(slot.node)):
            begin, until = node.start_mark.index, node.end_mark.index
            if node.style in ("|", ">"):
                begin = self.text.index(self.eol[-1], begin)
            if at <= begin <= until <= end:
                parts += [self.text[at:begin], self.text[begin:until].replace("#", "x")]
                at = until
        return "".join([*parts, self.text[at:end]])


def _put(node: Any, way: Way, values: Mapping[Way, str]) -> Any:
    """A plain copy of nested maps and lists with other values at some ways."""
    if isinstance(node, dict):
        return {key: _put(value, (*way, key), values) for key, value in node.items()}
    if isinstance(node, list):
        return [_put(value, (*way, at), values) for at, value in enumerate(node)]
    return values.get(way, node)


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
