"""Text that is no YAML: plain words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from offenders import for_all

from reconciler.errors import Problem
from reconciler.yaml.mistakes import explain_error
from reconciler.yaml.parsers import parse

from .conftest import Read

Problems = Callable[[str], list[str]]

MAP = "this does not belong to the map that begins at line 1; expected a key with the same indentation"
BRACKET = 'text that begins with "{}" must be in quotes'
LIST = 'this does not belong to the list that begins at line 1; expected "- " with the same indentation'
INDICATOR = '"{0} " is not allowed here; expected the text in quotes if "{0} " is part of it, or a new line'
COLON = INDICATOR.format(":")
VALUE = "no value follows this; expected `key: value`, with a space after the colon"
QUOTE = "this quote is never closed; expected the same quote at the end of the text"
SQUARE = 'this "[" is not closed, or a comma is missing; expected "," between items and "]" at the end'
CURLY = 'this "{" is not closed, or a comma is missing; expected "," between entries and "}" at the end'
ESCAPE = (
    "a backslash in these double quotes begins no escape that stands for a character; expected \\\\ for a backslash, "
    "or single quotes around the text"
)
NO_TOKEN = "this cannot be read; expected the text in quotes"

RIGHT = "this line is further right than the one before it; expected {} spaces before it"
LEFT = "this line is further left than the next one; expected {} spaces before it"
BLANK = "a character that looks like a space is used as indentation; expected spaces"
CONFLICT = (
    "git left a conflict in this file; expected one of the two sides, without the lines of <<<<<<<, ======= and >>>>>>>"
)
FOLLOWS = "text follows the closing quote; expected quotes around the whole text"
LATER = "this quote is closed in line {} only; expected the same quote at the end of the text"

MISTAKES = [
    ("a:\n\tb: 1\n", "2:1: a tab is used as indentation; expected spaces"),
    ("- a\n\tb: 1\n", "2:1: a tab is used as indentation; expected spaces"),
    ("a: @x\n", '1:4: a value cannot begin with "@"; expected it in quotes'),
    ("a: `x`\n", '1:4: a value cannot begin with "`"; expected it in quotes'),
    ("a: %x\n", '1:4: a value cannot begin with "%"; expected it in quotes'),
    ("a: b: c\n", f"1:5: {COLON}"),
    ("a: 1\n b: 2\n", f"2:2: {RIGHT.format(0)}"),
    ("a:\n  b: 1\n   c: 2\n  d: 3\n", f"3:4: {RIGHT.format(2)}"),
    ("a:\n  b:\n    c: 1\n  d: 2\n    e: 3\n", f"4:3: {LEFT.format(4)}"),
    ("a:\n  b: 1\nc: 'x' \n  # no: 1\n\n  d: 3\n", f"3:1: {LEFT.format(2)}"),
    ("a:\n b:\n b: 1\n  c: 2\n", f"3:2: {LEFT.format(2)}"),
    ("a:\n  b: 1\n\xa0 c: 2\n  d: 3\n", f"3:1: {BLANK}"),
    ("a:\n  b: 1\n \u3000c: 2\n  d: 3\n", f"3:2: {BLANK}"),
    ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", f"2:1: {CONFLICT}"),
    ('{"a": 1,\n<<<<<<< HEAD\n"b": 2\n=======\n"b": 3\n>>>>>>> x\n}\n', f"2:1: {CONFLICT}"),
    ("a: 1\n=======\nb: 3\n", f"2:1: {CONFLICT}"),
    ("a: 1\n>>>>>>> feature/x\nb: 3\n", f"2:1: {CONFLICT}"),
    ("a: [test] Revenue # new\n", '1:4: text that begins with "[" must be in quotes; expected "[test] Revenue"'),
    ("a:\n  - [x] {y}\n", '2:5: text that begins with "[" must be in quotes; expected "[x] {y}"'),
    ("a: {x: 1} y\n", '1:4: text that begins with "{" must be in quotes; expected "{x: 1} y"'),
    ('a: "x\nb: 1\nc: "y"\n', f"1:4: {LATER.format(3)}"),
    ("# it's: 'new\na: 'x\nb: it's\nc: 'y'\n", f"2:4: {LATER.format(3)}"),
    ("a: 'x\n  y'\nb: @\n", '3:4: a value cannot begin with "@"; expected it in quotes'),
    ("a: 1\nfoo\nb: 2\n", f"2:1: {VALUE}"),
    ("a: - b\n", f"1:4: {INDICATOR.format('-')}"),
    ("a: ? b\n", f"1:4: {INDICATOR.format('?')}"),
    ("a:\n  - x\n y: 1\n", f"3:2: {MAP}"),
    ("a: 1\n- b\n", f"2:1: {MAP}"),
    ("a: 'it's'\n", f"1:4: {FOLLOWS}, and '' for one within it"),
    ('a: "x" y\n', f'1:4: {FOLLOWS}, and \\" for one within it'),
    ("- a\nb: 1\n", f"2:1: {LIST}"),
    ("a: [1, 2\nb: 3\n", f"1:4: {SQUARE}"),
    ("a: {x: 1\nb: 3\n", f"1:4: {CURLY}"),
    ("a: [1 2, {b: 3]\n", f"1:10: {CURLY}"),
    ("a: }\n", '1:4: a value is missing here, found "}"; expected a value, or text in quotes'),
    ("a: [\n", "2:1: a value is missing here, found the end of the file; expected a value, or text in quotes"),
    ("a: 'x\nb: 1\n", f"1:4: {QUOTE}"),
    ('a: "x\n---\nb: 1\n', f"1:4: {QUOTE}"),
    ('a: "x\\y"\n', f"1:4: {ESCAPE}"),
    ('a: "\\xzz"\n', f"1:4: {ESCAPE}"),
    ('a: "\\U00110000"\n', f"1:4: {ESCAPE}"),
    ('a: "\\UFFFFFFFF"\n', f"1:4: {ESCAPE}"),
    ("a: !x!y z\n", '1:4: a value is missing here, found "!"; expected a value, or text in quotes'),
    ("a: ![x]\n", f"1:4: {NO_TOKEN}"),
    ("a: &\n", f"1:4: {NO_TOKEN}"),
    ("a: |x\n  b\n", f"1:4: {NO_TOKEN}"),
    ("%FOO\n---\na: 1\n", f"1:1: {NO_TOKEN}"),
    ("%YAML 1.3\n---\na: 1\n", "1:1: only YAML 1.2 is read; expected no %YAML line, or %YAML 1.2"),
    (
        "[a]\nb: 1\n",
        "2:1: a document has to end before this; expected one value, or --- on a line between two documents",
    ),
]


@for_all(("text", "problem"), MISTAKES)
def test_mistakes_are_told_in_plain_words(problems_of: Problems, text: str, problem: str) -> None:
    """Each common mistake has its place, what is wrong and what was expected."""
    assert problems_of(text) == [problem]


def test_a_document_that_asks_for_yaml_1_1_is_a_problem(problems_of: Problems) -> None:
    """`no` under `%YAML 1.1` would mean something else, so such a document is not read silently as 1.2."""
    (problem,) = problems_of("%YAML 1.1\n---\na: no\n")
    assert problem.startswith("1:1: %YAML 1.1 is not read; expected YAML 1.2")


def test_an_error_without_a_place_is_a_problem_of_the_first_line() -> None:
    """Whatever else PyYAML may raise comes out as a problem, with nothing of its own words."""
    problem = explain_error(yaml.YAMLError("odd \x1b"), "text", "f")
    assert problem == Problem("f", 1, 1, "this is no YAML; expected `key: value`")


@for_all(("text", "problem"), MISTAKES)
def test_no_words_of_a_parser_matter(text: str, problem: str) -> None:
    """A version that says the same in other sentences changes none of ours."""
    with pytest.raises(yaml.MarkedYAMLError) as raised:
        list(parse(text))
    error = raised.value
    error.problem, error.note = "etwas ist falsch", None
    error.context = None if error.context is None else "irgendwo"
    assert str(explain_error(error, text, "f")) == f"f:{problem}"


@for_all(
    ("text", "problem"),
    [
        ('a: ["\\x4"]\n', f"1:5: {ESCAPE}"),
        ("a: {b: 'x}\n", f"1:8: {QUOTE}"),
        ('"a": 1\n"b\nc": 2\n', f"2:1: {LATER.format(3)}"),
        ("a: 1\n*b\nc: 2\n", f"2:1: {VALUE}"),
        ("a:\n  - {b: 1}\n  c: 2\n", "3:3: " + LIST.replace("line 1", "line 2")),
        ("a: &x !y!z 1\n", '1:7: a value is missing here, found "!"; expected a value, or text in quotes'),
        ("a: [&x ]}\n", f"1:9: {MAP}"),
        ("&x a: 1\n- b\n", f"2:1: {MAP}"),
        ("&a {x: 1} b: c\n", f"1:11: {MAP}"),
        ('a: {b: "{"} x\n', f'1:4: {BRACKET.format("{")}; expected "{{b: "{{"}} x"'),
        ('a: {"${b": [1, 2]} x\n', f'1:4: {BRACKET.format("{")}; expected "{{"${{b": [1, 2]}} x"'),
        ('a: ["]"] b\n', f'1:4: {BRACKET.format("[")}; expected "["]"] b"'),
        ("a: {x: {y: [1, 2]}} tail\n", f'1:4: {BRACKET.format("{")}; expected "{{x: {{y: [1, 2]}}}} tail"'),
        ("%YAML 1.2\n%YAML 1.2\n---\na\n", "2:1: only YAML 1.2 is read; expected no %YAML line, or %YAML 1.2"),
    ],
)
def test_mistakes_within_mistakes(problems_of: Problems, text: str, problem: str) -> None:
    """Quotes, brackets, anchors and tags within others: what is told is the innermost that is wrong."""
    assert problems_of(text) == [problem]


def test_the_documents_before_a_mistake_are_there(read_text: Read) -> None:
    """Text that is no YAML ends the reading, and takes nothing back."""
    documents, problems = read_text("a: 1\n---\nb: 2\n---\nc: 'd\n")
    assert [document.value for document in documents] == [{"a": 1}, {"b": 2}]
    assert [(problem.line, problem.column) for problem in problems] == [(5, 4)]
