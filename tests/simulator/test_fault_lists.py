"""Faults that change what is seen: late visibility, shifting pages, a rate limit, a worker; on both doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.simulator import Faults, Simulator

from .conftest import Clock, Make, client_of, fired, names, problems, statuses

Lines = Callable[[], list[dict[str, Any]]]
AUTOMATION = {"name": "Welcome Flow", "status": "active", "data": {}}

NEWEST_FIRST: dict[str, list[dict[str, Any]]] = {
    "/segments": [{"name": name} for name in "abc"],
    "/remote-configurations": [{"name": name} for name in "abc"],
    "/entitlements": [{"id": name} for name in "abc"],
    "/products": [{"id": name, "type": "lifetime"} for name in "abc"],
}


def pages(client: httpx.Client, path: str) -> list[str]:
    """The ids of a list that is read in pages of two, by offset or by cursor."""
    ids: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get(path, params=query).json()
        ids += [record["id"] for record in answer["data"]]
        if not answer["has_more"]:
            return ids
        query |= {"starting_after": answer["next_cursor"]} if "next_cursor" in answer else {"offset": len(ids)}


def test_what_was_created_is_seen_late(client: httpx.Client, faults: Faults, automation: Make) -> None:
    """In the list and by its id, each for itself; all pages of a list are one reading; a write finds it."""
    first = automation(name="first")
    faults.add("POST /automations: hide 2, n=1")
    hidden = automation(name="hidden")
    automation(name="third")
    query = {"limit": 1, "starting_after": first["id"]}
    for _ in range(2):
        assert names(client) == ["first", "third"]
        assert names(client, **query) == ["third"]
    assert names(client) == ["first", "hidden", "third"]
    assert names(client, **query) == ["hidden"]
    assert statuses(client, 3, f"/automations/{hidden['id']}") == [404, 404, 200]


def test_a_write_finds_what_no_reading_sees(client: httpx.Client, faults: Faults, automation: Make) -> None:
    """Writes go to where it was created; a refused create hides nothing."""
    faults.add("POST /automations: hide 5")
    assert client.post("/automations", json={}).status_code == 422
    made = automation()
    assert fired(faults) == [(2, 1)]
    assert names(client) == []
    assert client.put(f"/automations/{made['id']}", json=AUTOMATION).status_code == 200
    assert client.delete(f"/automations/{made['id']}").status_code == 204


@pytest.mark.parametrize(("path", "bodies"), NEWEST_FIRST.items())
def test_each_new_collection_is_late_as_well(
    client: httpx.Client, faults: Faults, path: str, bodies: list[dict[str, Any]]
) -> None:
    """A create that nobody sees yet; and one that is refused, or lost, by a rule for its path alone."""
    faults.add(f"POST {path}: hide 1, n=1", f"POST {path}: status 503, n=2", f"POST {path}: status 500 after, n=3")
    answers = [client.post(path, json=body) for body in bodies]
    assert [answer.status_code for answer in answers] == [201, 503, 500]
    made = answers[0].json()
    ids = [[record["id"] for record in client.get(path).json()["data"]] for _ in range(2)]
    assert [len(each) for each in ids] == [1, 2]
    assert ids[1] == [ids[0][0], made["id"]]
    url = f"{path}/{made['id']}"
    parts = [f"{url}/payload", f"{url}/payload-mapping"] if path == "/remote-configurations" else []
    for each in (url, *parts):
        assert statuses(client, 2, each) == [404, 200]


@pytest.mark.parametrize(("path", "bodies"), NEWEST_FIRST.items())
def test_a_list_that_begins_with_the_newest_misses_what_is_added(
    client: httpx.Client, faults: Faults, path: str, bodies: list[dict[str, Any]]
) -> None:
    """A walk goes on behind its cursor; the next one begins with what was added. A cursor that goes starts it again."""
    made = [client.post(path, json=body).json()["id"] for body in bodies][::-1]
    faults.add(f"GET {path}: shift add, times=1")
    assert pages(client, path) == made
    again = pages(client, path)
    assert again[1:] == made
    faults.clear()
    faults.add(f"GET {path}: shift remove, times=1")
    assert pages(client, path) == [*again[:2], again[0], *again[2:]]


def test_a_late_integration_is_no_destination_yet(client: httpx.Client, faults: Faults, integration: Make) -> None:
    """Where reports look for it, it is as late as in its own list; the other project and the catalogue see nothing."""
    faults.add("POST /integrations: hide 1, n=1")
    made = integration()
    for path in ("/integrations", "/scheduled-reports/destinations"):
        assert client.get("/integrations/meta").json()["data"]
        seen = [[record["id"] for record in client.get(path).json()["data"]] for _ in range(2)]
        assert seen == [[], [made["id"]]]


def test_offset_pages_of_a_late_list_are_one_reading(client: httpx.Client, faults: Faults, report: Make) -> None:
    """Whether the first page says `offset=0` or nothing."""
    made = [report()["id"] for _ in range(3)]
    faults.add("POST /scheduled-reports: hide 2, n=1")
    last = report()["id"]
    client.get("/scheduled-reports", params={"offset": 0, "limit": 2})
    client.get("/scheduled-reports", params={"offset": 2, "limit": 2})
    assert pages(client, "/scheduled-reports") == made
    assert pages(client, "/scheduled-reports") == [*made, last]


def test_a_lost_answer_may_be_late_as_well(
    client: httpx.Client, broken: type[Exception], faults: Faults, lines: Lines
) -> None:
    """The worst case: it was created, nobody said so, and a look does not show it."""
    faults.add("POST /automations: drop after, n=1", "POST /automations: hide 1, n=1")
    with pytest.raises(broken):
        client.post("/automations", json=AUTOMATION)
    assert [names(client), names(client)] == [[], ["Welcome Flow"]]
    assert lines()[0]["fault"] == "drop after, hide 1"


def test_an_answer_that_is_replayed_hides_nothing_again(client: httpx.Client, faults: Faults) -> None:
    """The same idempotency key, the same record."""
    faults.add("POST /integrations: hide 1")
    body = {"title": "T", "integration": "slack", "target_platform": "iOS"}
    for _ in range(2):
        assert client.post("/integrations", json=body, headers={"Idempotency-Key": "k"}).status_code == 201
    assert [len(client.get("/integrations").json()["data"]) for _ in range(2)] == [0, 1]
    assert fired(faults) == [(2, 1)]


def test_somebody_adds_an_object_between_two_pages(client: httpx.Client, faults: Faults, report: Make) -> None:
    """Offset pages then show one twice; the next reading is whole."""
    made = [report()["id"] for _ in range(5)]
    faults.add("GET /scheduled-reports: shift add, times=1")
    assert pages(client, "/scheduled-reports") == [*made[:2], made[1], *made[2:]]
    again = pages(client, "/scheduled-reports")
    assert again[1:] == made
    assert client.get(f"/scheduled-reports/{again[0]}").json()["report_name"] == "Added meanwhile"


def test_somebody_removes_an_object_between_two_pages(client: httpx.Client, faults: Faults, report: Make) -> None:
    """Offset pages then skip one."""
    made = [report()["id"] for _ in range(7)]
    faults.add("GET /scheduled-reports: shift remove, n=3")
    assert pages(client, "/scheduled-reports") == [*made[:4], *made[5:]]
    assert pages(client, "/scheduled-reports") == [*made[:3], *made[4:]]


def test_a_cursor_goes_away_between_two_pages(client: httpx.Client, faults: Faults, automation: Make) -> None:
    """Which starts the list again from the top, as a header says."""
    made = [automation()["id"] for _ in range(3)]
    faults.add("GET /automations: shift remove, n=1")
    answer = client.get("/automations", params={"limit": 2, "starting_after": made[1]})
    assert answer.headers["X-Qon-Pagination-Restarted"] == "true"
    assert [record["id"] for record in answer.json()["data"]] == [made[0], made[2]]


def test_a_cursor_list_does_not_see_what_is_added_before_it(
    client: httpx.Client, faults: Faults, automation: Make
) -> None:
    """It goes on where it was."""
    made = [automation()["id"] for _ in range(3)]
    faults.add("GET /automations: shift add")
    assert pages(client, "/automations") == made
    assert pages(client, "/automations")[1:] == made


@pytest.mark.parametrize(
    "query", ["", "?offset=0", "?offset=9", "?offset=-1", "?offset=1&limit=0", "?starting_after=gone"]
)
@pytest.mark.parametrize("path", ["/scheduled-reports", "/automations", "/integrations", "/scheduled-reports/x"])
def test_what_is_no_next_page_does_not_shift(api: httpx.Client, faults: Faults, path: str, query: str) -> None:
    """It is a match without an effect."""
    faults.add("GET /*: shift add")
    api.get(path + query)
    assert fired(faults) == [(1, 0)]


def test_a_rate_limit_opens_again(client: httpx.Client, faults: Faults, clock: Clock) -> None:
    """So many requests in so many seconds from the first on; the wait that is told is enough."""
    faults.add("* /*: rate 2/10")
    assert statuses(client, 2) == [200, 200]
    clock.move(3.5)
    answer = client.post("/automations", json=AUTOMATION)
    assert problems(answer, 429, "rate_limit_exceeded") == []
    assert answer.headers["Retry-After"] == "7"
    clock.move(7)
    assert statuses(client, 3) == [200, 200, 429]
    assert fired(faults) == [(6, 2)]


@pytest.mark.parametrize(("retry", "header"), [("none", None), ("120", "120"), ("seconds", "1")])
def test_a_rate_limit_may_say_anything_about_its_end(
    client: httpx.Client, faults: Faults, retry: str, header: str | None
) -> None:
    """Nothing, a wait of its own, the truth."""
    faults.add(f"GET /*: rate 1/0.5, retry={retry}")
    assert client.get("/automations").status_code == 200
    assert client.get("/automations").headers.get("Retry-After") == header


@pytest.mark.parametrize("who", ["{id}", "'Release alerts'", "*"])
def test_a_worker_gives_up_on_an_integration(
    client: httpx.Client, faults: Faults, integration: Make, clock: Clock, who: str
) -> None:
    """As soon as it is active: the request that comes next sees the error; a paused one delivers nothing."""
    made = integration()
    faults.add(f'* /*: worker {who.format(**made)}, message="401 from the endpoint", times=1')
    assert client.get("/integrations").json()["data"] == [made]
    assert client.post(f"/integrations/{made['id']}/status", json={"status": 1}).json()["active"] == 1
    clock.move(1)
    (broken,) = client.get("/integrations").json()["data"]
    assert (broken["active"], broken["last_error_message"]) == (2, "401 from the endpoint")
    assert broken["last_error_at"] == broken["updated_at"] == "2026-04-23T11:44:37Z"
    assert broken["delivery_error_count"] > made["delivery_error_count"]
    client.post(f"/integrations/{made['id']}/status", json={"status": 1})
    assert client.get("/integrations").json()["data"][0]["active"] == 1
    assert fired(faults) == [(5, 1)]


def test_a_worker_may_come_right_after(client: httpx.Client, faults: Faults, integration: Make) -> None:
    """The answer says active, and then it is not."""
    made, other = integration(), integration(title="Other")
    faults.add("POST /integrations/*/status: worker 'Release alerts' after")
    for each in (made, other):
        assert client.post(f"/integrations/{each['id']}/status", json={"status": 1}).json()["active"] == 1
    assert [record["active"] for record in client.get("/integrations").json()["data"]] == [2, 1]


def test_a_worker_is_of_one_project(simulator: Simulator, sandbox: httpx.Client, integration: Make) -> None:
    """That of the key; without one there is nothing to do."""
    made = integration()
    simulator.faults.add("* /*: worker *", "GET /*: shift add", "* /*: hide 1")
    client_of(simulator).post(f"/integrations/{made['id']}/status", json={"status": 1})
    assert client_of(simulator, None).get("/automations?offset=1").status_code == 401
    assert sandbox.get("/integrations").json()["data"] == []
    assert fired(simulator.faults) == [(3, 0), (2, 0), (3, 0)]


def test_a_list_that_is_short_says_that_it_is_whole(client: httpx.Client, faults: Faults, automation: Make) -> None:
    """The last ones are left out of one answer, which has no more and no cursor; the next answer is whole."""
    for name in ("first", "second", "third"):
        automation(name=name)
    for count, seen in ((1, ["first", "second"]), (2, ["first"]), (9, [])):
        faults.add(f"GET /automations: omit {count}, n=1")
        answer = client.get("/automations", params={"limit": 3}).json()
        assert ([each["name"] for each in answer["data"]], answer["has_more"]) == (seen, False)
        assert "next_cursor" not in answer
        faults.clear()
    assert names(client) == ["first", "second", "third"]
