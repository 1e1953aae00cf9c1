"""Several environments of one configuration, each with a project of its own over real HTTP."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from world import KEY, Run, World, copy_database, opened, surroundings

NAMES = ("sandbox", "staging", "production")
REST = (
    "included_range_days: 1, status: active, environment: production, destinations: [{type: target_integration, id: m}]"
)


def report_line(key: str, name: str = "", *, send_at: str = "09:00", more: str = "") -> str:
    """A report of one line."""
    return f'  {key}: {{report_name: {name or key}, send_at: "{send_at}", {more}{REST}}}\n'


def fields(name: str) -> dict[str, object]:
    """The same report as somebody makes it in the dashboard."""
    rest = {"included_range_days": 1, "status": "active", "environment": "production"}
    targets = [{"type": "target_integration", "id": "m"}]
    return {"report_name": name, "send_at": "09:00", "destinations": targets, **rest}


_settled: dict[tuple[object, ...], Path] = {}
"""Reports, environments and surroundings → a folder with the state and the data in which they are applied."""


class Fleet:
    """The environments by their names, in the order of `reconciler.yaml`; commands run on the folder of all."""

    def __init__(self, folder: Path, worlds: dict[str, World]) -> None:
        self.folder = folder
        self.worlds = worlds
        self.run_one = next(iter(worlds.values())).run

    def write(self, *lines: str) -> None:
        """The reports of the configuration."""
        (self.folder / "main.yaml").write_text("".join(["reports:\n", *lines]), encoding="utf-8")

    def run(self, command: str, *arguments: str) -> Run:
        """A command on the folder."""
        return self.run_one(command, *arguments)

    def plan(self, *arguments: str) -> Run:
        """What a pipeline sees of the plans of all."""
        return self.run("plan", "--all", "--detailed-exitcode", "--format", "json", *arguments)

    def apply(self, *arguments: str) -> Run:
        """What a pipeline does with them."""
        return self.run("apply", "--all", "--auto-approve", "--format", "json", *arguments)

    def settle(self, *lines: str) -> None:
        """A configuration that is applied everywhere, and logs that begin after it. Nothing has happened before; what
        an earlier test has applied is copied."""
        key = lines, tuple(self.worlds), *surroundings(self.folder.parent)
        state = self.folder / ".reconciler"
        assert not state.exists()
        if any(world.is_patched() for world in self.worlds.values()):
            self._settle_now(*lines)
        elif key in _settled:
            self.write(*lines)
            shutil.copytree(_settled[key] / state.name, state)
            for name, world in self.worlds.items():
                copy_database(_settled[key] / name, world.data)
        else:
            self._settle_now(*lines)
            kept = _settled[key] = self.folder.with_name("settled")
            shutil.copytree(state, kept / state.name)
            for name, world in self.worlds.items():
                copy_database(world.data, kept / name)
        self.requests()

    def _settle_now(self, *lines: str) -> None:
        self.write(*lines)
        done = self.apply()
        assert done.code == 0, done.err
        assert self.plan().code == 0

    def requests(self) -> dict[str, int]:
        """How many requests each API got since the last call."""
        return {name: len(world.requests()) for name, world in self.worlds.items()}

    def names(self, name: str) -> list[str]:
        """The names of the live reports of an environment."""
        return sorted(each["report_name"] for each in self.worlds[name].live("scheduled-reports"))


def make_fleet(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    names: Sequence[str],
    stack: ExitStack,
) -> Fleet:
    """A project for each name, behind a simulator of its own, with a destination that is not managed."""
    worlds = {name: stack.enter_context(opened(path / name, monkeypatch, capsys)) for name in names}
    folder = path / "configuration"
    folder.mkdir()
    lines = ["environments:"]
    for name, world in worlds.items():
        world.folder = folder
        world.insert("destinations", id="m", label="Email: Team")
        world.requests()
        lines.append(f"  {name}: {{secret_env: KEY_{name.upper()}, api_url: '{world.url}'}}")
        monkeypatch.setenv(f"KEY_{name.upper()}", KEY)
    (folder / "reconciler.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    for name in ("QONVERSION_SECRET", "QONVERSION_API_URL"):
        monkeypatch.delenv(name)
    assert "QONVERSION_API_URL" not in os.environ
    return Fleet(folder, worlds)


@pytest.fixture
def fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Fleet]:
    """Three environments, empty."""
    with ExitStack() as stack:
        yield make_fleet(tmp_path, monkeypatch, capsys, NAMES, stack)
