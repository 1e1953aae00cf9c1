"""The catalogue is applied and the state is lost: it is adopted, in each reading of what the documents leave open."""

from __future__ import annotations

import pytest
from world import World

from reconciler.simulator.store import ASSUMPTIONS

from .test_catalogue import EXAMPLE, assume

READINGS = [(name, answer) for name, (answers, _) in ASSUMPTIONS.items() for answer in answers]
ABSENT = {"segments": "segment", "remote-configurations": "remote_config", "entitlements": "entitlement"}
ABSENT |= {"products": "product"}
"""A kind that the project may lack, by the question."""
FEW = {("config-status", "active"), ("archived-configs", "left-out"), ("create-answer", "identity")}
FEW |= {("segments-list", "with-system"), ("deleted-ids", "free"), ("segments", "403"), ("products", "404")}


def readings() -> list[object]:
    """All of them for `parametrize`; all but a few are exhaustive."""
    marks = {each: () if each in FEW else pytest.mark.exhaustive for each in READINGS}
    return [pytest.param(*each, marks=marks[each], id="-".join(each)) for each in READINGS]


def lose_state(world: World) -> None:
    """The file is gone, and so is what else a machine remembers."""
    for path in sorted((world.folder / ".reconciler").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize(("question", "answer"), readings())
def test_what_was_applied_is_adopted(world: World, question: str, answer: str) -> None:
    """A plan without a state has adopts and nothing else; no apply makes one twice, or deletes one."""
    assume(world, **{question: answer})
    world.insert("segments", id="churned-users", name="Android renewing", is_system=True)
    world.insert("remote-configurations", name="Paywall, autumn", context_key="main_paywall", status="archived")
    world.write(EXAMPLE)
    if question in ABSENT and answer != "served":
        done = world.apply()
        assert done.code == {"403": 4, "404": 1}[answer], done.err
        assert world.writes() == []
        return
    assert world.apply().code == 0
    assert world.plan().code == 0
    before = {name: world.live(name) for name in (*ABSENT, "automations")}
    lose_state(world)
    world.requests()
    planned = world.plan()
    assert set(planned.actions().values()) == {"adopt"}, planned.out
    assert len(planned.actions()) == 6
    adopted = world.apply()
    assert adopted.code == 0, adopted.out
    assert world.writes() == []
    assert world.plan("--prune").code == 0
    assert {name: world.live(name) for name in before} == before


def test_the_readings_of_every_day_are_readings() -> None:
    """A question that is called otherwise would be tried by nobody."""
    assert set(READINGS) >= FEW
    assert ASSUMPTIONS.keys() >= ABSENT.keys()
