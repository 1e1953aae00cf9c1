"""Which time zones are read, and what is said if they are others than before."""

from __future__ import annotations

import json
import struct
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world import World

from clock.conftest import SetClock, reports
from reconciler.kinds import local_time

BERLIN, WINTER = "09:00 Europe/Berlin", "2027-03-20T12:00Z"
LAW = "CET-1CEST,M3.5.0,M10.5.0/3"
SetZones = Callable[..., None]


def compiled(law: str) -> bytes:
    """A zone in the format of TZif (RFC 8536) that has this law, in the form of POSIX, for ever."""
    head, counts, types = (
        b"TZif2" + bytes(15),
        struct.pack(">6L", 0, 0, 0, 0, 1, 4),
        struct.pack(">lBB4s", 0, 0, 0, b"LMT"),
    )
    return (head + counts + types) * 2 + f"\n{law}\n".encode()


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[SetZones]:
    """Installs time zones of a version, with a law for Berlin."""
    before = zoneinfo.TZPATH

    def forget() -> None:
        zoneinfo.ZoneInfo.clear_cache()
        for each in vars(local_time).values():
            if hasattr(each, "cache_clear"):
                each.cache_clear()

    def install(version: str, law: str = LAW, place: str = "Europe/Berlin") -> None:
        folder = tmp_path / version
        (folder / place).parent.mkdir(parents=True)
        (folder / place).write_bytes(compiled(law))
        (folder / "tzdata.zi").write_text(f"# version {version}\n", encoding="utf-8")
        zoneinfo.reset_tzpath([folder])
        forget()

    yield install
    zoneinfo.reset_tzpath(before)
    forget()


def test_the_version_is_remembered(world: World, at: SetClock, zones: SetZones) -> None:
    """It stands in the plan and in the state; without local times nothing is read."""
    zones("2026b")
    at(WINTER)
    world.write(reports("09:00"))
    assert world.plan().document["zone_data"] is None
    world.write(reports(BERLIN))
    assert world.plan().document["zone_data"] == "2026b"
    world.apply()
    assert json.loads(world.state.read_text(encoding="utf-8"))["zone_data"] == "2026b"
    assert world.plan().document["warnings"] == []


def test_another_version_is_told(world: World, at: SetClock, zones: SetZones) -> None:
    """Until an apply has used it."""
    zones("2026b")
    at(WINTER)
    world.settle(reports(BERLIN), anew=True)
    zones("2026a")
    (said,) = world.plan().document["warnings"]
    assert "2026a" in said
    assert "2026b" in said
    world.apply()
    assert world.plan().document["warnings"] == []


def test_a_law_that_changes(world: World, at: SetClock, zones: SetZones) -> None:
    """Berlin stays at summer time for ever: its clock is an hour ahead from now on, and no delivery is lost."""
    zones("2026b")
    at(WINTER)
    world.settle(reports(BERLIN), anew=True)
    zones("2026c", "CEST-2")
    at("2027-03-21T03:00Z")
    planned = world.plan()
    assert [each["after"] for each in planned.change("report.r0")["fields"]] == ["07:00"]
    assert planned.causes("report.r0") == {"send_at": "clock"}
    at("2027-03-21T07:30Z")
    (waiting,) = world.plan().document["waiting"]
    assert waiting["not_before"] == "2027-03-21T08:15:00Z"


def test_a_season_off_the_grid(world: World, zones: SetZones) -> None:
    """It is told when it is written, and not half a year later."""
    zones("2026b", "CET-1CEST-1:15,M3.5.0,M10.5.0/3")
    world.write(reports(BERLIN))
    done = world.run("validate")
    assert done.code == 3
    assert "09:00 Europe/Berlin is 07:45 UTC for a part of the year, off the 30-minute grid" in done.err


def test_a_zone_that_is_not_known_here(world: World, at: SetClock) -> None:
    """The state was written where the time zones are newer: what needs that zone says so, and what does not, works."""
    at(WINTER)
    world.settle(reports(BERLIN, BERLIN))
    world.settle(reports(BERLIN, BERLIN).replace("R1", "R9"))
    text = world.state.read_text(encoding="utf-8").replace("Europe/Berlin", "Europe/Newtown")
    world.state.write_text(text, encoding="utf-8")
    undone = world.plan("--undo", "latest")
    assert undone.code == 1
    assert "09:00 Europe/Newtown" in undone.err
    assert "tzdata" in undone.err
    assert "fault" not in undone.err
    assert world.plan().code == 0
