"""`kill -9` before and after every write of one apply, and around its end: the next apply converges."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from .api import Api
from .project import ACTIONS, CREATES, MANAGED, WRITES
from .proof import converged, converges, written_down
from .sites import STORES, Site, ended

READ_BACKS = 2
"""The lists that are read once all is written: integrations, and what their providers are called. Those of the other
kinds are read before that, as soon as nothing more is written to them."""


class Point(NamedTuple):
    """A moment at which the apply is killed."""

    when: str
    write: int
    read: int | None = None

    def __str__(self) -> str:
        return f"{self.when}-write-{self.write}" if self.read is None else f"{self.when}-read-back-{self.read}"


POINTS = [Point(when, write) for write in range(1, WRITES + 1) for when in ("before", "after")] + [
    Point("before", WRITES, read) for read in range(1, READ_BACKS + 1)
]
PLACES = [(store, machine) for store in STORES for machine in ("same", "lost")]
CASES = [(store, machine, point) for store, machine in PLACES for point in POINTS]


def is_exhaustive(store: str, machine: str, point: Point) -> bool:
    """Every day, the apply is killed before each write in one place: that is also after the write before it. In all
    other places, it is killed after the first, a middle and the last write."""
    if (store, machine) == PLACES[0]:
        return point.when == "after" and point.write < WRITES
    return point.when != "after" or point.write not in (1, WRITES // 2, WRITES)


def test_an_apply_that_is_left_alone(site_of: Callable[[str], Site], api: Api) -> None:
    """It takes all the writes that are walked below, all kinds and actions among them, and ends as it should."""
    site = site_of("file")
    planned = site.plan("--format", "json")
    assert planned.code == 2, planned.err
    changes = planned.document["changes"]
    assert {each["action"] for each in changes} == ACTIONS
    assert {each["address"].partition(".")[0] for each in changes if each["action"] != "adopt"} == {
        address.partition(".")[0] for managed in MANAGED.values() for address in managed
    }
    theirs = api.live()
    with site.start() as process:
        done = ended(process)
    assert done.code == 0, done.err
    writes = api.writes()
    assert len(writes) == WRITES
    assert sum(path.count("/") == 1 and method == "POST" for method, path, _ in writes) == CREATES
    converged(site, api, theirs)


def test_the_kill_points_are_counted() -> None:
    """At least twice the twelve writes that were asked for, on each store, with the machine kept and lost."""
    print(f"{len(POINTS)} kill points ({WRITES} writes), {len(CASES)} kills")  # noqa: T201 - shown by -rA
    assert len(POINTS) >= 24


@pytest.mark.parametrize(
    ("store", "machine", "point"),
    [
        pytest.param(*case, id="-".join(map(str, case)), marks=pytest.mark.exhaustive if is_exhaustive(*case) else ())
        for case in CASES
    ],
)
def test_a_killed_apply_is_taken_up(
    site_of: Callable[[str], Site], templates: dict[str, Site], api: Api, store: str, machine: str, point: Point
) -> None:
    """Killed there, a second apply does the rest: nothing twice, nothing forgotten, nothing of others touched."""
    site = site_of(store)
    theirs = api.live()
    api.hold(*point)
    with site.start() as process:
        held = api.held(process)
        if point.read is not None:
            site.await_outcomes()
        process.kill()
    api.drop()
    if (store, machine) == ("file", "same"):
        written_down(site, api, theirs, held, point.when)
    if machine == "lost":
        site.lose_machine(templates[store])
    converges(site, api, theirs)
