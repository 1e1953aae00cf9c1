"""Changes the values in the text of a file, with as few changed characters as possible.

It edits maps and lists in block style, and scalars, `{…}` and `[…]` on one line. It refuses other styles, and all that
an anchor shares. The result is parsed and compared with what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import CollectionNode, Node

from reconciler.errors import ConfigurationInvalid
from reconciler.lazy import frozen
from reconciler.serialization import to_canonical
from reconciler.yaml import read
from reconciler.yaml.located import Document
from reconciler.yaml.parsers import compose, find_markers
from reconciler.yaml.writing import Layout, dump, dump_inline

_BYTE_ORDER_MARK: Final = "\ufeff"
_COLON: Final = re.compile(r"[ \t]*:")
_FIRST_STEP: Final = re.compile(r"(?m)^( +)(?![ #-])\S")
_FIRST_DASH: Final = re.compile(r"(?m)^( *)[^\s#-].*:[ \t]*(?:#.*)?[\r\n]+( *)- ")
_LONGEST_LINE: Final = 200  # A longer map in braces is hard to review.
_NOT_EDITED: Final = "what has an anchor, an alias, a tag or << is not edited"
_UNUSUAL: Final = "cannot be edited by itself as it is written here"


class UnsafeError(Exception):
    """A text that cannot be changed without changing more, or losing something. `str()` says why."""


@frozen
class Slot:
    """The key or dash of a value in block style.

    `line` and `column` of the key or dash, and `end`, the line after the value, count from 0. `behind` is the index in
    the text after the colon or dash.
    """

    key: Node | None
    node: Node
    line: int
    column: int
    end: int
    behind: int


class Source:
    """The text of a file without its byte order mark, its last line ended. ConfigurationInvalid if it has problems."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.documents = read_documents(path, text)
        self.byte_order_mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
        self.text = text.removeprefix(_BYTE_ORDER_MARK)
        self.eol = next(iter(re.findall(r"\r\n|\r|\n", self.text)), "\n")
        self._is_ended = not self.text or self.text.endswith(("\r", "\n"))
        self.text += "" if self._is_ended else self.eol
        self._lines = self.text.splitlines(keepends=True)
        self._starts = [0, *accumulate(map(len, self._lines))]
        self._splices: list[tuple[int, int, str]] = []
        self._markers = find_markers(self.text)
        step, dash = _FIRST_STEP.search(self.text), _FIRST_DASH.search(self.text)
        columns = len(step[1]) if step else 2
        self._layout = Layout(columns, len(dash[2]) - len(dash[1]) if dash else columns, has_short_maps=True)

    def edit(self, expected: Sequence[Any]) -> str:
        """The text with the expected values. UnsafeError if no edit of a common style gives them."""
        self._splices = []
        for document, root, new in zip(self.documents, self._find_roots(), expected, strict=True):
            is_map = (
                isinstance(document.value, dict) and is_block(root) and not self._marker(root, root.start_mark.index)
            )
            is_same = to_canonical(document.value) == to_canonical(new)
            if not is_same and not (is_map and self._change_map(root, document.value, new)):
                raise UnsafeError("is not in a map of sections in block style")
        text = self.splice()
        require_read(text, expected)
        return text

    def _find_roots(self) -> list[Node]:
        """The node of each document."""
        try:
            nodes = {(node.start_mark.line + 1, node.start_mark.column + 1): node for node in compose(self.text)}
        except yaml.YAMLError as error:  # an anchor that is there twice
            raise UnsafeError(_UNUSUAL) from error
        return [nodes[document.position] for document in self.documents]

    def splice(self) -> str:
        """The text of the file with all changes."""
        parts, at = [self.byte_order_mark], 0
        for start, end, new in sorted(self._splices, key=lambda each: each[:2]):  # by place, then as they were made
            if start < at:
                raise UnsafeError(_UNUSUAL)
            parts += [self.text[at:start], new]
            at = end
        after = "".join(parts) + self.text[at:]
        # A last line without a line break stays so, unless another follows it now.
        return after if self._is_ended or at == len(self.text) else after.removesuffix(self.eol)

    def _change(self, slot: Slot, old: Any, new: Any) -> None:
        if to_canonical(old) == to_canonical(new):
            return
        node: Any = slot.node
        if found := self._marker(node, slot.behind):
            raise UnsafeError(f"is written with {found}; {_NOT_EDITED}")
        if is_block(node):
            edit = self._change_map if isinstance(old, dict) else self._change_list
            if new and isinstance(new, dict if isinstance(old, dict) else list) and edit(node, old, new):
                return
        elif getattr(node, "style", "") in ("|", ">") or not slot.line == node.start_mark.line == node.end_mark.line:
            raise UnsafeError("is written on several lines")
        self._rewrite(slot, new)

    def _change_map(self, node: Node, old: Any, new: Any) -> bool:
        """Change the entries that differ; False if one cannot be removed alone."""
        own = self._find_entries(node)
        changed = {key for key in old if key not in new or to_canonical(old[key]) != to_canonical(new[key])}
        if not own or not own.keys() >= changed:
            raise UnsafeError("comes by <<, or is not written as `key: value` on lines of its own")
        gone = [slot for key, slot in own.items() if key not in new]
        if len(gone) == len(own) or any(self._lines[slot.line][: slot.column].strip() for slot in gone):
            return False
        for slot in gone:
            self._require_unshared(slot)
            self._put_lines(slot.line, slot.end)
        for key, slot in own.items():
            if key in new:
                self._change(slot, old[key], new[key])
        *before, last = own.values()
        at = self._skip_comments(last.end, last.column)
        between = self._lines[before[-1].end : last.line] if before else []
        blank = [""] if any(not line.strip() for line in between) else []
        for key, value in new.items():
            if key not in old:
                self._put_lines(at, at, blank + self._render({key: value}, last.column))
        return True

    def _change_list(self, node: Node, old: Any, new: Any) -> bool:
        """Keep the equal items, change those between them pair by pair, add or drop the rest; False if it cannot."""
        slots = self._find_items(node)
        if len(slots) < len(old):
            return False
        # With autojunk, difflib ignores items that a list of 200 and more repeats often.
        matcher = SequenceMatcher(None, list(map(to_canonical, old)), list(map(to_canonical, new)), autojunk=False)
        for what, start, end, first, last in matcher.get_opcodes():
            if what == "equal":
                continue
            pairs = min(end - start, last - first)
            for offset in range(pairs):
                self._change(slots[start + offset], old[start + offset], new[first + offset])
            for slot in slots[start + pairs : end]:
                self._require_unshared(slot)
                self._put_lines(slot.line, slot.end)
            beside = slots[max(start + pairs - 1, 0)]
            at = self._skip_comments(beside.end, beside.column) if start + pairs else beside.line
            if added := new[first + pairs : last]:
                self._put_lines(at, at, self._render(added, beside.column, beside.node))
        return True

    def _rewrite(self, slot: Slot, new: Any) -> None:
        """Replace a value by one of any type; what follows the old one on its line stays."""
        self._require_unshared(slot)
        node: Any = slot.node
        start, end = node.start_mark.index, node.end_mark.index
        if is_block(node) or start == end:
            start = end = slot.behind
        is_short = slot.key is None or len(dump_inline(new, "")) <= _LONGEST_LINE
        is_filled_flow = isinstance(node, CollectionNode) and node.flow_style and bool(node.value) and is_short
        if is_block(node) and slot.key is None:
            self._put_lines(slot.line, slot.end, self._render([new], slot.column))
        elif slot.key is not None and isinstance(new, dict | list) and new and not is_filled_flow:
            deeper = self._layout.step if isinstance(new, dict) else self._layout.dash
            self._splices.append((slot.behind, end, ""))
            self._put_lines(slot.line + 1, slot.end, self._render(new, slot.column + deeper))
        else:
            self._splices.append((start, end, " " * (start == end) + dump_inline(new, self.text[start:end][:1])))
            self._put_lines(slot.line + 1, slot.end)

    def _find_entries(self, node: Node) -> dict[str, Slot]:
        """The slots of the keys of a map in block style, without those that come by `<<`."""
        found = {}
        for key, value in node.value:
            begin, colon = key.start_mark, _COLON.match(self.text, key.end_mark.index)
            if colon is not None and (key.style or key.value != "<<"):
                end = self._find_end(value, begin.line, colon.end())
                found[key.value] = Slot(key, value, begin.line, begin.column, end, colon.end())
        return found

    def _find_items(self, node: Node) -> list[Slot]:
        """The slots of the items of a list in block style, up to one that does not begin its line."""
        line, column, slots = node.start_mark.line, node.start_mark.column, list[Slot]()
        for value in node.value:
            while line + 1 < len(self._lines) and self._peek(line) in "#":
                line += 1
            if not self._lines[line].startswith(" " * column + "-"):
                break
            behind = self._starts[line] + column + 1
            slots.append(Slot(None, value, line, column, self._find_end(value, line, behind), behind))
            line = slots[-1].end
        return slots

    def _find_end(self, node: Node, line: int, behind: int) -> int:
        """The line after the last one of a value, without comments and blank lines. `line` is that of the key."""
        end, last = line + 1, node
        if node.start_mark.index < behind:  # an alias
            return end
        if is_block(node):
            end = node.end_mark.line
            while end > line + 1 and self._peek(end - 1) in "#":
                end -= 1
        while is_block(last):
            last = last.value[-1] if isinstance(last.value[-1], Node) else last.value[-1][1]
        # A block of text may end with lines that look like comments.
        own = last.end_mark.line + bool(last.end_mark.column)
        while own > end and not self._peek(own - 1):
            own -= 1
        return max(end, own)

    def _peek(self, line: int) -> str:
        """The first character of a line, empty for a blank one."""
        return self._lines[line].strip()[:1]

    def _skip_comments(self, line: int, column: int) -> int:
        """The line at which to insert after content that ends before `line` and is indented by `column`.

        Comments that follow with the same indentation belong to the content, unless they belong to what comes next.
        """
        ends = len(self._lines)
        following = next((number for number in range(line, ends) if self._peek(number) not in ("", "#")), ends)
        least = max(column, self._indent(following) + 1 if following < ends else 0)
        ours = takewhile(lambda at: not self._peek(at) or self._indent(at) >= least, range(line, following))
        return max((number + 1 for number in ours if self._peek(number)), default=line)

    def _indent(self, line: int) -> int:
        return len(self._lines[line]) - len(self._lines[line].lstrip(" "))

    def _render(self, value: Any, column: int, beside: Node | None = None) -> list[str]:
        """The lines of a map or a list at a column, its items as the item beside them."""
        layout = replace(self._layout, has_short_maps=beside is None or not is_block(beside))
        return [" " * column + line if line else "" for line in dump(value, layout).split("\n")[:-1]]

    def _put_lines(self, first: int, end: int, lines: Sequence[str] = ()) -> None:
        """Replace lines by others; insert before `first` if `end` is the same."""
        if first < end or lines:
            new = "".join(line + self.eol for line in lines)
            self._splices.append((self._starts[first], self._starts[end], new))

    def _marker(self, node: Node, behind: int) -> str:
        """The anchor, alias or tag of a value, which is written after the index `behind`; empty if it has none."""
        start = node.start_mark.index
        found = self._find_marker(behind, start + 1 if start >= behind else len(self.text))
        return "" if found == "<<" else found  # the first key of a map begins where the map does

    def _find_marker(self, begin: int, end: int) -> str:
        """The first anchor, alias, tag or << between two indices; empty if there is none."""
        return next((self.text[at:until] for at, until in self._markers if begin <= at < end), "")

    def _require_unshared(self, slot: Slot) -> None:
        """UnsafeError if what is to be removed has an anchor, an alias, a tag or <<."""
        begin = slot.behind if slot.key is None else slot.key.start_mark.index
        if found := self._find_marker(begin, self._starts[slot.end]):
            raise UnsafeError(f"holds {found}; {_NOT_EDITED}")


def read_documents(path: Path, text: str) -> list[Document]:
    """The documents of a text. ConfigurationInvalid with every problem of it."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), str(path))
    if problems:
        raise ConfigurationInvalid(problems)
    return documents


def require_read(text: str, expected: Sequence[Any]) -> None:
    """UnsafeError unless the text has no problem and its documents have exactly the expected values."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), "")
    if problems or to_canonical([document.value for document in documents]) != to_canonical(list(expected)):
        raise UnsafeError(_UNUSUAL)


def is_block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style
