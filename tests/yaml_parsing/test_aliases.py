"""Anchors, aliases and merge keys, and what keeps them in bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from offenders import for_all

from .conftest import Read

Value = Callable[[str], Any]
Problems = Callable[[str], list[str]]

DEFAULTS = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\n"


def test_an_alias_is_the_value_of_its_anchor(value_of: Value) -> None:
    """Scalars, lists and maps can be used again; collections are shared, not copied."""
    value = value_of("a: &s x\nb: &l [1]\nc: &m {d: *s}\ne: [*s, *l, *m]\n&k key: *k\n*s : 12\n")
    assert value["e"] == ["x", [1], {"d": "x"}]
    assert value["e"][1] is value["b"]
    assert (value["key"], value["x"]) == ("key", 12)


def test_an_anchor_can_be_given_again(value_of: Value) -> None:
    """An alias means the last anchor of its name before it."""
    assert value_of("[&a 1, *a, &a 2, *a, &a [&a 3, *a], *a]\n") == [1, 1, 2, 2, [3, 3], 3]


@for_all(
    ("text", "merged"),
    [
        ("<<: *base", {"a": 1, "b": 2}),
        ("<<: *base\n  b: own", {"a": 1, "b": "own"}),
        ("b: own\n  <<: *base", {"a": 1, "b": "own"}),
        ("<<: [*base, *other]", {"a": 1, "b": 2, "c": 4}),
        ("<<: [*other, *base]\n  c: own", {"a": 1, "b": 3, "c": "own"}),
        ("<<: {x: 1}\n  y: 2", {"x": 1, "y": 2}),
        ("<<: [*base, {b: 5, d: 6}]", {"a": 1, "b": 2, "d": 6}),
        ("<<: {<<: *base, a: 7}", {"a": 7, "b": 2}),
        ("<<: []", {}),
    ],
)
def test_merge_keys_work_as_people_know_them(value_of: Value, text: str, merged: dict[str, Any]) -> None:
    """Own keys win wherever they stand, then the earlier map of a list; merges nest."""
    assert value_of(f"{DEFAULTS}value:\n  {text}\n")["value"] == merged


def test_merged_keys_have_the_marks_of_their_origin(value_of: Value) -> None:
    """A problem in a merged value points to where the value is written."""
    value = value_of(f"{DEFAULTS}value:\n  <<: *base\n  b: 5\n")["value"]
    assert value.key_positions == {"b": (5, 3), "a": (1, 14)}
    assert value.value_positions == {"b": (5, 6), "a": (1, 17)}


def test_merging_leaves_the_anchor_as_it_is(value_of: Value) -> None:
    """The map that is merged is not changed by the one that it is merged into."""
    value = value_of(f"{DEFAULTS}value: {{<<: *base, z: 1}}\n")
    assert value["base"] == {"a": 1, "b": 2}


def test_an_anchored_merge_key_is_a_string_elsewhere(value_of: Value) -> None:
    """The anchor of a merge key stands for the text of the key."""
    assert value_of("&x <<: {a: 1}\nb: *x\n") == {"a": 1, "b": "<<"}


@pytest.mark.parametrize("text", ["a: <<", "a: [<<]", "a: &x <<", "'<<': 1", "<<"])
def test_two_less_thans_elsewhere_are_a_string(read_text: Read, text: str) -> None:
    """`<<` merges only as a plain key."""
    documents, problems = read_text(text)
    assert problems == []
    assert documents[0].value in ({"a": "<<"}, {"a": ["<<"]}, {"<<": 1}, "<<")


@for_all(
    ("text", "problem"),
    [
        ("<<: 1", "1:5: << must be given a map or a list of maps; found the number 1"),
        ("<<:", "1:4: << must be given a map or a list of maps; found nothing"),
        ("<<: x", '1:5: << must be given a map or a list of maps; found the text "x"'),
        ("<<: [{a: 1}, [2]]", "1:14: << must be given a map or a list of maps; found a list"),
        (
            "<<: {a: 1}\n<<: {b: 1}",
            "2:1: duplicate key <<; it is written first at line 1; expected one list: <<: [*a, *b]",
        ),
        ("a: *b", "1:4: unknown alias *b; expected an anchor &b before it"),
        ("a: &base 1\nb: *bsae", "2:4: unknown alias *bsae; expected an anchor &bsae before it; did you mean *base?"),
        ("<<: *b", "1:5: unknown alias *b; expected an anchor &b before it"),
        ("<<: [*b]", "1:6: unknown alias *b; expected an anchor &b before it"),
        ("*b : 1", "1:1: unknown alias *b; expected an anchor &b before it"),
        ("a: *b\nc: &b 1", "1:4: unknown alias *b; expected an anchor &b before it"),
        ("a: &a [1, *a]", "1:11: recursive alias *a: it stands inside its own anchor; expected it outside"),
        ("&a a: &b {c: *b}", "1:14: recursive alias *b: it stands inside its own anchor; expected it outside"),
        ("a: &a {<<: *a}", "1:12: recursive alias *a: it stands inside its own anchor; expected it outside"),
        ("&a [&b [*a]]", "1:9: recursive alias *a: it stands inside its own anchor; expected it outside"),
    ],
)
def test_wrong_aliases_and_merges_are_one_problem_each(problems_of: Problems, text: str, problem: str) -> None:
    """What cannot be used is named at the alias, and brings no second problem."""
    assert problems_of(text) == [problem]


def test_many_unknown_aliases_are_told_without_a_long_wait(problems_of: Problems) -> None:
    """Each unknown alias is a problem; looking for what was meant stops after twenty."""
    anchors = "".join(f"a{number}: &name-{number} 1\n" for number in range(2000))
    problems = problems_of(anchors + "".join(f"b{number}: *nome-{number}\n" for number in range(3000)))
    assert len(problems) == 3000
    assert ["did you mean" in problem for problem in problems] == [True] * 20 + [False] * 2980


def test_an_alias_bomb_is_a_problem_in_no_time(problems_of: Problems) -> None:
    """Aliases of aliases that would expand to 9**30 values are stopped at the first that is too much, once."""
    nine = ", ".join(["{0}"] * 9)
    lines = [f"a0: &a0 [{nine.format('x')}]"]
    lines += [f"a{level}: &a{level} [{nine.format(f'*a{level - 1}')}]" for level in range(1, 30)]
    assert problems_of("\n".join(lines)) == [
        "7:10: alias *a5 expands to too many values; expected at most 1000000 through aliases in a configuration"
    ]


def test_a_merge_bomb_is_a_problem_too(read_text: Read) -> None:
    """Merging one large map again and again is stopped by the same limit, before memory is used up."""
    large = ", ".join(f"k{number}: 1" for number in range(2000))
    documents, problems = read_text(f"m: &m {{{large}}}\nl:\n" + "- <<: *m\n" * 2000)
    assert [problem.line for problem in problems] == [502]
    assert sum(map(len, documents[0].value["l"])) < 1_000_000


def test_defaults_of_many_resources_are_no_bomb(value_of: Value) -> None:
    """Ten thousand resources can share their defaults."""
    defaults = ", ".join(f"k{number}: 1" for number in range(15))
    value = value_of(f"d: &d {{{defaults}}}\nl:\n" + "- <<: *d\n" * 10_000)
    assert len(value["l"][-1]) == 15


def test_aliases_do_not_nest_past_the_limit(problems_of: Problems) -> None:
    """Depth counts what an alias brings, so a chain of them cannot build a value that is too deep to walk."""
    text = f"a: &a {'[' * 40}{']' * 40}\nb: &b {'[' * 23}*a{']' * 23}\nc: [*b]\nd: {'[' * 24}*a{']' * 24}\n"
    assert problems_of(text) == [
        "3:5: alias *b nests deeper than 64 levels; expected at most 64",
        "4:28: alias *a nests deeper than 64 levels; expected at most 64",
    ]


def test_an_alias_that_is_refused_again_and_again_is_measured_once(problems_of: Problems) -> None:
    """Many aliases of one large value that nests too deep are told in no time."""
    large = f"[{'[' * 40}{']' * 40}, {', '.join('x' * 5000)}]"
    problems = problems_of(f"a: &a {large}\nb: {'[' * 30}{', '.join(['*a'] * 5000)}{']' * 30}\n")
    assert len(problems) == 5000
