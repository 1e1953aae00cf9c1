"""A plan on a terminal: calm at every width, exact, and nothing of what does not change."""

from __future__ import annotations

import re

import pytest
from golden.cases import CASES, Case, automation
from golden.stage import play, review_of
from world import World

from reconciler.output.text import PlanText

COLOUR = re.compile(r"\x1b\[\d+m")
FLOW = '  {key}: {{name: {key}, caption: "", status: active, data: {{platform: iOS, actions: {{push: p1}}}}}}\n'
DATA = {"platform": "iOS", "actions": {"push": "p1"}}


def flows(count: int) -> str:
    """That many automations."""
    return "automations:\n" + "".join(FLOW.format(key=f"a{number}") for number in range(count))


def lines_of(case: str, monkeypatch: pytest.MonkeyPatch, columns: int | str) -> list[str]:
    """The text of a case at a width, without colours."""
    monkeypatch.setenv("COLUMNS", str(columns))
    return COLOUR.sub("", str(PlanText(review_of(case)))).split("\n")


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_sentences_are_broken_where_the_terminal_ends(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """No line of prose is wider than the terminal, at whatever width; and nothing is lost in breaking it."""
    wide = " ".join(" ".join(lines_of("all", monkeypatch, 1000)).split())
    lines = lines_of("all", monkeypatch, columns)
    prose = [line for line in lines if re.match(r"(Plan for|warning:|  \[ \]|      ! )", line)]
    assert len(prose) > 10
    assert all(len(line) <= columns for line in prose), prose
    sentence = "loses its id and its credentials, which only a person can enter again in the dashboard"
    assert sentence in wide
    assert sentence in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("columns", ["", "0", "wide"])
def test_without_a_terminal_nothing_is_broken(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """In a log each sentence is one line, so that it can be searched."""
    lines = lines_of("all", monkeypatch, columns)
    assert max(map(len, lines)) > 130
    assert any(line.endswith("next one in 42 minutes will not go out") for line in lines)


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_asked_for_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    """Not in a pipe, unless it is forced; never with NO_COLOR. The words are the same."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    world.write(flows(1))
    shown = world.run("plan").out
    assert ("\x1b[32m" in shown) is coloured
    assert '  + create automation.a0 "a0"' in COLOUR.sub("", shown)


def test_what_is_nested_is_a_small_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what changes, as lines with - and +, and what it stands in; a list that comes is not a row of braces."""
    text = "\n".join(lines_of("nested", monkeypatch, 100))
    assert '      data.delivery.windows:\n        + {"from": 1, "to": 2}\n' in text
    assert '      data.initiators:\n        - {"uid": "3", "type": "event"}\n      data' in text
    assert "      destinations:\n        + integration.hook (int-2)\n" in text
    assert "tue" not in text
    assert "17" not in text.replace("2026", "").partition("digest")[0]


def test_long_values_are_cut_where_they_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two long texts share is left out, and the way to see all of it is said."""
    monkeypatch.delenv("COLUMNS", raising=False)
    same = "x" * 300
    flow = FLOW.format(key="a0")
    case = Case(
        live=(automation("aut-1", "a0", DATA, caption=f"{same} old {same}"),),
        before="automations:\n" + flow.replace('""', f'"{same} old {same}"'),
        after="automations:\n" + flow.replace('""', f'"{same} new {same}"'),
    )
    text = COLOUR.sub("", str(PlanText(play(case))))
    (line,) = [each for each in text.split("\n") if each.startswith("      caption:")]
    assert len(line) < 400
    assert re.search(r"…x+ old x+… \(607 characters; --format json shows all\) → …x+ new x+… ", line)


def test_drift_that_is_alike_is_one_and_the_unmanaged_are_counted(world: World) -> None:
    """The change of the configuration stands alone before it, and is whole."""
    world.settle(flows(10))
    for record in world.live("automations"):
        if record["name"] != "a0":
            world.edit("automations", record["id"], caption="somebody's")
    for number in range(9):
        world.insert("automations", **automation(f"x-{number}", f"other {number}")[1])
    world.write(flows(10).replace("p1", "p2", 1))
    text = world.run("plan").out
    alone, _, alike = text.partition('9 automations: caption "somebody\'s" → ""')
    assert "~ update automation.a0" in alone
    assert re.match(r"  \(9 places, such as [^)]*\)  \[changed outside \(drift\)\]\n", alike)
    assert "automation.a8, … and 1 more of the same: 1 automation; --format json lists all" in alike
    assert text.count("  unmanaged: ") == 5
    assert "9 unmanaged." in text
    assert "  … and 4 more unmanaged: 4 automations; --format json lists all" in text


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_shown_of_what_does_not_change(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """An address that is as it is wanted is in no line that begins a change."""
    heads = [line for line in lines_of(case, monkeypatch, 100) if re.match(r"  [-+~±=x!] ", line)]
    plan = review_of(case).plan
    assert len(heads) == len(plan.changes)
    assert not [line for line in heads for address in plan.unchanged if f" {address} " in line]
