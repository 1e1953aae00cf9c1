"""The state as a document: sorted and versioned; what is not understood is refused, whatever it is."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from size import crossed, seeds
from world import Json, World

from reconciler.cli.main import run

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
    reports:
      weekly: &report
        report_name: Weekly
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
        lifecycle: {prevent_destroy: true}
      daily: {<<: *report, report_name: Grüße ✓}
    automations:
      flow: {name: Flow, status: active, data: {actions: {push: p1}}}
    """
ADDRESSES = ["automation.flow", "integration.hook", "report.daily", "report.weekly"]
STRANGE = (None, True, -1, 1.5, "", "x", [], ["x"], [[]], {}, {"x": 1}, [{"id": 1}])


def document(world: World) -> Json:
    """The state's file as it stands."""
    found: Json = json.loads(world.state.read_text(encoding="utf-8"))
    return found


def put(world: World, content: Any) -> None:
    """Something else in its place."""
    world.state.write_text(json.dumps(content), encoding="utf-8")


def test_it_is_made_for_a_diff(world: World) -> None:
    """Sorted keys at every depth, one value a line, a line end at the end, names in any script as they are."""
    world.settle_once(TEAM)
    text = world.state.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert "Grüße ✓" in text
    found = document(world)
    assert set(found) == {
        "configuration",
        "environment",
        "format_version",
        "lineage",
        "plan",
        "resources",
        "serial",
        "tombstones",
    }
    assert (found["format_version"], found["environment"], found["serial"]) == (2, "default", 1)
    assert list(found["resources"]) == ADDRESSES
    entry = found["resources"]["report.daily"]
    assert set(entry) == {"id", "protected", "depends_on", "applied", "file", "read_back", "counts", "counted_at"}
    assert entry["file"] == "main.yaml"
    assert (entry["protected"], entry["depends_on"]) == (True, ["integration.hook"])


def test_it_stays_as_it_is_where_nothing_happens(world: World) -> None:
    """An apply with nothing to do writes nothing; one edit is one value and the serial."""
    world.settle_once(TEAM)
    before = document(world)
    content = world.state.read_bytes()
    assert world.apply().code == 0
    assert world.state.read_bytes() == content
    world.settle(TEAM.replace("p1", "p2"))
    after = document(world)
    assert (after["lineage"], after["serial"]) == (before["lineage"], 2)
    after["resources"]["automation.flow"]["applied"]["data"]["actions"]["push"] = "p1"
    assert after["resources"] == before["resources"]


def test_it_survives_a_round_trip(world: World) -> None:
    """What is read and written again is the same: `state mv` there and back."""
    world.settle_once(TEAM)
    before = document(world)
    for pair in (["automation.flow", "automation.other"], ["automation.other", "automation.flow"]):
        assert run(["state", "mv", *pair, str(world.folder)]) == 0
    assert document(world)["resources"] == before["resources"]
    assert world.plan().code == 0


NO_STATES = {
    b"": "damaged",
    b"{}": "format_version",
    b"[]": "format_version",
    b"null": "format_version",
    b"state": "damaged",
    b"\xff\xfe\x00": "damaged",
    b"[" * 100_000: "damaged",
    b'{"format_version": "1"}': "format_version",
    b'{"format_version": true}': "format_version",
    b'{"format_version": 1}': "resources",
    b'{"format_version": 3, "resources": {}}': "newer",
    b'<<<<<<< ours\n{"format_version": 1}\n=======\n{"format_version": 1}\n>>>>>>> theirs\n': "damaged",
    b'{"format_version": 1, "serial": 1, "serial": 2}': "there twice",
}


@pytest.mark.parametrize(("content", "command"), crossed(NO_STATES, ["plan", "apply", "drift", "list"]))
def test_a_file_that_is_no_state(world: World, content: bytes, command: str) -> None:
    """Exit 5 with its path, the cause and a way on, before the API is asked anything; the file is left as it is."""
    world.settle_once(TEAM)
    world.state.write_bytes(content)
    arguments = ["state", "list"] if command == "list" else [command]
    assert run([*arguments, str(world.folder)]) == 5
    refused = world.run("plan") if command == "list" else world.run(command)
    assert (refused.code, refused.out) == (5, "")
    assert str(world.state) in refused.err
    assert NO_STATES[content] in refused.err
    assert "hint: " in refused.err
    assert world.requests() == []
    assert world.state.read_bytes() == content


def test_the_state_of_another_environment(world: World) -> None:
    """Two environments on one file would delete each other's objects: exit 5 for one after the other, 3 for both."""
    settings = "state: {store: file, path: one.json}\nenvironments:\n"
    one, two = "  a: {secret_env: QONVERSION_SECRET}\n", "  b: {secret_env: QONVERSION_SECRET}\n"
    world.write(settings + one, "reconciler.yaml")
    world.write(TEAM)
    assert world.apply().code == 0
    world.requests()
    world.write(settings + two, "reconciler.yaml")
    refused = world.run("plan")
    assert refused.code == 5, refused.err
    assert "of the environment a, not of b" in refused.err
    world.write(settings + one + two, "reconciler.yaml")
    assert world.run("plan", "--environment", "a").code == 3
    assert world.requests() == []


def test_another_environments_file_in_its_place(world: World) -> None:
    """Copied by hand: exit 5, and both names."""
    world.settle_once(TEAM)
    content = document(world)
    content["environment"] = "production"
    put(world, content)
    refused = world.run("plan")
    assert refused.code == 5
    assert "of the environment production, not of default" in refused.err


@pytest.mark.parametrize("part", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_a_truncated_file(world: World, part: float) -> None:
    """Never an empty start: that would be a plan to make everything twice."""
    world.settle_once(TEAM)
    whole = world.state.read_bytes()
    world.state.write_bytes(whole[: int(len(whole) * part)])
    assert world.run("plan").code == 5


def test_a_lost_protection_is_noticed(world: World) -> None:
    """Anything but true and false in its place is no `no`."""
    world.settle_once(TEAM)
    for wrong in ("yes", 1, None, [True]):
        content = document(world)
        content["resources"]["report.daily"]["protected"] = wrong
        before = world.state.read_bytes()
        put(world, content)
        assert world.run("plan").code == 5
        world.state.write_bytes(before)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every way into a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, child in inner for each in spots(child, (*path, key)))]


def mutated(content: Json, chance: random.Random) -> tuple[Json, tuple[Any, ...]]:
    """A copy with something else, something more or something less at one spot."""
    content = copy.deepcopy(content)
    path = chance.choice(spots(content)[1:])
    parent: Any = content
    for key in path[:-1]:
        parent = parent[key]
    kind = chance.randrange(3)
    if kind == 0 and isinstance(parent, dict):
        del parent[path[-1]]
    elif kind == 1 and isinstance(parent, dict):
        parent[chance.choice(["extra", "report", "otto.x", "", "id"])] = chance.choice(STRANGE)
    else:
        parent[path[-1]] = chance.choice(STRANGE)
    return content, path


@pytest.mark.parametrize("seed", seeds(8, every_day=1))
def test_whatever_is_wrong_in_it(world: World, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """At every depth: refused with exit 5, or read with what it still says; never a fault, never an empty start."""
    world.settle_once(TEAM)
    whole, chance, refused = document(world), random.Random(seed), 0  # noqa: S311 - a game, no secret
    for _ in range(40):
        content, path = mutated(whole, chance)
        put(world, content)
        capsys.readouterr()
        code = run(["state", "list", str(world.folder)])
        listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        refused += code == 5
        if code == 5:
            assert listed == []
            continue
        assert code == 0
        if content["resources"]:
            assert len(set(listed) & set(ADDRESSES)) >= 3, path
        for command in (["drift"], ["plan"]):
            assert world.run(*command).code in (0, 2, 3, 5), (command, path)
    assert refused > 10
    assert world.writes() == []


@pytest.mark.parametrize("seed", seeds(4, every_day=2))
def test_whatever_byte_is_another(world: World, seed: int) -> None:
    """The same with bytes."""
    world.settle_once(TEAM)
    whole, chance = world.state.read_bytes(), random.Random(seed)  # noqa: S311 - a game, no secret
    for _ in range(60):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 1, 1, 5])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        world.state.write_bytes(changed)
        assert run(["state", "list", str(world.folder)]) in (0, 5)
