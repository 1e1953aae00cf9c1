"""From an empty project to one that is as written, as a user does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from world import Json, World

from reconciler.cli.main import run

EXAMPLE = Path(__file__).parents[2] / "examples" / "team"

INTEGRATIONS = """
    integrations:
      alerts: {title: "${var.prefix}Alerts", integration: webhooks, target_platform: iOS, status: active}
      archive: {title: "${var.prefix}Archive", integration: amazon_s3, target_platform: Android}
    """
REPORTS = """
    x-defaults: &defaults {send_at: 09:30, included_range_days: 7, status: active, environment: "${var.environment}"}
    reports:
      daily:
        <<: *defaults
        report_name: Daily
        destinations: [{integration: alerts}]
      weekly:
        <<: *defaults
        report_name: Weekly
        destinations: [{integration: alerts}, {integration: archive}]
    """
AUTOMATIONS = """
    automations:
      welcome:
        name: Welcome
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: nCRUE7SW}}
    """
SETTINGS = """
    environments:
      sandbox: {secret_env: SANDBOX_KEY, variables: {prefix: "[test] ", environment: sandbox}}
      live: {secret_env: LIVE_KEY, variables: {prefix: "", environment: production}}
    """


def numbers(requests: list[Json]) -> dict[str, int]:
    """What was created, by its name, and which request in the log did it."""
    made = [each for each in requests if each["method"] == "POST" and not each["path"].endswith("/status")]
    return {str(each["body"].get("title") or each["body"].get("report_name")): each["n"] for each in made}


@pytest.fixture
def team(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Several files in several folders, two environments, variables."""
    world.write(SETTINGS, "reconciler.yaml")
    world.write(INTEGRATIONS, "platform/integrations.yaml")
    world.write(REPORTS, "reports.yml")
    world.write(AUTOMATIONS, "growth/automations.yaml")
    monkeypatch.setenv("SANDBOX_KEY", "test_sk_a")
    monkeypatch.setenv("LIVE_KEY", "sk_a")
    monkeypatch.delenv("QONVERSION_SECRET")
    return world


@pytest.mark.parametrize("environment", ["sandbox", "live"])
def test_validate_plan_apply_plan(team: World, environment: str) -> None:
    """Exit 0, 2, 0, 0; plans only GET; what a report delivers to exists before the report."""
    assert team.run("validate").code == 0
    assert team.requests() == []
    planned = team.plan("-e", environment)
    assert planned.code == 2
    assert planned.document["summary"]["create"] == 5
    assert {each["method"] for each in team.requests()} == {"GET"}
    applied = team.apply("-e", environment)
    assert applied.code == 0, applied.err
    assert {each["verification"] for each in applied.document["results"]} == {"verified"}
    made = numbers(team.requests())
    prefix = "[test] " if environment == "sandbox" else ""
    assert made[f"{prefix}Alerts"] < made["Daily"]
    assert max(made[f"{prefix}Alerts"], made[f"{prefix}Archive"]) < made["Weekly"]
    again = team.plan("-e", environment)
    assert (again.code, again.document["changes"]) == (0, [])
    assert {each["method"] for each in team.requests()} == {"GET"}


def test_environments_do_not_touch_each_other(team: World) -> None:
    """Each has its key, its state, its variables; applying one leaves the other as it was."""
    assert team.apply("-e", "sandbox").code == 0
    assert team.live("integrations") == []
    assert team.apply("-e", "live").code == 0
    assert [each["title"] for each in team.live("integrations")] in (["Alerts", "Archive"], ["Archive", "Alerts"])
    assert (team.folder / ".reconciler" / "sandbox.json").is_file()
    assert team.plan("-e", "sandbox").code == 0


def test_an_environment_must_be_named_where_there_are_several(team: World) -> None:
    """Never the first one: wrong usage, and nothing is asked of the API."""
    without = team.plan()
    assert without.code == 64
    assert "sandbox, live" in without.err
    assert team.plan("-e", "liev").code == 64
    assert team.requests() == []


def test_one_file_is_a_configuration_too(world: World) -> None:
    """PATH may be a file; its state is beside it."""
    world.write(AUTOMATIONS, "only.yaml")
    assert run(["apply", str(world.folder / "only.yaml"), "--auto-approve"]) == 0
    assert [each["name"] for each in world.live("automations")] == ["Welcome"]
    assert run(["plan", str(world.folder / "only.yaml"), "--detailed-exitcode"]) == 0


@pytest.mark.process
@pytest.mark.network
def test_as_a_program_with_its_simulator_as_another(tmp_path: Path) -> None:
    """`reconciler simulate` in one process, the command line in others: 0, 2, 0, 0, data on stdout alone."""
    program = [sys.executable, "-m", "reconciler"]
    (tmp_path / "a.yaml").write_text(
        "automations: {a: {name: A, status: active, data: {actions: {push: p}}}}\n", encoding="utf-8"
    )
    environment = {**os.environ, "QONVERSION_SECRET": "sk_program"}
    with subprocess.Popen(
        [*program, "simulate", "--port", "0"], stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stderr is not None
            environment["QONVERSION_API_URL"] = server.stderr.readline().split()[-1]
            for arguments, code in (
                (["validate"], 0),
                (["plan", "--detailed-exitcode"], 2),
                (["apply", "--auto-approve"], 0),
                (["plan", "--detailed-exitcode"], 0),
            ):
                done = subprocess.run(
                    [*program, *arguments, str(tmp_path)],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
                assert done.returncode == code, done.stderr
        finally:
            server.terminate()


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="there is no examples/team")
def test_the_example_validates() -> None:
    """The example that the README shows is a valid configuration in all its environments."""
    assert run(["validate", str(EXAMPLE)]) == 0
