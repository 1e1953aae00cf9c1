"""Whatever a team and the dashboard do: after an apply nothing is left to do, and nobody else's work was touched."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from random import Random

import pytest
from apply.as_wanted import as_wanted
from apply.random_worlds import ANCHOR, COLLECTIONS, Project, drift, neighbours
from hypothesis import given
from hypothesis import strategies as st
from world import Json, World, opened

from .examples import examples

EVERYTHING = ("--max-deletes", "99", "--allow", "vanished")


def everything(world: World) -> dict[str, dict[str, Json]]:
    """Kind → id → raw record."""
    return {kind: {each["id"]: each for each in world.live(name)} for kind, name in COLLECTIONS.items()}


def managed(world: World) -> dict[str, str]:
    """Address → id, as the state has it."""
    resources = json.loads(world.state.read_text(encoding="utf-8"))["resources"]
    return {address: entry["id"] for address, entry in resources.items()}


def in_order(project: Project, world: World, before: dict[str, str]) -> None:
    """The API itself refuses a report before its integration and an integration before its reports; a replace makes
    the new one first."""
    requests = world.requests()
    # What is gone is asked for by its id.
    assert [each for each in requests if each["status"] >= 400 and each["method"] != "GET"] == []
    for address in project.replaced & set(before):
        title = project.wanted["integrations"][address.partition(".")[2]]["title"]
        gone = [each["n"] for each in requests if each["path"] == f"/integrations/{before[address]}"]
        made = [
            each["n"] for each in requests if each["method"] == "POST" and (each["body"] or {}).get("title") == title
        ]
        assert not gone or min(made) < min(gone)


def settles(project: Project, world: World, before: dict[str, str]) -> None:
    """One apply does it all; then a plan is empty but for what only a person can do, and an apply writes nothing."""
    project.write(world)
    done = world.apply(*EVERYTHING)
    assert done.code == 0, done.out + done.err
    in_order(project, world, before)
    again = world.plan()
    assert again.actions() == dict.fromkeys(project.manual, "manual")
    assert again.code == (2 if project.manual else 0)
    assert world.apply(*EVERYTHING).code == 0
    assert world.writes() == []
    as_wanted(project.wanted, project.manual, managed(world), everything(world))


def lives(chance: Random, world: World) -> None:
    """A project from its first apply through an edit that meets drift."""
    project = Project(chance)
    neighbours(project, world)
    project.write(world)
    theirs = [(each["kind"], each["id"]) for each in world.plan().document["unmanaged"]]
    before = everything(world)
    settles(project, world, {})
    ids = managed(world)
    project.raw.append(ids[f"integration.{ANCHOR}"])
    drift(project, world, ids)
    gone = {f"integration.{key}" for key in project.wanted["integrations"]} - {
        address for address, object_id in ids.items() if object_id in everything(world)["integration"]
    }
    project.edit()
    project.manual -= gone
    project.replaced -= gone
    world.requests()
    settles(project, world, ids)
    after = everything(world)
    assert [after[kind][object_id] for kind, object_id in theirs] == [
        before[kind][object_id] for kind, object_id in theirs
    ]


@examples(25)
@given(chance=st.randoms(use_true_random=False))
@pytest.mark.network
def test_any_world_settles(
    chance: Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an apply the plan is empty, no request broke the order, and the unmanaged is as it was."""
    # What survives a power cut is another test's business, and waiting for the disk is most of the time here.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with opened(Path(tempfile.mkdtemp(dir=tmp_path)), monkeypatch, capsys) as world:
        lives(chance, world)
