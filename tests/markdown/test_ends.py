"""However a command ends, the file of `--report markdown=FILE` says how, in one frame: done, in part, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import KEY, Run, World, integration

from reconciler.commands.review import select_plans
from reconciler.model.approval import CommentMarker, find_marker

from .reading import Reading, require_harmless

TWO = """\
integrations:
  alerts: {title: Alerts, integration: webhooks, target_platform: iOS}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: alerts}]
"""


def _ended(world: World, tmp_path: Path, command: str, *arguments: str) -> tuple[Run, Reading, CommentMarker]:
    file = tmp_path / "report.md"
    file.unlink(missing_ok=True)
    done = world.run(command, "--report", f"markdown={file}", *arguments)
    text = file.read_text(encoding="utf-8")
    marker = find_marker(text)
    assert marker is not None
    return done, require_harmless(text), marker


def test_an_apply_says_what_was_done(world: World, tmp_path: Path) -> None:
    """Done, read back, and what a person still has to do; it approves nothing by itself."""
    world.write(TWO)
    done, reading, marker = _ended(world, tmp_path, "apply", "--auto-approve")
    assert done.code == 0, done.err
    assert ": 2 done" in reading.text[1]
    assert any("2 changes done, 2 of them read back and verified" in line for line in reading.html)
    assert "To do by hand" in reading.headings
    assert (marker.command, marker.approval) == ("apply", None)


def test_an_apply_that_failed_in_part_says_why_and_because_of_what(world: World, tmp_path: Path) -> None:
    """The failure in the API's words, and what was skipped for its sake."""
    world.write(TWO)
    world.fault("POST /integrations: status 422")
    done, reading, _ = _ended(world, tmp_path, "apply", "--auto-approve")
    assert done.code != 0
    assert reading.headings[:2] == ("Failed", "Skipped")
    assert {"integration.alerts", "report.daily"} <= set(reading.codes)


def test_an_invalid_configuration_lists_its_problems(world: World, tmp_path: Path) -> None:
    """Each as file:line:column, as in the log; nothing is approved by it."""
    world.write("reports:\n  a: {report_nam: x}\nautomations:\n  b: {nam: y}\n")
    done, reading, marker = _ended(world, tmp_path, "plan")
    assert done.code == 3
    places = [line.split(": ")[0] for line in done.err.splitlines() if ".yaml:" in line]
    assert places
    assert set(places) <= set(reading.codes)
    assert f"{len(places)} problems in the configuration" in reading.all
    assert (marker.command, marker.approval) == ("plan", None)


def test_the_environment_is_found_in_an_unsound_configuration(world: World, tmp_path: Path) -> None:
    """The comment of the right environment is the one that says so."""
    world.write("environments: {production: {secret_env: QONVERSION_SECRET}}\n", "reconciler.yaml")
    world.write("reports: [\n")
    assert _ended(world, tmp_path, "plan")[2].environment == "production"


def test_what_a_guard_refuses_is_shown_with_what_passes_it(world: World, tmp_path: Path) -> None:
    """In a plan above its changes, in an apply as the reason; nothing was written."""
    world.settle(TWO)
    world.write("reports: {}\n")
    done, reading, marker = _ended(world, tmp_path, "plan")
    assert done.code == 5
    assert "Refused: this plan will not be applied." in reading.text
    assert "--allow empty-configuration" in " ".join(reading.codes + reading.text)
    assert marker.approval is not None
    done, reading, marker = _ended(world, tmp_path, "apply", "--auto-approve")
    assert done.code == 5
    assert ": refused" in reading.all
    assert "What to do: " in reading.all
    assert any("What is planned now" in line for line in reading.html)
    assert marker.approval is None
    assert world.writes() == []


def test_another_plan_than_the_approved_one_is_told(world: World, tmp_path: Path) -> None:
    """What was approved, and the plan as it is now."""
    world.write(TWO)
    done, reading, marker = _ended(world, tmp_path, "apply", "--auto-approve", "--expect-digest", "sha256:" + "0" * 64)
    assert done.code == 5
    assert "Applying failed" in reading.text
    assert "not the plan that was approved" in reading.all
    assert "integration.alerts" in reading.codes
    assert marker.approval is None
    assert world.writes() == []


def test_an_api_that_fails_is_told(world: World, tmp_path: Path) -> None:
    """With the exit code of the failure."""
    world.write(TWO)
    world.fault("GET /integrations: status 500")
    done, reading, _ = _ended(world, tmp_path, "plan")
    assert done.code == 1
    assert "the API or the network failed" in reading.all


def test_a_missing_key_is_told(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything was asked."""
    world.write(TWO)
    monkeypatch.delenv("QONVERSION_SECRET")
    done, reading, _ = _ended(world, tmp_path, "plan")
    assert done.code == 4
    assert "not authorised" in reading.all
    assert world.requests() == []


def test_the_key_is_in_no_file(world: World, tmp_path: Path) -> None:
    """An object in the dashboard bears it: the plan is refused, and what is written of that does not hold the key."""
    world.insert("integrations", **integration(f"x {KEY} y"))
    world.write("reports: {}\n")
    files = [tmp_path / f"plan.{form}" for form in ("markdown", "json", "text")]
    done = world.run("plan", *(word for file in files for word in ("--report", f"{file.suffix[1:]}={file}")))
    assert done.code == 5
    told = files[0].read_text(encoding="utf-8")
    assert "holds the secret key" in told
    assert KEY not in told + done.out + done.err
    assert not files[1].exists()
    assert not files[2].exists()


def test_a_report_that_cannot_be_written_hides_no_error(world: World, tmp_path: Path) -> None:
    """The error of the command is told, and not that of its report."""
    world.write("reports: [\n")
    done = world.run("plan", "--report", f"markdown={tmp_path / 'missing' / 'plan.md'}")
    assert done.code == 3


def test_an_apply_that_is_cut_off_leaves_no_plan_to_approve(tmp_path: Path) -> None:
    """What is told at the end is written at the end: killed before it, an apply leaves no file that says "planned"."""
    reports = [("markdown", tmp_path / "a.md"), ("json", tmp_path / "a.json")]
    assert select_plans(reports) == [("json", tmp_path / "a.json")]
