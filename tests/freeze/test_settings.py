"""Mistakes in `freeze` are told at their places, offline."""

from __future__ import annotations

from pathlib import Path

import pytest
from config.conftest import Folder

FIRST = "expected the first day, YYYY-MM-DD, for example 2026-12-20"


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    """A folder with one configuration."""
    made = Folder(tmp_path, capsys)
    made.write("automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n")
    return made


@pytest.mark.parametrize(
    "window",
    [
        "{from: 2026-12-20, to: 2027-01-02, reason: holidays}",
        "{from: '2026-12-20', to: \"2027-01-02\", reason: holidays}",
        "{from: 2026-12-20, to: 2026-12-20, reason: one day}",
        "{from: 2028-02-29, to: 2028-02-29, reason: a leap day}",
        "{from: 2026-12-20, to: 2027-01-02, reason: holidays, environments: [default]}",
        "{from: 2026-12-20, to: 2027-01-02, reason: holidays, environments: ['d*', default]}",
        "{from: 2026-12-20, to: 2027-01-02, reason: a}, {from: 2026-12-24, to: 2026-12-24, reason: b}",
    ],
)
def test_what_is_fine(folder: Folder, window: str) -> None:
    """A date needs no quotes: YAML 1.2 has no dates."""
    folder.write(f"freeze: [{window}]\n", "reconciler.yaml")
    assert folder.validate()[0] == 0


@pytest.mark.parametrize(
    ("window", "problem"),
    [
        ("{from: 2026-12-20, to: 2026-12-19, reason: x}", '1:33: freeze[0].to: "2026-12-19" is before "2026-12-20"; '
         "expected that day or a later one"),
        ("{from: 2026-02-30, to: 2026-03-02, reason: x}", '1:17: freeze[0].from: the calendar has no "2026-02-30"; '
         "expected a day that is, for example 2027-01-31"),
        ("{from: 2026-02-27, to: 2026-02-29, reason: x}", '1:33: freeze[0].to: the calendar has no "2026-02-29"; '
         "expected a day that is, for example 2027-01-31"),
        ("{from: 20.12.2026, to: 2027-01-02, reason: x}", '1:17: freeze[0].from: found the text "20.12.2026"; '
         f"{FIRST}"),
        ("{from: 2026-12-20T00:00, to: 2027-01-02, reason: x}", '1:17: freeze[0].from: found the text '
         f'"2026-12-20T00:00"; {FIRST}'),
        ("{from: 20261220, to: 2027-01-02, reason: x}", "1:17: freeze[0].from: found the number 20261220; "
         f"{FIRST}; write it in quotes"),
        ("{from: 2026-12-20, reason: x}", '1:10: freeze[0]: "to" is missing; expected the last day, YYYY-MM-DD, '
         "for example 2027-01-02"),
        ("{from: 2026-12-20, to: 2027-01-02}", '1:10: freeze[0]: "reason" is missing; expected a text'),
        ("{from: 2026-12-20, to: 2027-01-02, reason: ''}", "1:53: freeze[0].reason: is empty; "
         "expected a text that holds something"),
        ("{from: 2026-12-20, to: 2027-01-02, reason: x, environment: [default]}", '1:56: freeze[0]: unknown key '
         '"environment"; expected one of from, to, reason, environments; did you mean "environments"?'),
        ("{from: 2026-12-20, to: 2027-01-02, reason: x, environments: [defualt]}", "1:71: freeze[0].environments[0]: "
         'there is no environment "defualt"; expected default, or a pattern; did you mean "default"?'),
        ("{from: 2026-12-20, to: 2027-01-02, reason: x, environments: [default, 'p*']}", "1:80: freeze[0]."
         'environments[1]: there is no environment "p*"; expected default, or a pattern'),
        ("{from: 2026-12-20, to: 2027-01-02, reason: x, environments: []}", "1:70: freeze[0].environments: is empty; "
         "expected a list that holds something"),
    ],
)  # fmt: skip
def test_mistakes(folder: Folder, window: str, problem: str) -> None:
    """Exit 3, with what was expected."""
    folder.write(f"freeze: [{window}]\n", "reconciler.yaml")
    assert folder.problems() == [f"reconciler.yaml:{problem}"]


def test_all_of_them_in_one_run(folder: Folder) -> None:
    """Each window is judged on its own."""
    folder.write(
        """\
        freeze:
          - {from: 2026-02-30, to: 2026-06-31, reason: x}
          - {from: 2026-12-20, to: 2026-12-01, reason: x, environments: [prod]}
        """,
        "reconciler.yaml",
    )
    assert [each.partition(": ")[0] for each in folder.problems()] == [
        "reconciler.yaml:2:12",
        "reconciler.yaml:2:28",
        "reconciler.yaml:3:28",
        "reconciler.yaml:3:66",
    ]


def test_the_zone_of_the_days_is_checked(folder: Folder) -> None:
    """Against the zones of this machine."""
    folder.write(
        "time_zone: Europe/Berln\nfreeze: [{from: 2026-12-20, to: 2027-01-02, reason: x}]\n", "reconciler.yaml"
    )
    assert folder.problems() == [
        'reconciler.yaml:1:12: "Europe/Berln" is no time zone; expected an IANA name, for example Europe/Berlin; '
        'did you mean "Europe/Berlin"?'
    ]
