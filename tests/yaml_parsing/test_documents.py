"""What a file becomes: documents, values, and the marks of everything."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from offenders import for_all

from reconciler.errors import ReconcilerError
from reconciler.yaml import LocatedList, LocatedMap, read
from reconciler.yaml.located import Document

from .conftest import Read

Value = Callable[[str], Any]
Problems = Callable[[str | bytes], list[str]]

MARKED = """\
# a comment

name: é 😀
"quoted": {a: 1, 'b': [x, y]}
list:
  - one
  -
    two: 2
  - - deep
&k anchored: &v value
? explicit
: text
empty:
block: |
  literal
tagged: !!str 12
last: *v
"""


def test_every_key_and_value_has_its_mark(value_of: Value) -> None:
    """Marks are 1-based, count characters, and point to the first character of a key, a value or its anchor."""
    value = value_of(MARKED)
    assert value.key_positions == {
        "name": (3, 1),
        "quoted": (4, 1),
        "list": (5, 1),
        "anchored": (10, 1),
        "explicit": (11, 3),
        "empty": (13, 1),
        "block": (14, 1),
        "tagged": (16, 1),
        "last": (17, 1),
    }
    assert value.value_positions == {
        "name": (3, 7),
        "quoted": (4, 11),
        "list": (6, 3),
        "anchored": (10, 14),
        "explicit": (12, 3),
        "empty": (13, 7),
        "block": (14, 8),
        "tagged": (16, 9),
        "last": (17, 7),
    }
    assert value["quoted"].key_positions == {"a": (4, 12), "b": (4, 18)}
    assert value["quoted"]["b"].positions == [(4, 24), (4, 27)]
    assert value["list"].positions == [(6, 5), (8, 5), (9, 5)]
    assert value["list"][2].positions == [(9, 7)]


def test_located_values_are_the_dict_and_list_that_they_are(value_of: Value) -> None:
    """A read value equals the plain one and has its order."""
    value = value_of("b: [1, {c: null}]\na: x\n")
    assert value == {"b": [1, {"c": None}], "a": "x"}
    assert list(value) == ["b", "a"]
    assert (type(value), type(value["b"])) == (LocatedMap, LocatedList)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])  # noqa: S301
def test_copies_keep_their_marks(value_of: Value, again: Callable[[Any], Any]) -> None:
    """A copy of a read value knows the same places."""
    value = value_of("a: [1]\n")
    copied = again(value)
    assert copied == value
    assert (copied.key_positions, copied["a"].positions) == (value.key_positions, value["a"].positions)


def test_located_values_can_be_made_by_hand() -> None:
    """Made from plain values, they have no marks yet."""
    made, items = LocatedMap({"a": 1}), LocatedList([1])
    assert (made, made.key_positions, made.value_positions) == ({"a": 1}, {}, {})
    assert (items, items.positions) == ([1], [])


@for_all("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n", "\ufeff", "%YAML 1.2\n---\n"])
def test_a_file_with_nothing_in_it_is_fine(read_text: Read, text: str) -> None:
    """Empty files, comments and empty documents give no documents and no problems."""
    assert read_text(text) == ([], [])


def test_all_documents_of_a_stream_are_read(read_text: Read) -> None:
    """Each document comes with the file and the place where its value begins; an anchor ends with its document."""
    documents, problems = read_text("a: &x 1\n---\n\n- 2\n...\n---\n# c\n--- three\n--- *x\n")
    assert documents[:3] == [
        Document({"a": 1}, "f.yaml", (1, 1)),
        Document([2], "f.yaml", (4, 1)),
        Document("three", "f.yaml", (8, 5)),
    ]
    assert [str(problem) for problem in problems] == ["f.yaml:9:5: unknown alias *x; expected an anchor &x before it"]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_line_break_and_a_byte_order_mark_are_read_alike(read_text: Read, line_break: str) -> None:
    """Unix, Windows and old Mac files, with or without a byte order mark, have the same values and marks."""
    for mark in ("", "\ufeff"):
        documents, problems = read_text(mark + line_break.join(["a: 1", "b: |", "  x", "  y", "c: z", ""]))
        assert problems == []
        assert documents[0].value == {"a": 1, "b": "x\ny\n", "c": "z"}
        assert documents[0].value.key_positions == {"a": (1, 1), "b": (2, 1), "c": (5, 1)}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: 1\nb: \xc3\xa9\xff\n", "2:5: not UTF-8: byte 0xff; save the file as UTF-8"),
        (b"\xef\xbb\xbfa: \xe9t\xe9\n", "1:4: not UTF-8: byte 0xe9; save the file as UTF-8"),
        (b"a: \xed\xa0\x80", "1:4: not UTF-8: byte 0xed; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "1:1: not UTF-8: the file begins as UTF-16; save the file as UTF-8"),
    ],
)
def test_other_encodings_are_one_clear_problem(problems_of: Problems, data: bytes, problem: str) -> None:
    """The first byte that is not UTF-8 is named with its place."""
    assert problems_of(data) == [problem]


@for_all("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ufeff", "\ufffe"])
def test_characters_that_readers_disagree_on_are_problems(problems_of: Problems, char: str) -> None:
    """Control characters and hidden line breaks are refused, each with its place, before they can be misread."""
    way_out = f'is not allowed; remove it, or write "\\u{ord(char):04X}" in double quotes'
    name = f"the character U+{ord(char):04X}"
    assert problems_of(f"a: 1\nb: é{char}\n{char}") == [f"2:5: {name} {way_out}", f"3:1: {name} {way_out}"]


def test_a_binary_file_does_not_flood(problems_of: Problems) -> None:
    """No more than twenty characters are named."""
    assert len(problems_of(b"\0" * 100_000)) == 20


def test_the_cyclic_collector_is_held_off_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """No collection runs while a file is read, and the collector is as before, after an error too."""
    seen: list[bool] = []
    intern = LocatedMap.__init__

    def watching(self: LocatedMap) -> None:
        seen.append(gc.isenabled())
        intern(self)

    monkeypatch.setattr(LocatedMap, "__init__", watching)
    assert gc.isenabled()
    for data in (b"a: 1", b"a: 1\nb: [", b"[" * 100 + b"{}"):
        read(data, "f")
        assert gc.isenabled()
    gc.disable()
    try:
        read(b"a: 1", "f")
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert set(seen) == {False}


def test_without_the_c_parser_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python parser of PyYAML reads some texts otherwise, so it is not used; the error names the other."""
    monkeypatch.setattr("yaml.__with_libyaml__", False)
    with pytest.raises(ReconcilerError, match="without its C parser") as raised:
        read(b"a: 012", "f")
    assert "--only-binary pyyaml" in str(raised.value.hint)
