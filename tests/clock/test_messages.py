"""What is said of a local time that is none."""

from __future__ import annotations

import pytest
from world import World

from clock.conftest import reports

NO_PLACE = "; a local time names a place"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("9:00 Europe/Berlin", 'did you mean "09:00 Europe/Berlin"?'),
        ("09:00 Berlin", 'did you mean "09:00 Europe/Berlin"?'),
        ("09:00 new york", 'did you mean "09:00 America/New_York"?'),
        ("09:00  Europe/berlin", 'did you mean "09:00 Europe/Berlin"?'),
        ("09:00 Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("09:00 UTC", 'did you mean "09:00"?'),
        ("09:00 CET", NO_PLACE),
        ("09:00 EST", NO_PLACE),
        ("09:00 UTC+2", NO_PLACE),
        ("09:00 Etc/GMT-2", NO_PLACE),
        ("09:00 US/Eastern", NO_PLACE),
        ("24:00 Europe/Berlin", "or a local time, HH:MM Area/City"),
        ("09:15 Europe/Berlin", "is 08:15 UTC, off the 30-minute grid; expected 09:00 or 09:30"),
        ("09:00 Asia/Kathmandu", "is 03:15 UTC, off the 30-minute grid; expected 08:45 or 09:15"),
        ("09:00 Pacific/Chatham", "UTC, off the 30-minute grid; expected 08:45 or 09:15"),
    ],
)
def test_a_mistake(world: World, written: str, said: str) -> None:
    """One line, at its place, with what to write."""
    world.write(reports(written))
    done = world.run("validate")
    assert done.code == 3
    (line,) = [each for each in done.err.splitlines() if "main.yaml:2:" in each]
    assert "report.r0: send_at: " in line
    assert said in line


@pytest.mark.parametrize("rule", ["09:00 Australia/Lord_Howe", "09:15 Asia/Kathmandu", "08:45 Pacific/Chatham"])
def test_what_works_all_year(world: World, rule: str) -> None:
    """Lord Howe's seasons are half an hour apart, and both are on the grid."""
    world.write(reports(rule))
    assert world.run("validate").code == 0


def test_one_zone_that_is_none_is_told_once(world: World) -> None:
    """With the number of places."""
    world.write(reports(*["09:00 Europe/Berln"] * 3))
    done = world.run("validate")
    assert done.err.count("is no time zone") == 1


def test_a_variable_may_be_in_it(world: World) -> None:
    """It is judged as it is for an environment."""
    world.write("environments: {a: {variables: {zone: Europe/Berlin}}}\n", "reconciler.yaml")
    world.write(reports("09:00 ${var.zone}"))
    assert world.run("validate").code == 0
