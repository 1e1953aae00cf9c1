"""What is named and is not there, or is something else: a file that is no database, an address, a project."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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
    """


def _foreign(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE records (note TEXT)")
    database.close()


@pytest.mark.parametrize("make", [lambda file: file.write_text("notes, and no database\n" * 9), _foreign])
def test_a_file_that_no_simulator_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make: object
) -> None:
    """One line and what to do, exit 64; nothing is written into it."""
    assert callable(make)
    monkeypatch.setenv("QONVERSION_SECRET", "sk_x")
    file = tmp_path / "notes.txt"
    make(file)
    before = file.read_bytes()
    for arguments in (["simulate", str(file)], ["plan", str(tmp_path), "--api-url", f"simulator:{file}"]):
        assert run(arguments) == 64
        error, hint = capsys.readouterr().err.splitlines()
        assert error.startswith(f"error: the simulator cannot keep its data in {file}: ")
        assert hint == "hint: name a new file, or one that a simulator made"
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("report.dayly", 'there is no report.dayly; did you mean "report.daily"?'),
        ("report.weekly", "report.weekly is not live yet"),
        (
            "reports.daily",
            'reports.daily takes no test; expected the address of a report; did you mean "report.daily"?',
        ),
        ("integration.hook", "integration.hook takes no test; expected the address of a report"),
    ],
)
def test_a_test_of_what_is_not_there(world: World, capsys: pytest.CaptureFixture[str], address: str, line: str) -> None:
    """The nearest report is named; what is written and not applied yet is said to be so."""
    world.settle(TEAM)
    weekly = TEAM.replace("daily:", "weekly:").replace("Daily", "Weekly").split("reports:")[1]
    world.write("reports:" + weekly, "weekly.yaml")
    capsys.readouterr()
    assert run(["send-test", address, str(world.folder)]) == 64
    assert capsys.readouterr().err.splitlines()[0] == f"error: {line}"
    assert world.writes() == []


def test_another_project_is_told_before_all_that_would_be_made_there(world: World) -> None:
    """None of the state's ids is live: the refusal and the counts, and not a screen for each create."""
    world.settle(TEAM)
    for collection in ("scheduled-reports", "integrations"):
        for record in world.live(collection):
            if record["id"] in (world.id_of("report.daily"), world.id_of("integration.hook")):
                world.remove(collection, record["id"])
    for command in (["plan"], ["apply", "--auto-approve"]):
        refused = world.run(*command)
        assert refused.code == 5
        assert refused.out == "Plan: 2 to create\n"
        assert "none of the 2 objects in the state is live" in refused.err
    assert len(world.plan().document["changes"]) == 2
    assert "+ create report.daily" in world.run("plan", "--allow", "wrong-project").out
