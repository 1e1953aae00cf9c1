"""Saved plans as files: made, carried out, and tampered with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from world import Json, Run, World

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      daily: &report
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
      weekly: {<<: *report, report_name: Weekly}
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """


def save(world: World, *arguments: str) -> Path:
    """A plan in a file outside the configuration; what it asked of the API is forgotten."""
    path = world.folder.parent / "saved.plan"
    planned = world.run("plan", "--out", str(path), *arguments)
    assert planned.code == 0, planned.err
    assert world.writes() == []
    return path


def carry_out(world: World, path: Path, *arguments: str) -> Run:
    """Apply a file as a pipeline does."""
    return world.apply("--plan", str(path), *arguments)


def assert_refused(world: World, path: Path, *words: str) -> Run:
    """Exit 5 with these words, and nothing written: neither to the API nor to the state."""
    before = world.state.read_bytes() if world.state.exists() else None
    refused = carry_out(world, path)
    assert refused.code == 5, refused.err
    assert refused.out == ""
    for word in words:
        assert word in refused.err
    assert world.writes() == []
    assert (world.state.read_bytes() if world.state.exists() else None) == before
    return refused


def tamper(path: Path, edit: Callable[[Json], object]) -> None:
    """Edit a file, and put its checksum right."""
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    del content["checksum"]
    edit(content)
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    document = {"checksum": "sha256:" + hashlib.sha256(canonical.encode()).hexdigest(), **content}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
