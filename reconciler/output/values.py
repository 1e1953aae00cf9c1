"""Values as people read them: on one line where they are short, as a small diff where something within them changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from reconciler.model.plan import DESTROYS, Action, Plan
from reconciler.output.terminal import escape

VERBS = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.ADOPT: "to adopt",
    Action.FORGET: "to forget",
    Action.MANUAL: "to do by hand",
}
ORDER = (
    Action.DELETE,
    Action.REPLACE,
    Action.CREATE,
    Action.UPDATE,
    Action.MANUAL,
    Action.ADOPT,
    Action.FORGET,
)


def title(plan: Plan, strong: Callable[[str], str] = str) -> str:
    """All of a plan in one line: `1 to delete, 2 to create`, or that nothing changes. `strong`: marks what destroys."""
    summary = plan.summary()
    said = {action: f"{summary[action.value]} {VERBS[action]}" for action in ORDER if summary[action.value]}
    parts = [strong(text) if action in DESTROYS else text for action, text in said.items()]
    return ", ".join(parts) if parts else "no changes"


def counted(number: int, noun: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


LONGEST = 120
KEPT = 24
"""How much of what two long texts have in common is shown before the spot where they part."""

# Made once: `json.dumps` makes another one for each value.
_encoded = json.JSONEncoder(ensure_ascii=False).encode

Say = Callable[[Any], str]


class Line(NamedTuple):
    """A line of a diff: `-`, `+` or nothing for what it stands in; how deep; its text."""

    sign: str
    depth: int
    text: str


def format_value(value: Any) -> str:
    """A value on one line, harmless, cut where it is long."""
    return cut(plain(value))


def plain(value: Any) -> str:
    """A value on one line, harmless, whole."""
    return "nothing" if value is None else escape(_encoded(value))


def cut(text: str, longest: int = LONGEST, skipped: int = 0) -> str:
    """The text from a spot on, or its beginning where it is long, with the way to see the rest."""
    rest = f"…{text[skipped:]}" if skipped else text
    return rest if len(rest) <= longest else f"{rest[:longest]}… ({len(text)} characters; --format json shows all)"


def cut_both(before: str, after: str, longest: int = LONGEST) -> tuple[str, str]:
    """Two values on one line each. Two long ones begin shortly before the spot where they part."""
    same = 0
    if min(len(before), len(after)) > longest:
        pairs = enumerate(zip(before, after, strict=False))
        same = max(0, next((at for at, (one, other) in pairs if one != other), 0) - KEPT)
    return cut(before, longest, same), cut(after, longest, same)


def diff_values(before: Any, after: Any, say: Say, depth: int = 0) -> Iterator[Line]:
    """What differs between two values, at least one of which is a map or a list; nothing of what is the same."""
    if isinstance(before, dict) or isinstance(after, dict):
        yield from _maps(before, after, say, depth)
    elif isinstance(before, list) or isinstance(after, list):
        yield from _lists(before, after, say, depth)


def _maps(before: Any, after: Any, say: Say, depth: int) -> Iterator[Line]:
    if not _both(dict, before, after):
        yield from _outright(before, after, say, depth)
        return
    old, new = before or {}, after or {}
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if key in old and key in new and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
            continue
        if _both(dict, one, other) or _both(list, one, other):
            yield Line("", depth, f"{escape(key)}:")
            yield from diff_values(one, other, say, depth + 1)
            continue
        if key in old:
            yield Line("-", depth, f"{escape(key)}: {say(one)}")
        if key in new:
            yield Line("+", depth, f"{escape(key)}: {say(other)}")


def _lists(before: Any, after: Any, say: Say, depth: int) -> Iterator[Line]:
    if not _both(list, before, after):
        yield from _outright(before, after, say, depth)
        return
    old, new = before or [], after or []
    matcher = SequenceMatcher(None, [_key(each) for each in old], [_key(each) for each in new], autojunk=False)
    for how, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if how != "equal":
            yield from (Line("-", depth, say(item)) for item in old[old_from:old_to])
            yield from (Line("+", depth, say(item)) for item in new[new_from:new_to])


def _outright(before: Any, after: Any, say: Say, depth: int) -> Iterator[Line]:
    if before is not None:
        yield Line("-", depth, say(before))
    if after is not None:
        yield Line("+", depth, say(after))


def _both(kind: type, one: Any, other: Any) -> bool:
    """Whether the two are of that kind; one of them may be nothing."""
    return any(isinstance(each, kind) for each in (one, other)) and all(
        each is None or isinstance(each, kind) for each in (one, other)
    )


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)
