"""A saved plan is for one environment, project, state, tool and format, and holds no secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from world import KEY, Json, World

from reconciler import __version__

from .files import FLOW, TEAM, assert_refused, carry_out, save, tamper

SETTINGS = """
    environments:
      one: {secret_env: QONVERSION_SECRET}
      two: {secret_env: QONVERSION_SECRET}
    """


def test_what_was_saved_is_what_is_sent(world: World) -> None:
    """Also where the YAML says something else by then: the file holds what was decided."""
    world.write(TEAM)
    path = save(world)
    world.write(TEAM.replace("09:00", "10:00"))
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert set(done.actions().values()) == {"done"}
    assert [body["send_at"] for method, where, body in world.writes() if where == "/scheduled-reports"] == ["09:00"] * 2
    world.write(TEAM)
    assert world.plan().code == 0


def test_no_secret_is_in_the_file(world: World) -> None:
    """Neither the key nor what begins like one; without a state as well as with one."""
    world.write(TEAM)
    for _ in range(2):
        text = save(world).read_text(encoding="utf-8")
        assert KEY not in text
        assert "sk_" not in text
        assert world.apply().code == 0
        world.writes()


def test_another_environment(world: World) -> None:
    """The file says which; the other one's state and objects are not touched."""
    world.write(SETTINGS, "reconciler.yaml")
    world.write(FLOW)
    path = save(world, "--environment", "one")
    refused = world.apply("--plan", str(path), "--environment", "two")
    assert (refused.code, refused.out) == (5, "")
    assert "for the environment one, not for two" in refused.err
    assert world.writes() == []
    assert world.apply("--plan", str(path), "--environment", "one").code == 0


@pytest.mark.parametrize("key", ["sk_rotated", "test_sk_world"])
@pytest.mark.parametrize("settled", [True, False], ids=["with a state", "without one"])
def test_another_key(world: World, monkeypatch: pytest.MonkeyPatch, key: str, settled: bool) -> None:
    """The key names the project, so another one may open another project."""
    if settled:
        world.settle(FLOW)
    world.write(TEAM)
    path = save(world)
    monkeypatch.setenv("QONVERSION_SECRET", key)
    assert_refused(world, path, "another key")


def test_the_state_was_written_since(world: World) -> None:
    """Somebody applied something else meanwhile: what this plan knows is no longer all."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    path = save(world)
    world.write(FLOW + "integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS}}\n")
    assert world.apply().code == 0
    world.writes()
    assert_refused(world, path, "the state was written since", "serial 1 then, 2 now", "plan --out")


def test_another_state_of_the_same_age(world: World) -> None:
    """The state was lost and made anew: its serial is the same, it is not."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    path = save(world)
    world.state.unlink()
    world.settle(FLOW)
    assert_refused(world, path, "not the state that the plan was made from")


def test_a_state_with_other_ids(world: World) -> None:
    """Same birth, same age, another object in it: as after a wrong merge of the state's file."""
    world.settle_once(FLOW)
    world.write(FLOW.replace("p1", "p2"))
    path = save(world)
    text = world.state.read_text(encoding="utf-8")
    world.state.write_text(text.replace(world.id_of("automation.flow"), "another1"), encoding="utf-8")
    assert_refused(world, path, "knows other objects")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda each: each.update(tool_version="9.9"), ("reconciler 9.9", f"this is {__version__}")),
        (lambda each: each.update(format_version=4), ("format 4", "format 3")),
        (lambda each: each.update(format_version=True), ("format 3",)),
    ],
    ids=["tool", "format", "no number"],
)
def test_another_version(world: World, edit: Callable[[Json], object], words: tuple[str, ...]) -> None:
    """What a field means may differ between versions, so only the very same carries it out."""
    world.write(FLOW)
    path = save(world)
    tamper(path, edit)
    assert_refused(world, path, *words)


@pytest.mark.parametrize(
    "where",
    [
        lambda each: each,
        lambda each: each["plan"],
        lambda each: each["plan"]["changes"][0],
        lambda each: each["plan"]["changes"][0]["fields"][0],
        lambda each: each["plan"]["changes"][0]["requests"][0],
        lambda each: each["plan"]["changes"][0]["remember"],
    ],
    ids=["file", "plan", "change", "field", "request", "entry"],
)
@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda each: each.update(extra=1), "extra"),
        (lambda each: each.pop(next(iter(each))), "expected"),
        (lambda each: each.update({key: [[]] for key in each}), "expected"),
    ],
    ids=["unknown", "missing", "another type"],
)
def test_a_field_that_is_not_understood(
    world: World, where: Callable[[Json], Json], edit: Callable[[Json], object], word: str
) -> None:
    """Refused at every depth, also where the checksum was put right; never guessed."""
    world.write(FLOW)
    path = save(world)
    tamper(path, lambda each: edit(where(each)))
    refused = assert_refused(world, path)
    assert word in refused.err or "no saved plan" in refused.err or "was made by" in refused.err
    assert "Traceback" not in refused.err


def test_a_body_that_was_put_right_again(world: World) -> None:
    """Somebody without the key changes what is sent, and the checksum, and leaves the approved digest: refused."""
    world.write(FLOW)
    path = save(world)
    digest = json.loads(path.read_text(encoding="utf-8"))["plan"]["digest"]

    def edit(document: Json) -> None:
        document["plan"]["changes"][0]["requests"][0]["body"]["data"]["actions"]["push"] = "evil"

    tamper(path, edit)
    refused = carry_out(world, path, "--expect-digest", digest)
    assert (refused.code, refused.out) == (5, "")
    assert "another key" in refused.err
    assert world.writes() == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"no plan", b"\xff\xfe", b'{"format_version": 1}', b"[" * 100_000],
    ids=["empty", "map", "list", "null", "text", "not utf-8", "only a version", "deep"],
)
def test_no_plan_at_all(world: World, content: bytes) -> None:
    """Exit 5 with a word, whatever the file holds."""
    world.write(FLOW)
    path = world.folder.parent / "saved.plan"
    path.write_bytes(content)
    assert_refused(world, path, str(path))


def test_a_file_that_is_not_there(world: World, tmp_path: Path) -> None:
    """Exit 64: neither a plan to read nor a folder to write to."""
    world.write(FLOW)
    assert carry_out(world, tmp_path / "nothing").code == 64
    assert carry_out(world, tmp_path).code == 64
    refused = world.run("plan", "--out", str(tmp_path / "no" / "folder"))
    assert refused.code == 64
    assert "--out" in refused.err


@pytest.mark.parametrize(
    "flags",
    [["--target", "automation.flow"], ["--prune"], ["--allow", "wrong-project"], ["--max-deletes", "0"]],
    ids=lambda flags: flags[0],
)
def test_flags_that_the_file_overrides(world: World, flags: list[str]) -> None:
    """Refused and named, not ignored; the same file goes through without them."""
    world.write(FLOW)
    path = save(world)
    refused = carry_out(world, path, *flags)
    assert (refused.code, refused.out) == (64, "")
    assert flags[0] in refused.err
    assert world.writes() == []
    assert carry_out(world, path).code == 0


def test_a_plan_with_refusals(world: World) -> None:
    """A guard that said no to a plan says no to its file as well, and no flag of apply passes it."""
    guarded = FLOW.replace("status: active", "status: active, lifecycle: {prevent_destroy: true}")
    world.settle(guarded + "integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS}}\n")
    world.write("integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS}}\n")
    path = world.folder.parent / "saved.plan"
    assert world.run("plan", "--out", str(path)).code == 5
    assert path.exists()
    assert_refused(world, path, "prevent_destroy", "automation.flow")
    assert len(world.live("automations")) == 1
