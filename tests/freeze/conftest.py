"""A project with a freeze, and the clock of the tool."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from world import World

SetClock = Callable[[str], None]
HOLIDAYS = "{from: 2026-12-20, to: 2027-01-02, reason: holidays}"
BEFORE, DURING, AFTER = "2026-12-01T12:00Z", "2026-12-24T12:00Z", "2027-01-03T12:00Z"
CLOSED = "apply is closed from 2026-12-20 to 2027-01-02, both days included (holidays)"


def flow(push: str = "p1") -> str:
    """A configuration with one automation."""
    return f"automations:\n  flow: {{name: Flow, status: active, data: {{actions: {{push: {push}}}}}}}\n"


def settings(*windows: str, more: str = "") -> str:
    """A `reconciler.yaml` with windows of `freeze`."""
    return f"freeze: [{', '.join(windows or (HOLIDAYS,))}]\n{more}"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the clock of the tool."""
    return lambda moment: monkeypatch.setenv("RECONCILER_NOW", moment)


@pytest.fixture
def frozen(world: World, at: SetClock) -> World:
    """A project that is applied, with one change to apply, in the middle of its holidays."""
    at(BEFORE)
    world.write(settings(), "reconciler.yaml")
    world.settle(flow())
    world.write(flow("p2"))
    at(DURING)
    return world
