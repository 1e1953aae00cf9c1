"""What scalars mean by the core schema of YAML 1.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from offenders import for_all

Value = Callable[[str], Any]
Problems = Callable[[str], list[str]]

STRINGS = [
    *("10:30", "09:00", "no", "No", "NO", "yes", "on", "On", "off", "y", "n", "1_000", "0b1", "=", "--", "+", "."),
    *("2024-01-01", "2001-12-14t21:59:43.10-05:00", "nUll", "nULL", "tRue", "TRUe", "0X1F", "0O17", "+0x1F", "-0o7"),
    *("0o8", "0xg", "1e", "1e+", "e1", ".e1", "1.2.3", "~~", "+.nan", "-.nan", ".Nan", ".iNF", "12a", "1,5", "<<x"),
    *("trueish", "true story", "12 13", "null and void", "١٢"),
]

MEANINGS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("False", False),
    ("FALSE", False),
    ("0", 0),
    ("12", 12),
    ("012", 12),
    ("-012", -12),
    ("+7", 7),
    ("0o17", 15),
    ("0x1fF", 511),
    ("9007199254740993", 9007199254740993),
    ("1.", 1.0),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1.50", 1.5),
    ("1e3", 1000.0),
    ("1E-2", 0.01),
    ("+1.5e+2", 150.0),
]


def test_what_only_yaml_1_1_knew_is_a_string(value_of: Value) -> None:
    """Words, times, dates and numbers of YAML 1.1 alone are strings."""
    assert [text for text in STRINGS if value_of(f"a: {text}\n") != {"a": text}] == []


@for_all(("text", "meaning"), MEANINGS)
def test_the_core_schema_is_what_plain_scalars_mean(value_of: Value, text: str, meaning: object) -> None:
    """A plain scalar has the value and the type that the core schema gives it."""
    value = value_of(f"a: {text}\n")["a"]
    assert (type(value), value) == (type(meaning), meaning)


@for_all("form", ["'{}'", '"{}"', "! {}", "&x ! {}", "! &x {}", "!!str {}", "|-\n  {}", ">-\n  {}"])
def test_quotes_blocks_and_str_make_strings(value_of: Value, form: str) -> None:
    """Quotes, block style, `!!str` and the non-specific tag `!` keep the text as it is."""
    assert [text for text, _ in MEANINGS if value_of("a: " + form.format(text) + "\n") != {"a": text}] == []


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("! .nan", ".nan"),
        ("&x ! 1e999", "1e999"),
        ("!<tag:yaml.org,2002:str> 1", "1"),
        ("&x 12", 12),
        ("&x # ! in a comment\n    12", 12),
    ],
)
def test_a_tag_makes_a_text(value_of: Value, text: str, meaning: object) -> None:
    """`!` and `!!str`, with an anchor too; a sign in a comment is no tag."""
    value = value_of(f"a: {text}\n")["a"]
    assert value == meaning
    assert isinstance(value, type(meaning))


def test_a_tag_directive_renames_a_handle(value_of: Value) -> None:
    """A handle that `%TAG` declares stands for its prefix."""
    assert value_of("%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 12\n") == {"a": "12"}


@pytest.mark.parametrize("tag", ["!foo", "!!int", "!!float", "!!set", "!!python/object:os.system", "!<x>"])
@pytest.mark.parametrize("node", ["abc", "12", "{}", "[]", "''"])
def test_other_tags_are_problems(problems_of: Problems, tag: str, node: str) -> None:
    """Each other tag is refused at its place: the value says what it is."""
    assert problems_of(f"a: {tag} {node}\n") == [f"1:4: unknown tag {tag}; expected !!str for a text, or no tag"]


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.INF", "+.Inf"])
def test_numbers_that_json_does_not_have_are_problems(problems_of: Problems, text: str) -> None:
    """Not-a-number and the infinities are refused with the way out."""
    message = f"JSON has no such number as {text}; expected a finite number, or the text in quotes"
    assert problems_of(f"a: {text}\n") == [f"1:4: {message}"]


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400 + ".0"])
def test_numbers_beyond_the_largest_float_are_problems(problems_of: Problems, text: str) -> None:
    """A number that would become infinite is refused."""
    (problem,) = problems_of(f"a: {text}\n")
    assert problem.startswith("1:4: the number ")
    assert problem.endswith("is too large for JSON; expected at most 1.797e308")


@pytest.mark.parametrize("text", ["1" * 5000, "-" + "1" * 5000, "0x" + "f" * 5000, "0o" + "7" * 5000])
def test_integers_beyond_what_python_prints_are_problems(problems_of: Problems, text: str) -> None:
    """An integer so long that Python refuses to convert it is a short problem, not a crash."""
    (problem,) = problems_of(f"a: {text}\n")
    assert "has 500" in problem
    assert problem.endswith("characters; expected at most 500")
    assert len(problem) < 200
