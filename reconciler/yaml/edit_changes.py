"""Changes the values in the text of a file, with as few changed characters as possible.

It edits the common styles: maps and lists in block style, scalars and `{…}` and `[…]` on one line, and `|` blocks. It
refuses other styles, and everything that an anchor shares. The result is parsed and compared with what is expected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from reconciler.yaml import read
from reconciler.yaml.edit_source import BEGINS, Slot, Source, UnsafeError
from reconciler.yaml.edit_text import below, entry, inline, item, literal
from reconciler.yaml.writing import double_quoted

_QUOTED_OR_COMMENT: Final = re.compile(rf"""{BEGINS}(?:"(?:[^"\\]|\\.)*"|'[^']*'|#[^\r\n]*)""")
_SHARED: Final = re.compile(r"(?:^|[\s\[{,])(?:[&*!][^\s,\]}]|<<[ \t]*:)")
_NOT_EDITED: Final = "what has an anchor, an alias, a tag or << is not edited"
_ODD: Final = "cannot be edited by itself as it is written here"


def edited(source: Source, expected: Sequence[Any]) -> str:
    """The text with the expected values. UnsafeError if no edit of a common style gives them."""
    changes = _Changes(source)
    for document, new in zip(source.documents, expected, strict=True):
        changes.make(source.root(document), document.value, new)
    text = changes.text()
    require_read(text, expected)
    return text


def require_read(text: str, expected: Sequence[Any]) -> None:
    """UnsafeError unless the text has no problem and its documents have exactly the expected values."""
    documents, problems = read(text.encode("utf-8", "surrogatepass"), "")
    if problems or not same([document.value for document in documents], list(expected)):
        raise UnsafeError(_ODD)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same and of the same type: `true` is not 1, and 1 is not 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def copied(value: Any) -> Any:
    """The value as plain maps and lists that share nothing."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


class _Changes:
    """The changes of one text, as (start, end, replacement)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._layout = source.layout()
        self._splices: list[tuple[int, int, str]] = []

    def text(self) -> str:
        """The text with all changes made."""
        text, parts, at = self._source.text, [self._source.byte_order_mark], 0
        for start, end, new in sorted(self._splices, key=lambda each: each[:2]):
            if start < at:
                raise UnsafeError(_ODD)
            parts += [text[at:start], new]
            at = end
        after = "".join(parts) + text[at:]
        # A last line without a line break stays so, unless another line follows it now.
        return after if self._source.is_ended or at == len(text) else after.removesuffix(self._source.eol)

    def make(self, root: Slot, old: Any, new: Any) -> None:
        """Change a document, which must be a map in block style."""
        if same(old, new):
            return
        first = self._source.lines[root.position[0] - 1][root.position[1] - 1 :][:1]
        if not isinstance(old, dict) or first in "{&!*" or not self._map(root, old, new):
            raise UnsafeError("is not in a map of sections in block style")

    def _change(self, slot: Slot, old: Any, new: Any) -> None:
        if same(old, new):
            return
        start, end = self._source.words(slot) if not _is_filled(old) else self._first_words(slot)
        words = self._source.text[start:end]
        if words.startswith(("&", "*", "!")):
            raise UnsafeError(f"is written with {words.split()[0]}; {_NOT_EDITED}")
        is_block = _is_filled(old) and not words.startswith(("[", "{"))
        if is_block and isinstance(old, dict) and isinstance(new, dict) and new and self._map(slot, old, new):
            return
        if is_block and isinstance(old, list) and isinstance(new, list) and new and self._list(slot, old, new):
            return
        self._rewrite(slot, old, new, (start, end))

    def _map(self, slot: Slot, old: Any, new: dict[str, Any]) -> bool:
        """Change the entries that differ; False if one cannot be removed alone."""
        own = self._source.entries(slot, old)
        if not own or any(key not in own and not (key in new and same(old[key], new[key])) for key in old):
            raise UnsafeError("comes by <<, or is not written as `key: value` on lines of its own")
        gone = [inner for key, inner in own.items() if key not in new]
        if len(gone) == len(own) or not all(map(self._source.begins_line, gone)):
            return False
        for inner in gone:
            self._drop(inner)
        for key, inner in own.items():
            if key in new:
                self._change(inner, old[key], new[key])
        *before, last = own.values()
        at = self._source.behind(last.end, last.column)
        between = self._source.lines[before[-1].end : last.line] if before else []
        blank = [""] if any(not line.strip() for line in between) else []
        for key, value in new.items():
            if key not in old:
                self._put_lines(at, at, blank + entry(key, value, last.column, self._layout))
        return True

    def _list(self, slot: Slot, old: Any, new: list[Any]) -> bool:
        """Keep the equal items, change those between them pair by pair, add or drop the rest."""
        slots = self._source.items(slot, old)
        if not slots:
            return False
        matcher = SequenceMatcher(None, list(map(_worded, old)), list(map(_worded, new)), autojunk=False)
        for what, start, end, first, last in matcher.get_opcodes():
            if what == "equal":
                continue
            pairs = min(end - start, last - first)
            for offset in range(pairs):
                self._change(slots[start + offset], old[start + offset], new[first + offset])
            for gone in slots[start + pairs : end]:
                self._drop(gone)
            position = start + pairs
            beside = slots[max(position - 1, 0)]
            at = self._source.behind(beside.end, beside.column) if position else beside.line
            as_flow = self._is_flow(beside) if _is_filled(old[max(position - 1, 0)]) else None
            for each in new[first + pairs : last]:
                self._put_lines(at, at, item(each, beside.column, self._layout, as_flow=as_flow))
        return True

    def _rewrite(self, slot: Slot, old: Any, new: Any, span: tuple[int, int]) -> None:
        """Replace a value by one of any type; what follows the old one on its line stays."""
        start, end = span
        words, is_filled = self._source.text[start:end], _is_filled(old)
        if slot.end > slot.line + 1 and not is_filled and not words.startswith(("|", ">")):
            raise UnsafeError("is written on several lines")
        if is_filled:
            self._require_unshared(slot)
        lines: list[str] = []
        block = literal(new, slot.column + self._layout.step)
        if block:
            written, lines = block
        elif _is_filled(new) and not slot.is_item and not (is_filled and words):
            written, lines = "", below(new, slot.column, self._layout)
        elif isinstance(new, str) and words.startswith(('"', "'")):
            written = (
                double_quoted(new) if words[0] == '"' or not new.isprintable() else "'" + new.replace("'", "''") + "'"
            )
        else:
            written = inline(new)
        if words and written:
            self._splices.append((start, end, written))
        else:
            self._splices.append((slot.behind, end, f" {written}" if written else ""))
        self._put_lines(slot.line + 1, slot.end, lines)

    def _first_words(self, slot: Slot) -> tuple[int, int]:
        """The span of a collection on the line of its key or dash: all of it, or the first part of a block."""
        begin = self._source.starts[slot.position[0] - 1] + slot.position[1] - 1
        if slot.position[0] - 1 != slot.line or self._source.text[begin] in "[{&*!":
            return self._source.words(slot)
        return begin, self._source.starts[slot.line] + len(self._source.lines[slot.line].rstrip())

    def _is_flow(self, slot: Slot) -> bool:
        return self._source.text[slot.behind :].lstrip(" ").startswith(("[", "{"))

    def _drop(self, slot: Slot) -> None:
        self._require_unshared(slot)
        self._put_lines(slot.line, slot.end, [])

    def _put_lines(self, first: int, end: int, lines: list[str]) -> None:
        """Replace lines by others; insert before `first` if `end` is the same."""
        if first < end or lines:
            starts = self._source.starts
            self._splices.append((starts[first], starts[end], "".join(line + self._source.eol for line in lines)))

    def _require_unshared(self, slot: Slot) -> None:
        """UnsafeError if lines to remove have an anchor, an alias or a tag."""
        lines = self._source.text[slot.behind : self._source.starts[slot.end]]
        if found := _SHARED.search(_QUOTED_OR_COMMENT.sub("", lines)):
            raise UnsafeError(f"holds {found[0].strip('[{, :')}; {_NOT_EDITED}")


def _is_filled(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _worded(value: Any) -> str:
    """A value as a text that is equal for equal values only."""
    return json.dumps(value, sort_keys=True)
