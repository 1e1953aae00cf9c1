"""Dates in a configuration are days of the calendar."""

from __future__ import annotations

import pytest

from .conftest import Folder

FLOW = """\
automations:
  a:
    name: A
    status: active
    data: {{actions: {{push: p}}}}
    lifecycle:
      ignore_changes:
        - {{field: caption, reason: the campaign, until: {0}}}
"""


@pytest.mark.parametrize("until", ["2026-02-30", "2027-02-29", "2026-04-31", "2026-11-31", "0000-01-01", "1900-02-29"])
def test_a_day_that_no_month_has_is_an_error_at_its_place(folder: Folder, until: str) -> None:
    """It would never come, or be taken for another one, and every plan would be silent about it."""
    folder.write(FLOW.format(until))
    assert folder.problems() == [
        f'main.yaml:8:57: automation.a: lifecycle.ignore_changes[0].until: the calendar has no "{until}"; '
        "expected a day that is, for example 2027-01-31"
    ]


@pytest.mark.parametrize("until", ["2028-02-29", "2000-02-29", "2026-12-31", "'2026-01-01'"])
def test_a_day_that_is_one_is_fine(folder: Folder, until: str) -> None:
    """Leap days among them."""
    folder.write(FLOW.format(until))
    assert folder.validate()[0] == 0


@pytest.mark.parametrize("until", ["2026-2-3", "2026-13-01", "2026-02-00", "tomorrow", "20260203"])
def test_what_has_another_form_is_told_once(folder: Folder, until: str) -> None:
    """The form is what has to change."""
    folder.write(FLOW.format(until))
    (problem,) = folder.problems()
    assert "the calendar has no" not in problem


def test_each_of_them_is_told_in_one_run(folder: Folder) -> None:
    """Beside whatever else is wrong there."""
    folder.write(FLOW.format("2026-02-30") + "        - {field: nothing, reason: x, until: 2026-06-31}\n")
    said = folder.problems()
    assert len(said) == 3
    assert sum("the calendar has no" in each for each in said) == 2
