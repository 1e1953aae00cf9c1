"""JSON is YAML: what another program wrote as JSON reads as the same values."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from size import seeds

from .conftest import Read

Problems = Callable[[str], list[str]]
ESCAPE = (
    "a backslash in these double quotes begins no escape that stands for a character; expected \\\\ for a backslash, "
    "or single quotes around the text"
)


@pytest.mark.parametrize(
    "text",
    [
        r'{"a": "\ud83d\ude00"}',
        r'{"a": "\uD83D\uDE00 and \ud834\udd1e", "\ud83d\ude00": {"b": ["\uDBFF\uDFFF\\\ud800\udc00"]}}',
        r'{"a": "\\ud83d\\ude00", "b": "\u0041\u0000\/", "c": 1E5}',
        '{\n\t"a":1,\n\t"b":[\n\t\t"x # y"\n\t]\n}',
    ],
)
def test_json_reads_as_json(value_of: Callable[[str], Any], text: str) -> None:
    """Pairs of surrogates, which only JSON has, tabs, no space after a colon, and a slash with a backslash."""
    assert value_of(text) == json.loads(text)


@pytest.mark.parametrize("seed", seeds(4, every_day=2))
def test_what_python_writes_as_json_reads_as_json(value_of: Callable[[str], Any], seed: int) -> None:
    """Any mix of characters of all planes, backslashes, quotes and what looks like an escape."""
    rng = random.Random(seed)  # noqa: S311
    pieces = ["a", "\\", "😀", "𝄞", '"', "é", "/", "\n", "\ue001", "u", "d83d", r"\ud83d", r"\ude00"]

    def text() -> str:
        return "".join(rng.choices(pieces, k=rng.randint(0, 8)))

    for _ in range(200):
        value = {text(): [text(), {text(): text()}]}
        assert value_of(json.dumps(value)) == value


def test_a_pair_is_a_character_in_double_quotes_only(read_text: Read) -> None:
    """Elsewhere a backslash is a backslash; the places of what follows on the line are those of the text."""
    (document,), problems = read_text(
        "a: \"\\ud83d\\ude00\" # \\ud83d\\ude00\nb: '\\uD83d\\ude00'\nc: \\ud83d\\uDe00 x\nd: |\n  \\ud83d\\ude00\n"
        'e: {"\\ud83d\\ude00": 1, f: 2}\n'
    )
    assert problems == []
    pair = "\\ud83d\\ude00\n"
    assert document.value == {
        "a": "😀",
        "b": "\\uD83d\\ude00",
        "c": "\\ud83d\\uDe00 x",
        "d": pair,
        "e": {"😀": 1, "f": 2},
    }
    assert document.value["e"].key_positions["f"] == (6, 24)


@pytest.mark.parametrize("text", [r"\ud83d", r"\ude00\ud83d", r"\ud83d\ud83d\ude00", r"\\ud83d\ude00", r"\ud83d x"])
def test_half_a_pair_is_no_character(problems_of: Problems, text: str) -> None:
    """It stays an error: no file can hold it."""
    assert problems_of(f'a: "{text}"\n') == [f"1:4: {ESCAPE}"]
