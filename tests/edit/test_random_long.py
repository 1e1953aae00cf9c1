"""Random files and random edits: the values are right, and every line that was not edited is there, byte for byte."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.edit import add_import, add_resource, set_values
from reconciler.edit.outcome import Way
from reconciler.yaml12 import dump, read

FILE = Path("random.yaml")
TEXTS = (
    "no", "012", "09:00", "10:30", "a: b", "# c", "x # y", "- z", "", " ", "it's", 'say "x"', "é😀", "a, b", "{x}",
    "[", "null", "~", "1e3", "two\nlines", "kept\n", "end\n\n", "\ttab", "&a", "*b", "!t", "%p", "@q", "plain words",
    "w" * 200, "x\\y", "\u2028", "<<", "=", "---", "key:", "?", "a\u00a0b", "2024-01-01", "on",
)  # fmt: skip
KEYS = ("name", "status", "to", "data", "no", "ä", "x y", "a:b", "1", "send-at", "deep", "uid", "{k", "true")
SEEDS = range(300, 8000)


@dataclass
class Writing:
    """A file that is being written: each line with the way of what it holds, and whether that is all of it."""

    chance: random.Random
    step: int
    dash: int
    lines: list[tuple[str, Way, bool]] = field(default_factory=list)
    comments: int = 0

    def line(self, text: str, way: Way, whole: bool) -> None:
        self.lines.append((text, way, whole))

    def between(self, column: int, way: Way) -> None:
        """Perhaps a comment, perhaps a blank line."""
        while self.chance.random() < 0.25:
            self.line(" " * column + self.comment() if self.chance.random() < 0.7 else "", way, False)

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}" + self.chance.choice(["", ": x", " - 'y", "\ttab", " {", " é"])

    def behind(self) -> str:
        return self.chance.choice(["", "", "  ", " " + self.comment(), "\t" + self.comment()])

    def entries(self, value: dict[str, Any], column: int, way: Way, first: str | None = None) -> None:
        for key, inner in value.items():
            if first is None:
                self.between(column, way)
            head = (" " * column if first is None else first) + scalar(self.chance, key, key=True) + ":"
            first = None
            self.value(head, inner, column, (*way, key))

    def value(self, head: str, value: Any, column: int, way: Way) -> None:
        """A value behind a key."""
        if isinstance(value, dict | list) and value and self.chance.random() < 0.75:
            self.line(head + self.behind(), way, False)
            if isinstance(value, dict):
                self.entries(value, column + self.step, way)
            else:
                self.items(value, column + self.dash, way)
        else:
            self.leaf(head, value, column, way)

    def leaf(self, head: str, value: Any, column: int, way: Way) -> None:
        if isinstance(value, str) and "\n" in value and dump(value).startswith("|") and self.chance.random() < 0.7:
            block = dump(value).split("\n")[:-1]
            for number, line in enumerate(block):
                self.line(f"{head} {line}" if not number else " " * (column + self.step) + line[2:], way, True)
        elif value is None and self.chance.random() < 0.5:
            behind = self.behind()
            self.line(head + (behind.replace("\t", " ") if head.endswith("-") else behind), way, True)
        else:
            self.line(f"{head} {flow(self.chance, value)}{self.behind()}", way, True)

    def items(self, value: list[Any], column: int, way: Way) -> None:
        for at, inner in enumerate(value):
            self.between(column, way)
            if isinstance(inner, dict) and inner and self.chance.random() < 0.6:
                self.entries(inner, column + 2, (*way, at), " " * column + "- ")
            else:
                self.leaf(" " * column + "-", inner, column, (*way, at))


def scalar(chance: random.Random, value: Any, *, key: bool = False, in_flow: bool = False) -> str:
    """A scalar in any of the ways to write it."""
    plain = dump(value).rstrip("\n")
    if not isinstance(value, str):
        return plain
    styles = [json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028")]
    if value.isprintable():
        styles.append("'" + value.replace("'", "''") + "'")
    if not plain.startswith(("|", '"', "? ")) and not ((in_flow or key) and set(plain) & set(",[]{}:?")):
        styles += [plain] * 3
    return chance.choice(styles)


def flow(chance: random.Random, value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        inside = [f"{scalar(chance, key, key=True)}: {flow(chance, inner)}" for key, inner in value.items()]
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(chance, each) for each in value) + "]"
    return scalar(chance, value, in_flow=True)


def any_value(chance: random.Random, depth: int = 0) -> Any:
    """Some value that JSON has."""
    kind = chance.random()
    if depth < 3 and kind < 0.2:
        return {key: any_value(chance, depth + 1) for key in chance.sample(KEYS, chance.randrange(4))}
    if depth < 3 and kind < 0.35:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind < 0.5:
        return chance.choice([None, True, False, 0, 1, -7, 12, 1.5, 1e20, 1.0])
    return chance.choice(TEXTS)


def any_file(chance: random.Random) -> tuple[dict[str, Any], list[tuple[str, Way, bool]], str]:
    """What a file says, its lines, and its text."""
    value = {
        section: {
            f"r{number}": {key: any_value(chance) for key in chance.sample(KEYS, chance.randrange(1, 6))}
            for number in range(chance.randrange(1, 5))
        }
        for section in chance.sample(["reports", "automations", "x-y"], chance.randrange(1, 4))
    }
    writing = Writing(chance, step := chance.choice([2, 2, 4, 3]), chance.choice([0, 2, step]))
    for section, resources in value.items():
        writing.between(0, ())
        writing.line(section + ":" + writing.behind(), (section,), False)
        writing.entries(resources, step, (section,))
    writing.between(0, ())
    eol = chance.choice(["\n", "\n", "\r\n"])
    ends = chance.random() < 0.8 or "|" in "".join(
        line for line, way, _ in writing.lines if way == writing.lines[-1][1]
    )
    text = eol.join(line for line, _, _ in writing.lines) + (eol if ends else "")
    return value, writing.lines, chance.choice(["", "", "\ufeff"]) + text


def said(text: str) -> Any:
    """What a text says, as JSON text: types and order count."""
    documents, problems = read(text.encode(), "")
    assert not problems, problems
    (document,) = documents
    return json.dumps(document.value, sort_keys=True)


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """The way to every value."""
    yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from ways(inner, (*way, step))


def at(value: Any, way: Way) -> Any:
    """The value at a way."""
    for step in way:
        value = value[step]
    return value


def any_edits(chance: random.Random, value: dict[str, Any]) -> dict[Way, Any]:
    """Some ways, none on the way to another, with new values; some of them are not there yet."""
    chosen: dict[Way, Any] = {}
    every = [way for way in ways(value) if len(way) > 2]
    for way in chance.sample(every, min(len(every), chance.randrange(1, 5))):
        old, new = at(value, way), any_value(chance)
        if isinstance(old, list) and chance.random() < 0.7:
            new = [each for each in old if chance.random() < 0.7] + [any_value(chance, 2)] * chance.randrange(2)
        if isinstance(old, dict) and chance.random() < 0.5:
            way, new = (*way, "added"), any_value(chance)  # noqa: PLW2901 - the way to a new key of this map
        if not any(way[: len(each)] == each or each[: len(way)] == way for each in chosen):
            chosen[way] = new
    return chosen


def changed(value: Any, edits: dict[Way, Any]) -> Any:
    """The value with the edits made."""
    result = json.loads(json.dumps(value))
    for way, new in edits.items():
        at(result, way[:-1])[way[-1]] = new
    return result


def is_touched(way: Way, whole: bool, edits: dict[Way, Any]) -> bool:
    """Whether an edit may change the line that holds this."""
    return any(way[: len(each)] == each or (whole and each[: len(way)] == way) for each in edits)


def is_one_line_scalar(value: Any, way: Way, lines: list[tuple[str, Way, bool]]) -> bool:
    """Whether a scalar stands on one line, and a comment is not part of its text."""
    old = at(value, way)
    is_scalar = not isinstance(old, dict | list) and "# c" not in str(old)
    return is_scalar and sum(each == way for _, each, _ in lines) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_set_values_changes_what_it_is_told_and_nothing_else(seed: int) -> None:
    """Every other line is there in its order; a comment behind a scalar that becomes another scalar is too."""
    chance = random.Random(seed)  # noqa: S311 - a game, no secret
    value, lines, text = any_file(chance)
    assert said(text) == json.dumps(value, sort_keys=True), f"seed {seed}: the test writes what it does not mean"
    edits = any_edits(chance, value)
    adopted = set_values(FILE, text, edits)
    assert not adopted.left, f"seed {seed}: {adopted.left}"
    after = adopted.edit.after
    assert said(after) == json.dumps(changed(value, edits), sort_keys=True), f"seed {seed}"
    rest = iter(after.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"))
    missing = [line for line, way, whole in lines if not is_touched(way, whole, edits) and line not in rest]
    assert not missing, f"seed {seed}: {edits}"
    for line, way, _ in lines:
        if way in edits and not isinstance(edits[way], dict | list) and is_one_line_scalar(value, way, lines):
            assert line.partition("# c")[2] in after, f"seed {seed}: {line}"
    assert after.startswith("\ufeff") == text.startswith("\ufeff")
    assert after.count("\r\n") == (after.count("\n") if "\r\n" in text else 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_addition_is_one_piece_of_text_and_nothing_else(seed: int) -> None:
    """The text before and the text behind it are the old text."""
    chance = random.Random(seed)  # noqa: S311 - a game, no secret
    value, _, text = any_file(chance)
    section = chance.choice(["reports", "automations", "integrations"])
    fields = {key: any_value(chance) for key in chance.sample(KEYS, 4)}
    after = add_resource({FILE: text}, FILE, section, "new", fields).after
    value.setdefault(section, {})["new"] = fields
    assert said(after) == json.dumps(value, sort_keys=True), f"seed {seed}"
    assert is_one_piece(text, after), f"seed {seed}"
    both = add_import(FILE, after, "report.new", chance.choice(TEXTS)).after
    assert is_one_piece(after, both), f"seed {seed}"


def is_one_piece(before: str, after: str) -> bool:
    """Whether `after` is `before` with one text put in."""
    same = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), len(before))
    return len(after) > len(before) and after.endswith(before[same:])
