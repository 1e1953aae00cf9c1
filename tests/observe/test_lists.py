"""Lists that lie, shift or end in the middle: an error, and never a shorter truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from world import KEY

from reconciler.api import Reader, connect, lists
from reconciler.api.rate_limiter import RateLimiter
from reconciler.api.secret import Secret
from reconciler.cli.main import run
from reconciler.errors import AnswerRefused, NotAuthorised, ReconcilerError
from reconciler.kinds import KINDS
from reconciler.model.inputs import Live
from reconciler.observe import observe

from .scripted import Query, Said, Script, page, says, served

AUTOMATIONS, REPORTS, INTEGRATIONS = "/automations", "/scheduled-reports", "/integrations"
CATALOGUE, DESTINATIONS = "/integrations/meta", "/scheduled-reports/destinations"
CONFIGURATION = """
automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}
integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS}}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
"""


@pytest.fixture
def script(uses_network: None) -> Iterator[Script]:
    """A server without any object."""
    with served(Script()) as script:
        yield script


@pytest.fixture
def folder(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that would create one of each kind."""
    (tmp_path / "main.yaml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    monkeypatch.setenv("QONVERSION_API_URL", script.url)
    return tmp_path


def flows(first: int, last: int) -> list[dict[str, Any]]:
    """Automations with these numbers."""
    return [
        {"object": "automation", "id": f"a{n}", "name": f"n{n}", "status": "active", "data": {}}
        for n in range(first, last)
    ]


def look(script: Script, waits: list[float] | None = None) -> Live:
    """One observation, without real waiting."""
    with connect(script.url, Secret(KEY, "QONVERSION_SECRET"), 4) as transport:
        slept = waits if waits is not None else []
        limiter = RateLimiter(4, sleep=slept.append, clock=lambda: sum(slept))
        return observe(Reader(transport, limiter), KINDS.values(), ())


LYING = [
    (
        "cursor-repeats",
        AUTOMATIONS,
        [page(flows(0, 2), more=True, next_cursor="same"), page(flows(2, 4), more=True, next_cursor="same")],
        5,
    ),
    ("first-page-again", AUTOMATIONS, [page(flows(0, 2), more=True)], 5),
    ("empty-page-with-more", AUTOMATIONS, [page([], more=True)], 5),
    ("empty-offset-page-with-more", REPORTS, [page([], more=True)], 5),
    ("no-has-more", AUTOMATIONS, [{"data": flows(0, 1)}], 5),
    ("has-more-is-text", REPORTS, [{"data": [], "has_more": "false"}], 5),
    ("whole-list-with-more", INTEGRATIONS, [page([], more=True)], 5),
    ("no-has-more-in-a-whole-list", INTEGRATIONS, [{"data": []}], 5),
    ("no-data", AUTOMATIONS, [{"object": "list", "has_more": False}], 1),
    ("data-is-a-map", INTEGRATIONS, [{"data": {}, "has_more": False}], 1),
    ("data-of-texts", REPORTS, [page(["x"], more=False)], 1),
    ("not-json", AUTOMATIONS, [b"{"], 1),
    ("html", INTEGRATIONS, [b"<html>sign in</html>"], 1),
    ("empty-body", REPORTS, [b""], 1),
    ("a-list-without-envelope", AUTOMATIONS, [[]], 1),
    ("no-id", AUTOMATIONS, [page([{"name": "x"}], more=False)], 1),
    ("id-is-a-number", REPORTS, [page([{"id": 5}], more=False)], 1),
    ("id-climbs", INTEGRATIONS, [page([{"id": ".."}], more=False)], 1),
    ("id-is-a-path", AUTOMATIONS, [page([{"id": "a/b"}], more=False)], 1),
    ("id-is-a-segment", REPORTS, [page([{"id": "destinations"}], more=False)], 1),
    ("error-beside-the-data", AUTOMATIONS, [page(flows(0, 1), more=False, error={"message": "half of it"})], 1),
    ("error-on-the-last-page", REPORTS, [page([], more=False, error="half of it")], 1),
    ("error-with-a-good-status", INTEGRATIONS, [{"error": {"code": "storage_error"}}], 1),
    *[
        (f"{name}-{how}", path, [body], code)
        for name, path in (("catalogue", CATALOGUE), ("destinations", DESTINATIONS))
        for how, body, code in (
            ("error", {"data": [], "error": {"code": "storage_error"}}, 1),
            ("html", b"<html>", 1),
            ("empty", b"", 1),
            ("cut", b'{"data": [', 1),
            ("no-data", {"has_more": False}, 1),
            ("data-is-null", {"data": None}, 1),
            ("data-of-texts", {"data": ["x"]}, 1),
            ("more", {"data": [], "has_more": True}, 5),
            ("more-is-text", {"data": [], "has_more": "no"}, 5),
        )
    ],
]


@pytest.mark.parametrize(("path", "bodies", "code"), [case[1:] for case in LYING], ids=[case[0] for case in LYING])
@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_list_that_cannot_be_trusted_stops_everything(
    folder: Path, script: Script, command: str, path: str, bodies: list[Any], code: int
) -> None:
    """5 where it is not whole, 1 where it is unreadable; nothing is created for what was not seen."""
    script.play(path, *map(says, bodies))
    assert run([command, str(folder), *(["--auto-approve"] if command == "apply" else [])]) == code
    assert script.writes == []


def test_a_cursor_that_went_stale_is_noticed(folder: Path, script: Script) -> None:
    """The header says that the server began again from the top: read anew, and refused when it stays so."""
    script.plays[AUTOMATIONS] = lambda query: (
        says(page(flows(5, 6), more=False), X_Qon_Pagination_Restarted="true")
        if "starting_after" in query
        else says(page(flows(0, 2), more=True))
    )
    assert run(["plan", str(folder)]) == 5
    assert script.writes == []
    assert len([path for path, query in script.asked if path == AUTOMATIONS and "starting_after" not in query]) == 3


def test_a_cursor_that_comes_twice_is_noticed(folder: Path, script: Script) -> None:
    """Also where each page brings new objects: nobody knows what was skipped between them."""
    pages: list[int] = []

    def circling(query: Query) -> Said:
        pages[:] = [*pages, len(pages)] if "starting_after" in query else [0]
        return says(page(flows(pages[-1], pages[-1] + 1), more=len(pages) < 4, next_cursor="same"))

    script.plays[AUTOMATIONS] = circling
    assert run(["plan", str(folder)]) == 5
    assert script.writes == []


def test_a_list_that_settles_is_read_again(script: Script) -> None:
    """One restart costs another reading and no error."""
    restarted = says(page(flows(0, 1), more=False), X_Qon_Pagination_Restarted="true")
    script.play(
        AUTOMATIONS,
        says(page(flows(0, 2), more=True)),
        restarted,
        says(page(flows(0, 2), more=True)),
        says(page(flows(2, 3), more=False)),
    )
    assert set(look(script).records["automation"]) == {"a0", "a1", "a2"}


def reports(*numbers: int) -> list[dict[str, Any]]:
    """Reports with these numbers."""
    return [{"object": "scheduled_report", "id": f"r{n}", "report_name": f"n{n}", "destinations": []} for n in numbers]


class Shifting:
    """Offset pages over a list that somebody changes before each page but the first, for as long as it is told."""

    def __init__(self, *, times: int, added: bool) -> None:
        self.items = list(range(250))
        self.times = times
        self.added = added

    def __call__(self, query: Query) -> Said:
        offset, limit = int(query["offset"]), int(query["limit"])
        if offset and self.times:
            self.times -= 1
            self.items = [-self.times - 1, *self.items] if self.added else self.items[1:]
        chosen = self.items[offset : offset + limit]
        return says(page(reports(*chosen), more=offset + limit < len(self.items)))


@pytest.mark.parametrize("added", [True, False], ids=["added", "removed"])
def test_offset_pages_that_shift_once_are_read_again(script: Script, added: bool) -> None:
    """What slipped past between two pages is not taken for deleted."""
    shifting = Shifting(times=1, added=added)
    script.plays[REPORTS] = shifting
    assert set(look(script).records["report"]) == {f"r{n}" for n in shifting.items}


@pytest.mark.parametrize("added", [True, False], ids=["added", "removed"])
def test_offset_pages_that_keep_shifting_are_refused(folder: Path, script: Script, added: bool) -> None:
    """Exit 5: nothing may be concluded."""
    script.plays[REPORTS] = Shifting(times=99, added=added)
    assert run(["apply", str(folder), "--auto-approve"]) == 5
    assert script.writes == []


@pytest.mark.parametrize("path", [AUTOMATIONS, REPORTS])
def test_a_list_without_an_end_is_given_up(
    folder: Path, script: Script, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that always has more must not keep us for ever."""
    monkeypatch.setattr(lists, "MOST_PAGES", 20)

    def endless(query: Query) -> Said:
        start = int(query.get("offset", "-1"))
        if start < 0:
            after = int(query.get("starting_after", "a-1").removeprefix("a"))
            return says(page(flows(after + 1, after + 101), more=True))
        return says(page(reports(*range(start, start + 100)), more=True))

    script.plays[path] = endless
    assert run(["plan", str(folder)]) == 5
    assert len([asked for asked, _ in script.asked if asked == path]) == 20


def test_an_object_twice_on_one_page_is_one(script: Script) -> None:
    """In each of the three styles."""
    script.play(AUTOMATIONS, says(page(flows(0, 2) + flows(1, 2), more=False)))
    script.play(REPORTS, says(page(reports(1, 2, 2), more=False)))
    script.play(INTEGRATIONS, says(page([{"id": "i1", "title": "T"}, {"id": "i1", "title": "T"}], more=False)))
    found = look(script).records
    assert [set(records) for records in found.values() if records] == [{"i1"}, {"r1", "r2"}, {"a0", "a1"}]


def test_a_proxys_page_is_the_networks_failure(script: Script) -> None:
    """HTML with a 502: waited for, five attempts in all, then an error that tells the status and not the markup."""
    script.play(AUTOMATIONS, says(b"<html>Bad gateway</html>", 502))
    waits: list[float] = []
    with pytest.raises(AnswerRefused, match="502") as raised:
        look(script, waits)
    assert raised.value.exit_code == 1
    assert "<html>" not in str(raised.value)
    assert len([path for path, _ in script.asked if path == AUTOMATIONS]) == 5
    assert len(waits) == 4


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_waited_out(script: Script, status: int) -> None:
    """A server that is busy for a moment costs a moment; `Retry-After` is honoured."""
    script.play(AUTOMATIONS, says(b"", status, Retry_After="7"), says(page(flows(0, 1), more=False)))
    waits: list[float] = []
    assert set(look(script, waits).records["automation"]) == {"a0"}
    assert waits == [7.0]


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("3", 3.0, 3.0),
        ("0", 0.0, 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0, 0.0),
        ("299.5", 299.5, 299.5),
        ("soon", 0.0, 0.5),
        ("-5", 0.0, 0.5),
        ("\u00b2", 0.0, 0.5),
    ],
)
def test_how_long_is_waited(script: Script, asked: str, least: float, most: float) -> None:
    """As the server asks, in seconds or with a date; what cannot be read is as if it were not there."""
    script.play(REPORTS, says(b"", 503, Retry_After=asked), says(page([], more=False)))
    waits: list[float] = []
    look(script, waits)
    assert len(waits) == 1
    assert least <= waits[0] <= most


@pytest.mark.parametrize("asked", ["Fri, 31 Dec 2999 23:59:59 GMT", "99999999999", "301"])
def test_more_than_a_run_waits_is_given_up_at_once(script: Script, asked: str) -> None:
    """It is an error that tells of the wait, and nothing is waited for."""
    script.play(REPORTS, says(b"", 503, Retry_After=asked))
    waits: list[float] = []
    with pytest.raises(AnswerRefused, match="it asks for a wait"):
        look(script, waits)
    assert waits == []


@pytest.mark.parametrize(
    ("status", "error"), [(400, AnswerRefused), (401, NotAuthorised), (403, NotAuthorised), (404, AnswerRefused)]
)
def test_what_does_not_pass_is_not_asked_again(script: Script, status: int, error: type[ReconcilerError]) -> None:
    """Once is enough to know."""
    script.play(AUTOMATIONS, says({"error": {"code": 5, "message": None}}, status))
    with pytest.raises(error):
        look(script)
    assert len([path for path, _ in script.asked if path == AUTOMATIONS]) == 1


def test_a_provider_that_the_catalogue_does_not_know_is_not_guessed(folder: Path, script: Script) -> None:
    """It could be ours by title and platform, so a new one is not made: exit 5 with its id."""
    record = {"id": "int-1", "title": "Hook", "integration": "Hooks & Co", "target_platform": "iOS", "active": 1}
    script.play(INTEGRATIONS, says(page([record], more=False)))
    assert run(["apply", str(folder), "--auto-approve"]) == 5
    assert script.writes == []
