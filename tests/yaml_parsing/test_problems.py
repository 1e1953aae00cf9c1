"""What is wrong in a map, and that all of it is told in one run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from offenders import for_all

from .conftest import Read

Problems = Callable[[str], list[str]]


@for_all(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\n'a': 3\n", '3:1: duplicate key "a"; it is written first at line 1; expected it once'),
        ("x: {a: 1, a: 2}\n", '1:11: duplicate key "a"; it is written first at line 1; expected it once'),
        ("12: x\n", '1:1: a key must be a text; found the number 12; write it in quotes: "12"'),
        ("012: x\n", '1:1: a key must be a text; found the number 12; write it in quotes: "012"'),
        ("a: {1.5: x}\n", '1:5: a key must be a text; found the number 1.5; write it in quotes: "1.5"'),
        ("true: x\n", '1:1: a key must be a text; found the value true; write it in quotes: "true"'),
        ("null: x\n", '1:1: a key must be a text; found nothing; write it in quotes: "null"'),
        ("a: &n 1\n*n : x\n", "2:1: a key must be a text; found the number 1"),
        ("a: {{ x }}\n", "1:5: a key must be a text, no map or list; text that begins with { or [ must be in quotes"),
        ("? [a]\n: x\n", "1:3: a key must be a text, no map or list; text that begins with { or [ must be in quotes"),
    ],
)
def test_wrong_keys_are_problems(problems_of: Problems, text: str, problem: str) -> None:
    """A key that is written twice, or is no string, is named with the way out."""
    assert problems_of(text) == [problem]


@for_all("key", ["no", "on", "10:30", "1_000", "'12'", "! 12", "!!str 12", "=", "'<<'", "!!str <<"])
def test_what_1_2_takes_for_a_string_is_a_key(problems_of: Problems, key: str) -> None:
    """Keys that only YAML 1.1 took for something else, and quoted ones, are fine."""
    assert problems_of(f"{key}: x\n") == []


def test_all_problems_come_in_one_run_in_the_order_of_the_text(read_text: Read) -> None:
    """Building goes on after each problem, up to text that is no YAML."""
    documents, problems = read_text("a: !x 1\na: .nan\n3: *u\n? {b: 1, b: 2}\n: !y z\nc: !!int d\n---\ne: 'f\n")
    assert [(problem.line, problem.column) for problem in problems] == [
        (1, 4),
        (2, 1),
        (2, 4),
        (3, 1),
        (3, 4),
        (4, 3),
        (4, 10),
        (5, 3),
        (6, 4),
        (8, 4),
    ]
    assert documents[0].value == {"a": "1", "3": {}, "c": "d"}


def test_messages_show_nothing_that_a_terminal_acts_on(problems_of: Problems) -> None:
    """Escapes in a key come out as escapes, and long ones are cut."""
    first, second = problems_of('"\\e[31m": 1\n"\\e[31m": 2\n"' + "k" * 99 + '": 1\n"' + "k" * 99 + '": 2\n')
    assert '"\\u001b[31m"' in first
    assert f'"{"k" * 60}…"' in second


@pytest.mark.parametrize("depth", [64, 65])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_sixty_four_levels_are_the_limit(problems_of: Problems, opening: str, closing: str, depth: int) -> None:
    """The sixty-fifth map or list in one another is a problem at its place."""
    found = problems_of(opening * depth + closing * depth)
    place = f"1:{64 * len(opening) + 1}"
    problem = f"{place}: nested deeper than 64 levels; expected at most 64; nothing after it is read"
    assert found == ([] if depth == 64 else [problem])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000 + "]" * 10_000,
        "[" * 200_000,
        "{a: " * 10_000,
        "[\n" * 10_000,
        "- " * 10_000 + "x",
        "".join(" " * level + "k:\n" for level in range(1000)),
    ],
)
def test_deep_nesting_is_a_problem_and_not_a_crash(problems_of: Problems, text: str) -> None:
    """Text that nests without end is refused at once, with no recursion and no quadratic wait."""
    (problem,) = problems_of(text)
    assert "nested deeper than 64 levels" in problem


@for_all(
    "text",
    [
        "a: " + "[" * 2_000,
        '{"a":' * 2_000 + "1" + "}" * 2_000,
        '[{"a":' * 2_000,
        "- " * 60 + "[" * 2_000,
        "a: 1\n---\nb: " + "[" * 2_000,
        "é: &n " + "[" * 2_000,
        "a: " + '["]", ' * 2_000,
        "a: " + "[']', " * 2_000,
        "a: [it's, " + "[" * 2_000,
        "a: [it's 'so', # ]\n" + "[" * 2_000,
        "a: {b: 'x', c: " + "[" * 2_000,
        "a: [b,\n  [[]], {c: " + "[" * 2_000,
    ],
)
def test_a_parser_that_gives_up_changes_no_words(problems_of: Problems, text: str) -> None:
    """It reads ahead, and stops at a limit of its own: the place is that of a bracket that is too deep for both."""
    (problem,) = problems_of(text)
    line, column, message = problem.split(":", 2)
    assert text.split("\n")[int(line) - 1][int(column) - 1] in "[{"
    assert message == " nested deeper than 64 levels; expected at most 64; nothing after it is read"


@for_all(
    "text",
    ['a: "{0}"', "a: '{0}'", "a: 1 # {0}", "a: x {0}", "a: |\n  {0}", "# {0}\na: 1", '? "{0}"\n: 1', "a: [x, '{0}']"],
)
def test_brackets_in_text_are_no_nesting(problems_of: Problems, text: str) -> None:
    """Quoted, in comments, in plain text and in blocks, brackets are characters."""
    assert problems_of(text.format("[" * 2_000) + "\n") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('a: "' + "[" * 2_000 + "\n", "1:4"),
        ("a: ['" + "[" * 2_000 + "\n", "1:5"),
        ('a: "\\q' + "[" * 2_000 + '"\n', "1:4"),
        ("a: x " + "[" * 2_000 + ": b\n", "1:2006"),
    ],
)
def test_another_mistake_beside_many_brackets_keeps_its_words(problems_of: Problems, text: str, place: str) -> None:
    """Text that is no YAML for another reason is told by that reason."""
    (problem,) = problems_of(text)
    assert problem.startswith(f"{place}: ")
    assert "nested" not in problem
