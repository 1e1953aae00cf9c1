"""A bug of ours is told in a few calm lines, and so is wrong usage: never a traceback, never a value that acts."""

from __future__ import annotations

from typing import Any

import pytest
from world import KEY, World

from reconciler.api.transport import Transport
from reconciler.cli.main import run

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"


@pytest.mark.parametrize("fault", [KeyError, RecursionError, MemoryError, OSError, AttributeError, UnicodeError])
def test_a_bug_is_told_calmly(world: World, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    """Exit 1: what it is, where, and how to report it. No traceback, no locals, not the key that it speaks of."""

    def faulty(transport: Transport, *_: Any, **__: Any) -> None:
        local = "a-local-value"
        raise fault(f"\x1b[2J{transport.secret.value}\n::error::x {len(local)} " + "y" * 999)

    monkeypatch.setattr(Transport, "exchange", faulty)
    world.write(FLOW)
    ended = world.run("plan", "--debug")
    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(f"error: a fault in reconciler 0.1.0: {fault.__name__}: ")
    assert len(lines[0]) < 500
    assert "test_faults.py:" in lines[1]
    assert "in faulty < " in lines[1]
    assert all(line.startswith("hint: ") for line in lines[2:])
    assert "report it" in lines[3]
    for never in ("Traceback", "a-local-value", KEY, "\x1b", "\n::error::"):
        assert never not in ended.err


@pytest.mark.parametrize("before", range(270, 310, 3))
def test_half_a_key_is_one_too(world: World, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    """Long words are cut, and the key is taken out before that."""
    key = "sk_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    monkeypatch.setenv("QONVERSION_SECRET", key)

    def faulty(transport: Transport, *_: Any, **__: Any) -> None:
        raise ValueError("y" * before + transport.secret.value)

    monkeypatch.setattr(Transport, "exchange", faulty)
    world.write(FLOW)
    ended = world.run("plan")
    assert ended.code == 1
    assert "sk_A" not in ended.err


def test_a_bug_in_a_write_keeps_no_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report and the receipt name the fault by its place; what it quotes is in no file."""
    exchange = Transport.exchange

    def faulty(transport: Transport, method: str, *arguments: Any, **options: Any) -> Any:
        if method == "POST":
            raise RuntimeError(f"{transport.secret.value} and more")
        return exchange(transport, method, *arguments, **options)

    monkeypatch.setattr(Transport, "exchange", faulty)
    world.write(FLOW)
    ended = world.apply()
    assert ended.code == 1
    assert ended.document["results"][0]["reason"].startswith("a fault in reconciler: RuntimeError at test_faults.py:")
    kept = [each.read_bytes() for each in world.folder.rglob("*") if each.is_file()]
    assert not [each for each in kept if KEY.encode() in each or b"and more" in each]


HOSTILE = "x\x1b[2Jx\u202ey\n::error::z\u200b"


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE],
        ["plan", f"--{HOSTILE}"],
        ["plan", "a", HOSTILE],
        ["plan", "--parallelism", HOSTILE],
        ["plan", "--format", HOSTILE],
        ["plan", "--environment", HOSTILE],
        ["simulate", "--faults", f"/{HOSTILE}"],
        ["state", HOSTILE],
        ["import", HOSTILE, HOSTILE],
        ["validate", HOSTILE],
    ],
)
def test_wrong_usage_is_shown_harmless(world: World, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Whatever stands on the command line: nothing acts on the terminal, and no line is one of its own."""
    world.write("environments: {one: {}, two: {}}\n", "reconciler.yaml")
    if arguments[:2] == ["plan", "--environment"]:
        arguments = ["plan", str(world.folder), *arguments[1:]]
    assert run(arguments) in (3, 64)
    out, err = capsys.readouterr()
    assert out == ""
    assert not set(err) & set("\x1b\u202e\u200b")
    assert not [line for line in err.splitlines() if line.startswith("::")]
    assert "error: " in err


def test_a_mistyped_command_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, and where help is."""
    assert run(["plan", "--nonsense"]) == 64
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: plan has no option --nonsense"
    assert hint == "hint: `reconciler plan --help` lists what it takes"
