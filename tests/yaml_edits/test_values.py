"""Live values into files of people: what is set, what is left, and that nothing else moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from offenders import for_all

from reconciler.errors import ConfigurationInvalid, Refused
from reconciler.yaml import KeyPath
from reconciler.yaml.edit import Edit, set_values

FILE = Path("team/all.yaml")


def adopt(text: str, values: dict[KeyPath, Any], key: str = "a") -> Edit:
    """Set values of `s.<key>`."""
    return set_values(FILE, text, {("s", key, *way): value for way, value in values.items()})


def after(text: str, values: dict[KeyPath, Any]) -> str:
    """The text with the values, all of which could be set."""
    adopted = adopt(text, values)
    assert not adopted.left
    assert adopted.before == text
    return adopted.after


BEFORE = """# top
s:   # the section
  a:  # first
    # above the name
    name:   'Daily'     # behind the name
    at: 10:30 # utc

    text: >-  # folded
      some
      words
    # above the list
    to:   # behind the list
      - integration: x   # the first
      # above the second
      - {type: t, id: "1"}   # the second
      # behind the list's end
    data: {push: a, more: {deep: 1}}   # flow
    nothing:   # null
    # behind a
  # between

  b:
    name: "b"
x-end: 1   # end"""


def test_every_comment_and_blank_line_stays() -> None:
    """Scalars keep their quotes, lists and flow maps change item by item, a new key comes last."""
    values: dict[KeyPath, Any] = {
        ("name",): "It's new",
        ("at",): "one\ntwo\n",
        ("to",): [{"integration": "x"}, {"type": "t", "id": "2"}, {"integration": "other"}],
        ("data", "push"): None,
        ("data", "more", "other"): "a, b",
        ("nothing",): "no",
        ("days",): 7,
        ("lifecycle", "ignore_changes"): ["status"],
    }
    assert (
        after(BEFORE, values)
        == """# top
s:   # the section
  a:  # first
    # above the name
    name:   'It''s new'     # behind the name
    at: "one\\ntwo\\n" # utc

    text: >-  # folded
      some
      words
    # above the list
    to:   # behind the list
      - integration: x   # the first
      # above the second
      - {type: t, id: "2"}   # the second
      # behind the list's end
      - integration: other
    data: {push: null, more: {deep: 1, other: "a, b"}}   # flow
    nothing: "no"   # null
    # behind a
    days: 7
    lifecycle:
      ignore_changes:
        - status
  # between

  b:
    name: "b"
x-end: 1   # end"""
    )


@for_all(
    ("before", "values", "wanted"),
    [
        ("s: {a: {k: 1}}", {("k",): 2}, "s: {a: {k: 2}}"),
        ("s: {a: {k: }}", {("k",): 2}, "s: {a: {k: 2}}"),
        ("s: {a: {k}}", {("k",): 2}, "s: {a: {k: 2}}"),
        ("s: {a: {k: , m: 1}} # c", {("k",): 2}, "s: {a: {k: 2, m: 1}} # c"),
        ("s: {a: {}}", {("m",): [1]}, "s: {a: {m: [1]}}"),
        ("s:\n  a: {k: [1, 2, 3]} # c\n", {("k",): [0, 1, 3]}, "s:\n  a: {k: [0, 1, 3]} # c\n"),
        ("s:\n  a:\n    k: [ 1, 'x # y' ]  # c\n", {("k",): []}, "s:\n  a:\n    k: []  # c\n"),
        ("s:\n  a:\n    k: {x: 1, z: \"}\"}  # c\n", {("k",): {"z": 2}}, "s:\n  a:\n    k: {z: 2}  # c\n"),
        ("s:\n  a:\n    k: {x: \"${v}\", z: 2}\n", {("k", "z"): 3}, "s:\n  a:\n    k: {x: \"${v}\", z: 3}\n"),
        ("s:\n  a:\n    n:\n    - 1\n    - 2 # c\n", {("n",): [2, 3]}, "s:\n  a:\n    n:\n    - 2 # c\n    - 3\n"),
        ("s:\n  a:\n    n:\n    - x: 1\n      y: 2 # c\n", {("n", 0, "y"): "é"},
         "s:\n  a:\n    n:\n    - x: 1\n      y: é # c\n"),
        ("s:\n  a:\n    n:\n    - x: 1\n      y: 2 # c\n", {("n", 0, "z"): 3},
         "s:\n  a:\n    n:\n    - x: 1\n      y: 2 # c\n      z: 3\n"),
        ("s:\n  a:\n    n:\n    -   x: 1\n        y: 2\n", {("n",): [{"x": 2}]}, "s:\n  a:\n    n:\n    -   x: 2\n"),
        ("s:\n  a:\n    n:\n    - x: 1\n      y: 2\n", {("n",): [{"y": 2}]}, "s:\n  a:\n    n:\n    - \"y\": 2\n"),
        ("s:\n  a:\n    n:\n      - # c\n      -\n", {("n",): [2, 3]}, "s:\n  a:\n    n:\n      - 2 # c\n      - 3\n"),
        ("s:\n  a:\n    n:\n      x: 1 # c\n      y: 1\n    m: 1\n", {("n",): None},
         "s:\n  a:\n    n: null\n    m: 1\n"),
        ("s:\n  a:\n    n: # c\n      x: 1\n", {("n",): {}}, "s:\n  a:\n    n: {} # c\n"),
        ("s:\n  a:\n    n: # c\n      x: 1\n    m: 1\n", {("n",): [1]}, "s:\n  a:\n    n: # c\n      - 1\n    m: 1\n"),
        ("s:\n  a:\n    n: 1 # c\n    m: 1\n", {("n",): [1]}, "s:\n  a:\n    n: # c\n      - 1\n    m: 1\n"),
        ("s:\n  a:\n    n: 1 # c\n    m: 1\n", {("n",): {"x": {"y": []}}},
         "s:\n  a:\n    n: # c\n      x:\n        \"y\": []\n    m: 1\n"),
        ("s:\n  a:\n    n: null # c\n", {("n", "x"): 1}, "s:\n  a:\n    n: # c\n      x: 1\n"),
        ("s:\n  a:\n    n: [] # c", {("n",): ["x"]}, "s:\n  a:\n    n: # c\n      - x\n"),
        ("s:\n  a: # c\n", {("m",): 1}, "s:\n  a: # c\n    m: 1\n"),
        ("s:\r\n  a:\r\n    n: |\r\n      x\r\n    m: 1\t# c\r\n", {("x",): "p\nq", ("m",): "no", ("z",): 1},
         "s:\r\n  a:\r\n    n: |\r\n      x\r\n    m: \"no\"\t# c\r\n    x: |-\r\n      p\r\n      q\r\n    z: 1\r\n"),
        ("\ufeffs:\n  a:\n    n: 1", {("n",): 2, ("m",): 3}, "\ufeffs:\n  a:\n    n: 2\n    m: 3\n"),
        ("s:\n  ä😀: 1\n  a:\n    n😀: 1 # 😀\n", {("n😀",): "😀"}, "s:\n  ä😀: 1\n  a:\n    n😀: 😀 # 😀\n"),
        ("s:\n  a:\n    n: 1 # c", {("n",): 2}, "s:\n  a:\n    n: 2 # c"),
        ("s:\n  a:\n    n: 1", {("m",): "x\n"}, "s:\n  a:\n    n: 1\n    m: |\n      x\n"),
        ("s:\n  a:\n    n:\n      - 2\n", {("n",): [1, 2]}, "s:\n  a:\n    n:\n      - 1\n      - 2\n"),
        ("s:\n  a:\n    n:\n      - 1\n      - 3\n", {("n",): [1, 2, 3]},
         "s:\n  a:\n    n:\n      - 1\n      - 2\n      - 3\n"),
        ("s:\n  a:\n    n:\n      - - 1\n        - 2\n", {("n",): [[1]]}, "s:\n  a:\n    n:\n      - - 1\n"),
        ("s:\n  a:\n    n:\n      - |\n        x\n      - 1\n", {("n",): ["x\n", [1]]},
         "s:\n  a:\n    n:\n      - |\n        x\n      - [1]\n"),
        ("s:\n  a:\n    n: []\n", {("n",): [[{"x": "p\nq"}], ["p\nq"]]},
         "s:\n  a:\n    n:\n      - - x: |-\n            p\n            q\n      - - |-\n          p\n          q\n"),
        ("x: 1\n---\ns:\n  a: {k: 1}\n---\ny: 1\n", {("k",): 2}, "x: 1\n---\ns:\n  a: {k: 2}\n---\ny: 1\n"),
        ("d: &d {m: 1}\ns:\n  a:\n    <<: *d\n    n: 1\n", {("n",): 2, ("o",): 3},
         "d: &d {m: 1}\ns:\n  a:\n    <<: *d\n    n: 2\n    o: 3\n"),
        ("s:\n  a:\n    \"n\" : 1 # c\n", {("n",): 2}, "s:\n  a:\n    \"n\" : 2 # c\n"),
        ("s:\n  a:\n    n: 012\n    t: true\n", {("n",): 12, ("t",): 1}, "s:\n  a:\n    n: 012\n    t: 1\n"),
        ("s:\n  a:\n    n: $${x}\n", {("n",): "${y}"}, "s:\n  a:\n    n: $${y}\n"),
    ],
)  # fmt: skip
def test_nasty_files_change_where_they_have_to(before: str, values: dict[KeyPath, Any], wanted: str) -> None:
    """Flow and block style, lists indented or not, what is not written, several documents, odd line breaks."""
    assert after(before, values) == wanted


SHARED = """x-d: &d {m: 1, deep: {k: 1}}
x-s: &s active
s:
  a:
    <<: *d
    status: *s
    name: "${var.prefix} daily"   # with a variable
    list: [{id: "${var.id}"}, {id: b}]
    own: &own {z: 1}
    plain: 1
    text: words
    tagged: !!str
      x
    uses:
      - *s
    merges:
      <<: *d
    anchored: &lone 1
  b:
    <<: *d
    own: *own
  c: *own
"""


@for_all(
    ("way", "value", "says"),
    [
        (("status",), "paused", "all.yaml:6:13: status is written with *s"),
        (("m",), 2, "all.yaml:1:13: m comes by <<"),
        (("deep", "k"), 2, "all.yaml:1:26: deep.k comes by <<"),
        (("name",), "daily", "all.yaml:7:11: name holds a variable"),
        (("list",), [{"id": "a"}, {"id": "b"}], "all.yaml:8:11: list holds a variable"),
        (("own", "z"), 2, "all.yaml:9:19: own.z is written with &own"),
        (("own",), None, "all.yaml:9:10: own is written with &own"),
        (("plain", "x"), 1, "all.yaml:10:12: plain.x has no place here: another value stands in its way"),
        (("list", 7), 1, "all.yaml:8:11: list.7 has no place here: another value stands in its way"),
        (("list", "x"), 1, "all.yaml:8:11: list.x has no place here: another value stands in its way"),
        (("plain",), float("inf"), "all.yaml:10:12: plain cannot be written"),
        (("tagged",), 1, "all.yaml:12:13: tagged is written with !!str"),
        (("uses",), 1, "all.yaml:15:7: uses holds *s"),
        (("merges",), {}, "all.yaml:17:7: merges holds <<"),
        (("anchored",), 2, "all.yaml:18:15: anchored is written with &lone"),
        (("deep",), {}, "deep comes by <<"),
        (("merges", "m"), 2, "merges.m comes by <<"),
        (("merges",), {"z": 1}, "all.yaml:17:7: merges comes by <<"),
        (("${x}",), 1, "has a key with"),
    ],
)
def test_what_would_change_more_is_left_and_said(way: KeyPath, value: Any, says: str) -> None:
    """With file, line and why; what stands beside it is set all the same."""
    adopted = adopt(SHARED, {way: value, ("text",): "new"})
    assert adopted.after == SHARED.replace("words", "new")
    (left,) = adopted.left.items()
    assert left[0] == ("s", "a", *way)
    assert says in str(left[1])


def test_a_resource_that_is_an_alias_is_left() -> None:
    """A change at its anchor would change the other too."""
    adopted = adopt(SHARED, {("z",): 2}, key="c")
    assert adopted.before == adopted.after
    assert "z is written with *own" in str(adopted.left["s", "c", "z"])


@for_all(
    ("lines", "value", "says"),
    [
        (
            "    n: one\n      two # c\n",
            "x",
            'all.yaml:3:8: n is written on several lines; change it by hand to:\n"n": x',
        ),
        ("    n:\n      one # c\n", "x", "all.yaml:4:7: n is written on several lines"),
        ("    n: 'a\n      b'  # c\n", "x", "all.yaml:3:8: n is written on several lines"),
        ("    n: |\n     x\n     y\n\n", 1.0, 'n is written on several lines; change it by hand to:\n"n": 1.0'),
        ("    n: |+ # k\n     x\n\n\n", "p\nq", "all.yaml:3:8: n is written on several lines"),
        (
            "    n:\n      - |\n        x\n      - 1\n",
            ["y", {"a": 1, "b": 2}],
            'n is written on several lines; change it by hand to:\n"n":\n  - "y"\n  - {a: 1, b: 2}',
        ),
        ("    n: [1, # one\n     2]\n", [1], "all.yaml:3:8: n is written on several lines"),
        ("    n:\n      -\n        1 # c\n", [2], "n is written on several lines"),
        ("    n: !!str 12 # c\n", "13", "all.yaml:3:8: n is written with !!str"),
        ("    n: [&x 1, *x]\n", [1, 2], "n holds &x"),
        ("    ? n\n    : 1\n", {"x": 1}, "all.yaml:4:7: n comes by <<, or is not written as `key: value`"),
        ("    n: &x\n      y: 1\n", {"z": 1}, "all.yaml:3:8: n is written with &x"),
    ],
)
def test_uncommon_styles_are_left_and_said(lines: str, value: Any, says: str) -> None:
    """With the live value, for a person to write; the value beside it is set, in the same file."""
    text = f"s:\n  a:\n{lines}    m: 1\n"
    adopted = adopt(text, {("n",): value, ("m",): 2})
    assert adopted.after == text.replace("m: 1", "m: 2")
    (problem,) = adopted.left.values()
    assert says in str(problem)


def test_several_resources_of_a_file_are_set_at_once() -> None:
    """Ways begin with the section and the key."""
    text = "s:\n  a: {k: 1}\n---\nt:\n  b: {k: 1}\n"
    edit = set_values(FILE, text, {("s", "a", "k"): 2, ("t", "b", "k"): 3})
    assert edit.after == "s:\n  a: {k: 2}\n---\nt:\n  b: {k: 3}\n"


@pytest.mark.parametrize("earlier", ["x-d: &d {m: 1}\n", "x-d: &d\n  m: 1\nx-e:\n  <<: *d\n", "x-d: !!str 1\n"])
def test_a_marker_of_an_earlier_document_is_no_marker_of_a_later_one(earlier: str) -> None:
    """An anchor, an alias, a tag or << counts for what it stands at."""
    assert after(f"{earlier}---\ns:\n  a:\n    k: 1\n", {("k",): 2}) == f"{earlier}---\ns:\n  a:\n    k: 2\n"


@pytest.mark.parametrize("style", ["|", ">-", "|+"])
@pytest.mark.parametrize("way", [("n",), ("l", 0)])
def test_text_that_looks_like_a_comment_goes_with_its_block(style: str, way: tuple[str | int, ...]) -> None:
    """A map, or an item, that ends in a block of text is replaced whole."""
    begin = {"n": "    n:\n      t: ", "l": "    l:\n      - t: "}[str(way[0])]
    indent = " " * (len(begin.splitlines()[-1]) - len("t: ") + 2)
    text = f"s:\n  a:\n    k: 1\n{begin}{style}\n{indent}hello\n{indent}# no comment\n"
    assert "no comment" not in after(text, {way: 5})
    assert after(text, {way: 5}).startswith("s:\n  a:\n    k: 1\n")


def test_the_same_values_change_nothing() -> None:
    """However they are written."""
    for text, values in (
        ("s: {a: {n: 0x10, t: 'x', l: [ 1 ]}}", {("n",): 16, ("t",): "x", ("l",): [1]}),
        ("s: {a: {n: 1}}", {}),
    ):
        assert adopt(text, values).after == text


@pytest.mark.parametrize("way", [("s", "z", "n"), ("z", "a", "n"), ("s", "a"), ()])
def test_a_resource_that_is_not_there_is_refused(way: KeyPath) -> None:
    """The caller names the wrong file."""
    with pytest.raises(Refused, match="nothing in it is set"):
        set_values(FILE, "s: {a: {n: 1}}", {way: 1})


@pytest.mark.parametrize("text", ["s: [", "s: {a: 1, a: 2}", "\ud800", "\x00", "s:\n\ta: 1"])
def test_text_with_problems_is_not_edited(text: str) -> None:
    """It is for its writer to put right first."""
    with pytest.raises(ConfigurationInvalid):
        set_values(FILE, text, {("s", "a", "n"): 1})
