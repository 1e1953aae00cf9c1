"""The examples, command by command, over HTTP, against a simulator that is a process."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import httpx
import pytest
from loopback import NO_TLS

from reconciler.cli.main import run

from .conftest import Rehearsal

EXAMPLES = Path(__file__).parents[2] / "examples"
PRODUCTION = {"QONVERSION_SECRET": "sk_rehearsal"}
SANDBOX = {"QONVERSION_SANDBOX_SECRET": "test_sk_rehearsal"}
WAYS = [
    pytest.param("quickstart", (), PRODUCTION, id="quickstart"),
    pytest.param("team", ("--environment", "sandbox"), SANDBOX, id="team in the sandbox"),
    pytest.param("team", ("--environment", "production"), PRODUCTION, id="team in production"),
    pytest.param(
        "studio", ("--environment", "sandbox"), SANDBOX, id="studio in the sandbox", marks=pytest.mark.exhaustive
    ),
    pytest.param("studio", ("--environment", "production"), PRODUCTION, id="studio in production"),
]
RESOURCES = {
    "quickstart": {"default": 3},
    "team": {"sandbox": 7, "production": 7},
    "studio": {"sandbox": 115, "production": 124},
}
MOST_LINES = 120
"""Of the YAML that comes to so many."""


def copied(name: str, folder: Path) -> Path:
    """An example where its state may be written, without one that somebody's rehearsal has left in the repository."""
    return Path(shutil.copytree(EXAMPLES / name, folder / name, ignore=shutil.ignore_patterns(".reconciler")))


@pytest.mark.parametrize(("name", "options", "keys"), WAYS)
def test_an_example_is_applied_once_and_then_has_nothing_to_do(
    rehearsal: Rehearsal, tmp_path: Path, name: str, options: tuple[str, ...], keys: dict[str, str]
) -> None:
    """Exit 0, 2, 0, 0 of validate, plan, apply, plan on a fresh simulator; a second apply writes nothing."""
    folder = copied(name, tmp_path)
    validated = rehearsal.run("validate", folder)
    assert validated.code == 0, validated.err
    planned = rehearsal.run("plan", "--detailed-exitcode", folder, *options, **keys)
    assert planned.code == 2, planned.err
    named = options[-1] if options else "default"
    number = RESOURCES[name][named]
    assert f"Plan for {named}: {number} to create (API: http://127." in planned.out
    applied = rehearsal.run("apply", "--auto-approve", folder, *options, **keys)
    assert applied.code == 0, applied.err
    assert f"{number} changes read back and verified" in applied.out
    again = rehearsal.run("plan", "--detailed-exitcode", folder, *options, **keys)
    assert again.code == 0, again.out + again.err
    before = len(rehearsal.requests())
    second = rehearsal.run("apply", "--auto-approve", folder, *options, **keys)
    assert second.code == 0, second.err
    assert {line["method"] for line in rehearsal.requests()[before:]} == {"GET"}


def test_the_studio_is_short() -> None:
    """People copy it, so what is many in it is written once."""
    files = (each for each in (EXAMPLES / "studio").rglob("*.yaml") if each.name != "policies.yaml")
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) <= MOST_LINES


def test_both_environments_of_the_team_live_side_by_side(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Each has its own project, its own state and its own values: applying one leaves the other as it was."""
    folder = copied("team", tmp_path)
    for options, keys in ((("-e", "sandbox"), SANDBOX), (("-e", "production"), PRODUCTION)):
        assert rehearsal.run("apply", "--auto-approve", folder, *options, **keys).code == 0
    assert rehearsal.run("plan", "--detailed-exitcode", folder, "-e", "sandbox", **SANDBOX).code == 0
    names = {
        record["title"]
        for key in ("sk_x", "test_sk_x")
        for record in get(rehearsal, "/integrations", key)["data"]
        if record["integration"] == "Slack"
    }
    assert names == {"Release alerts", "[test] Release alerts"}


def test_the_teams_report_is_also_sent_to_what_is_not_managed(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """The destination by id is one that the simulator begins with and that stands in no list of integrations."""
    offered = get(rehearsal, "/scheduled-reports/destinations", "sk_x")["data"]
    assert offered == [{"type": "target_integration", "id": "int-email-01", "label": "Email: Team"}]
    assert get(rehearsal, "/integrations", "sk_x")["data"] == []
    folder = copied("team", tmp_path)
    assert rehearsal.run("apply", "--auto-approve", folder, "-e", "production", **PRODUCTION).code == 0
    reports = get(rehearsal, "/scheduled-reports", "sk_x")["data"]
    labels = [destination["label"] for report in reports for destination in report["destinations"]]
    assert sorted(labels) == ["Amazon S3: Warehouse", "Amazon S3: Warehouse", "Email: Team", "Slack: Release alerts"]


def test_a_bare_simulator_begins_with_nothing(bare: Rehearsal) -> None:
    """`--bare`, for those who want to see what an empty project answers."""
    assert get(bare, "/scheduled-reports/destinations", "sk_x")["data"] == []


def test_the_guards_of_the_team_hold(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """A warehouse that was removed from the YAML is not deleted: prevent_destroy is remembered, the exit is 5."""
    folder = copied("team", tmp_path)
    arguments = ("apply", "--auto-approve", folder, "-e", "sandbox")
    assert rehearsal.run(*arguments, **SANDBOX).code == 0
    (folder / "reports" / "revenue.yaml").unlink()
    text = (folder / "integrations.yaml").read_text(encoding="utf-8")
    (folder / "integrations.yaml").write_text(re.sub(r"  warehouse:\n(?:    .*\n)*", "", text), encoding="utf-8")
    refused = rehearsal.run(*arguments, **SANDBOX)
    assert refused.code == 5
    assert "integration.warehouse" in refused.err
    assert len(get(rehearsal, "/integrations", "test_sk_x")["data"]) == 3


def get(rehearsal: Rehearsal, path: str, key: str) -> dict[str, list[dict[str, object]]]:
    """What the simulator shows to that key."""
    answer = httpx.get(rehearsal.url + path, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=NO_TLS)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[dict[str, object]]] = answer.json()
    return found


@pytest.mark.parametrize(
    "folder", sorted({each.parent for each in EXAMPLES.rglob("*.test.yaml")}), ids=lambda folder: folder.name
)
def test_the_tests_of_an_example_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And each of its policies is seen to hold and to refuse."""
    if any(each.name == "policies.yaml" for each in folder.iterdir()):
        pytest.importorskip("cel_expr_python", reason="the extra `policies` is not installed")
    code = run(["test", "--format", "json", str(folder)])
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found["tests"] if not each["passed"]] == []
    assert code == 0
    assert all(each["held"] and each["refused"] for each in found["policies"].values())
