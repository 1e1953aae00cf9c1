"""A project with local times, and the clock of the tool."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from world import World

SetClock = Callable[[str], None]


def reports(*rules: str, status: str = "active") -> str:
    """A configuration with a report for each time: `report.r0`, `report.r1`, …"""
    rest = f"included_range_days: 1, status: {status}, environment: production"
    to = "destinations: [{type: target_integration, id: mail-1}]"
    lines = [f'  r{at}: {{report_name: R{at}, send_at: "{each}", {rest}, {to}}}' for at, each in enumerate(rules)]
    return "\n".join(["reports:", *lines, ""])


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the clock of the tool; there is a destination that is not managed."""
    world.insert("destinations", id="mail-1", label="Email: Team")
    return lambda moment: monkeypatch.setenv("RECONCILER_NOW", moment)
