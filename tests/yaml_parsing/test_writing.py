"""What `dump` writes: read back it is the same, by this reader and by those of YAML 1.1."""

from __future__ import annotations

from typing import Any

import pytest
from offenders import for_all

from reconciler.yaml import read
from reconciler.yaml.writing import dump

AMBIGUOUS = [
    *(
        "10:30",
        "09:00",
        "1:30:00",
        "190:20:30.15",
        "no",
        "No",
        "on",
        "off",
        "yes",
        "Y",
        "y",
        "n",
        "N",
        "null",
        "NULL",
        "~",
    ),
    *(
        "=",
        "<<",
        "012",
        "0o17",
        "0x1f",
        "-0x1f",
        "0b1",
        "1_000",
        "1__",
        "1e3",
        "1E3",
        ".5",
        "5.",
        "-.5",
        "+1",
        "-0",
        ".",
        "._",
    ),
    *(
        "1.2.3",
        "685.230_15e+03",
        ".inf",
        "-.INF",
        ".nan",
        "true",
        "True",
        "2024-01-01",
        "2024-1-1",
        "2001-12-14 21:59:43",
    ),
    *("2001-12-14t21:59:43.10-05:00", ""),
]
HIDDEN = [*"\x00\x07\x1b\r\x7f\x85\x9f\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\uffff"]
NASTY = [
    *AMBIGUOUS,
    *HIDDEN,
    *(
        "",
        " ",
        "  a ",
        "\n",
        "\n\n",
        "a\nb",
        "a\nb\n",
        "a\n\nb\n\n",
        " a\nb",
        "a \nb",
        "\ta",
        "a\tb",
        "a\n\tb",
        "a\n  b\n c",
    ),
    *(
        "---",
        "---\na",
        "a\n---\nb",
        "...",
        "a\n...\nb\n",
        "#a",
        "a #b",
        "# a\n# b",
        "a: b",
        "a:",
        ":",
        "- a",
        "-",
        "?",
        "? a",
    ),
    *("*a", "&a", "!a", "%a", "@a", "`a", "{a}", "[a", "a,b", "|", ">", "'", '"', "it's", "\\", "\x1b[31m", "x\r\ny"),
    *(
        "é",
        "😀",
        "\u200d",
        "\xa0",
        "\xa0a\nb",
        "http://x",
        "x" * 300,
        "x y " * 100,
        "key: |\n  x",
        "\U0010ffff",
        "\ufffd",
    ),
]


def read_back(text: str) -> Any:
    """Return the value of the one document of `text`."""
    documents, problems = read(text.encode(), "f")
    assert problems == []
    return documents[0].value if documents else None


def test_every_nasty_string_reads_back_wherever_it_stands() -> None:
    """As the document, a value, a key and an item, each of them survives."""
    for text in NASTY:
        for value in (text, {"a": text}, {text: "a"}, [text, [text]], {"a": [{text: text, "z": 1}]}):
            assert read_back(dump(value)) == value


def test_what_two_readers_could_read_differently_is_quoted() -> None:
    """Strings that YAML 1.1 or 1.2 could take for something else are in double quotes, as keys too."""
    assert [text for text in AMBIGUOUS if dump({text: text}) != f'"{text}": "{text}"\n'] == []


@for_all("char", HIDDEN)
def test_what_cannot_be_seen_is_escaped(char: str) -> None:
    """Control characters, hidden line breaks and marks that turn text around never reach the file as they are."""
    text = dump({"a": f"x{char}y"})
    assert char not in text
    assert text.startswith('a: "x\\')


@for_all("text", [" a\nb", "\na", "a \nb", "a\n \nb", "a\nb ", "a\n\n", "\n", "a\xa0\nb", "a\r\nb"])
def test_text_that_a_literal_block_could_lose_is_quoted(text: str) -> None:
    """White space at the ends of a text or of its lines, which editors strip, stands in double quotes on one line."""
    written = dump({"a": text})
    assert written.startswith('a: "')
    assert written.count("\n") == 1


def test_the_style_is_block_and_plain() -> None:
    """Two spaces, lists indented under their key, the given order, unicode kept, long lines whole, no anchors."""
    shared = {"k": "v"}
    value = {
        "z": ["x", {"b": 1, "c": []}, ["é 😀"]],
        "a": {"e": {}, "s": shared, "again": shared},
        "text": "line 1\n  line 2\n",
        "items": ["a\nb", True, None, 1.5],
        "long": "word " * 60 + "end",
        "quote": 'say "hi": \\now',
    }
    assert dump(value) == (
        "z:\n  - x\n  - b: 1\n    c: []\n  - - é 😀\n"
        "a:\n  e: {}\n  s:\n    k: v\n  again:\n    k: v\n"
        "text: |\n  line 1\n    line 2\n"
        "items:\n  - |-\n    a\n    b\n  - true\n  - null\n  - 1.5\n"
        f"long: {'word ' * 60}end\n"
        'quote: "say \\"hi\\": \\\\now"\n'
    )


@pytest.mark.parametrize("key", ["", "k" * 160, "\u202e" * 160])
def test_keys_stay_on_the_line_of_their_value(key: str) -> None:
    """Empty, long and escaped keys have no `? ` before them, and read back."""
    text = dump({key: 1})
    assert text.count("\n") == 1
    assert not text.startswith("?")
    assert read_back(text) == {key: 1}


@pytest.mark.parametrize(("value", "text"), [("a", "a\n"), (1, "1\n"), (None, "null\n"), ([], "[]\n"), ({}, "{}\n")])
def test_a_bare_value_ends_with_its_line(value: object, text: str) -> None:
    """A document of one scalar has no end mark after it."""
    assert dump(value) == text


def test_located_values_are_written_as_what_they_are() -> None:
    """What was read can be written."""
    text = "a:\n  - b: 1\n    c: no time\n"
    assert dump(read_back(text)) == text


@pytest.mark.parametrize("value", [{1: 2}, {"a": object()}, (1,), {"a"}, b"x", float("nan"), [float("inf")], "\ud800"])
def test_what_json_does_not_have_is_refused(value: object) -> None:
    """Other types, keys that are no strings and half characters raise, and are not written in some way."""
    with pytest.raises(ValueError, match="no JSON value"):
        dump(value)
