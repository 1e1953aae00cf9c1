"""What `apply --plan FILE` takes from the file: the environment, and where the configuration is."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import World

from reconciler.cli.main import run

from .files import FLOW, save

SETTINGS = """
    environments:
      one: {secret_env: QONVERSION_SECRET}
      two: {secret_env: QONVERSION_SECRET}
    """


@pytest.fixture
def saved(world: World) -> Path:
    """A plan for the environment one, made by its folder's name."""
    world.write(SETTINGS, "reconciler.yaml")
    world.write(FLOW)
    return save(world, "--environment", "one")


def test_the_environment(world: World, saved: Path) -> None:
    """It need not be said twice; another one is refused, and one that is gone is wrong usage."""
    assert world.apply("--plan", str(saved), "-e", "two").code == 5
    assert world.apply("--plan", str(saved)).code == 0
    assert (world.folder / ".reconciler" / "one.json").exists()
    world.write("environments: {two: {secret_env: QONVERSION_SECRET}}\n", "reconciler.yaml")
    gone = world.apply("--plan", str(saved))
    assert (gone.code, gone.out) == (64, "")
    assert "there is no environment one" in gone.err


@pytest.mark.parametrize("name", ["nosuch.plan", "a-folder"])
def test_a_file_that_is_none(world: World, tmp_path: Path, name: str) -> None:
    """It is named, with the command that writes such a file."""
    (tmp_path / "a-folder").mkdir()
    refused = world.apply("--plan", str(tmp_path / name))
    assert (refused.code, refused.out) == (64, "")
    error, hint = refused.err.splitlines()
    assert error.startswith(f"error: --plan {tmp_path / name}: ")
    assert hint == "hint: expected a file that `plan --out FILE` wrote"


@pytest.mark.parametrize("above", [".", ".."])
def test_the_folder(world: World, saved: Path, monkeypatch: pytest.MonkeyPatch, above: str) -> None:
    """Without PATH: from the configuration itself, and from a folder above it."""
    monkeypatch.chdir(world.folder / above)
    assert run(["apply", "--auto-approve", "--plan", str(saved)]) == 0
    assert len(world.live("automations")) == 1


def test_another_configuration_is_not_left_for_it(
    world: World, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder is a configuration of its own, or does not hold that of the plan: as if it were named."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run(["apply", "--auto-approve", "--plan", str(saved)]) in (3, 64)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text("environments: {one: {secret_env: QONVERSION_SECRET}}\n")
    assert run(["apply", "--auto-approve", "--plan", str(saved)]) == 5
    assert world.writes() == []


def test_a_failure_is_reported_for_the_environment_of_the_file(world: World, saved: Path, tmp_path: Path) -> None:
    """So it becomes the comment of that environment."""
    world.write("automations: nothing\n")
    report = tmp_path / "report.md"
    assert world.apply("--plan", str(saved), "--report", f"markdown={report}").code == 3
    assert '"environment":"one"' in report.read_text(encoding="utf-8").splitlines()[0]
