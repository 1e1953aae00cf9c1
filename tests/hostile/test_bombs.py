"""What is small on the disk and large in memory: refused, and what it took is bounded and printed.

The time is bounded by the system: a child that takes more than a minute of the processor is killed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from world import without_excerpts

from reconciler.cli.main import run

from .conftest import Place

pytestmark = pytest.mark.process

MEGABYTES = 700
FLOW = "automations:\n  a: {{name: a, status: active, data: {{x: {0}}}}}\n"


def _laughs(width: int, levels: int) -> str:
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"]
    lines += [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]\n" for n in range(1, levels)]
    return "".join(lines) + FLOW.format(f"*a{levels - 1}")


def _resources(count: int) -> Iterator[str]:
    yield "reports:\n"
    for number in range(count):
        yield f'  r{number}: {{report_name: R{number}, send_at: "09:00", included_range_days: 1, status: active, '
        yield "environment: production, destinations: [{type: target_integration, id: int-1}]}\n"


BOMBS = {
    "a billion laughs": (lambda: _laughs(10, 12), "expands to too many values"),
    "nested 10,000 deep in brackets": (
        lambda: FLOW.format("[" * 10_000 + "]" * 10_000),
        "nested deeper than 64 levels",
    ),
    "nested 10,000 deep in braces": (
        lambda: FLOW.format("{a: " * 10_000 + "}" * 10_000),
        "nested deeper than 64 levels",
    ),
    "nested 3,000 deep by lines": (
        lambda: "".join(f"{' ' * depth}a:\n" for depth in range(3_000)),
        "nested deeper than 64 levels",
    ),
    "nested 10,000 deep by dashes": (lambda: "a:\n  " + "- " * 10_000 + "a\n", "nested deeper than 64 levels"),
    "two million empty maps": (lambda: FLOW.format("[" + "{}," * 2_000_000 + "]"), "too many keys and values"),
    "a list of ten million": (lambda: FLOW.format("[" + "a," * 9_900_000 + "]"), "too many keys and values"),
    "a map within a list, over and over": (
        lambda: FLOW.format("[" + "{a: [1]}," * 1_000_000 + "]"),
        "too many keys and values",
    ),
    "a million documents": (lambda: "--- {}\n" * 1_000_000, "too many keys and values"),
    "merges of merges": (
        lambda: "x-0: &a {" + ",".join(f"k{i}: 1" for i in range(1000)) + "}\nx-1: [" + "{<<: *a}," * 50_000 + "]\n",
        "expands to too many values",
    ),
    "100,000 unknown keys": (lambda: "reports: {}\n" + "".join(f"a{i}: 1\n" for i in range(100_000)), "unknown key"),
    "100,000 keys that cannot be keys": (
        lambda: "reports:\n" + "".join(f"  A{i}: 1\n" for i in range(100_000)),
        "cannot be",
    ),
    "100,000 unknown fields": (
        lambda: "reports:\n  a:\n" + "".join(f"    a{i}: 1\n" for i in range(100_000)),
        "unknown key",
    ),
    "one key 100,000 times": (lambda: "x-a: {" + "a: 1, " * 100_000 + "}\n", "duplicate key"),
    "50,000 moves": (lambda: "moved: [" + "{from: report.aa, to: report.bb}," * 50_000 + "]\n", "moved"),
    "a key of ten megabytes": (lambda: "reports:\n  a:\n    ? " + "k" * 10_000_000 + "\n    : 1\n", "a:"),
    "a text of 19 megabytes": (
        lambda: "reports:\n  a:\n    report_name: '" + "k" * 19_000_000 + "'\n",
        "characters long",
    ),
    "a number of a megabyte": (lambda: FLOW.format("9" * 1_000_000), "the integer 999"),
    "200,000 variables without a value": (
        lambda: FLOW.format("['" + "', '".join(["${var.x}"] * 200_000) + "']"),
        "not set",
    ),
    "an open variable, over and over": (lambda: FLOW.format("'" + "${var.x" * 300_000 + "'"), "is no variable"),
    "characters that are refused": (lambda: "a: " + "\u2028" * 3_000_000, "is not allowed"),
    "unknown aliases": (lambda: FLOW.format("[" + "*a," * 200_000 + "]"), "unknown alias"),
}


# One of each way to be large; the others of a way differ in size, and some take seconds.
EVERY_DAY = {
    "a billion laughs",
    "nested 10,000 deep in brackets",
    "merges of merges",
    "a key of ten megabytes",
    "characters that are refused",
}
assert set(BOMBS) >= EVERY_DAY


@pytest.mark.parametrize(
    "title", [pytest.param(each, marks=() if each in EVERY_DAY else pytest.mark.exhaustive) for each in BOMBS]
)
def test_a_bomb_is_refused_in_bounded_memory(place: Place, title: str) -> None:
    """Exit 3 with its problem, at most a thousand problems and a word of the others, and 700 MB at the most."""
    text, said = BOMBS[title]
    place.write(text())
    ended = place.limited(title)
    assert ended.code == 3, ended.lines[:3]
    assert any(said in line for line in ended.lines)
    assert len(ended.lines) <= 1002
    assert max(map(len, ended.lines)) < 1000
    assert ended.peak < MEGABYTES * 1_000_000


@pytest.mark.exhaustive
def test_many_files_share_one_room(place: Place) -> None:
    """A bomb in pieces is a bomb: keys and values count over all files."""
    for number in range(8):
        place.write(f"x-{number}: [" + "{}," * 300_000 + "]\n", f"{number}.yaml")
    ended = place.limited("eight files with 300,000 empty maps each")
    assert ended.code == 3
    assert "4.yaml:1:" in ended.lines[0]
    assert "expected at most 2500000 in a configuration" in ended.lines[0]
    assert ended.peak < MEGABYTES * 1_000_000


def test_aliases_of_many_files_share_one_room(place: Place) -> None:
    """So do the values that aliases bring: 200 small files would make eighteen million."""
    for number in range(200):
        place.write(_laughs(9, 5).replace("  a:", f"  a{number}:"), f"{number:03}.yaml")
    ended = place.limited("200 files with 90,000 values through aliases each")
    assert ended.code == 3
    assert any("expected at most 1000000 through aliases in a configuration" in line for line in ended.lines)
    assert ended.peak < MEGABYTES * 1_000_000


def test_a_variable_is_no_bomb(place: Place) -> None:
    """A long variable, used often, would be a hundred gigabytes of text."""
    place.write("environments: {a: {variables: {x: " + "x" * 1_000_000 + "}}}\n", "reconciler.yaml")
    place.write(FLOW.format("'" + "${var.x} " * 100_000 + "'"))
    ended = place.limited("a variable of a megabyte, 100,000 times")
    assert ended.code == 3
    assert "variables make too much text up to here; expected at most 10000000 characters" in ended.lines[0]
    assert ended.peak < MEGABYTES * 1_000_000


@pytest.mark.parametrize(("environments", "resources"), [(101, 1), (90, 8000)])
def test_environments_multiply_what_is_written(place: Place, environments: int, resources: int) -> None:
    """Every environment has values of its own, so there is a most of both together."""
    names = ", ".join(f"e{number}: {{}}" for number in range(environments))
    place.write(f"environments: {{{names}}}\n", "reconciler.yaml")
    place.write("".join(_resources(resources)))
    ended = place.limited(f"{environments} environments of {resources} resources")
    assert ended.code == 3
    assert ended.lines[0].startswith(f"{place.path}/reconciler.yaml: names {environments} environments, too many")
    assert ended.peak < MEGABYTES * 1_000_000


@pytest.mark.exhaustive
def test_ten_thousand_resources_are_no_bomb(place: Place) -> None:
    """The limits are far from what people have: four files of ten thousand, in four environments."""
    place.write("environments: {a: {}, b: {}, c: {}, d: {}}\n", "reconciler.yaml")
    place.write("".join(_resources(10_000)))
    ended = place.limited("four environments of 10,000 resources")
    assert (ended.code, len(ended.lines)) == (0, 4)
    assert ended.peak < MEGABYTES * 1_000_000


def test_what_is_not_shown_is_counted(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thousand problems in order, and how many there are besides."""
    place.write("".join(f"a{i}: 1\n" for i in range(1500)) + "reports: {}\n")
    assert run(["validate", str(place.path)]) == 3
    lines = without_excerpts(capsys.readouterr().err)
    assert len(lines) == 1002
    assert lines[-2].endswith(":1000:1: … and 500 more problems, not shown")
