"""What is not there is not removed: a configuration that was not found is an error, and never an empty one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from world import World

from reconciler.cli.main import run

from .conftest import Folder, written

SETTINGS = "environments: {production: {variables: {prefix: x}}}\n"
COMMANDS = ("validate", "plan", "graph")


@pytest.mark.parametrize("name", ["", "main.YAML.txt", ".hidden/a.yaml", "checks.test.yaml", "deep/er/notes.md"])
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_to_read(world: World, command: str, name: str) -> None:
    """A folder without any YAML is no configuration that wants nothing: exit 3, in one line that names it."""
    if name:
        world.write("reports:\n", name)
    ended = world.run(command)
    assert ended.code == 3, ended.err
    assert f"{world.folder}: there is no *.yaml in this folder" in ended.err
    assert ended.err.splitlines()[-1] == "error: 1 problem in the configuration"


def test_settings_alone_are_a_beginning(world: World) -> None:
    """On a project's first day there is `reconciler.yaml` and nothing else: a plan shows what lives there."""
    world.write("guards: {max_deletes: 1}\n", "reconciler.yaml")
    world.insert("automations", name="Welcome", caption="", status="active", data={"actions": {"push": "p1"}})
    planned = world.plan()
    assert planned.code == 0, planned.err
    assert [each["name"] for each in planned.document["unmanaged"]] == ["Welcome"]
    assert world.run("validate").code == 0


def test_an_empty_folder_can_be_exported_into(world: World) -> None:
    """`export` and `import` write the first file."""
    made = world.insert("automations", name="Welcome", caption="", status="active", data={"actions": {"push": "p1"}})
    code = run(["import", "automation.welcome", made, str(world.folder)])
    assert code == 0
    assert world.plan().actions() == {"automation.welcome": "adopt"}
    for file in world.folder.glob("*.yaml"):
        file.unlink()
    assert world.run("export").code == 0
    assert world.plan().code == 0


@pytest.mark.parametrize("name", ["B.YAML", "b.Yml", "deep/B.yAmL"])
def test_the_case_of_the_ending_means_nothing(world: World, name: str) -> None:
    """A file that got a capital ending still holds what it held: nothing is deleted."""
    world.settle(written("automations", "a"))
    (world.folder / name).parent.mkdir(exist_ok=True)
    (world.folder / "main.yaml").rename(world.folder / name)
    assert world.plan().code == 0


def test_tests_are_no_resources(folder: Folder) -> None:
    """`*.test.yaml` is left out, a file whose name is merely like that is not."""
    folder.write(written("reports"))
    folder.write("run: plan\n", "main.test.yaml")
    folder.write("run: plan\n", "below/Other.Test.YAML")
    assert folder.validate()[0] == 0
    folder.write("run: plan\n", "main.test.yml")
    folder.write("run: plan\n", "test.yaml")
    assert len(folder.problems()) == 2


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["reconciler.yaml", "reconciler.yml"])
@pytest.mark.parametrize("where", ["..", "../..", "child", "child/deeper"])
def test_settings_that_are_in_another_folder(world: World, command: str, name: str, where: str) -> None:
    """The folder is another one than was meant: one line says which, in place of a missing key, an unknown environment
    or a variable that is not set."""
    world.write(written("reports", report_name="${var.prefix}"), "here/there/main.yaml")
    world.folder = world.folder / "here" / "there"
    settings = world.folder / where / name
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(SETTINGS, encoding="utf-8")
    ended = world.run(command) if command == "validate" else world.run(command, "--environment", "production")
    assert ended.code == 3, ended.err
    problem, last = ended.err.splitlines()
    assert "there is no reconciler.yaml in this folder; expected the folder " in problem
    assert str(Path(os.path.realpath(settings)).name) in problem
    assert last == "error: 1 problem in the configuration"


@pytest.mark.parametrize("name", ["reconciler.yml", "Reconciler.yaml", "reconciler.YAML"])
def test_settings_under_another_name(folder: Folder, name: str) -> None:
    """Settings that are not read are named, in place of all that follows from that."""
    folder.write(written("reports", report_name="${var.prefix}"))
    folder.write(SETTINGS, name)
    assert folder.problems() == [f"{name}: is not read; expected the name reconciler.yaml"]


def test_settings_above_the_repository_are_not_meant(folder: Folder) -> None:
    """The search for settings ends at the repository's top."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(written("reports"), "repository/team/main.yaml")
    for name in ("objects", "refs"):
        (folder.path / "repository" / ".git" / name).mkdir(parents=True)
    folder.write("ref: refs/heads/main\n", "repository/.git/HEAD")
    assert folder.validate("repository/team")[0] == 0
    assert folder.validate("repository")[0] == 0


@pytest.mark.parametrize("beside", ["reconciler.yaml", "other.yaml", "OTHER.YML", "more.test.yaml"])
@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_one_file_of_a_configuration(world: World, command: str, beside: str) -> None:
    """A file that is part of a configuration is not planned alone: all of the others would go."""
    world.write(written("reports"))
    world.write("{}", beside)
    code = run([command, str(world.folder / "main.yaml"), *(["--auto-approve"] if command == "apply" else [])])
    assert code == 3
    assert world.live("scheduled-reports") == []


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_file_beside_its_own_state(world: World, command: str) -> None:
    """A file that is the whole of a configuration may be named, also once it was applied."""
    world.settle(written("automations"))
    assert run([command, str(world.folder / "main.yaml")]) == 0


@pytest.mark.parametrize("is_alone", [False, True])
def test_one_file_of_what_was_applied(world: World, *, is_alone: bool) -> None:
    """With the state of several files beside it, one of them is refused, also if it is the last; nothing is deleted."""
    world.write(written("automations", "a"), "a.yaml")
    world.write(written("automations", "b", name="Other"), "b.yaml")
    assert world.apply().code == 0
    world.requests()
    if is_alone:
        (world.folder / "b.yaml").unlink()
    assert run(["apply", "--auto-approve", str(world.folder / "a.yaml")]) == 3
    assert world.writes() == []


@pytest.mark.parametrize("command", ["plan", "drift", "graph", "expand"])
def test_a_path_that_is_not_there_is_named_beside_the_environment(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is not there because the folder is not."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_x")
    assert run([command, str(tmp_path / "nowhere"), "-e", "production"]) == 64
    assert f"hint: {tmp_path / 'nowhere'} does not exist" in capsys.readouterr().err


def test_settings_that_are_not_there_name_no_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without reconciler.yaml there is one environment. With it, its names are those that there are."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_x")
    (tmp_path / "main.yaml").write_text("automations: {}\n", encoding="utf-8")
    assert run(["plan", str(tmp_path), "-e", "production"]) == 64
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: there is no environment production; expected one of default"
    settings = tmp_path / "reconciler.yaml"
    assert hint == f"hint: there is no {settings}, which names the environments; without it, leave the name out"
    settings.write_text("environments: {sandbox: {}}\n", encoding="utf-8")
    assert run(["plan", str(tmp_path), "-e", "production"]) == 64
    assert capsys.readouterr().err.endswith("\nhint: reconciler.yaml names the environments\n")
