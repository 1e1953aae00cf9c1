"""`apply` of several environments: in order, stopped by the first that fails, and gone on with by the same command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from size import crossed

from environments.conftest import NAMES, Fleet, report_line
from environments.test_plan import environments

BREAK = "POST /scheduled-reports: status 422"


def ends(document: dict[str, object]) -> dict[str, object]:
    """Environment → how many changes are done, or the exit code of its error."""
    every: list[dict[str, dict[str, object]]] = document["environments"]  # type: ignore[assignment]
    return {
        str(each["environment"]): each["error"]["exit"] if "error" in each else each["summary"]["done"]
        for each in every
    }


def test_all_in_order(fleet: Fleet) -> None:
    """Each is applied, the second plan is empty, and each has a receipt of its own."""
    fleet.write(report_line("daily"), report_line("own", more="only_in: [production], "))
    done = fleet.apply()
    assert (done.code, ends(done.document)) == (0, {"sandbox": 1, "staging": 1, "production": 2})
    assert fleet.plan().code == 0
    assert [fleet.names(name) for name in NAMES] == [["daily"], ["daily"], ["daily", "own"]]
    history = fleet.run("history", "--all", "--format", "json").document["environments"]
    assert [(each["environment"], len(each["receipts"])) for each in history] == [(name, 1) for name in NAMES]
    assert fleet.run("history", "--all").out.count("1 create") == 2


def test_the_order_is_that_of_e(fleet: Fleet) -> None:
    """What `-e` names first is applied first."""
    fleet.write(report_line("daily"))
    fleet.worlds["production"].fault(BREAK)
    done = fleet.run("apply", "--auto-approve", "--format", "json", "-e", "production", "-e", "sandbox")
    assert ends(done.document) == {"production": 0, "sandbox": 6}
    assert fleet.names("sandbox") == []


@pytest.mark.parametrize("keep_going", [False, True])
def test_the_first_that_fails_stops_it(fleet: Fleet, *, keep_going: bool) -> None:
    """What was done is done, what was not is named, and the same command goes on; --keep-going does the others."""
    fleet.write(report_line("daily"))
    fleet.worlds["staging"].fault(BREAK)
    flags = ["--keep-going"] if keep_going else []
    done = fleet.apply(*flags)
    assert done.code == 1
    assert ends(done.document) == {"sandbox": 1, "staging": 0, "production": 1 if keep_going else 6}
    assert fleet.names("production") == (["daily"] if keep_going else [])
    if not keep_going:
        assert "production: not begun: staging failed before it" in done.err
    fleet.worlds["staging"].end_faults()
    again = fleet.apply(*flags)
    assert again.code == 0, again.err
    assert [fleet.names(name) for name in NAMES] == [["daily"]] * 3
    assert fleet.plan().code == 0


@pytest.mark.parametrize(("done_before", "as_file"), crossed([["sandbox", "staging"], ["sandbox"], []], [False, True]))
def test_an_approval_of_all(fleet: Fleet, tmp_path: Path, done_before: list[str], *, as_file: bool) -> None:
    """The digest over all, or the plans in a file, hold also for the rest after a failure."""
    fleet.settle(report_line("old"))
    fleet.write(report_line("old"), report_line("daily"))
    planned = fleet.plan()
    (tmp_path / "plan.json").write_text(planned.out, encoding="utf-8")
    expected = f"@{tmp_path / 'plan.json'}" if as_file else planned.document["digest"]
    broken = next((name for name in NAMES if name not in done_before), "")
    if done_before:
        fleet.worlds[broken].fault(BREAK)
        assert fleet.apply("--expect-digest", expected).code == 1
        fleet.worlds[broken].end_faults()
    done = fleet.apply("--expect-digest", expected)
    assert done.code == 0, done.err
    assert [fleet.names(name) for name in NAMES] == [["daily", "old"]] * 3


@pytest.mark.parametrize("as_file", [False, True])
def test_what_was_not_approved_is_refused(fleet: Fleet, tmp_path: Path, *, as_file: bool) -> None:
    """A digest is of all of them: nothing is applied. In a file, what is approved before it is applied."""
    fleet.write(report_line("daily"))
    planned = fleet.plan()
    (tmp_path / "plan.json").write_text(planned.out, encoding="utf-8")
    expected = f"@{tmp_path / 'plan.json'}" if as_file else planned.document["digest"]
    fleet.write(report_line("daily"), report_line("new", more="only_in: [staging], "))
    done = fleet.apply("--expect-digest", expected)
    assert done.code == 5
    assert [fleet.names(name) for name in NAMES] == [["daily"] * as_file, [], []]
    assert "report.new was not approved" in done.err if as_file else "is planned now" in done.err


def test_an_environment_that_was_not_planned_is_not_approved(fleet: Fleet, tmp_path: Path) -> None:
    """The file names who was; an environment without changes needs no approval."""
    fleet.write(report_line("daily"))
    (tmp_path / "plan.json").write_text(fleet.run("plan", "-e", "s*", "--format", "json").out, encoding="utf-8")
    done = fleet.apply("--expect-digest", f"@{tmp_path / 'plan.json'}")
    assert done.code == 5
    assert "approves nothing for the environment production" in done.err
    assert fleet.names("staging") == ["daily"]
    assert fleet.names("production") == []


def test_one_of_many_by_the_file_of_all(fleet: Fleet, tmp_path: Path) -> None:
    """A job for each environment takes the same file."""
    fleet.write(report_line("daily"))
    (tmp_path / "plan.json").write_text(fleet.plan().out, encoding="utf-8")
    done = fleet.run("apply", "-e", "staging", "--auto-approve", "--expect-digest", f"@{tmp_path / 'plan.json'}")
    assert done.code == 0, done.err
    assert [fleet.names(name) for name in NAMES] == [[], ["daily"], []]


def test_saved_plans_of_many(fleet: Fleet, tmp_path: Path) -> None:
    """One file holds them; it names its environments; what is gone on with is what is left of it."""
    fleet.write(report_line("daily"))
    saved = tmp_path / "plans"
    assert fleet.plan("--out", str(saved)).code == 2
    fleet.worlds["production"].fault(BREAK)
    flags = ("--auto-approve", "--format", "json", "--plan", str(saved))
    assert ends(fleet.run("apply", *flags).document) == {"sandbox": 1, "staging": 1, "production": 0}
    fleet.worlds["production"].end_faults()
    done = fleet.run("apply", *flags)
    assert done.code == 0, done.err
    assert [fleet.names(name) for name in NAMES] == [["daily"]] * 3
    one = fleet.run("apply", "-e", "staging", *flags)
    assert one.code == 0, one.err


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace('"daily"', '"dally"', 1),
        lambda text: text + " ",
        lambda text: json.dumps({**json.loads(text), "plans": []}, indent=2) + "\n",
        lambda text: json.dumps({**json.loads(text), "plans": [1]}, indent=2) + "\n",
    ],
)
def test_a_damaged_file_of_many(fleet: Fleet, tmp_path: Path, damage: object) -> None:
    """Nothing of it is applied."""
    fleet.write(report_line("daily"))
    saved = tmp_path / "plans"
    assert fleet.plan("--out", str(saved)).code == 2
    fleet.requests()
    saved.write_text(damage(saved.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    done = fleet.run("apply", "--auto-approve", "--plan", str(saved))
    assert done.code == 5, done.err
    assert fleet.requests() == dict.fromkeys(NAMES, 0)


def test_a_changed_world_stops_before_its_writes(fleet: Fleet, tmp_path: Path) -> None:
    """Somebody changed what the plan of one saw: that one is stale, and the next is not begun."""
    fleet.settle(report_line("daily"))
    fleet.write(report_line("daily", send_at="10:00"))
    saved = tmp_path / "plans"
    fleet.plan("--out", str(saved))
    live = fleet.worlds["staging"].live("scheduled-reports")[0]
    fleet.worlds["staging"].edit("scheduled-reports", live["id"], send_at="12:00")
    done = fleet.run("apply", "--auto-approve", "--format", "json", "--plan", str(saved))
    assert (done.code, ends(done.document)) == (5, {"sandbox": 1, "staging": 5, "production": 6})


def test_without_a_terminal_nothing_is_done(fleet: Fleet) -> None:
    """It asks once for all of them, and cannot."""
    fleet.write(report_line("daily"))
    done = fleet.run("apply", "--all")
    assert done.code == 5
    assert "stdin is not a terminal" in done.err
    assert [fleet.names(name) for name in NAMES] == [[], [], []]


def test_one_without_a_key(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those before it are applied, those after it are not; with --keep-going they are, and the exit code is its."""
    fleet.write(report_line("daily"))
    monkeypatch.delenv("KEY_STAGING")
    done = fleet.apply()
    assert (done.code, ends(done.document)) == (4, {"sandbox": 1, "staging": 4, "production": 6})
    done = fleet.apply("--keep-going")
    assert (done.code, ends(done.document)) == (4, {"sandbox": 0, "staging": 4, "production": 1})


def test_text(fleet: Fleet) -> None:
    """The plans first, what was done in each, and a table at the end."""
    fleet.write(report_line("daily"))
    fleet.worlds["staging"].fault(BREAK)
    done = fleet.run("apply", "--all", "--auto-approve")
    table = done.out.partition("Applied to 3 environments")[2].splitlines()
    assert [re.split(r"\s{2,}", line.strip())[:2] for line in table if line] == [
        ["sandbox", "1 done"],
        ["staging", "1 failed"],
        ["production", "not begun: staging failed before it"],
    ]


def test_drift_of_many(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table and what drifted; 2 if anything did; the worst code if one fails."""
    fleet.settle(report_line("daily"))
    assert fleet.run("drift", "--all").code == 0
    live = fleet.worlds["staging"].live("scheduled-reports")[0]
    fleet.worlds["staging"].edit("scheduled-reports", live["id"], send_at="12:00")
    drifted = fleet.run("drift", "--all", "--format", "json")
    assert drifted.code == 2
    assert [len(each["drift"]) for each in drifted.document["environments"]] == [0, 1, 0]
    assert "Drift in staging: 1 object changed outside" in fleet.run("drift", "--all").out
    assert fleet.run("drift", "--all", "--adopt").code == 64
    monkeypatch.delenv("KEY_SANDBOX")
    failed = fleet.run("drift", "--all", "--format", "json")
    assert (failed.code, environments(failed.document)) == (4, list(NAMES))


def test_validate_some(fleet: Fleet) -> None:
    """Without `-e` all are checked; with it, only those that fit."""
    settings = fleet.folder / "reconciler.yaml"
    settings.write_text(settings.read_text().replace("sandbox: {", "sandbox: {variables: {at: '9'}, "))
    fleet.write(report_line("daily", send_at="${var.at}"))
    assert fleet.run("validate").code == 3
    assert fleet.run("validate", "-e", "sandbox").code == 3
    settings.write_text(settings.read_text().replace("'9'", "'09:00'"))
    assert fleet.run("validate", "-e", "sandbox").code == 0
    assert fleet.run("validate", "-e", "s*").code == 3
    assert fleet.run("validate", "-e", "x*").code == 64
