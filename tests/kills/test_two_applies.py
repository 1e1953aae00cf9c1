"""Two applies at once, each a process: one runs, the other is told; where the lock is broken, the later loses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from size import first

from .api import Api, Json
from .project import WRITES, name_of
from .proof import converged
from .sites import STORES, Site, ended

MIDDLE = WRITES // 2
WHERE = [
    pytest.param(store, write, id=f"{store}-{write}", marks=() if write == MIDDLE else pytest.mark.exhaustive)
    for store in STORES
    for write in (1, MIDDLE, WRITES)
]


@pytest.mark.parametrize("store", first(STORES))
def test_one_runs_and_the_other_is_told(site_of: Callable[[str], Site], api: Api, store: str) -> None:
    """The other names the process that holds the lock, writes nothing, and the first ends as if it had been alone."""
    site = site_of(store)
    before = api.live()
    api.hold("before", MIDDLE)
    with site.start() as first:
        api.held(first)
        with site.start(site.clone("other")) as second:
            told = ended(second)
        assert told.code == 5
        assert "somebody else is applying" in told.err
        assert f"process {first.pid}" in told.err
        assert len(api.writes()) == MIDDLE - 1
        api.let_go()
        done = ended(first)
    assert done.code == 0, done.err
    assert len(api.writes()) == WRITES
    converged(site, api, before)


@pytest.mark.parametrize(("store", "write"), WHERE)
def test_a_broken_lock_costs_the_loser_its_write(
    site_of: Callable[[str], Site], api: Api, store: str, write: int
) -> None:
    """The first is stopped, its lock broken, and another applies; the first's write is refused, the other's stands."""
    site = site_of(store)
    api.hold("before", write)
    with site.start() as first:
        api.held(first)
        other = site.clone("other")
        with site.start(other) as second:
            run_id = ended(second).run_to_unlock()
        assert site.unlock(run_id).code == 0
        with site.start(other) as second:
            won = ended(second)
        assert won.code == 0, won.err
        state, live = site.state(), api.live()
        api.let_go()
        lost = ended(first)
    assert lost.code != 0
    told = " ".join(lost.out.split())
    # Receipts of one second have one name, so that of the other run may be in the way before its state is.
    assert re.search("(written by somebody else while this run went on|so another run wrote it); theirs is kept", told)
    # On a file a look comes every 50 milliseconds, and the first waited longer; elsewhere it comes more rarely.
    assert store != "file" or "the lock of this run was broken by force" in told or write == WRITES
    assert site.state() == state
    winners = [each["id"] for each in state["resources"].values()]
    assert _of(api.live(), winners) == _of(live, winners)
    left = site.plan("--format", "json")
    assert left.code == 0, left.out
    # What the loser made after its lock was broken is not hidden: nobody's, and listed
    extra = [each["id"] for each in left.document["unmanaged"] if name_of(each) not in ("Theirs", "Twin", "Let go")]
    print(f"made twice by the loser, and listed as unmanaged: {len(extra)}")  # noqa: T201 - shown by -rA
    assert sorted(extra) == sorted(set(_ids(api.live())) - set(_ids(live)))


def _ids(live: dict[str, list[Json]]) -> list[str]:
    return [each["id"] for records in live.values() for each in records]


def _of(live: dict[str, list[Json]], ids: list[str]) -> list[Json]:
    """Those records, without the time at which the same was written to them once more."""
    return [
        {name: value for name, value in each.items() if name != "updated_at"}
        for records in live.values()
        for each in records
        if each["id"] in ids
    ]
