"""Values as people read them: on one line if they are short, as a small diff if something within them changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import Any, NamedTuple

from reconciler.kinds import Kinds, in_use
from reconciler.lazy import frozen
from reconciler.model.plan import WAITS, KeptField, Waiting
from reconciler.output.terminal import escape
from reconciler.text import truncate

LONGEST = 120
NO_ID = " (id known once it exists)"
KEPT = 24  # characters that two long texts have in common and that are shown before the first difference

# Made once: `json.dumps` makes another one for each value.
_encoded = json.JSONEncoder(ensure_ascii=False).encode


class Line(NamedTuple):
    """A line of a diff: `-`, `+`, or nothing for what it stands in or what is the same; how deep; its text."""

    sign: str
    text: str
    depth: int = 0

    def __str__(self) -> str:
        return f"{'  ' * self.depth}{f'{self.sign} ' if self.sign else ''}{self.text}"


def is_nested(*values: Any) -> bool:
    """Whether a value is a map or a list, so that lines show how it differs from another."""
    return any(isinstance(each, dict | list) for each in values)


def format_value(value: Any) -> str:
    """A value on one line, escaped, cut if it is long."""
    return cut(encode(value))


def encode(value: Any) -> str:
    """A value on one line, escaped, whole."""
    return "nothing" if value is None else escape(_encoded(value))


def cut(text: str, longest: int = LONGEST, skipped: int = 0) -> str:
    """The text after `skipped` characters. A long one is cut, and says how to see the rest."""
    rest = f"…{text[skipped:]}" if skipped else text
    return truncate(rest, longest, f"… ({len(text)} characters; --format json shows all)")


def cut_both(before: str, after: str, longest: int = LONGEST) -> tuple[str, str]:
    """Two values on one line each. Two long ones begin shortly before their first difference."""
    same = 0
    if min(len(before), len(after)) > longest:
        pairs = enumerate(zip(before, after, strict=False))
        same = max(0, next((at for at, (one, other) in pairs if one != other), 0) - KEPT)
    return cut(before, longest, same), cut(after, longest, same)


@cache
def _list_reference_keys(kinds: Kinds) -> frozenset[str]:
    return frozenset(reference.key for kind in kinds.by_name.values() for _, reference in kind.reference_fields)


def describe_reference(item: Any, labels: Mapping[str, str], unknown: str = NO_ID) -> str | None:
    """A reference as its address, an id as its label (`labels`: id → label); None for every other value. `unknown`
    stands behind a reference."""
    if not isinstance(item, dict):
        return None
    if set(item) == {"type", "id"}:
        label = labels.get(str(item["id"]))
        return f"{label} ({item['id']})" if label else f"{item['type']} {item['id']}"
    if set(item) == {"type", "label"}:
        return str(item["label"])
    key, value = next(iter(item.items()), ("", None))
    is_reference = len(item) == 1 and isinstance(value, str) and key in _list_reference_keys(in_use())
    return f"{key}.{value}{unknown}" if is_reference else None


def describe(value: Any, labels: Mapping[str, str]) -> str:
    """A value in words (see `describe_value`), cut if it is long; references are never cut."""
    text = describe_value(value, labels)
    items = value if isinstance(value, list) else [value]
    return text if all(describe_reference(item, labels) for item in items) else cut(text)


def describe_value(value: Any, labels: Mapping[str, str], *, within: bool = False) -> str:
    """A value in words, keys sorted as the state has them: `type "event", uid "2"`. `within`: a part, in brackets."""
    reference = describe_reference(value, labels, "")
    if reference is not None or not isinstance(value, dict | list):
        return encode(value) if reference is None else escape(reference)
    if isinstance(value, dict):
        parts = [
            f"{escape(str(key))} {describe_value(item, labels, within=True)}" for key, item in sorted(value.items())
        ]
    else:
        parts = [describe_value(item, labels, within=isinstance(item, list)) for item in value]
    items = value if isinstance(value, list) else ()
    has_maps = any(isinstance(item, dict) and describe_reference(item, labels) is None for item in items)
    text = ("; " if has_maps else ", ").join(parts) or "empty"
    return f"({text})" if within and parts else text


def describe_ignored(ignored: Sequence[KeptField], labels: Mapping[str, str]) -> list[str]:
    """What `ignore_changes` holds, a sentence for each field."""
    values = ((each, describe(each.live, labels), describe(each.written, labels)) for each in ignored)
    return [f"{escape(f'{each.address}.{each.path}')} stays {live}, not {written}" for each, live, written in values]


def list_ignored(ignored: Sequence[KeptField], labels: Mapping[str, str], most: int = 5) -> Iterator[str]:
    """A line for each field that `ignore_changes` holds; of many, the first."""
    yield from (f"  ignored: {each} (ignore_changes)" for each in describe_ignored(ignored[:most], labels))
    if len(ignored) > most:
        yield f"  … and {len(ignored) - most} more fields that ignore_changes holds"


def describe_waiting(each: Waiting) -> str:
    """What waits, and until when."""
    moment = each.not_before.replace("T", " ").removesuffix(":00Z")
    return f"waiting: {each.address}.{each.path} {each.before} → {each.after}, from {moment} UTC on: {WAITS}"


@frozen
class ValueDiff:
    """Shows what differs between two values. `labels`: id → label; `longest`: characters of a value; `unknown` stands
    behind a reference."""

    labels: Mapping[str, str]
    longest: int = LONGEST
    unknown: str = NO_ID

    def format_item(self, value: Any) -> str:
        """A value within another, on one line."""
        return cut(self._format(value), self.longest)

    def _format(self, value: Any) -> str:
        reference = describe_reference(value, self.labels, self.unknown)
        return encode(value) if reference is None else escape(reference)

    def compare(self, before: Any, after: Any, depth: int = 0) -> Iterator[Line]:
        """The differences of two values. Entries and items that are the same are left out."""
        if _is_both(dict, before, after):
            old, new = before or {}, after or {}
            for key in old | new:
                one, other = old.get(key), new.get(key)
                if key in old and key in new and _encode_key(one) == _encode_key(other):
                    continue
                if _is_both(dict, one, other) or _is_both(list, one, other):
                    yield Line("", f"{escape(key)}:", depth)
                    yield from self.compare(one, other, depth + 1)
                else:
                    pairs = [(sign, each[key]) for sign, each in (("-", old), ("+", new)) if key in each]
                    yield from (Line(sign, f"{escape(key)}: {self.format_item(value)}", depth) for sign, value in pairs)
        elif _is_both(list, before, after):
            old, new = before or [], after or []
            # difflib's autojunk would take an item that is frequent in a list of 200 or more for noise.
            matcher = SequenceMatcher(None, [*map(_encode_key, old)], [*map(_encode_key, new)], autojunk=False)
            for how, old_from, old_to, new_from, new_to in matcher.get_opcodes():
                if how != "equal":
                    yield from (Line("-", self.format_item(item), depth) for item in old[old_from:old_to])
                    yield from (Line("+", self.format_item(item), depth) for item in new[new_from:new_to])
        else:
            old, new = cut_both(self._format(before), self._format(after), self.longest)
            yield from [Line("-", old, depth)] if before is not None else []
            yield from [Line("+", new, depth)] if after is not None else []


def _is_both(kind: type, one: Any, other: Any) -> bool:
    """Whether the two are of that kind; one of them may be nothing."""
    values = [each for each in (one, other) if each is not None]
    return bool(values) and all(isinstance(each, kind) for each in values)


def _encode_key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)
