"""Whatever a team and the dashboard do: after an apply nothing is left to do, and nobody else's work was touched."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from world import Json, World, opened

from .random_worlds import ANCHOR, COLLECTIONS, SECTIONS, Project, drift, neighbours

CHUNKS, EACH = 16, 10
EVERYTHING = ("--max-deletes", "99")


def everything(world: World) -> dict[str, dict[str, Json]]:
    """Kind → id → raw record."""
    return {kind: {each["id"]: each for each in world.live(name)} for kind, name in COLLECTIONS.items()}


def managed(world: World) -> dict[str, str]:
    """Address → id, as the state has it."""
    resources = json.loads(world.state.read_text(encoding="utf-8"))["resources"]
    return {address: entry["id"] for address, entry in resources.items()}


def within(wanted: Any, live: Any) -> bool:
    """Whether everything that is wanted is live; a null and nothing are the same, other keys may be there."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            live.get(key) is None if value is None else within(value, live.get(key)) for key, value in wanted.items()
        )
    return type(wanted) is type(live) and bool(wanted == live)


def as_wanted(project: Project, world: World) -> None:
    """Holds each object against what is written, by the documents' words alone."""
    ids, live = managed(world), everything(world)
    active = {"paused": 0, "active": 1}
    providers = {"webhooks": "Webhooks", "slack": "Slack", "amazon_s3": "Amazon S3"}
    assert set(ids) == {f"{kind}.{key}" for section, kind in SECTIONS.items() for key in project.wanted[section]}
    for key, fields in project.wanted["integrations"].items():
        record = live["integration"][ids[f"integration.{key}"]]
        if f"integration.{key}" not in project.manual:
            assert record["title"] == fields["title"]
            assert record["integration"] == providers.get(fields["integration"], "Google Cloud Storage")
            assert record["target_platform"] == fields["target_platform"]
            assert "status" not in fields or record["active"] == active[fields["status"]]
    for key, fields in project.wanted["reports"].items():
        record = live["report"][ids[f"report.{key}"]]
        targets = {item.get("id") or ids[f"integration.{item['integration']}"] for item in fields["destinations"]}
        assert {each["id"] for each in record["destinations"]} == targets
        assert within({name: value for name, value in fields.items() if name != "destinations"}, record)
    for key, fields in project.wanted["automations"].items():
        assert within(fields, live["automation"][ids[f"automation.{key}"]])


def in_order(project: Project, world: World, before: dict[str, str]) -> None:
    """The API itself refuses a report before its integration and an integration before its reports; a replace makes
    the new one first."""
    requests = world.requests()
    assert [each for each in requests if each["status"] >= 400] == []
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
    as_wanted(project, world)


def lives(seed: int, world: World) -> None:
    """A project from its first apply through an edit that meets drift."""
    project = Project(seed)
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


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_any_world_settles(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an apply the plan is empty, no request broke the order, and the unmanaged is as it was."""
    # What survives a power cut is another test's business, and waiting for the disk is most of the time here.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        with opened(tmp_path / str(seed), monkeypatch, capsys) as world:
            try:
                lives(seed, world)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
