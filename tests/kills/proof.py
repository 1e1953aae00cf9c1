"""What must be true once all has converged."""

from __future__ import annotations

from .api import Api, Json
from .project import DELETED, MANAGED, NEW, REPLACED, THEIRS, looks, name_of
from .sites import Site

Live = dict[str, list[Json]]


def written_down(site: Site, api: Api, before: Live, held: str, when: str) -> None:
    """Before a write leaves, its intent is on the disk; after it returned, its outcome. Only the held one has none."""
    method, path = held.split()
    path = path.removeprefix("/v4")
    warnings = [each for each in site.plan("--format", "json").document["warnings"] if "cut off" in each]
    assert [each.endswith(f": {method} {path}") for each in warnings] == ([] if method == "GET" else [True])
    made = _ids(api.live()) - _ids(before)
    creates = method == "POST" and path.count("/") == 1
    assert len(made - site.remembered()) == (1 if creates and when == "after" else 0)


def _ids(live: Live) -> set[str]:
    return {each["id"] for records in live.values() for each in records}


def converges(site: Site, api: Api, before: Live) -> None:
    """One more apply, once a lock that was left is broken as its refusal says, and all is as it should be."""
    done = site.apply()
    if site.locked():
        assert done.code == 5, done.err
        assert site.unlock(done.run_to_unlock()).code == 0
        done = site.apply()
    assert done.code == 0, done.err
    converged(site, api, before)


def converged(site: Site, api: Api, before: Live) -> None:
    """Nothing is left to do; live is exactly what is wanted and what was of others; the state knows it by its ids."""
    left = site.plan()
    assert left.code == 0, left.out
    assert "cut off" not in left.out + left.err
    live = api.live()
    assert looks(live) == {name: sorted(found.values()) for name, found in MANAGED.items()}
    assert _of_others(live) == _of_others(before)
    _state_is_true(site, live)
    _nothing_was_done_twice(api, before, live)
    assert not site.journal.exists()
    assert not site.locked()


def _of_others(live: Live) -> Live:
    """The raw records that are managed by nobody, in the end."""
    return {name: [each for each in records if name_of(each) in THEIRS] for name, records in live.items()}


def _state_is_true(site: Site, live: Live) -> None:
    resources = site.state()["resources"]
    ids = {
        address: each["id"]
        for collection, managed in MANAGED.items()
        for address, look in managed.items()
        for each in live[collection]
        if name_of(each) == look[0]
    }
    assert {address: each["id"] for address, each in resources.items()} == ids
    assert not any("superseded" in each for each in resources.values())


def _nothing_was_done_twice(api: Api, before: Live, live: Live) -> None:
    """What was made was made once; what was there is the same object still; only what was to go has gone."""
    writes = api.writes()
    made = [name_of(body) for method, path, body in writes if method == "POST" and path.count("/") == 1]
    assert sorted(made) == sorted(NEW)
    was, now = ({each["id"]: name_of(each) for records in each.values() for each in records} for each in (before, live))
    assert sorted(was[each] for each in was if each not in now) == sorted((REPLACED, *DELETED))
    gone = {path.rpartition("/")[2] for method, path, _ in writes if method == "DELETE"}
    assert gone == {each for each in was if each not in now}
