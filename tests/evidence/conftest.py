"""An API whose lists are short with a straight face: `has_more` is false, and not all of it is there."""

from __future__ import annotations

import json

import pytest
from world import Json, Run, World

from reconciler.api.rate_limiter import POLL_DELAYS
from reconciler.cli.main import run

ATTEMPTS = len(POLL_DELAYS)


@pytest.fixture(autouse=True)
def _nobody_waits(no_waiting: None) -> None:
    """What shows up late shows up at once, or never."""


def flows(*names: str, more: str = "") -> str:
    """Automations of these names."""
    lines = [f"  {name}: {{name: {name}, status: active, data: {{actions: {{push: p1}}}}{more}}}" for name in names]
    return "automations:\n" + "\n".join(lines) + "\n"


def hooks(*names: str, more: str = "") -> str:
    """Integrations of these titles."""
    lines = [f"  {name}: {{title: {name}, integration: webhooks, target_platform: iOS{more}}}" for name in names]
    return "integrations:\n" + "\n".join(lines) + "\n"


def reports(count: int) -> str:
    """That many reports to one integration."""
    fields = {"send_at": "09:00", "included_range_days": 1, "status": "active", "environment": "production"}
    written = {
        f"r{number}": {"report_name": f"Report {number}", **fields, "destinations": [{"integration": "hook"}]}
        for number in range(count)
    }
    return hooks("hook") + "reports: " + json.dumps(written) + "\n"


def asked_by_id(world: World, collection: str) -> list[str]:
    """The ids that were asked for since the last call."""
    head = f"/{collection}/"
    paths = [each["path"].partition("?")[0] for each in world.requests() if each["method"] == "GET"]
    ids = [path.removeprefix(head) for path in paths if path.startswith(head)]
    return [each for each in ids if each not in ("meta", "destinations")]


def ran(world: World, *command: str) -> Run:
    """A command, with the folder as its last argument."""
    world._capsys.readouterr()
    code = run([*command, str(world.folder)])
    captured = world._capsys.readouterr()
    return Run(code, captured.out, captured.err)


def refused(world: World, *command: str) -> str:
    """The words of a command that is refused and writes nothing, neither to the API nor to the state."""
    before = world.state.read_bytes() if world.state.exists() else b""
    done = ran(world, *command)
    assert done.code == 5, (done.out, done.err)
    assert world.writes() == []
    assert (world.state.read_bytes() if world.state.exists() else b"") == before
    return done.err


def state_of(world: World) -> Json:
    """The state's document."""
    document: Json = json.loads(world.state.read_text(encoding="utf-8"))
    return document
