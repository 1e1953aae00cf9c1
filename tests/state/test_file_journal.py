"""The journal of an apply that was cut off: read to its last whole line, or refused; never guessed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from world import Json, World

from reconciler.errors import StateUnusable
from reconciler.state.file import FileStore

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
    """
FLOW = "    automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"


def cut_off(world: World, monkeypatch: pytest.MonkeyPatch, settled: bool = True) -> Path:
    """An apply that did all its writes and was cut off before its state was written; gives its journal."""
    if settled:
        world.settle(FLOW)
    world.write(FLOW + TEAM)
    with monkeypatch.context() as patched:

        def fails(*_: object, **__: object) -> str:
            raise StateUnusable("cut off")

        patched.setattr(FileStore, "write", fails)
        assert world.apply().code == 6
    world.requests()
    return world.state.with_suffix(".journal")


def lines(path: Path) -> list[Json]:
    """Its lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("settled", [True, False], ids=["with a state", "without one"])
def test_what_it_holds_is_known(world: World, monkeypatch: pytest.MonkeyPatch, settled: bool) -> None:
    """The next plan has nothing to do; the next apply writes the state, and the journal goes."""
    path = cut_off(world, monkeypatch, settled)
    planned = world.plan()
    assert (planned.code, planned.document["warnings"]) == (0, [])
    assert world.apply().code == 0
    assert world.writes() == []
    assert not path.exists()
    assert world.id_of("report.daily") == world.live("scheduled-reports")[0]["id"]


def test_every_write_is_announced_before_it_leaves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """First what state it goes on from, then for each write its intent, then its outcome."""
    path = cut_off(world, monkeypatch)
    first, *rest = lines(path)
    state = json.loads(world.state.read_text(encoding="utf-8"))
    assert (first["format_version"], first["base"]) == (2, [state["lineage"], 1])
    assert [(each["address"], "intent" if "intent" in each else "entry") for each in rest] == [
        ("integration.hook", "intent"),
        ("integration.hook", "entry"),
        ("report.daily", "intent"),
        ("report.daily", "entry"),
    ]
    assert rest[0]["intent"] == "POST /integrations"


@pytest.mark.parametrize("left", [1, 10, -1, -30])
def test_a_torn_last_line(world: World, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    """It never took effect: what it says is looked up, and nothing is made twice."""
    path = cut_off(world, monkeypatch)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-1]) + whole[-1][:left])
    planned = world.plan()
    assert planned.actions() == {"report.daily": "adopt"}
    assert any("POST /scheduled-reports" in each for each in planned.document["warnings"])
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.plan().code == 0


def test_torn_after_its_first_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it was begun, or it is found by name."""
    path = cut_off(world, monkeypatch)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0][:-9])
    assert set(world.plan().actions().values()) == {"adopt"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"7",
        b"[]",
        b"null",
        b"{}",
        b'{"address": 7, "entry": null}',
        b'{"address": "report.daily"}',
        b'{"address": "otto.x", "entry": null}',
        b'{"address": "report.daily", "entry": {}}',
        b'{"address": "report.daily", "entry": 7}',
        b'{"address": "report.daily", "intent": 7}',
        b'{"intent": "POST"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_damaged_line(world: World, monkeypatch: pytest.MonkeyPatch, line: bytes, command: str) -> None:
    """In the middle it is no torn one: exit 5 with the file and the line, nothing asked, and the way on works."""
    path = cut_off(world, monkeypatch)
    whole = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*whole[:3], line, *whole[4:]]) + b"\n")
    before = path.read_bytes()
    refused = world.run(command)
    assert (refused.code, refused.out) == (5, "")
    assert f"{path}:4" in refused.err
    assert "move it away" in refused.err
    assert world.requests() == []
    assert path.read_bytes() == before
    path.unlink()
    assert set(world.plan().actions().values()) == {"adopt"}


@pytest.mark.parametrize(
    "edit",
    [
        {"format_version": "1"},
        {"format_version": None},
        {"base": None},
        {"base": []},
        {"base": ["x"]},
        {"base": [1, "x"]},
        {"lineage": 7},
        {"plan": None},
    ],
)
def test_a_damaged_first_line(world: World, monkeypatch: pytest.MonkeyPatch, edit: Json) -> None:
    """What it goes on from is not known: refused, and not taken for spent."""
    path = cut_off(world, monkeypatch)
    first, *rest = lines(path)
    path.write_text("".join(json.dumps(each) + "\n" for each in [first | edit, *rest]), encoding="utf-8")
    refused = world.run("plan")
    assert refused.code == 5
    assert f"{path}:1" in refused.err


def test_a_newer_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 5 and the advice to upgrade, also where the state went on: what spent means may have changed."""
    path = cut_off(world, monkeypatch)
    first, *rest = lines(path)
    first |= {"format_version": 3, "base": "otherwise"}
    path.write_text("".join(json.dumps(each) + "\n" for each in [first, *rest]), encoding="utf-8")
    refused = world.run("plan")
    assert refused.code == 5
    assert "newer" in refused.err
    assert "upgrade" in refused.err


@pytest.mark.parametrize("field", [0, 1], ids=["another lineage", "an older serial"])
def test_a_spent_one(world: World, monkeypatch: pytest.MonkeyPatch, field: int) -> None:
    """The state was written since, so what it holds is past: it counts for nothing, and goes with the next apply."""
    path = cut_off(world, monkeypatch)
    state = json.loads(world.state.read_text(encoding="utf-8"))
    state |= {"lineage": "another"} if field == 0 else {"serial": 2}
    world.state.write_text(json.dumps(state), encoding="utf-8")
    planned = world.plan()
    assert planned.actions() == {"integration.hook": "adopt", "report.daily": "adopt"}
    assert world.apply().code == 0
    assert world.writes() == []
    assert not path.exists()


def test_a_letter_that_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is another one now is still an address: nothing is deleted for it, the line is refused."""
    path = cut_off(world, monkeypatch)
    path.write_bytes(path.read_bytes().replace(b'"integration.hook","entry"', b'"integration.hock","entry"'))
    refused = world.run("plan")
    assert refused.code == 5
    assert f"{path}:3" in refused.err


def test_one_of_an_earlier_version(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines bear no checksum; it is read all the same."""
    path = cut_off(world, monkeypatch)
    old = [{name: value for name, value in each.items() if name != "check"} for each in lines(path)]
    path.write_text("".join(json.dumps(each) + "\n" for each in old), encoding="utf-8")
    assert world.plan().actions() == {}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_wrong_in_it(world: World, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Bytes, lines lost, doubled or in another order: refused, or read; never a fault, and never a delete."""
    path = cut_off(world, monkeypatch)
    whole, chance = path.read_bytes(), random.Random(seed)  # noqa: S311 - a game, no secret
    for _ in range(25):
        changed = whole.splitlines(keepends=True)
        if chance.random() < 0.3:
            changed = [chance.choice(changed) for _ in changed]
        changed_bytes = bytearray(b"".join(changed))
        for _ in range(chance.choice([0, 1, 1, 3])):
            changed_bytes[chance.randrange(len(changed_bytes))] = chance.randrange(256)
        path.write_bytes(changed_bytes)
        planned = world.plan()
        assert planned.code in (0, 2, 5), planned.err
        if planned.code == 2:
            assert "delete" not in planned.actions().values()
    assert world.writes() == []
