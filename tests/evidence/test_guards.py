"""Guards for what cannot be asked for by id, and for what nobody remembers."""

from __future__ import annotations

import pytest
from world import World, automation

from .conftest import flows, hooks, refused, reports

INTEGRATIONS = "/integrations"
TEN = [f"h{number}" for number in range(10)]


def guards(world: World, *arguments: str) -> list[str]:
    """The guards that refuse a plan, which is shown all the same."""
    planned = world.plan(*arguments)
    if planned.code != 5:
        return []
    return [each["guard"] for each in planned.document["refusals"]]


def test_all_integrations_have_vanished(world: World) -> None:
    """Their list is empty: no report is pointed at new ones without credentials. Each command says so, with counts."""
    world.settle(reports(3).replace("hook:", "other: {title: O, integration: slack, target_platform: iOS}\n  hook:"))
    world.listed(INTEGRATIONS, [])
    assert guards(world) == ["vanished"]
    told = refused(world, "plan")
    assert "2 of 2 integrations in the state are not live: integration.hook (" in told
    assert "--allow vanished on `plan` and `apply`" in told
    assert "the right key or environment" in told
    assert "2 of 2 integrations" in refused(world, "apply", "--auto-approve")
    assert "2 of 2 integrations" in refused(world, "drift")
    assert "2 of 2 integrations" in refused(world, "drift", "--adopt")
    assert guards(world, "--allow", "wrong-project") == ["vanished"]


def test_it_is_passed_by_name(world: World) -> None:
    """They were deleted outside, and who knows that says so: they are created again."""
    world.settle(hooks("a", "b") + flows("x"))
    for name in ("a", "b"):
        world.remove("integrations", world.id_of(f"integration.{name}"))
    assert guards(world) == ["vanished"]
    assert world.apply("--allow", "vanished").code == 0
    assert len(world.live("integrations")) == 2
    assert world.plan().code == 0


@pytest.mark.parametrize(("hidden", "refusing"), [(3, []), (4, ["vanished"])])
def test_a_share_of_ten_or_more(world: World, hidden: int, refusing: list[str]) -> None:
    """Over 30 % of ten integrations: their list is one page, and somebody's proxy cut it."""
    world.settle(hooks(*TEN))
    world.listed(INTEGRATIONS, world.live("integrations")[hidden:])
    assert guards(world) == refusing


@pytest.mark.parametrize("count", [1, 9])
def test_few_of_a_kind(world: World, count: int) -> None:
    """One that is all of its kind, and all but one of nine, are what a person may have deleted."""
    names = TEN[: max(2, count)]
    world.settle(hooks(*names[:count]) + flows("x"))
    world.listed(INTEGRATIONS, world.live("integrations")[: count // 9])
    assert guards(world) == []


def test_what_is_proven_to_be_gone_counts_as_well(world: World) -> None:
    """All automations answer 404: perhaps they were deleted, perhaps the API is at fault in both places."""
    world.settle(hooks("a") + flows("x", "y"))
    for name in ("x", "y"):
        world.remove("automations", world.id_of(f"automation.{name}"))
    assert "2 of 2 automations" in refused(world, "apply", "--auto-approve")
    assert world.apply("--allow", "vanished").code == 0
    assert world.plan().code == 0


def test_one_cause_is_refused_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another project's key: nothing of any kind is live, and one word passes that."""
    world.settle(hooks("a", "b") + flows("x", "y"))
    monkeypatch.setenv("QONVERSION_SECRET", "test_sk_other")
    assert guards(world) == ["wrong-project"]
    assert guards(world, "--allow", "vanished") == ["wrong-project"]
    assert guards(world, "--allow", "wrong-project") == []


def test_two_kinds_are_told_together(world: World) -> None:
    """Integrations and automations: one refusal, with both counts."""
    world.settle(
        reports(1).replace("hook:", "b: {title: B, integration: slack, target_platform: iOS}\n  hook:")
        + flows("x", "y")
    )
    for name in ("x", "y"):
        world.remove("automations", world.id_of(f"automation.{name}"))
    world.listed(INTEGRATIONS, [])
    assert guards(world) == ["vanished"]
    told = refused(world, "plan")
    assert "2 of 2 integrations" in told
    assert "2 of 2 automations" in told


def test_prune_without_a_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another project's key and no state: nothing of what lives there is deleted, however many may be."""
    world.write(flows("mine"))
    monkeypatch.setenv("QONVERSION_SECRET", "sk_world")
    for number in range(3):
        world.insert("automations", **automation(f"Theirs {number}"))
    assert guards(world, "--prune") == ["prune-without-state"]
    told = refused(world, "apply", "--auto-approve", "--prune", "--max-deletes", "99")
    assert "--prune would delete 3 objects, and the state holds nothing" in told
    assert "--allow prune-without-state" in told
    assert world.apply("--prune", "--allow", "prune-without-state").code == 0
    assert [each["name"] for each in world.live("automations")] == ["mine"]


def test_prune_after_the_state_was_lost(world: World) -> None:
    """To lose the state never leads to a delete: what was managed is adopted, what was not stays."""
    world.settle(flows("a", "b"))
    world.insert("automations", **automation("Theirs"))
    world.state.unlink()
    assert guards(world, "--prune") == ["prune-without-state"]
    assert world.apply().code == 0
    assert guards(world, "--prune") == []


def test_a_state_that_holds_nothing_is_none(world: World) -> None:
    """All that was managed has been deleted: what lives there now is somebody else's."""
    world.settle(flows("a"))
    world.write("")
    assert world.apply("--allow", "empty-configuration").code == 0
    world.insert("automations", **automation("Theirs"))
    assert guards(world, "--prune") == ["prune-without-state"]


def test_a_new_project_may_be_pruned(world: World) -> None:
    """There is nothing to delete, so there is nothing to refuse."""
    world.write(flows("a"))
    assert world.apply("--prune").code == 0


@pytest.mark.parametrize(("theirs", "refusing"), [(3, []), (5, ["max-deletes"])])
def test_the_share_of_a_prune_is_of_all_that_is_live(world: World, theirs: int, refusing: list[str]) -> None:
    """Nine are managed, which are few; the others are over 30 % of what is live together."""
    world.settle(flows(*TEN[:9]))
    for number in range(theirs):
        world.insert("automations", **automation(f"Theirs {number}"))
    assert guards(world, "--prune") == refusing
    if refusing:
        assert f"{theirs} of {9 + theirs} live objects" in refused(world, "plan", "--prune")
        assert guards(world, "--prune", "--max-deletes", "5") == []
    assert guards(world) == []
