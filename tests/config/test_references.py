"""What only the whole configuration can say: references and natural keys."""

from __future__ import annotations

import pytest

from .conftest import Folder, written

KEY = "expected the key of an integration of this configuration"


def _report(folder: Folder, item: str) -> None:
    folder.write(written("reports", destinations=f"[{item}]"))


def test_a_reference_is_an_edge(folder: Folder) -> None:
    """A reference to an integration of another file is fine, and stays as written."""
    _report(folder, "{integration: alerts}")
    folder.write(written("integrations", "alerts"), "other.yaml")
    assert folder.desired().resources["report.a"].fields["destinations"] == [{"integration": "alerts"}]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("alrets", f'there is no integration "alrets"; {KEY}; did you mean "alerts"?'),
        ("other", f'there is no integration "other"; {KEY}'),
        ("welcome", f'"welcome" is an automation; {KEY}'),
        (
            "integration.alerts",
            'found the address "integration.alerts"; expected the key alone; did you mean "alerts"?',
        ),
    ],
)
def test_a_reference_to_nothing_or_the_wrong_kind(folder: Folder, key: str, said: str) -> None:
    """The place is the key that is referred to."""
    _report(folder, f"{{type: target_integration, id: x}}, {{integration: {key}}}")
    folder.write(written("integrations", "alerts") + written("automations", "welcome"), "other.yaml")
    assert folder.problems() == [f"main.yaml:3:69: report.a: destinations[1].integration: {said}"]


def test_a_reference_is_checked_beside_other_problems(folder: Folder) -> None:
    """A resource with a wrong value has its references checked in the same run."""
    folder.write(written("reports", status="on", destinations="[{integration: nope}]"))
    assert folder.problems() == [
        'main.yaml:3:13: report.a: status: found the text "on"; expected one of draft, active',
        f'main.yaml:4:34: report.a: destinations[0].integration: there is no integration "nope"; {KEY}',
    ]


def test_a_resource_with_problems_may_be_referred_to(folder: Folder) -> None:
    """An integration that is written wrongly is there all the same."""
    _report(folder, "{integration: alerts}")
    folder.write(written("integrations", "alerts", status="on"), "other.yaml")
    assert len(folder.problems()) == 1


DIFFERENCE = "expected a difference, since these tell two objects apart"


@pytest.mark.parametrize(
    ("section", "same", "other"),
    [
        (
            "integrations",
            'integration.b has the same integration "webhooks", target_platform "iOS", title "Alerts" as integration.a',
            {"target_platform": "Android"},
        ),
        (
            "reports",
            'report.b has the same report_name "Daily", environment "production" as report.a',
            {"environment": "sandbox"},
        ),
        ("automations", 'automation.b has the same name "Welcome" as automation.a', {"name": "Bye"}),
    ],
)
def test_two_addresses_with_one_natural_key(folder: Folder, section: str, same: str, other: dict[str, str]) -> None:
    """Two addresses that a person could not tell apart are a problem at the second; one other field will do."""
    folder.write(written(section, "a"), "1.yaml")
    folder.write(written(section, "b"), "2.yaml")
    assert folder.problems() == [f"2.yaml:2:3: {same} at 1.yaml:2:3; {DIFFERENCE}"]
    folder.write(written(section, "b", **other), "2.yaml")
    assert len(folder.desired().resources) == 2


def test_a_natural_key_is_compared_beside_other_problems(folder: Folder) -> None:
    """Other problems of the two do not hide that they are the same."""
    folder.write(written("automations", "a", status="on") + "  b: {name: Welcome}\n")
    assert (
        'main.yaml:6:3: automation.b has the same name "Welcome" as automation.a at main.yaml:2:3; ' + DIFFERENCE
        in (folder.problems())
    )
