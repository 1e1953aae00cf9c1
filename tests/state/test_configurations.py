"""A state is of one configuration: two in one repository, on one ref, in one file or bucket, never take each other's
objects for their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from world import World

from reconciler.cli.main import run
from reconciler.model.settings import encode_segment

from .conftest import PERSON, Remote, git
from .s3_server import aim, needs_server, running

Json = dict[str, Any]
Apps = Callable[[str], World]
HERE, THERE = "growth", "lifecycle"


def flow(name: str) -> str:
    """A configuration of one automation."""
    return f"automations: {{{name.lower()}: {{name: {name}, status: active, data: {{actions: {{push: p1}}}}}}}}\n"


@pytest.fixture
def apps(world: World, remote: Remote) -> Apps:
    """Folders of one repository, each a configuration of its own, before one project."""
    top = remote.clone("monorepo")

    def app(name: str, settings: str = "state: {store: git}") -> World:
        folder = top / name
        folder.mkdir(parents=True, exist_ok=True)
        made = World(folder, world.url, world._log, world._capsys)
        if settings:
            made.write(settings, "reconciler.yaml")
        made.write(flow(name.rpartition("/")[2].title()))
        return made

    return app


def names(world: World) -> list[str]:
    """The names of the automations that are live."""
    return sorted(each["name"] for each in world.live("automations"))


def forget_the_name(path: Path) -> None:
    """The state as an earlier version wrote it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for name in ("configuration", "tombstones"):
        document.pop(name)
    for entry in document["resources"].values():
        entry.pop("file", None)
        entry.pop("commit", None)
    path.write_text(json.dumps(document | {"format_version": 1}), encoding="utf-8")


def test_two_in_one_repository_keep_their_objects(world: World, apps: Apps, remote: Remote) -> None:
    """Both keep their state in git: the second one's apply touches nothing of the first one's, and both are settled."""
    for name in (HERE, THERE):
        assert apps(name).apply().code == 0
    assert names(world) == ["Growth", "Lifecycle"]
    for name in (HERE, THERE):
        settled = apps(name).plan()
        assert (settled.code, settled.document["configuration"]) == (0, name), settled.err
    states = {ref for ref in remote.refs() if "/state/" in ref}
    assert states == {f"refs/reconciler/configurations/{name}/state/default" for name in (HERE, THERE)}


def test_a_lock_is_of_one_configuration(apps: Apps, remote: Remote) -> None:
    """While one is locked, the other applies."""
    one, other = apps(HERE), apps(THERE)
    assert one.apply().code == 0
    commit = git(remote.path, "rev-parse", f"refs/reconciler/configurations/{HERE}/state/default")
    git(remote.path, "update-ref", f"refs/reconciler/configurations/{HERE}/lock/default", commit)
    assert one.apply().code == 5
    assert other.apply().code == 0


@pytest.mark.parametrize("settings", ["state: {store: file, path: ../shared}", "state: {store: file, path: ../a.json}"])
def test_a_shared_file_is_refused_with_both_names(world: World, apps: Apps, settings: str) -> None:
    """The second one neither plans nor applies on the state of the first one: exit 5, and what to do."""
    assert apps(HERE, settings).apply().code == 0
    world.requests()
    other = apps(THERE, settings)
    for command in (("plan",), ("apply", "--auto-approve"), ("drift",), ("graph",)):
        refused = other.run(*command)
        assert refused.code == 5, (command, refused.err)
        assert f"the configuration {HERE}, not of the configuration {THERE}" in refused.err
        assert "a state of its own" in refused.err
    assert [each for each in world.requests() if each["method"] != "GET"] == []
    assert names(world) == ["Growth"]


@pytest.mark.parametrize(
    "command",
    [["list"], ["show", "automation.growth"], ["mv", "automation.growth", "automation.x"], ["rm", "automation.growth"]],
)
def test_nobody_puts_another_ones_state_right_by_hand(
    apps: Apps, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """`state list`, `show`, `mv` and `rm` refuse it, and it stays as it is; so does `history`."""
    settings = "state: {store: file, path: ../shared}"
    one = apps(HERE, settings)
    assert one.apply().code == 0
    shared = one.folder.parent / "shared" / "default.json"
    before = shared.read_bytes()
    other = str(apps(THERE, settings).folder)
    for words in (["state", *command, other], ["history", other]):
        assert run(words) == 5
        assert f"the configuration {HERE}, not of the configuration {THERE}" in capsys.readouterr().err
    assert shared.read_bytes() == before


def test_whoever_means_it_takes_the_state_over(world: World, apps: Apps) -> None:
    """--allow wrong-configuration: the plan shows what that deletes, and the state bears the new name afterwards."""
    settings = "state: {store: file, path: ../shared}"
    apps(HERE, settings).apply()
    other = apps(THERE, settings)
    allowed = other.plan("--allow", "wrong-configuration", "--max-deletes", "1")
    assert allowed.actions() == {"automation.growth": "delete", "automation.lifecycle": "create"}
    assert other.apply("--allow", "wrong-configuration", "--max-deletes", "1").code == 0
    assert other.plan().code == 0
    refused = apps(HERE, settings).plan()
    assert (refused.code, f"the configuration {THERE}, not of" in refused.err) == (5, True)


def test_a_folder_that_moved_keeps_its_state_by_its_name(apps: Apps) -> None:
    """The state beside it names the old folder: refused, with the line to write; with that line all is as it was."""
    one = apps(HERE, "state: {store: file}")
    one.write(flow("Growth"))
    assert one.apply().code == 0
    moved = one.folder.parent / "apps" / HERE
    moved.parent.mkdir()
    shutil.move(one.folder, moved)
    there = World(moved, one.url, one._log, one._capsys)
    refused = there.plan()
    assert refused.code == 5
    assert f"the configuration {HERE}, not of the configuration apps/{HERE}" in refused.err
    assert f"name: {HERE}" in refused.err
    there.write(f"name: {HERE}\nstate: {{store: file}}", "reconciler.yaml")
    assert there.plan().code == 0


def test_a_name_finds_the_ref_wherever_the_folder_is(apps: Apps, remote: Remote) -> None:
    """With the git store too, and whatever letters the name has."""
    settings = "name: Ünï /..lock\nstate: {store: git}"
    one = apps(HERE, settings)
    assert one.apply().code == 0
    refs = [ref for ref in remote.refs() if ref.endswith("/state/default")]
    assert refs == [f"refs/reconciler/configurations/{encode_segment('Ünï /..lock')}/state/default"]
    moved = one.folder.parent / "elsewhere"
    shutil.move(one.folder, moved)
    assert World(moved, one.url, one._log, one._capsys).plan().code == 0


def test_an_unnamed_state_is_taken_over_once(world: World, apps: Apps) -> None:
    """By the configuration in which half of its addresses stand; from then on it bears that name."""
    settings = "state: {store: file, path: ../shared}"
    one = apps(HERE, settings)
    one.write(flow("Growth") + "reports: {}\n")
    assert one.apply().code == 0
    shared = one.folder.parent / "shared" / "default.json"
    forget_the_name(shared)
    other = apps(THERE, settings)
    refused = other.plan()
    assert refused.code == 5
    assert "names no configuration, and 0 of its 1 addresses stand in the configuration lifecycle" in refused.err
    assert one.plan().code == 0
    assert one.apply().code == 0
    assert json.loads(shared.read_text(encoding="utf-8"))["configuration"] == HERE
    assert f"the configuration {HERE}, not of" in other.plan().err
    assert names(world) == ["Growth"]


@pytest.mark.parametrize(("standing", "code"), [(1, 5), (2, 2), (3, 2)])
def test_half_of_the_addresses_is_enough(apps: Apps, standing: int, code: int) -> None:
    """Of four addresses two must stand; `moved` and `removed` blocks name addresses as well."""
    one = apps(HERE, "state: {store: file}")
    lines = [
        f"  f{number}: {{name: F{number}, status: active, data: {{actions: {{push: p1}}}}}}\n" for number in range(4)
    ]
    one.write("automations:\n" + "".join(lines))
    assert one.apply().code == 0
    forget_the_name(one.folder / ".reconciler" / "default.json")
    kept = "automations:\n" + "".join(lines[: standing - 1]) if standing > 1 else ""
    one.write(f"{kept}removed: [{{from: automation.f3, destroy: false}}]\n")
    one.write(flow("New"), "new.yaml")
    assert one.plan("--max-deletes", "9").code == code


def test_a_ref_without_a_name_moves_to_the_named_one(apps: Apps, remote: Remote) -> None:
    """The state that an earlier version left, with its history: it moves in one push, and is nobody else's then."""
    one, other = apps(HERE), apps(THERE)
    assert one.apply().code == 0
    old, new = "refs/reconciler/state/default", f"refs/reconciler/configurations/{HERE}/state/default"
    clone = remote.clone("by-hand")
    git(clone, "fetch", "--quiet", "origin", new)
    git(clone, "checkout", "--quiet", "FETCH_HEAD")
    forget_the_name(clone / "state.json")
    git(clone, *PERSON, "commit", "--quiet", "--all", "-m", "as it was written before")
    git(clone, "push", "--quiet", "origin", f"HEAD:{old}", f":{new}")
    assert one.plan().code == 0
    one.write(flow("Growth").replace("p1", "p2"))
    assert other.plan().code == 5
    assert one.apply().code == 0
    assert set(remote.refs()) & {old, new} == {new}
    assert len(one.run("history", "--format", "json").document["receipts"]) == 2
    assert other.apply().code == 0
    assert one.plan().code == 0


def test_the_state_at_the_top_is_not_taken_for_that_of_a_folder(world: World, apps: Apps, remote: Remote) -> None:
    """The configuration at the repository's top keeps the ref without a name; one in a folder begins anew."""
    top = apps(".")
    top.write(flow("Top"))
    one = apps(f"sub/{HERE}")
    (top.folder / "sub" / HERE / "main.yaml").rename(top.folder / "kept")
    assert top.apply().code == 0
    (top.folder / "kept").rename(top.folder / "sub" / HERE / "main.yaml")
    assert one.apply().code == 0
    assert names(world) == ["Growth", "Top"]
    assert "refs/reconciler/state/default" in remote.refs()


def test_outside_of_a_repository_the_addresses_tell(apps: Apps, tmp_path: Path) -> None:
    """A copy of the folder without git (in a container, say) goes on with the state, which keeps its name; another
    configuration on that state is refused."""
    one = apps(HERE, "")
    one.write(flow("Growth"))
    assert one.apply().code == 0
    copy = World(tmp_path / "image", one.url, one._log, one._capsys)
    shutil.copytree(one.folder, copy.folder)
    settled = copy.plan()
    assert (settled.code, settled.document["configuration"]) == (0, HERE)
    copy.write(flow("Growth").replace("p1", "p2"))
    assert copy.apply().code == 0
    assert json.loads(copy.state.read_text(encoding="utf-8"))["configuration"] == HERE
    copy.write(flow("Another"))
    refused = copy.plan()
    assert refused.code == 5
    assert "is of the configuration growth, and 0 of its 1 addresses stand" in refused.err


def test_no_two_configurations_environments_or_addresses_share_a_digest(apps: Apps, tmp_path: Path) -> None:
    """The same changes, planned for another configuration, environment or API, are another plan to approve."""
    settings = "environments: {a: {}, b: {}}\n"
    one = apps(HERE, settings)
    one.write(flow("Same"))
    other = apps(THERE, settings)
    other.write(flow("Same"))
    elsewhere = ("--api-url", f"simulator:{tmp_path / 'other.sqlite'}")
    plans = [
        one.plan("-e", "a"),
        one.plan("-e", "b"),
        other.plan("-e", "a"),
        one.plan("-e", "a", *elsewhere),
        one.plan("-e", "a", "--api-url", f"simulator:{tmp_path / 'third.sqlite'}"),
    ]
    changes = [[(each["address"], each["fields"]) for each in plan.document["changes"]] for plan in plans]
    assert all(each == changes[0] for each in changes)
    assert len({plan.document["digest"] for plan in plans}) == len(plans)
    assert one.plan("-e", "a").document["digest"] == plans[0].document["digest"]
    refused = other.apply("-e", "a", "--expect-digest", plans[0].document["digest"])
    assert refused.code == 5


def test_a_saved_plan_fits_no_other_folder_or_address(apps: Apps, tmp_path: Path) -> None:
    """Made without a state, it knows where it was made and for which API all the same."""
    one = apps(HERE, "")
    one.write(flow("Same"))
    other = apps(THERE, f"name: {HERE}")
    other.write(flow("Same"))
    file = str(tmp_path / "plan.json")
    assert one.run("plan", "--out", file).code == 0
    one.write(f"name: {HERE}", "reconciler.yaml")
    for refused in (
        other.apply("--plan", file),
        one.apply("--plan", file, "--api-url", f"simulator:{tmp_path / 'x.sqlite'}"),
        apps("third", "").apply("--plan", file),
    ):
        assert refused.code == 5, refused.err
        assert "the plan " in refused.err
    assert one.apply("--plan", file).code == 0


@needs_server
@pytest.mark.process
def test_two_in_one_bucket(world: World, apps: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has keys of its own; a state without a name is taken over by its own configuration and by no other."""
    with running() as server:
        server.make("states")
        aim(monkeypatch, server.url)
        settings = "state: {store: object, url: s3://states/team}"
        one, other = apps(HERE, settings), apps(THERE, settings)
        assert one.apply().code == 0
        key = f"states/team/configurations/{HERE}/default.json"
        old = json.loads(server.get(key))
        del old["configuration"], old["tombstones"]
        for entry in old["resources"].values():
            entry.pop("file"), entry.pop("commit", None)
        server.put("states/team/default.json", json.dumps(old | {"format_version": 1}))
        with server.client() as client:
            client.delete(f"/{key}").raise_for_status()
        assert other.plan().code == 5
        assert one.plan().code == 0
        assert one.apply().code == 0
        assert json.loads(server.get("states/team/default.json"))["configuration"] == HERE
        assert other.apply().code == 0
        assert one.plan().code == other.plan().code == 0
        assert names(world) == ["Growth", "Lifecycle"]
