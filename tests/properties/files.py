"""Files as people write them: any style, comments and blank lines between, with the way of every line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from reconciler.yaml import KeyPath
from reconciler.yaml.writing import dump

TEXTS = (
    "no", "012", "09:00", "10:30", "a: b", "# c", "x # y", "- z", "", " ", "it's", 'say "x"', "é😀", "a, b", "{x}",
    "[", "null", "~", "1e3", "two\nlines", "kept\n", "end\n\n", "\ttab", "&a", "*b", "!t", "%p", "@q", "plain words",
    "w" * 200, "x\\y", "\u2028", "<<", "=", "---", "key:", "?", "a\u00a0b", "2024-01-01", "on",
)  # fmt: skip
KEYS = ("name", "status", "to", "data", "no", "ä", "x y", "a:b", "1", "send-at", "deep", "uid", "{k", "true")


@dataclass
class Writing:
    """A file that is being written: each line with the way of what it holds, and whether that is all of it."""

    chance: Random
    step: int
    dash: int
    lines: list[tuple[str, KeyPath, bool]] = field(default_factory=list)
    comments: int = 0

    def line(self, text: str, way: KeyPath, whole: bool) -> None:
        self.lines.append((text, way, whole))

    def between(self, column: int, way: KeyPath) -> None:
        """Perhaps a comment, perhaps a blank line."""
        while self.chance.random() > 0.75:  # the least choice, which examples shrink to, ends it
            self.line(" " * column + self.comment() if self.chance.random() < 0.7 else "", way, False)

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}" + self.chance.choice(["", ": x", " - 'y", "\ttab", " {", " é"])

    def behind(self) -> str:
        return self.chance.choice(["", "", "  ", " " + self.comment(), "\t" + self.comment()])

    def entries(self, value: dict[str, Any], column: int, way: KeyPath, first: str | None = None) -> None:
        for key, inner in value.items():
            if first is None:
                self.between(column, way)
            head = (" " * column if first is None else first) + scalar(self.chance, key, key=True) + ":"
            first = None
            self.value(head, inner, column, (*way, key))

    def value(self, head: str, value: Any, column: int, way: KeyPath) -> None:
        """A value behind a key."""
        if isinstance(value, dict | list) and value and self.chance.random() < 0.75:
            self.line(head + self.behind(), way, False)
            if isinstance(value, dict):
                self.entries(value, column + self.step, way)
            else:
                self.items(value, column + self.dash, way)
        else:
            self.leaf(head, value, column, way)

    def leaf(self, head: str, value: Any, column: int, way: KeyPath) -> None:
        if isinstance(value, str) and "\n" in value and dump(value).startswith("|") and self.chance.random() < 0.7:
            block = dump(value).split("\n")[:-1]
            for number, line in enumerate(block):
                self.line(f"{head} {line}" if not number else " " * (column + self.step) + line[2:], way, True)
        elif value is None and self.chance.random() < 0.5:
            behind = self.behind()
            self.line(head + (behind.replace("\t", " ") if head.endswith("-") else behind), way, True)
        else:
            self.line(f"{head} {flow(self.chance, value)}{self.behind()}", way, True)

    def items(self, value: list[Any], column: int, way: KeyPath) -> None:
        for at, inner in enumerate(value):
            self.between(column, way)
            if isinstance(inner, dict) and inner and self.chance.random() < 0.6:
                self.entries(inner, column + 2, (*way, at), " " * column + "- ")
            else:
                self.leaf(" " * column + "-", inner, column, (*way, at))


def scalar(chance: Random, value: Any, *, key: bool = False, in_flow: bool = False) -> str:
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


def flow(chance: Random, value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        inside = [f"{scalar(chance, key, key=True)}: {flow(chance, inner)}" for key, inner in value.items()]
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(chance, each) for each in value) + "]"
    return scalar(chance, value, in_flow=True)


def any_value(chance: Random, depth: int = 0) -> Any:
    """Some value that JSON has."""
    kind = chance.random()
    if depth < 3 and kind > 0.8:
        return {key: any_value(chance, depth + 1) for key in chance.sample(KEYS, chance.randrange(4))}
    if depth < 3 and kind > 0.65:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind < 0.3:
        return chance.choice([None, True, False, 0, 1, -7, 12, 1.5, 1e20, 1.0])
    return chance.choice(TEXTS)


def any_file(chance: Random) -> tuple[dict[str, Any], list[tuple[str, KeyPath, bool]], str]:
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
