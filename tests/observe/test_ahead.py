"""Pages that the memory lets us expect are asked for side by side; what shifts between them is noticed all the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from world import KEY, World

from reconciler.api import Reader, connect
from reconciler.api.secret import Secret
from reconciler.kinds import KINDS
from reconciler.observe import observe

from .scripted import Query, Said, Script, page, says, served
from .test_many import by_offset, reports

LIVE = 300
TOGETHER = 4
"""Pages of 300 reports that overlap by one."""


@pytest.fixture
def script(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """An API with 300 reports, which a state remembers."""
    made = reports()[:LIVE]
    with served(Script()) as script:
        monkeypatch.setenv("QONVERSION_API_URL", script.url)
        script.plays["/scheduled-reports"] = lambda query: by_offset(made, query)
        fields = {"report_name", "send_at", "included_range_days", "status", "environment"}
        written = {
            f"r{n}": {name: each[name] for name in fields}
            | {"destinations": [{"type": "target_integration", "id": f"i{n}"}]}
            for n, each in enumerate(made)
        }
        world.write(json.dumps({"reports": written}))
        assert world.apply().code == 0
        script.asked.clear()
        yield script


def asked(script: Script) -> list[int]:
    """The offsets that were asked for, in their order."""
    return sorted(int(query["offset"]) for path, query in script.asked if path == "/scheduled-reports")


def test_they_are_asked_for_side_by_side(world: World, script: Script) -> None:
    """No page is answered before all are asked for: one after the other, that would never end."""
    made, all_there = reports()[:LIVE], threading.Barrier(TOGETHER)

    def together(query: Query) -> Said:
        all_there.wait(timeout=30)
        return by_offset(made, query)

    script.plays["/scheduled-reports"] = together
    assert world.plan().code == 0
    assert asked(script) == [0, 99, 198, 297]


def test_what_is_told_is_asked_for_at_once(script: Script) -> None:
    """The second list is told only after the server was asked for the first: all at the end, that would never come."""
    came = threading.Event()

    def catalogue(_: Query) -> Said:
        came.set()
        return says({"data": []})

    def lookups() -> Iterator[str]:
        yield "/integrations/meta"
        assert came.wait(timeout=30)
        yield "/scheduled-reports/destinations"

    script.plays["/integrations/meta"] = catalogue
    with connect(script.url, Secret(KEY, "QONVERSION_SECRET"), 4) as transport:
        live = observe(Reader(transport), KINDS.values(), lookups())
    assert set(live.lookups) == {"/integrations/meta", "/scheduled-reports/destinations"}


@pytest.mark.parametrize(("live", "offsets"), [(350, [0, 99, 198, 297]), (450, [0, 99, 198, 297, 396]), (90, None)])
def test_there_are_more_or_fewer_than_expected(
    world: World, script: Script, live: int, offsets: list[int] | None
) -> None:
    """The list is read to its end, wherever that is."""
    made = reports()[:live]
    script.plays["/scheduled-reports"] = lambda query: by_offset(made, query)
    offered = [item for each in reports()[:LIVE] for item in each["destinations"]]
    script.plays["/scheduled-reports/destinations"] = lambda _: says({"data": offered})
    for number in range(live, LIVE):
        script.play(f"/scheduled-reports/r{number}", says({"error": {"code": "not_found"}}, 404))
    summary = world.plan("--max-deletes", "1000").document["summary"]
    assert summary["unchanged"] == min(live, LIVE)
    assert summary["create"] == max(0, LIVE - live)
    assert summary["unmanaged"] == max(0, live - LIVE)
    if offsets is not None:
        assert asked(script) == offsets


@pytest.mark.parametrize("shift", ["added", "removed"])
def test_a_list_that_shifts_between_the_pages(world: World, script: Script, shift: str) -> None:
    """Some pages are of before and some of after: read again from the start, where it stays so nothing is concluded."""
    before = reports()[:LIVE]
    extra = {**before[0], "id": "new", "report_name": "New"}
    after = [extra, *before] if shift == "added" else before[1:]

    def torn(query: Query) -> Said:
        return by_offset(after if int(query["offset"]) in (99, 297) else before, query)

    script.plays["/scheduled-reports"] = torn
    done = world.run("plan")
    assert done.code == 5, done.out
    assert "could not be read whole" in done.err
    assert script.writes == []


def test_a_page_that_fails(world: World, script: Script) -> None:
    """One page among those that were asked for ahead is an error: the list is not whole, and that is said."""
    made = reports()[:LIVE]

    def broken(query: Query) -> Said:
        return says(page([], more=False), 403) if query["offset"] == "198" else by_offset(made, query)

    script.plays["/scheduled-reports"] = broken
    assert world.run("plan").code == 4
