"""`import ADDRESS ID`: the YAML of a live object, written where it belongs, and adopted by the next apply."""

from __future__ import annotations

import os

import pytest
from world import World, integration, report

OURS = """\
# Where alerts go.
integrations:
  hook:   # the one and only
    title: Hook
    integration: webhooks
    target_platform: iOS
"""


def imported(world: World, address: str, object_id: str, *arguments: str) -> tuple[int, str]:
    """How the command ended, and what it said."""
    world._capsys.readouterr()
    from reconciler.cli.main import run  # noqa: PLC0415 - the command's path stands behind its arguments

    code = run(["import", address, object_id, str(world.folder), *arguments])
    return code, world._capsys.readouterr().err


def test_the_block_and_its_line(world: World) -> None:
    """The file gets the resource, references by key, and the `imports` line; a plan adopts it, and nothing else."""
    world.settle(OURS)
    hook = world.id_of("integration.hook")
    daily = world.insert("scheduled-reports", **report("No: 1", hook, status="draft"))
    assert imported(world, "report.daily", daily)[0] == 0
    text = (world.folder / "reports.yaml").read_text(encoding="utf-8")
    assert '    report_name: "No: 1"\n' in text
    assert "      - integration: hook\n" in text
    assert f"  - {{to: report.daily, id: {daily}}}\n" in text
    assert world.plan().actions() == {"report.daily": "adopt"}
    world.requests()
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.plan().code == 0


def test_an_existing_file_keeps_its_comments(world: World) -> None:
    """What stands there stays as it is, byte for byte; the new block comes behind it."""
    world.settle(OURS)
    other = world.insert("integrations", **integration("Other"))
    assert imported(world, "integration.other", other, "--file", str(world.folder / "main.yaml"))[0] == 0
    text = (world.folder / "main.yaml").read_text(encoding="utf-8")
    assert text.startswith(OURS.rstrip("\n"))
    assert "  other:\n    title: Other\n" in text
    assert world.plan().actions() == {"integration.other": "adopt"}


def test_what_cannot_be_imported(world: World) -> None:
    """Something managed, something that is not live, a key that is taken, an address of no kind."""
    world.settle(OURS)
    hook = world.id_of("integration.hook")
    other = world.insert("integrations", **integration("Other"))
    code, said = imported(world, "integration.again", hook)
    assert (code, "managed already, as integration.hook" in said) == (5, True)
    code, said = imported(world, "integration.again", "nobody")
    assert (code, "there is no live integration nobody" in said) == (64, True)
    assert "hint: `reconciler plan --format json` lists the objects that are not managed, with their ids\n" in said
    code, said = imported(world, "integration.hook", other)
    assert (code, "main.yaml:3:3" in said) == (5, True)
    code, said = imported(world, "webhook.x", other)
    assert (code, "KIND.KEY" in said) == (64, True)
    assert (world.folder / "main.yaml").read_text(encoding="utf-8") == OURS


def test_what_may_not_be_written_is_left_out(world: World) -> None:
    """An integration in error: `error` may be read and not be written, so its status is left alone, and said."""
    world.settle(OURS)
    broken = world.insert("integrations", **integration("Broken", active=2))
    code, said = imported(world, "integration.broken", broken)
    left = f'left to you: integration {broken} ("Broken"): its status is not written'
    assert (code, f'{left}: the server sets "error"; YAML can say paused or active' in said) == (0, True)
    assert "status" not in (world.folder / "integrations.yaml").read_text(encoding="utf-8")
    assert world.plan().actions() == {"integration.broken": "adopt"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("pipe.yaml", "is a named pipe"), ("large.yaml", "is larger than 20 MB"), ("/dev/zero", "is a device")],
)
def test_a_file_that_is_none_is_not_read(world: World, name: str, said: str) -> None:
    """A pipe would hold us for ever, a device has no end: refused as in a configuration, and nothing is written."""
    world.settle(OURS)
    other = world.insert("integrations", **integration("Other"))
    os.mkfifo(world.folder.parent / "pipe.yaml")
    with (world.folder.parent / "large.yaml").open("wb") as large:
        large.truncate(20_000_001)
    code, told = imported(world, "integration.other", other, "--file", str(world.folder.parent / name))
    assert (code, said in told) == (3, True), told
    assert world.plan().code == 0
