"""From one value to another with as few characters changed as there can be."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from reconciler.edit.outcome import MismatchError, UnsafeError
from reconciler.edit.safety import anchor_trouble, require_plain, same
from reconciler.edit.source import Source
from reconciler.edit.tree import Node, Shape, colon_after
from reconciler.edit.wording import below, entry, flow, inline, item, literal, quote, scalar

_HEADER: Final = re.compile(r"[|>][0-9+-]*")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a value hangs: below `key` in a map, or (None) in a list or as the document; `column` is the key's."""

    node: Node
    key: Node | None = None
    in_flow: bool = False
    column: int = 0


class Changes:
    """The changes to one text, collected as (start, end, what stands there then)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.uses = source.uses()
        self._layout = source.layout()
        self._splices: list[tuple[int, int, str]] = []

    def text(self) -> str:
        """The text with all changes made. MismatchError where two of them meet."""
        text, parts, at = self._source.text, [], 0
        for start, end, new in sorted(self._splices, key=lambda each: each[:2]):
            if start < at:
                raise MismatchError("two changes are at one place")
            parts += [text[at:start], new]
            at = end
        return self._source.mark + "".join(parts) + text[at:]

    def make(self, slot: Slot, old: Any, new: Any) -> None:
        """Let the slot hold `new`, all of it or (UnsafeError) nothing."""
        before = len(self._splices)
        try:
            self._change(slot, old, new)
        except UnsafeError:
            del self._splices[before:]
            raise

    def slots(self, slot: Slot) -> dict[str | int, Slot]:
        """The slots below one: by key for the entries of a map itself, by index for the items of a list."""
        node, text = slot.node, self._source
        if node.shape is Shape.LIST:
            columns = [0 if node.is_flow else text.column(text.dash(node, at)) for at in range(len(node.items))]
            return {at: Slot(each, None, node.is_flow, columns[at]) for at, each in enumerate(node.items)}
        return {
            name: Slot(value, key, node.is_flow, text.column(key.start)) for name, (key, value) in node.own().items()
        }

    def _splice(self, start: int, end: int, new: str) -> None:
        self._splices.append((start, end, new))

    def _insert(self, at: int, lines: list[str]) -> None:
        """Put lines before the one that begins at an index, or behind a last line that has no end."""
        eol = self._source.eol
        if at and self._source.text[at - 1] not in "\r\n":
            # A text that ends with a line break needs one in the file, too.
            ends = eol if any(line.endswith(" |") for line in lines) else ""
            self._splice(at, at, "".join(eol + line for line in lines) + ends)
        else:
            self._splice(at, at, "".join(line + eol for line in lines))

    def _drop_lines(self, start: int, end: int) -> None:
        self._splice(self._source.line_start(start), self._source.next_line(end), "")

    def _change(self, slot: Slot, old: Any, new: Any) -> None:
        if same(old, new):
            return
        node = slot.node
        if trouble := anchor_trouble(node, self.uses):
            raise UnsafeError(node.start, trouble)
        if node.shape is Shape.MAP and isinstance(new, dict) and old and new and self._map(slot, old, new):
            return
        if node.shape is Shape.LIST and isinstance(new, list) and old and new and self._list(slot, old, new):
            return
        require_plain(node)
        self._replace(slot, new)

    def _map(self, slot: Slot, old: dict[str, Any], new: dict[str, Any]) -> bool:
        """Change the entries that differ; False where one cannot be taken out by itself."""
        node, own = slot.node, slot.node.own()
        gone = {own[key][0]: own[key][1] for key in own if key not in new}
        for key, value in old.items():
            if key not in own and not (key in new and same(value, new[key])):
                raise UnsafeError(node.start, "comes by <<; written in the map itself, it wins over <<")
        if node.is_block and not all(self._source.begins_line(key.start) for key in gone):
            return False
        if len(gone) == len(node.entries):
            return False
        for value in gone.values():
            require_plain(value)
        self._take_out(node, [at for at, (key, _) in enumerate(node.entries) if key in gone])
        for step, inner in self.slots(slot).items():
            if step in new:
                self._change(inner, old[str(step)], new[str(step)])
        self._add(node, {key: value for key, value in new.items() if key not in old})
        return True

    def _take_out(self, node: Node, positions: list[int]) -> None:
        """Take some, not all, of the entries or items out: their lines in block style, their commas in flow style."""
        spans = [(key.start, value.end) for key, value in node.entries]
        spans = spans or [(each.start, each.end) for each in node.items]
        kept = max(set(range(len(spans))) - set(positions))
        for position in positions:
            start, end = spans[position]
            if node.is_block:
                self._drop_lines(self._source.dash(node, position) if node.items else start, end)
            elif position < kept:
                self._splice(start, spans[position + 1][0], "")
            else:
                before = spans[position - 1][1]
                between = self._source.text[before:start]
                self._splice(before, end, between.replace(",", "", 1).rstrip(" \t") if "#" in between else "")

    def _add(self, node: Node, new: dict[str, Any]) -> None:
        if not new:
            return
        if node.is_flow:
            end = node.entries[-1][1].end if node.entries else node.end - 1
            self._splice(end, end, (", " if node.entries else "") + flow(new)[1:-1])
            return
        first = node.entries[0][0]
        column = self._source.column(first.start)
        at = self._source.behind(node.end, column)
        for key, value in new.items():
            lines = entry(key, value, column, self._layout)
            self._insert(at, ["", *lines] if self._is_spaced(node) else lines)

    def _is_spaced(self, node: Node) -> bool:
        """Whether a blank line stands between the last two entries."""
        if len(node.entries) < 2:  # noqa: PLR2004 - between two
            return False
        between = self._source.text[node.entries[-2][1].end : node.entries[-1][0].start]
        return any(not line.strip() for line in self._source.lines(between)[1:-1])

    def _list(self, slot: Slot, old: list[Any], new: list[Any]) -> bool:
        """Keep the items that are the same, change those between them pair by pair, add or drop the rest."""
        node = slot.node
        if node.is_block and not self._source.begins_line(self._source.dash(node, 0)):
            return False
        inner = self.slots(slot)
        gone: list[int] = []
        matcher = SequenceMatcher(None, list(map(_worded, old)), list(map(_worded, new)), autojunk=False)
        for what, start, end, first, last in matcher.get_opcodes():
            if what == "equal":
                continue
            pairs = min(end - start, last - first)
            for offset in range(pairs):
                self._change(inner[start + offset], old[start + offset], new[first + offset])
            gone += range(start + pairs, end)
            if first + pairs < last:
                self._add_items(node, start + pairs, new[first + pairs : last])
        for position in gone:
            require_plain(node.items[position])
        self._take_out(node, gone)
        return True

    def _add_items(self, node: Node, position: int, new: list[Any]) -> None:
        """Put items before the one at a position, or behind the last."""
        is_last, text = position == len(node.items), self._source
        if node.is_flow:
            at = node.items[-1].end if is_last else node.items[position].start
            words = ", ".join(map(flow, new))
            self._splice(at, at, f", {words}" if is_last else f"{words}, ")
            return
        column = text.column(text.dash(node, 0))
        if is_last:
            at = text.behind(node.end, column)
        elif position:
            at = text.next_line(node.items[position - 1].end)
        else:
            at = text.line_start(text.dash(node, 0))
        beside = node.items[position - 1]
        as_flow = beside.is_flow if beside.shape in (Shape.MAP, Shape.LIST) else None
        self._insert(at, [line for each in new for line in item(each, column, self._layout, as_flow=as_flow)])

    def _replace(self, slot: Slot, new: Any) -> None:
        """Write a value in the place of another of any shape."""
        node = slot.node
        if slot.in_flow:
            self._put(slot, flow(new))
        elif slot.key is None or (node.is_flow and (node.entries or node.items)):
            self._put(slot, self._words(node, new))
        elif isinstance(new, dict | list) and new:
            self._replace_by_block(slot, new)
        elif node.is_block:
            colon = self._colon(slot)
            self._splice(colon, colon, " " + inline(new))
            self._drop_lines(self._first_line(node), node.end)
        elif node.style in ("|", ">"):
            self._replace_literal(slot, new)
        else:
            self._put(slot, self._words(node, new))

    def _put(self, slot: Slot, words: str) -> None:
        """Put words where the node stands; behind the colon or the dash where nothing stands."""
        node = slot.node
        if not node.is_missing:
            self._splice(node.start, node.end, words)
        elif slot.in_flow and slot.key and colon_after(self._source.text, slot.key) is None:
            self._splice(node.start, node.end, ": " + words)
        else:
            self._splice(node.start, node.end, " " + words)

    def _words(self, node: Node, new: Any) -> str:
        """A value on one line, a text in the quotes that the old one had."""
        if not isinstance(new, str):
            return inline(new)
        if node.style == "'" and new.isprintable():
            return "'" + new.replace("'", "''") + "'"
        return quote(new) if node.style else scalar(new)

    def _replace_by_block(self, slot: Slot, new: dict[str, Any] | list[Any]) -> None:
        node, colon = slot.node, self._colon(slot)
        lines = below(new, slot.column, self._layout)
        if node.is_block:
            start = self._first_line(node)
            self._drop_lines(start, node.end)
            self._insert(self._source.line_start(start), lines)
        else:
            self._splice(colon, node.end, "")
            self._insert(self._source.next_line(node.end), lines)

    def _replace_literal(self, slot: Slot, new: Any) -> None:
        """Keep what stands behind the `|`: a comment."""
        node, text = slot.node, self._source.text
        header = _HEADER.match(text, node.start)
        first_line = self._source.text[node.start : self._source.next_line(node.start)].rstrip("\r\n")
        comment = first_line[header.end() - node.start :] if header else ""
        block = literal(new, slot.column + self._layout.step)
        lines = [block[0] + comment, *block[1]] if block else [inline(new) + comment]
        needs_end = block is not None and block[0] == "|" and node.end == len(text)
        self._splice(node.start, node.end, self._source.eol.join(lines + [""] * needs_end))

    def _colon(self, slot: Slot) -> int:
        colon = colon_after(self._source.text, slot.key) if slot.key else None
        if colon is None:
            raise UnsafeError(slot.node.start, "stands behind a key that is written with ?")
        return colon

    def _first_line(self, node: Node) -> int:
        """Where a collection in block style begins, on a line of its own."""
        start = self._source.content_start(node)
        if node.tag or not self._source.begins_line(start):
            raise UnsafeError(node.start, "does not stand on lines of its own, or has a tag")
        return start


def _worded(value: Any) -> str:
    """A value as a text that is the same for the same values only."""
    return json.dumps(value, sort_keys=True)
