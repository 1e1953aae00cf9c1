"""`--format json` of what needs no key: one document on stdout, with a version, and nothing else there."""

from __future__ import annotations

import json

import pytest
from world import World

from reconciler.cli.main import run

TEAM = """
    integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS}}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
        lifecycle: {prevent_destroy: true}
    """


def test_the_state_as_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each address with its id, its guard, and what it depends on; an empty state is an empty list."""
    for applied in (False, True):
        if applied:
            world.settle(TEAM)
        capsys.readouterr()
        assert run(["state", "list", str(world.folder), "--format", "json"]) == 0
        out, err = capsys.readouterr()
        found = json.loads(out)
        assert err == ""
        assert (found["format_version"], found["environment"]) == (1, "default")
        assert len(found["resources"]) == (2 if applied else 0)
    assert found["resources"][1] == {
        "address": "report.daily",
        "id": world.id_of("report.daily"),
        "protected": True,
        "depends_on": ["integration.hook"],
    }


def test_the_verdict_as_json(world: World) -> None:
    """Valid: how many there are in each environment. Invalid: each problem with its place, and exit 3."""
    world.write(TEAM)
    valid = world.run("validate", "--format", "json")
    assert valid.code == 0
    assert valid.document == {
        "format_version": 1,
        "valid": True,
        "problems": [],
        "warnings": [],
        "hints": [],
        "environments": [{"environment": "default", "resources": 2}],
    }
    world.write(TEAM.replace("included_range_days: 1", "included_range_days: 2"))
    invalid = world.run("validate", "--format", "json")
    assert invalid.code == 3
    assert invalid.document["valid"] is False
    (problem,) = invalid.document["problems"]
    assert (problem["file"], problem["line"]) == (str(world.folder / "main.yaml"), 7)
    assert problem["message"] in invalid.err


def test_the_history_as_json(world: World) -> None:
    """It has a version, too."""
    world.settle(TEAM)
    found = world.run("history", "--format", "json").document
    assert (found["format_version"], len(found["receipts"])) == (1, 1)
