"""What we deleted ourselves is remembered by its id: the API may go on listing it, and nothing comes of that."""

from __future__ import annotations

import json

import pytest
from world import Json, World, automation, integration

from .conftest import asked_by_id, flows, hooks, ran, refused, state_of

INTEGRATIONS, AUTOMATIONS = "/integrations", "/automations"
REPLACE = ", lifecycle: {replace: allow}"


def deleted(world: World, before: str, after: str) -> tuple[str, list[Json]]:
    """An integration is deleted by an apply, and the list shows it for ever after; gives its id and all that is listed
    then."""
    world.settle(before)
    listed = world.live("integrations")
    world.write(after)
    gone = world.id_of("integration.a")
    done = world.apply()
    assert done.code == 0, done.err
    assert ("DELETE", f"{INTEGRATIONS}/{gone}", None) in world.writes()
    soft = next(each for each in listed if each["id"] == gone)
    still = [soft, *world.live("integrations")]
    world.listed(INTEGRATIONS, still)
    return gone, still


def test_it_is_not_deleted_again_and_again(world: World) -> None:
    """It is no difference, not unmanaged, and nothing for `--prune`."""
    deleted(world, hooks("a", "b"), hooks("b"))
    for _ in range(2):
        planned = world.plan("--prune")
        assert planned.code == 0, planned.out
        assert planned.document["unmanaged"] == []
        assert planned.document["warnings"] == []
        assert world.apply("--prune").code == 0
    assert world.writes() == []
    assert world.run("drift").code == 0


def test_it_is_not_adopted_by_its_name(world: World) -> None:
    """Written again, it is created again."""
    gone, _ = deleted(world, hooks("a", "b"), hooks("b"))
    world.write(hooks("a", "b"))
    assert world.plan().actions() == {"integration.a": "create"}
    world.end_faults()
    assert world.apply().code == 0
    assert world.id_of("integration.a") != gone


def test_it_makes_nothing_ambiguous(world: World) -> None:
    """Somebody made another one of that name: that is adopted, as the only one."""
    _, still = deleted(world, hooks("a", "b"), hooks("b"))
    theirs = world.insert("integrations", **integration("a", active=0))
    world.end_faults()
    world.listed(INTEGRATIONS, [still[0], *world.live("integrations")])
    world.write(hooks("a", "b"))
    assert world.plan().actions() == {"integration.a": "adopt"}
    assert world.plan().change("integration.a")["id"] == theirs


def test_it_is_not_what_a_run_that_was_cut_off_has_made(world: World) -> None:
    """Renamed by a replace, and renamed back: the second replace makes a third object, and not the first one."""
    first = hooks("a", "b", more=REPLACE)
    gone, _ = deleted(world, first, first.replace("title: a", "title: A"))
    world.write(first)
    planned = world.plan()
    assert planned.actions() == {"integration.a": "replace"}
    assert "stands already" not in json.dumps(planned.document)
    assert gone not in json.dumps(planned.document)


def test_nor_what_a_lost_create_has_made(world: World) -> None:
    """All answers to a create are lost, and nothing was made: what is listed from before is not taken for it."""
    gone, _ = deleted(world, hooks("a", "b"), hooks("b"))
    world.write(hooks("a", "b"))
    world.fault("POST /integrations: drop before")
    assert world.apply().code == 1
    assert gone not in json.dumps(state_of(world)["resources"])


def test_it_has_no_label_to_be_found_by(world: World) -> None:
    """A report refers to the new one of that name: the old one's destination is not what is sent."""
    daily = (
        "\nreports: {daily: {report_name: Daily, send_at: '09:00', included_range_days: 1, status: active, "
        "environment: production, destinations: [{integration: a}]}}\n"
    )
    gone, _ = deleted(world, hooks("a", "b"), hooks("b"))
    world.end_faults()
    world.write(hooks("a", "b") + daily)
    assert world.apply().code == 0
    new = world.id_of("integration.a")
    assert [each["id"] for each in world.live("scheduled-reports")[0]["destinations"]] == [new]
    assert new != gone


def test_an_imports_line_that_names_it(world: World) -> None:
    """Refused in words; a line that has done its work for an address that has another object now may stand."""
    gone, _ = deleted(world, hooks("a", "b"), hooks("b"))
    world.write(hooks("a", "b") + f"imports: [{{to: integration.a, id: {gone}}}]\n")
    told = refused(world, "plan")
    assert f"{gone} was deleted by an earlier apply (integration.a)" in told
    assert "never uses an id again" in told
    world.write(hooks("b", "x") + f"imports: [{{to: integration.x, id: {gone}}}]\n")
    assert "was deleted by an earlier apply" in refused(world, "apply", "--auto-approve")
    assert "was deleted by an earlier apply" in refused(world, "import", "integration.y", gone)


def test_an_imports_line_of_an_address_that_was_replaced(world: World) -> None:
    """Its object was deleted by the replace and is still listed: the address does not swing back to it."""
    first = hooks("a", "b", more=REPLACE)
    gone, _ = deleted(world, first, first.replace("title: a", "title: A"))
    world.write(first.replace("title: a", "title: A") + f"imports: [{{to: integration.a, id: {gone}}}]\n")
    assert world.plan().code == 0
    world.write(hooks("b", "x", more=REPLACE) + f"imports: [{{to: integration.x, id: {gone}}}]\n")
    assert "was deleted by an earlier apply (integration.a)" in refused(world, "plan")


def test_it_is_not_exported(world: World) -> None:
    """All that was managed is deleted, and the project exported anew: what is only still listed is left out."""
    world.settle(hooks("a"))
    listed = world.live("integrations")
    world.write("")
    assert world.apply("--allow", "empty-configuration").code == 0
    world.insert("automations", **automation("Flow"))
    world.listed(INTEGRATIONS, listed)
    (world.folder / "main.yaml").unlink()
    assert ran(world, "export").code == 0
    assert list(state_of(world)["resources"]) == ["automation.flow"]
    assert not (world.folder / "integrations.yaml").exists()


def late(world: World) -> tuple[str, Json]:
    """An automation that an apply deletes; its id, and its record."""
    world.settle(flows("a", "b"))
    gone = world.id_of("automation.a")
    record = next(each for each in world.live("automations") if each["id"] == gone)
    world.write(flows("b"))
    assert world.apply().code == 0
    world.listed(AUTOMATIONS, [record, *world.live("automations")])
    world.requests()
    return gone, record


def test_a_list_that_lags_behind_a_delete(world: World) -> None:
    """The automation is still listed and answers 404: it is gone, and asked for once."""
    gone, _ = late(world)
    planned = world.plan("--prune")
    assert planned.code == 0
    assert planned.document["unmanaged"] == []
    assert asked_by_id(world, "automations") == [gone]
    world.write(flows("a", "b"))
    assert world.plan().actions() == {"automation.a": "create"}


@pytest.fixture
def restored(world: World) -> str:
    """An automation that an apply deleted and that somebody has restored: it answers by its id again."""
    gone, record = late(world)
    world.fault(f"GET {AUTOMATIONS}/{gone}: status 200, body='{json.dumps(record)}'")
    return gone


def test_what_somebody_restored_is_told(world: World, restored: str) -> None:
    """It is live, unmanaged, and named in a warning with the line that would take it back."""
    planned = world.plan()
    assert planned.code == 0
    assert [each["id"] for each in planned.document["unmanaged"]] == [restored]
    (warning,) = planned.document["warnings"]
    assert "somebody has restored it" in warning
    assert f"imports: [{{to: automation.a, id: {restored}}}]" in warning
    assert world.plan("--prune").actions() == {f"automation[{restored}]": "delete"}


def test_what_somebody_restored_is_not_adopted_by_its_name(world: World, restored: str) -> None:
    """Nor is a second one made beside it: a person has to say which."""
    world.write(flows("a", "b"))
    assert f"{{to: automation.a, id: {restored}}}" in refused(world, "apply", "--auto-approve")


def test_what_somebody_restored_is_taken_back_by_a_reviewed_line(world: World, restored: str) -> None:
    """From then on it is like any other."""
    world.write(flows("a", "b") + f"imports: [{{to: automation.a, id: {restored}}}]\n")
    assert world.apply().code == 0
    assert world.id_of("automation.a") == restored
    assert state_of(world)["tombstones"] == {}
    assert world.plan().code == 0
