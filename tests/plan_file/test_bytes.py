"""A changed byte in the file of a plan is noticed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from world import World

from reconciler.errors import Refused
from reconciler.plan.plan_file import read_plans

from .files import FLOW, assert_refused, carry_out, save


def test_every_byte(world: World) -> None:
    """Whichever byte becomes another: what reads it refuses it, line ends and spaces included."""
    world.write(FLOW)
    path = save(world)
    whole, other, chance = path.read_bytes(), path.with_name("changed.plan"), random.Random(3)  # noqa: S311
    for index, byte in enumerate(whole):
        for new in {byte ^ 1 << chance.randrange(8), *(b" \t\r\n" if byte in b" \n" else b"")} - {byte}:
            other.write_bytes(whole[:index] + bytes([new]) + whole[index + 1 :])
            with pytest.raises(Refused):
                read_plans(other)
    assert read_plans(path)[0].plan.changes


def test_two_hundred_bytes_through_the_front_door(world: World) -> None:
    """Exit 5, nothing is asked of the API and nothing written; the file as it was goes through."""
    world.write(FLOW)
    path = save(world)
    whole, chance = path.read_bytes(), random.Random(200)  # noqa: S311
    for _ in range(200):
        changed = bytearray(whole)
        index = chance.randrange(len(whole))
        changed[index] = chance.choice([byte for byte in range(256) if byte != whole[index]])
        path.write_bytes(changed)
        refused = carry_out(world, path)
        assert (refused.code, refused.out) == (5, ""), (index, bytes(changed[index - 20 : index + 20]))
    assert world.requests() == []
    path.write_bytes(whole)
    assert carry_out(world, path).code == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n", b"\r\n"),
        (b"\n", b""),
        (b": ", b":"),
        (b"}\n", b"}"),
        (b"}\n", b"}\n\n"),
        (b"{\n", b"\xef\xbb\xbf{\n"),
        (b'"checksum"', b'"serial": 7, "checksum"'),
    ],
    ids=["line ends", "one line", "spaces", "no last line end", "one more", "a mark", "a field twice"],
)
def test_the_same_said_otherwise(world: World, old: bytes, new: bytes) -> None:
    """Another spelling of the same JSON was not written by us either."""
    world.write(FLOW)
    path = save(world)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(old, new) if old == b"\n" else new.join(whole.rsplit(old, 1)))
    assert path.read_bytes() != whole
    assert_refused(world, path)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off(world: World, part: float) -> None:
    """As after a full disk, or a download that broke."""
    world.write(FLOW)
    path: Path = save(world)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert_refused(world, path)
