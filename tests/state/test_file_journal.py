"""The journal of an apply that was cut off: read to its last whole line, or refused; never guessed."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from size import ends, first, seeds
from world import KEY, Json, World, automation

from reconciler.cli.main import run
from reconciler.errors import StateUnusable
from reconciler.model.inputs import State
from reconciler.state.file import FileBackend
from reconciler.state.journal import Journal

pytestmark = pytest.mark.usefixtures("no_waiting")

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


def cut_off(world: World, monkeypatch: pytest.MonkeyPatch, settled: bool = True, team: str = TEAM) -> Path:
    """An apply that did all its writes and was cut off before its state was written; gives its journal."""
    if settled:
        world.settle(FLOW)
    world.write(FLOW + team)
    with monkeypatch.context() as patched:

        def fails(*_: object, **__: object) -> str:
            raise StateUnusable("cut off")

        patched.setattr(FileBackend, "write", fails)
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
    assert (first["format_version"], first["base"]) == (3, [state["lineage"], 1])
    assert [(each["address"], "intent" if "intent" in each else "entry") for each in rest] == [
        ("integration.hook", "intent"),
        ("integration.hook", "entry"),
        ("report.daily", "intent"),
        ("report.daily", "entry"),
    ]
    assert rest[0]["intent"] == "POST /integrations"


def test_what_was_deleted_outlives_two_kills(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal of the second run begins with all that the first one's says, deleted objects included."""
    world.settle_once(FLOW + TEAM)
    gone = world.id_of("report.daily")
    cut_off(world, monkeypatch, settled=False, team="")
    path = cut_off(world, monkeypatch, settled=False, team=TEAM.partition("    reports:")[0].replace("iOS", "Android"))
    assert f"report[{gone}]" in path.read_text(encoding="utf-8")
    assert world.apply().code == 0
    assert f"report[{gone}]" in json.loads(world.state.read_text(encoding="utf-8"))["tombstones"]


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


DAMAGED = (
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
)


@pytest.mark.parametrize("line", ends(DAMAGED))
@pytest.mark.parametrize("command", first(["plan", "apply"]))
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
    ends(
        [
            {"format_version": "1"},
            {"format_version": None},
            {"base": None},
            {"base": []},
            {"base": ["x"]},
            {"base": [1, "x"]},
            {"lineage": 7},
            {"plan": None},
        ]
    ),
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
    first |= {"format_version": 4, "base": "otherwise"}
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


@pytest.mark.parametrize("version", [1, 2])
def test_one_of_an_earlier_version(world: World, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """It was not bound to the key, so anybody may have written it: refused with the way on, on which nothing is made
    twice; a spent one is no matter."""
    path = cut_off(world, monkeypatch)
    unbound = [{name: each[name] for name in each if name not in ("seal", "key")} for each in lines(path)]
    unbound[0]["format_version"] = version
    text = "".join(json.dumps(each) + "\n" for each in unbound)
    path.write_text(text, encoding="utf-8")
    refused = world.plan()
    assert refused.code == 5
    assert f"{path}: this journal of an apply is not believed" in refused.err
    assert "move it away and plan again" in refused.err
    path.unlink()
    assert set(world.plan().actions().values()) == {"adopt"}
    assert world.apply().code == 0
    assert world.writes() == []
    path.write_text(text, encoding="utf-8")
    assert world.plan().code == 0


def made_by_hand(world: World, **steps: Json | None) -> None:
    """A journal that goes on from the state as it is, by somebody who has not got the key: address → entry."""
    state = json.loads(world.state.read_text(encoding="utf-8"))
    head = {
        "format_version": 3,
        "key": "0" * 16,
        "base": [state["lineage"], state["serial"]],
        "lineage": state["lineage"],
        "plan": "",
        "seal": "0" * 32,
    }
    made = [head, *({"address": name, "entry": entry, "seal": "0" * 32} for name, entry in steps.items())]
    world.state.with_suffix(".journal").write_text("".join(json.dumps(each) + "\n" for each in made))


@pytest.mark.parametrize("key", ["made up", "copied from a journal of the key"])
@pytest.mark.parametrize("what", ["lifts a protection", "names an object of others"])
def test_one_that_somebody_made(world: World, monkeypatch: pytest.MonkeyPatch, what: str, key: str) -> None:
    """It would let a protected object be deleted, or one that was never ours: refused, and nothing is deleted."""
    stranger = world.insert("automations", **automation("Theirs"))
    world.settle(FLOW.replace("name: Flow", "name: Flow, lifecycle: {prevent_destroy: true}"))
    entry = json.loads(world.state.read_text(encoding="utf-8"))["resources"]["automation.flow"]
    changed = {"protected": False} if what == "lifts a protection" else {"id": stranger}
    made_by_hand(world, **{"automation.flow": entry | changed})
    if key != "made up":
        path = world.state.with_suffix(".journal")
        forged = path.read_bytes()
        path.unlink()
        name = json.loads(cut_off(world, monkeypatch, settled=False).read_bytes().splitlines()[0])["key"].encode()
        world.state.with_suffix(".journal").write_bytes(forged.replace(b"0" * 16, name, 1))
    world.write("automations: {}\n")
    world.requests()
    for refused in (world.run("plan"), world.run("apply", "--auto-approve")):
        assert refused.code == 5
        assert ".journal" in refused.err
    assert world.writes() == []


@pytest.mark.parametrize("change", ["swapped", "without one", "one twice", "one of another journal"])
def test_lines_in_another_order(world: World, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Each line is genuine, and bound to all before it: refused at the first that is not in its place."""
    path = cut_off(world, monkeypatch)
    whole = path.read_bytes().splitlines(keepends=True)
    if change == "swapped":
        changed = [whole[0], whole[3], whole[4], whole[1], whole[2]]
    elif change == "without one":
        changed = [whole[0], *whole[2:]]
    elif change == "one twice":
        changed = [*whole[:3], whole[2], *whole[3:]]
    else:
        path.unlink()
        assert world.apply().code == 0
        later = TEAM.replace("09:00", "10:00")
        other = cut_off(world, monkeypatch, settled=False, team=later).read_bytes().splitlines(keepends=True)
        changed = [other[0], whole[3], *other[2:]]
    path.write_bytes(b"".join(changed))
    refused = world.plan()
    assert refused.code == 5
    assert f"{path}:{4 if change == 'one twice' else 2}: the journal of an interrupted apply is damaged" in refused.err


def test_the_key_was_changed_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused in words, with both ways on: the old key once more, or without the journal; nothing is doubled."""
    path = cut_off(world, monkeypatch)
    monkeypatch.setenv("QONVERSION_SECRET", "sk_another_one")
    refused = world.plan()
    assert refused.code == 5
    assert f"{path}: the journal of an apply that was cut off was written with another key" in refused.err
    assert "give that key once more" in refused.err
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    assert world.plan().code == 0
    monkeypatch.setenv("QONVERSION_SECRET", "sk_another_one")
    path.unlink()
    assert set(world.plan().actions().values()) == {"adopt"}


def test_without_the_key(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs none: `list` and `show` say that the steps are not shown; what would write over them is refused, and
    says how to go on; `history`, `validate` and `unlock` have nothing to do with it. With the key all is as ever."""
    path = cut_off(world, monkeypatch)
    folder = str(world.folder)
    capsys.readouterr()
    with monkeypatch.context() as without:
        without.delenv("QONVERSION_SECRET")
        for words in (["list"], ["show", "automation.flow"]):
            assert run(["state", *words, folder]) == 0
            out, err = capsys.readouterr()
            assert "report.daily" not in out
            assert err.startswith("note: an apply was cut off; its steps are not shown")
            assert err.count("\n") == 1
        for words in (["mv", "automation.flow", "automation.f"], ["rm", "automation.flow"]):
            assert run(["state", *words, folder]) == 5
            assert f"what it did is in {path}" in capsys.readouterr().err
        assert run(["history", folder]) == 0
        assert run(["validate", "--state", folder]) == 0
    assert path.exists()
    assert run(["state", "list", folder]) == 0
    assert "report.daily" in capsys.readouterr().out
    assert run(["state", "mv", "report.daily", "report.weekly", folder]) == 0
    assert not path.exists()


@pytest.mark.process
def test_no_program_is_asked_for_the_key(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`state list` runs no `secret_command`, not even for a journal."""
    cut_off(world, monkeypatch)
    mark = world.folder.with_name("asked")
    world.write(
        f"environments: {{default: {{secret_command: [sh, -c, 'touch {mark}; echo sk_world']}}}}\n", "reconciler.yaml"
    )
    capsys.readouterr()
    assert run(["state", "list", str(world.folder)]) == 0
    assert "its steps are not shown" in capsys.readouterr().err
    assert not mark.exists()
    assert world.plan().code == 0
    assert mark.exists()


def test_a_run_in_this_process_after_one_that_broke_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts a journal of its own: the one before was neither closed nor cleared, or could not be written."""
    journal, base = Journal(tmp_path / "journal", "default", KEY), State("default")
    for address in ("segment.one", "segment.two"):
        journal.start(base, State("default", lineage="a"))
        journal.intent(address, "create")
        assert journal.replay(base).named == {address}

    def fails(_: int) -> None:
        raise OSError("disk")

    with monkeypatch.context() as patched, pytest.raises(StateUnusable, match="cannot be written"):
        patched.setattr(os, "fsync", fails)
        journal.intent("segment.three", "create")
    with pytest.raises(StateUnusable, match="cannot be written"):
        journal.intent("segment.three", "create")
    journal.start(base, State("default", lineage="b"))
    journal.intent("segment.four", "create")
    assert journal.replay(base).named == {"segment.four"}
    journal.clear()
    assert not journal.path.exists()


@pytest.mark.parametrize("seed", seeds(12, every_day=3))
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
