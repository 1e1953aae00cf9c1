"""`prevent_destroy` holds until its object is known to be gone, or a person has reviewed that it goes."""

from __future__ import annotations

import json

import pytest
from world import Run, World, integration

from reconciler.errors import StateUnusable
from reconciler.state.file import FileBackend

from .conftest import flows, hooks, ran, state_of

INTEGRATIONS = "/integrations"
HELD = ", lifecycle: {prevent_destroy: true}"


def protected(world: World) -> str:
    """Three integrations, of which `a` is protected, and its id."""
    world.settle(hooks("a", more=HELD) + hooks("b", "c").removeprefix("integrations:\n"))
    return world.id_of("integration.a")


def unlisted(world: World, object_id: str) -> None:
    """The list does not show that integration any more."""
    world.listed(INTEGRATIONS, [each for each in world.live("integrations") if each["id"] != object_id])


def forgotten(world: World) -> str:
    """It was taken out of the YAML while the list did not show it; now the list does."""
    held = protected(world)
    unlisted(world, held)
    world.write(hooks("b", "c"))
    planned = world.plan()
    assert planned.actions() == {"integration.a": "forget"}
    assert "its prevent_destroy is kept" in json.dumps(planned.document)
    assert world.apply().code == 0
    world.end_faults()
    return held


def assert_held(planned: Run, name: str) -> None:
    """Refused, by the guard that protects that object."""
    assert planned.code == 5, planned.out
    assert [each["guard"] for each in planned.document["refusals"]] == ["prevent-destroy"]
    assert name in planned.err


def test_a_forgotten_object_is_not_pruned(world: World) -> None:
    """It was forgotten because a list did not show it: `--prune` is refused, and says what releases it."""
    held = forgotten(world)
    assert world.plan().code == 0
    assert_held(world.plan("--prune"), f"integration[{held}], which was integration.a,")
    assert world.apply("--prune", "--max-deletes", "9").code == 5
    assert "removed: [{from: integration.a, destroy: false}]" in ran(world, "plan", "--prune").err
    assert len(world.live("integrations")) == 3


def test_taken_back_it_is_protected_as_before(world: World) -> None:
    """Adopted by its name, without the block that protected it: the state remembers, and the tombstone is gone."""
    held = forgotten(world)
    world.write(hooks("a", "b", "c"))
    assert world.apply().code == 0
    assert state_of(world)["tombstones"] == {}
    assert state_of(world)["resources"]["integration.a"]["protected"] is True
    world.write(hooks("b", "c"))
    assert_held(world.plan(), "integration.a")
    assert world.id_of("integration.a") == held


def test_taken_back_under_another_name(world: World) -> None:
    """An `imports` line gives it another address: it is the object that is protected."""
    held = forgotten(world)
    world.write(
        hooks("x", "b", "c").replace("title: x", "title: a") + f"imports: [{{to: integration.x, id: {held}}}]\n"
    )
    assert world.apply().code == 0
    world.write(hooks("b", "c"))
    assert_held(world.plan(), "integration.x")


@pytest.mark.parametrize("destroy", ["destroy: false", "destroy: true"])
def test_a_removed_block_releases_it(world: World, destroy: str) -> None:
    """Somebody has reviewed that: it is unmanaged from then on, and the line is done."""
    held = forgotten(world)
    world.write(hooks("b", "c") + f"removed: [{{from: integration.a, {destroy}}}]\n")
    planned = world.plan("--prune")
    assert planned.code == 2, planned.err
    assert planned.actions() == {f"integration[{held}]": "forget"}
    assert world.apply("--prune").code == 0
    assert state_of(world)["tombstones"] == {}
    assert world.plan().code == 0
    assert world.plan("--prune").actions() == {f"integration[{held}]": "delete"}
    assert "is done" in ran(world, "validate").err + ran(world, "validate").out


def test_it_was_made_anew_meanwhile(world: World) -> None:
    """The block stayed, so another object was made; the first one is protected still, once it shows."""
    held = protected(world)
    unlisted(world, held)
    assert world.apply().code == 0
    world.end_faults()
    assert world.id_of("integration.a") != held
    assert_held(world.plan("--prune"), f"integration[{held}]")


def test_another_object_was_imported_in_its_place(world: World) -> None:
    """The old one is left as it is, unmanaged, and not unprotected."""
    held = protected(world)
    other = world.insert("integrations", **integration("a", target_platform="Android"))
    world.write(
        hooks("a", more=HELD).replace("iOS", "Android")
        + hooks("b", "c").removeprefix("integrations:\n")
        + f"imports: [{{to: integration.a, id: {other}}}]\n"
    )
    assert world.apply().code == 0
    assert world.id_of("integration.a") == other
    assert_held(world.plan("--prune"), f"integration[{held}]")


def test_a_rename_by_import_keeps_it(world: World) -> None:
    """The object moves to another address by its id, and its block is left out: it is protected there."""
    world.settle(flows("a", more=HELD) + flows("b").removeprefix("automations:\n"))
    held = world.id_of("automation.a")
    world.write(flows("b", "x").replace("name: x", "name: a") + f"imports: [{{to: automation.x, id: {held}}}]\n")
    assert world.apply().code == 0
    assert state_of(world)["tombstones"] == {}
    world.write(flows("b"))
    assert_held(world.plan(), "automation.x")


def test_known_to_be_gone_it_is_forgotten(world: World) -> None:
    """An automation answers 404 for its id: there is nothing left to protect."""
    world.settle(flows("a", more=HELD) + flows("b").removeprefix("automations:\n"))
    world.remove("automations", world.id_of("automation.a"))
    world.write(flows("b"))
    assert world.plan().actions() == {"automation.a": "forget"}
    assert world.apply().code == 0
    assert state_of(world)["tombstones"] == {}


def test_unprotected_objects_leave_nothing(world: World) -> None:
    """A forgotten integration without protection is unmanaged, and may be pruned."""
    world.settle(hooks("a", "b", "c"))
    gone = world.id_of("integration.a")
    unlisted(world, gone)
    world.write(hooks("b", "c"))
    assert world.apply().code == 0
    world.end_faults()
    assert state_of(world)["tombstones"] == {}
    assert world.plan("--prune").actions() == {f"integration[{gone}]": "delete"}


def test_written_as_unprotected_it_is(world: World) -> None:
    """`prevent_destroy: false` lifts what is remembered of the object, too."""
    forgotten(world)
    world.write(
        hooks("a", more=", lifecycle: {prevent_destroy: false}") + hooks("b", "c").removeprefix("integrations:\n")
    )
    assert world.apply().code == 0
    world.write(hooks("b", "c"))
    assert world.plan().actions() == {"integration.a": "delete"}


def test_an_export_keeps_it(world: World) -> None:
    """Nothing else is managed any more, and the project is exported anew: the state protects it still."""
    held = protected(world)
    unlisted(world, held)
    world.write("")
    assert world.apply("--allow", "empty-configuration").code == 0
    world.end_faults()
    (world.folder / "main.yaml").unlink()
    assert ran(world, "export").code == 0
    assert [each["protected"] for each in state_of(world)["resources"].values()] == [True]
    assert [each["id"] for each in state_of(world)["resources"].values()] == [held]


def cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An apply that has done its work, and is cut off before it writes the state."""

    def fails(*_: object, **__: object) -> str:
        raise StateUnusable("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(FileBackend, "write", fails)
        world.apply()
    assert world.state.with_suffix(".journal").exists()


def test_a_run_that_was_cut_off_keeps_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgotten, and taken back: the journal knows of the protection in between."""
    held = protected(world)
    unlisted(world, held)
    world.write(hooks("b", "c"))
    cut_off(world, monkeypatch)
    world.end_faults()
    assert_held(world.plan("--prune"), f"integration[{held}]")
    assert world.apply().code == 0
    world.write(hooks("a", "b", "c"))
    cut_off(world, monkeypatch)
    world.write(hooks("b", "c"))
    assert_held(world.plan(), "integration.a")
    world.write(hooks("a", "b", "c"))
    assert world.apply().code == 0
    assert state_of(world)["tombstones"] == {}


def test_a_run_that_was_cut_off_has_released_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reviewed block has lifted stays lifted."""
    held = forgotten(world)
    world.write(hooks("b", "c") + "removed: [{from: integration.a, destroy: false}]\n")
    cut_off(world, monkeypatch)
    assert world.plan("--prune").actions() == {f"integration[{held}]": "delete"}


def test_another_state_does_not_take_its_place(world: World) -> None:
    """A state that remembers nothing but a protection is no empty place to move another one to."""
    held = protected(world)
    earlier = world.folder.parent / "earlier.json"
    earlier.write_bytes(world.state.read_bytes())
    unlisted(world, held)
    world.write("")
    assert world.apply("--allow", "empty-configuration").code == 0
    assert state_of(world)["resources"] == {}
    assert ran(world, "state", "migrate", "--from", f"file:{earlier}").code == 5
    assert state_of(world)["tombstones"][f"integration[{held}]"]["protected"] is True
