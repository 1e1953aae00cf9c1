"""The digest is what a reviewer approves: the same for the same plan, another for any other."""

from __future__ import annotations

import json

import pytest
from world import World

from .files import FLOW, TEAM, carry_out, save


def digest(world: World, *arguments: str) -> str:
    """Of the plan that is made now."""
    return str(world.run("plan", "--format", "json", *arguments).document["digest"])


def test_the_same_plan_made_twice(world: World) -> None:
    """In one form and the other, in a file, and in the report of what was applied."""
    world.settle_once(TEAM)
    world.write(TEAM.replace("09:00", "10:00"))
    first = digest(world)
    assert first.startswith("sha256:")
    assert digest(world) == first
    assert f"digest: {first}" in world.run("plan").out
    path = save(world)
    assert json.loads(path.read_text(encoding="utf-8"))["plan"]["digest"] == first
    done = carry_out(world, path, "--expect-digest", first)
    assert (done.code, done.document["digest"]) == (0, first)


def test_any_other_plan(world: World) -> None:
    """Another value, another object, one more, one less, another live value, another target, another environment."""
    world.settle_once(TEAM)
    flow = world.id_of("automation.flow")
    found = [digest(world)]
    for old, new in (
        ("09:00", "10:00"),
        ("09:00", "10:30"),
        ("push: p1", "push: p2"),
        ("push: p1", "screen: p1"),
        ("Weekly", "Weekly 2"),
        ("flow:", "stream:"),
        ("status: active}\n    reports", "status: paused}\n    reports"),
    ):
        world.write(TEAM.replace(old, new))
        found.append(digest(world))
    world.write(TEAM.replace("09:00", "10:00"))
    found.append(digest(world, "--target", "report.daily"))
    world.write(TEAM.replace("push: p1", "push: p2"))
    world.edit("automations", flow, caption="Edited")
    found.append(digest(world))
    world.edit("automations", flow, data={"actions": {"push": "p3"}})
    found.append(digest(world))
    without = TEAM[: TEAM.index("    automations")]
    for text in (without, without + "    removed: [{from: automation.flow, destroy: false}]\n"):
        world.write(text)
        found.append(digest(world))
    assert len(set(found)) == len(found)


def test_the_digest_names_the_environment(world: World) -> None:
    """What was approved for one is not approved for the other."""
    world.write(
        "environments: {one: {secret_env: QONVERSION_SECRET}, two: {secret_env: QONVERSION_SECRET}}\n",
        "reconciler.yaml",
    )
    world.write(FLOW)
    assert digest(world, "--environment", "one") != digest(world, "--environment", "two")


@pytest.mark.parametrize("saved", [True, False], ids=["with a file", "planned anew"])
def test_only_what_was_approved(world: World, saved: bool) -> None:
    """Another digest than expected: exit 5 with both, and nothing written; the right one goes through."""
    world.write(FLOW)
    path = save(world)
    arguments = ["--plan", str(path)] if saved else []
    right = digest(world)
    refused = world.apply(*arguments, "--expect-digest", "sha256:" + "0" * 64)
    assert (refused.code, refused.out) == (5, "")
    assert right in refused.err
    assert "sha256:000" in refused.err
    assert world.writes() == []
    done = world.apply(*arguments, "--expect-digest", right)
    assert (done.code, done.actions()) == (0, {"automation.flow": "done"})


def test_what_changed_after_the_approval(world: World) -> None:
    """Without a file: the YAML, or the live object, is another one by the time of the apply."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    approved = digest(world)
    world.edit("automations", world.id_of("automation.flow"), caption="Edited")
    assert world.apply("--expect-digest", approved).code == 5
    world.edit("automations", world.id_of("automation.flow"), caption="")
    world.write(FLOW.replace("p1", "p3"))
    assert world.apply("--expect-digest", approved).code == 5
    assert world.writes() == []
    world.write(FLOW.replace("p1", "p2"))
    assert world.apply("--expect-digest", approved).code == 0


def test_a_saved_plan_and_the_other_flags_of_apply(world: World) -> None:
    """`--format json` has one document on stdout, text a report; `--detailed-exitcode` is 0 where nothing is left."""
    world.write(FLOW)
    path = save(world)
    done = carry_out(world, path, "--detailed-exitcode", "--parallelism", "1")
    assert (done.code, done.document["summary"]["done"]) == (0, 1)
    again = world.run("apply", "--auto-approve", "--plan", str(path))
    assert again.code == 0
    assert "\nApplied to default: nothing was left to do" in again.out
