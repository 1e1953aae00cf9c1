"""What the tests of `fold` have in common: reports that are nearly equal, and the proof that all stays as it was."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from reconciler.cli.main import run
from reconciler.commands.edits import evaluate
from reconciler.model.inputs import Desired


class Folded(NamedTuple):
    """What `fold --write` made of a file, and what was said."""

    text: str
    out: str
    err: str


Fold = Callable[..., Folded]
Compared = dict[str, object]


def compared(desired: Desired) -> Compared:
    """All that a plan is made of, types of values included."""
    return {
        "moved": [(each.source, each.target) for each in desired.moved],
        "removed": [(each.source, each.destroy) for each in desired.removed],
        "imports": [(each.target, each.id) for each in desired.imports],
        **{
            address: (repr(sorted(each.fields.items())), each.lifecycle, each.file)
            for address, each in desired.resources.items()
        },
    }


def folding(folder: Path, capsys: pytest.CaptureFixture[str]) -> Fold:
    """What folds a configuration in a folder, and proves this: it shows what it writes, each environment gets the same
    by that, and folding again changes nothing."""

    def folded(text: str, *arguments: str, settings: str = "") -> Folded:
        file = folder / "main.yaml"
        file.write_bytes(textwrap.dedent(text).encode())
        (folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
        before = {name: compared(each) for name, each in evaluate(folder, []).items()}
        capsys.readouterr()
        assert run(["fold", str(folder), *arguments]) == 0
        shown = capsys.readouterr()
        assert file.read_bytes().decode() == textwrap.dedent(text), "it writes only if it is told so"
        assert run(["fold", str(folder), "--write", *arguments]) == 0
        captured = capsys.readouterr()
        assert captured.out == shown.out
        after = file.read_bytes().decode()
        assert {name: compared(each) for name, each in evaluate(folder, []).items()} == before
        assert run(["fold", str(folder), "--write"]) == 0
        assert file.read_bytes().decode() == after or arguments, "folding again changes nothing"
        return Folded(after, captured.out, captured.err)

    return folded


HOOK = "integrations:\n  hook: {title: Hook, integration: webhooks, target_platform: iOS}\n"


def reports(*blocks: tuple[str, ...]) -> str:
    """Reports with these lines below their keys, besides those that all have."""
    lines = ["reports:"]
    for key, *own in blocks:
        names = {each.partition(":")[0] for each in own}
        shared = {"included_range_days": "1", "status": "active", "environment": "production", "send_at": "07:30"}
        rest = [f"{name}: {value}" for name, value in shared.items() if name not in names]
        lines += [f"  {key}:", *(f"    {each}" for each in (*own, *rest, "destinations: [{integration: hook}]"))]
    return HOOK + "\n".join(lines) + "\n"
