"""Whatever refers to whatever: nothing is made before what it needs, and nothing taken away while it is used."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.apply.execute import Part, Schedule
from reconciler.cli.main import run
from reconciler.commands.plan import plan
from reconciler.commands.session import open_session
from reconciler.model.plan import Action, Plan
from reconciler.plan.guards import Options

from .examples import examples

INTEGRATIONS, REPORTS = "abcde", "vwxyz"
Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Edit:
    """Integration → its title, before and after; report → what it uses, before and after."""

    before: dict[str, str]
    after: dict[str, str]
    used: Graph
    uses: Graph


def graphs(integrations: list[str]) -> st.SearchStrategy[Graph]:
    """Reports that each use some of the integrations."""
    if not integrations:
        return st.just({})
    return st.dictionaries(st.sampled_from(REPORTS), st.sets(st.sampled_from(integrations), min_size=1), max_size=5)


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Any edit of any graph; an integration whose title changes is replaced."""
    titled = st.dictionaries(st.sampled_from(INTEGRATIONS), st.sampled_from(["old", "new"]), max_size=5)
    before, after = draw(titled), draw(titled)
    return Edit(before, after, draw(graphs(sorted(before))), draw(graphs(sorted(after))))


def written(titles: dict[str, str], uses: Graph) -> str:
    """A graph as a configuration."""
    report: dict[str, Any] = {"send_at": "09:00", "included_range_days": 1, "status": "draft", "environment": "sandbox"}
    platform = {"integration": "webhooks", "target_platform": "iOS", "lifecycle": {"replace": "allow"}}
    return json.dumps(
        {
            "integrations": {key: {**platform, "title": f"{key} {title}"} for key, title in titles.items()},
            "reports": {
                key: {**report, "report_name": key, "destinations": [{"integration": each} for each in sorted(used)]}
                for key, used in uses.items()
            },
        }
    )


def planned(folder: Path, edit: Edit) -> Plan:
    """The plan of an edit, after what was before has been applied to the embedded simulator."""
    (folder / "main.yaml").write_text(written(edit.before, edit.used), encoding="utf-8")
    address = f"simulator:{folder.parent / 'simulator.db'}"
    assert run(["apply", str(folder), "--auto-approve", "--api-url", address]) == 0
    (folder / "main.yaml").write_text(written(edit.after, edit.uses), encoding="utf-8")
    with open_session(folder, None, address, {"QONVERSION_SECRET": "sk_order"}, 1) as session:
        return plan(session, Options()).plan


class Walk:
    """What is live while a plan is carried out, by its actions alone: made things, and who uses which."""

    def __init__(self, edit: Edit, plan: Plan) -> None:
        self.edit = edit
        self.actions = {change.address: change.action for change in plan.changes}
        self.live = {("integration", key, title) for key, title in edit.before.items()}
        self.uses = {key: {(each, edit.before[each]) for each in used} for key, used in edit.used.items()}

    def begins(self, part: Part) -> None:
        """What it needs is there, and what it takes away is used by nobody."""
        kind, _, key = part.address.partition(".")
        action = self.actions[part.address]
        if kind == "report" and action is not Action.DELETE:
            assert all(("integration", each, self.edit.after[each]) in self.live for each in self.edit.uses[key]), part
        if kind == "integration" and (part.cleanup or action is Action.DELETE):
            assert not any((key, self.edit.before[key]) in used for used in self.uses.values()), part

    def ends(self, part: Part) -> None:
        """It is done."""
        kind, _, key = part.address.partition(".")
        gone = self.actions[part.address] is Action.DELETE
        if kind == "report":
            used = set() if gone else self.edit.uses[key]
            self.uses[key] = {(each, self.edit.after[each]) for each in used}
        elif gone or part.cleanup:
            self.live.remove(("integration", key, self.edit.before[key]))
        else:
            self.live.add(("integration", key, self.edit.after[key]))


@examples(60)
@given(edit=edits(), data=st.data())
def test_no_order_breaks_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: Edit, data: st.DataObject
) -> None:
    """However long each write takes, and whichever of them fail: creates come before their users, deletes after them,
    a replaced one goes when nobody uses it; and without a failure all of it is done."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("QONVERSION_SECRET", "sk_order")
    folder = Path(tempfile.mkdtemp(dir=tmp_path)) / "configuration"
    folder.mkdir()
    made = planned(folder, edit)
    walk, schedule = Walk(edit, made), Schedule(made.changes)
    running, failures = schedule.take_ready(), 0
    for part in running:
        walk.begins(part)
    while running:
        part = running.pop(data.draw(st.integers(0, len(running) - 1), "which of them ends next"))
        if data.draw(st.integers(0, 9), "0: it fails") == 0:
            failures += 1
            schedule.fail(part)
            continue
        walk.ends(part)
        freed = schedule.finish(part)
        for each in freed:
            walk.begins(each)
        running += freed
    assert schedule.take_rest() == []
    if not failures:
        assert walk.live == {("integration", key, title) for key, title in edit.after.items()}
        assert {key for key, used in walk.uses.items() if used} == set(edit.uses)
