"""States and receipts as earlier versions wrote them: each file here was written by the version that had its form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from world import Json, World

from reconciler.state import document, receipts

STATES = sorted((Path(__file__).parent / "formats").glob("*.json"))
RECEIPTS = sorted((Path(__file__).parents[1] / "receipts" / "formats").glob("*.json"))
CONFIGURATION = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
        lifecycle: {prevent_destroy: true}
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """
ADDRESSES = ("automation.flow", "integration.hook", "report.daily")
REPORTS = CONFIGURATION[CONFIGURATION.index("    reports:") : CONFIGURATION.index("    automations:")]


def read(path: Path) -> Json:
    """What stands in a file."""
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def _ids(state: Json) -> list[str]:
    """The ids of the objects, and of the destination."""
    (destination,) = state["resources"]["report.daily"]["applied"]["destinations"]
    return [*(state["resources"][address]["id"] for address in ADDRESSES), destination["id"]]


def put_back(world: World, path: Path) -> Json:
    """A project whose state is that of an earlier version, with the ids of this project's objects."""
    world.settle(CONFIGURATION)
    old, today = read(path), read(world.state)
    ids = dict(zip(_ids(old), _ids(today), strict=True))
    text = re.sub(r'"([^"]+)"', lambda found: f'"{ids.get(found[1], found[1])}"', path.read_text(encoding="utf-8"))
    world.state.write_text(text, encoding="utf-8")
    world.requests()
    return read(world.state)


def test_every_format_that_is_read_is_here() -> None:
    """From the oldest to today's, for states and for receipts."""
    states = {read(path)["format_version"] for path in STATES}
    assert states == set(range(document.OLDEST_VERSION, document.FORMAT_VERSION + 1))
    assert {read(path)["format_version"] for path in RECEIPTS} == set(range(1, receipts.FORMAT_VERSION + 1))


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_a_state_is_read_and_goes_on_as_todays(world: World, path: Path) -> None:
    """The plan is empty; one edit is one update, and its apply writes today's format and keeps the lineage."""
    before = put_back(world, path)
    planned = world.plan()
    assert (planned.code, planned.actions()) == (0, {}), planned.err
    world.write(CONFIGURATION.replace("p1", "p2"))
    assert world.plan().causes("automation.flow") == {"data.actions.push": "config"}
    assert world.apply().code == 0
    after = read(world.state)
    assert (after["format_version"], after["lineage"]) == (document.FORMAT_VERSION, before["lineage"])
    assert after["serial"] == before["serial"] + 1
    assert [method for method, _, _ in world.writes()] == ["PUT"]
    assert world.plan().actions() == {}


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_a_state_remembers_what_was_protected(world: World, path: Path) -> None:
    """The block of a protected report is gone: that is a delete, and it is refused."""
    put_back(world, path)
    world.write(CONFIGURATION.replace(REPORTS, ""))
    refused = world.plan()
    assert refused.code == 5
    assert refused.actions() == {"report.daily": "delete"}
    assert "prevent_destroy" in refused.err


@pytest.mark.parametrize("path", RECEIPTS, ids=lambda path: path.stem)
def test_a_receipt_is_read(world: World, path: Path) -> None:
    """`history` lists it."""
    world.settle(CONFIGURATION)
    (own,) = (world.state.parent / "receipts" / "default").glob("*.json")
    own.write_bytes(path.read_bytes())
    shown = world.run("history", "--format", "json")
    assert shown.code == 0, shown.err
    (listed,) = shown.document["receipts"]
    assert listed["digest"] == read(path)["digest"]
