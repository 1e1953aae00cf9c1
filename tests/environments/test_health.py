"""What does not deliver in several environments."""

from __future__ import annotations

import pytest

from environments.conftest import Fleet, report_line


def test_many_environments(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count in the table, what it is below it, and the exit code of the worst."""
    monkeypatch.setenv("RECONCILER_NOW", "2026-11-20T08:30:00Z")
    fleet.settle(report_line("daily"))
    monkeypatch.setenv("RECONCILER_NOW", "2026-11-23T12:00:00Z")
    for name, world in fleet.worlds.items():
        (daily,) = world.live("scheduled-reports")
        world.edit(
            "scheduled-reports", daily["id"], runs=0 if name == "staging" else 3, updated_at="2026-11-20T08:30:00Z"
        )
    text = fleet.run("drift", "--all")
    assert text.code == 0
    rows = {line.split()[0]: line for line in text.out.splitlines()[1:4]}
    assert ", 1 not delivering " in rows["staging"]
    assert "delivering" not in rows["sandbox"] + rows["production"]
    assert "Drift in staging: nothing changed outside" in text.out
    assert "Drift in sandbox" not in text.out
    found = fleet.run("drift", "-e", "s*", "--format", "json", "--fail-on", "health")
    assert found.code == 2
    counts = {each["environment"]: len(each["health"]) for each in found.document["environments"]}
    assert counts == {"sandbox": 0, "staging": 1}
