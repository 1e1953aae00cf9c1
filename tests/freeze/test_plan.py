"""What every form of a plan says of a freeze, and when."""

from __future__ import annotations

import json

import pytest
from world import World

from .conftest import AFTER, BEFORE, CLOSED, DURING, HOLIDAYS, SetClock, flow, settings

OPENS = "; it opens at 2027-01-03 00:00 UTC"


@pytest.mark.parametrize(
    ("moment", "is_told"),
    [
        ("2026-12-12T23:59:59Z", False),
        ("2026-12-13T00:00:00Z", True),
        ("2026-12-19T23:59:59Z", True),
        (DURING, True),
        ("2027-01-02T23:59:59Z", True),
        (AFTER, False),
    ],
)
def test_seven_days_before_and_during(frozen: World, at: SetClock, moment: str, *, is_told: bool) -> None:
    """A plan is no apply: its exit code is as ever. Its digest, too."""
    at(BEFORE)
    before = frozen.plan()
    at(moment)
    made = frozen.plan()
    assert made.code == before.code == 2
    assert made.document["digest"] == before.document["digest"]
    assert made.document["refusals"] == []
    assert made.document["warnings"] == ([CLOSED + OPENS] if is_told else [])


def test_at_another_moment(frozen: World, at: SetClock) -> None:
    """`--at` shows what a plan says then."""
    at(BEFORE)
    assert CLOSED not in frozen.run("plan").out
    assert CLOSED in frozen.run("plan", "--at", "2026-12-24T12:00Z").out


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html", "sarif", "github"])
def test_every_form_says_it(frozen: World, at: SetClock, form: str) -> None:
    """For people and for programs."""
    at("2026-12-15T12:00Z")
    shown = frozen.run("plan", "--format", form)
    assert shown.code == 0
    assert "apply is closed from 2026-12-20 to 2027-01-02" in shown.out
    assert "holidays" in shown.out


def test_a_plan_without_changes_says_it(frozen: World) -> None:
    """Whoever is about to write the next change wants to know."""
    frozen.write(flow())
    made = frozen.plan()
    assert (made.code, made.document["warnings"]) == (0, [CLOSED + OPENS])


def test_the_comment_after_a_refused_apply(frozen: World) -> None:
    """It has the refusal at its top and in its plan, and no warning besides."""
    file = frozen.folder.parent / "comment.md"
    assert frozen.run("apply", "--auto-approve", "--report", f"markdown={file}").code == 5
    said = file.read_text(encoding="utf-8")
    assert "**Applying failed** for `default`: refused" in said
    assert said.count(OPENS) == 2
    assert "#### Warnings" not in said


@pytest.mark.parametrize(
    ("windows", "told", "opens"),
    [
        (["{from: 2026-12-20, to: 2026-12-24, reason: a}", "{from: 2026-12-25, to: 2026-12-26, reason: b}"], "ab", 27),
        (["{from: 2026-12-26, to: 2026-12-28, reason: b}", "{from: 2026-12-20, to: 2026-12-24, reason: a}"], "ab", 25),
        (["{from: 2026-12-20, to: 2026-12-30, reason: a}", "{from: 2026-12-22, to: 2026-12-25, reason: b}"], "ab", 31),
        (["{from: 2026-12-22, to: 2026-12-24, reason: a}", "{from: 2026-12-24, to: 2026-12-29, reason: b}"], "ab", 30),
        (["{from: 2026-12-24, to: 2026-12-24, reason: a}", "{from: 2027-01-01, to: 2027-01-09, reason: b}"], "a", 25),
    ],
)
def test_windows_may_overlap_and_meet(world: World, at: SetClock, windows: list[str], told: str, opens: int) -> None:
    """Each is told, by its begin; what opens between two that meet is nothing."""
    at(DURING)
    world.write(settings(*windows), "reconciler.yaml")
    world.write(flow())
    warnings = world.plan().document["warnings"]
    assert [each.partition("(")[2][0] for each in warnings] == list(told)
    assert f"it opens at 2026-12-{opens} 00:00 UTC" in warnings[0]
    refused = world.run("apply", "--auto-approve")
    assert refused.code == 5
    assert refused.err.count("to pass: ") == 1


def test_one_that_never_ends(world: World, at: SetClock) -> None:
    """The last day of the calendar stands for that."""
    at(DURING)
    world.write(settings("{from: 0001-01-01, to: 9999-12-31, reason: we are closed}"), "reconciler.yaml")
    world.write(flow())
    done = world.run("apply", "--auto-approve")
    assert done.code == 5
    assert "(we are closed); it does not open again" in done.err


@pytest.mark.parametrize(
    ("window", "codes"),
    [
        ("", {"sandbox": 5, "chess-eu": 5, "chess-us": 5}),
        ("environments: [sandbox]", {"sandbox": 5, "chess-eu": 0, "chess-us": 0}),
        ("environments: ['chess-*']", {"sandbox": 0, "chess-eu": 5, "chess-us": 5}),
        ("environments: [sandbox, '*-us']", {"sandbox": 5, "chess-eu": 0, "chess-us": 5}),
    ],
)
def test_a_window_of_some_environments(world: World, at: SetClock, window: str, codes: dict[str, int]) -> None:
    """Production is frozen, and the sandbox is not."""
    at(DURING)
    more = "state: {store: file}\nenvironments: {sandbox: {}, chess-eu: {}, chess-us: {}}\n"
    world.write(settings(HOLIDAYS.replace("}", f", {window}}}") if window else HOLIDAYS, more=more), "reconciler.yaml")
    world.write(flow())
    for name, code in codes.items():
        assert world.plan("--environment", name).document["warnings"] == ([CLOSED + OPENS] if code else [])
        assert world.apply("--environment", name).code == code
        for live in world.live("automations"):  # The environments share one project.
            world.remove("automations", live["id"])


def test_many_environments(world: World, at: SetClock) -> None:
    """The joint plan names the environments; an apply of all stops at the first that is closed, or goes on."""
    at(DURING)
    window = HOLIDAYS.replace("}", ", environments: [production]}")
    more = "variables: {}\nenvironments: {sandbox: {variables: {n: a}}, production: {variables: {n: b}}}\n"
    world.write(settings(window, more=more), "reconciler.yaml")
    world.write(flow().replace("name: Flow", 'name: "Flow ${var.n}"'))
    shown = world.run("plan", "--all", "--format", "json")
    sandbox, production = shown.document["environments"]
    assert not any("apply is closed" in each for each in sandbox["warnings"])
    assert CLOSED + OPENS in production["warnings"]
    sarif = json.loads(world.run("plan", "--all", "--format", "sarif").out)
    assert any("In production: apply is closed" in each["message"]["text"] for each in sarif["runs"][0]["results"])
    done = world.run("apply", "--all", "--auto-approve")
    assert done.code == 5, done.err
    assert [each["name"] for each in world.live("automations")] == ["Flow a"]


def test_all_environments_can_be_allowed(world: World, at: SetClock) -> None:
    """The flag holds for every one."""
    at(DURING)
    more = "environments: {sandbox: {variables: {n: a}}, production: {variables: {n: b}}}\n"
    world.write(settings(more=more), "reconciler.yaml")
    world.write(flow().replace("name: Flow", 'name: "Flow ${var.n}"'))
    assert world.run("apply", "--all", "--auto-approve", "--keep-going").code == 5
    assert world.writes() == []
    assert world.run("apply", "--all", "--auto-approve", "--allow", "frozen").code == 0
    assert {each["name"] for each in world.live("automations")} == {"Flow a", "Flow b"}
