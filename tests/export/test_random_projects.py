"""Whatever a project holds: its export validates, and a plan right after it has nothing to do."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from world import World, automation, integration, opened, report

from reconciler.cli.main import run

CHUNKS, EACH = 6, 10
# Every plane of what a name may hold; surrogates cannot be sent.
LETTERS = [
    *map(chr, range(0x20, 0x2FF)),
    *"\t\n\r\x7f\u2028\u2029\ufeff日本語\N{ROCKET}",
    *"${}:#-?,[]&*!|>'\"%@`~" * 8,
]
PROVIDERS = ["webhooks", "slack", "amplitude", "amazon_s3", "Hooks & Co"]


def text(chosen: random.Random) -> str:
    """A text of strange letters, sometimes one of a few words so that two are the same."""
    if chosen.random() < 0.3:
        return chosen.choice(["Daily", "daily", "DAILY ", "no", "null", "1", "0.1", "=", "<<", "", "\N{ROCKET}"])
    return "".join(chosen.choice(LETTERS) for _ in range(chosen.randint(1, 40)))


def value(chosen: random.Random, depth: int = 0) -> Any:
    """A JSON value."""
    if depth < 3 and chosen.random() < 0.4:
        return {text(chosen): value(chosen, depth + 1) for _ in range(chosen.randint(0, 3))}
    if depth < 3 and chosen.random() < 0.3:
        return [value(chosen, depth + 1) for _ in range(chosen.randint(0, 3))]
    return chosen.choice([None, True, False, 0, -1, 1.0, 1e-7, 1e300, 10**19, text(chosen)])


def furnish(world: World, seed: int) -> None:
    """Live objects as they come."""
    chosen = random.Random(seed)  # noqa: S311 - a test that can be repeated
    hooks = [
        world.insert(
            "integrations",
            **integration(text(chosen), integration=chosen.choice(PROVIDERS), active=chosen.choice([0, 1, 2, 3, None])),
        )
        for _ in range(chosen.randint(0, 6))
    ]
    for _ in range(chosen.randint(0, 6)):
        targets = chosen.sample([*hooks, "gone-1"], chosen.randint(0, len(hooks)))
        status = chosen.choice(["active", "draft", "archived"])
        days = chosen.choice([1, 3, 7, 14])
        world.insert("scheduled-reports", **report(text(chosen), *targets, status=status, included_range_days=days))
    for _ in range(chosen.randint(0, 6)):
        data = value(chosen) if chosen.random() < 0.3 else {"actions": {"push": text(chosen)}, "more": value(chosen)}
        status = chosen.choice(["active", "inactive", "paused", "unknown"])
        caption = chosen.choice([None, text(chosen)])
        world.insert("automations", **automation(text(chosen), status=status, caption=caption, data=data))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_any_project_can_be_exported(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It validates, the plan is empty, what is left out is unmanaged, and a second export is the same."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        with opened(tmp_path / str(seed), monkeypatch, capsys) as world:
            furnish(world, seed)
            done = world.run("export")
            assert done.code == 0, f"seed {seed}: {done.err}"
            checked = world.run("validate")
            assert checked.code == 0, f"seed {seed}: {checked.err}"
            planned = world.plan()
            assert planned.code == 0, f"seed {seed}: {planned.err}{planned.out}"
            left_out = done.err.count(" is left out: ")
            assert len(planned.document["unmanaged"]) == left_out, f"seed {seed}: {done.err}"
            assert world.writes() == []
            again = world.folder.parent / "again"
            assert run(["export", str(again)]) == 0
            for path in world.folder.glob("*.yaml"):
                assert (again / path.name).read_bytes() == path.read_bytes(), f"seed {seed}"
