"""An environment that has gone from `reconciler.yaml`, while its state still holds objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.conftest import Fleet, report_line
from environments.test_plan import begin_repository


def remove(fleet: Fleet, name: str) -> None:
    """The environment goes from `reconciler.yaml`."""
    settings = fleet.folder / "reconciler.yaml"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith(f"  {name}:")), encoding="utf-8")


def test_a_plan_names_the_state_that_is_left(fleet: Fleet) -> None:
    """Once, in the plan of the first environment, with the number of objects; no request more is sent."""
    fleet.settle(report_line("daily"), report_line("weekly"))
    assert fleet.plan().code == 0
    before = fleet.requests()
    remove(fleet, "staging")
    (sandbox, production) = fleet.plan().document["environments"]
    file = fleet.folder / ".reconciler" / "staging.json"
    assert sandbox["warnings"] == [
        f"{file}: this state holds 2 objects of the environment staging, which is not in reconciler.yaml: no plan "
        "touches them; to keep them, delete this file; to delete them, add it again and leave all out of it by "
        "`only_in`"
    ]
    assert production["warnings"] == []
    assert fleet.requests() == before | {"staging": 0}
    assert fleet.run("plan", "--all").out.count("staging.json: this state holds 2 objects") == 1


def test_an_empty_state_or_another_file_is_nothing(fleet: Fleet) -> None:
    """What holds no objects is not told, nor what is no state."""
    fleet.settle(report_line("daily"))
    fleet.write(report_line("daily", more="only_in: [sandbox, production], "))
    assert fleet.apply().code == 5
    assert fleet.apply("--allow", "empty-configuration").code == 0
    remove(fleet, "staging")
    (fleet.folder / ".reconciler" / "notes.json").write_text("[]", encoding="utf-8")
    assert [each["warnings"] for each in fleet.plan().document["environments"]] == [[], []]


@pytest.mark.git
def test_a_pull_request_that_removes_one_says_so(fleet: Fleet, tmp_path: Path) -> None:
    """With --base, its row says what becomes of its objects; nothing is sent to it, and an apply goes on."""
    fleet.settle(report_line("daily"))
    begin_repository(fleet)
    remove(fleet, "staging")
    comment = tmp_path / "comment.md"
    planned = fleet.plan("--base", "HEAD", "--report", f"markdown={comment}")
    assert planned.code == 0, planned.err
    said = "it is not in reconciler.yaml any more: its objects stay live, and nothing manages them"
    assert planned.document["left_out"]["staging"] == said
    assert f"| `staging` | left out: {said}" in comment.read_text(encoding="utf-8")
    assert "staging" not in fleet.run("plan", "-e", "sandbox", "-e", "production", "--base", "HEAD").out
    assert fleet.apply("--base", "HEAD").code == 0
    assert fleet.requests()["staging"] == 0
