"""`drift --adopt` for one of several environments that share what is written."""

from __future__ import annotations

from environments.conftest import Fleet, report_line


def change_outside(fleet: Fleet, send_at: str) -> None:
    """Somebody changes the report of staging."""
    (daily,) = fleet.worlds["staging"].live("scheduled-reports")
    fleet.worlds["staging"].edit("scheduled-reports", daily["id"], send_at=send_at)


def test_what_it_changes_elsewhere_is_told_in_each_form(fleet: Fleet) -> None:
    """One literal is that of three environments: the JSON and the text of the pull request name the other two."""
    fleet.settle(report_line("daily"))
    change_outside(fleet, "10:00")
    alone = fleet.run("drift", "-e", "staging", "--format", "json")
    assert alone.document["also_changed"] == []
    found = fleet.run("drift", "-e", "staging", "--adopt", "--format", "json")
    (said,) = found.document["also_changed"]
    assert said.pop("file").endswith("main.yaml")
    assert said == {"address": "report.daily", "path": "send_at", "environments": ["sandbox", "production"]}
    assert "report.daily.send_at: also changes sandbox, production" in found.err
    change_outside(fleet, "11:00")
    body = fleet.run("drift", "-e", "staging", "--adopt", "--format", "markdown").out
    assert "#### Also changed in other environments\n\n- `report.daily` `send_at` in `" in body
    assert "main.yaml`: also in `sandbox`, `production`\n" in body
    assert body.index("Also changed") < body.index("To keep it")


def test_a_value_of_its_own_changes_nothing_elsewhere(fleet: Fleet) -> None:
    """A resource of one environment alone: nothing is said."""
    fleet.settle(report_line("daily", more="only_in: [staging], "))
    change_outside(fleet, "10:00")
    body = fleet.run("drift", "-e", "staging", "--adopt", "--format", "markdown").out
    assert '`"10:00"` is live' in body
    assert "Also changed" not in body
