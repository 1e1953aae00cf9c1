"""Files of ours that are no JSON any more: told in our words, with the place."""

from __future__ import annotations

import pytest
from world import World

FLOW = "automations: {a: {name: A, status: active, data: {actions: {push: p}}}}\n"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"", "no JSON at line 1, column 1"),
        (b'{\n  "a": 1,\n}\n', "no JSON at line "),
        (b'{"a": 1} more', "no JSON at line 1, column 10"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 8"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_a_state_that_is_damaged_says_where(world: World, damage: bytes, said: str) -> None:
    """Exit 5, the file, and the line and column or the byte."""
    world.settle(FLOW)
    world.state.write_bytes(damage)
    refused = world.plan()
    assert refused.code == 5
    assert f"{world.state}: " in refused.err
    assert said in refused.err


@pytest.mark.parametrize(("damage", "said"), [(b"{", "no JSON at line 1, column 2"), (b"\xff", "not UTF-8 at byte 1")])
def test_a_plan_and_an_approval_that_are_damaged_say_where(world: World, damage: bytes, said: str) -> None:
    """So do the other files that an apply is given."""
    world.write(FLOW)
    file = world.folder.parent / "given"
    file.write_bytes(damage)
    refused = world.apply("--plan", str(file))
    assert refused.code == 5
    assert said in refused.err
    file.write_bytes(damage)
    refused = world.apply("--expect-digest", f"@{file}")
    assert refused.code == 64
    assert world.writes() == []
