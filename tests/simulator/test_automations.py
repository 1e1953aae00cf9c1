"""Automations: what the documents promise, and the choices where they are silent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Dashboard, Make, problems

FULL = {
    "platform": "iOS",
    "initiators": [{"uid": "2", "type": "event"}],
    "actions": {"push": "nCRUE7SW"},
    "segments": None,
    "x-new": [1, {"kept": True}],
}


def test_the_example_reads_back_exactly(api: httpx.Client, automation: Make) -> None:
    """No timestamps, an omitted caption is empty, and `data: {}` stays `{}`."""
    made = automation()
    assert made == {
        "object": "automation",
        "id": made["id"],
        "url": f"/v4/automations/{made['id']}",
        "name": "Welcome Flow",
        "caption": "",
        "status": "active",
        "data": {},
    }
    assert api.get(f"/automations/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("actions", "shown", "derived"),
    [
        ({"push": "a"}, {"push": "a", "screen": None}, {"type": "push"}),
        ({"screen": "b"}, {"push": None, "screen": "b"}, {"type": "screen"}),
        ({"screen": "b", "push": "a"}, {"push": "a", "screen": "b"}, {"type": "push_and_screen"}),
        ({"email": "c"}, {"push": None, "screen": None, "email": "c"}, {}),
    ],
)
def test_a_read_adds_what_is_derived(
    automation: Make, actions: dict[str, str], shown: dict[str, Any], derived: dict[str, str]
) -> None:
    """`data.type` from the actions, and explicit nulls in `actions`; unknown keys are kept."""
    data = FULL | {"actions": actions}
    assert automation(data=data)["data"] == data | {"actions": shown} | derived


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"caption": "x" * 1025}, "caption"),
        ({"caption": None}, "caption"),
        ({"status": "paused"}, "status"),
        ({"status": "unknown"}, "status"),
        ({"data": []}, "data"),
        ({"data": None}, "data"),
        ({"data": {"type": "push"}}, "data.type"),
        ({"data": {"platform": "ios"}}, "data.platform"),
        ({"data": {"initiators": {}}}, "data.initiators"),
        ({"data": {"initiators": ["2"]}}, "data.initiators.0"),
        ({"data": {"initiators": [{"uid": 2, "type": "event"}]}}, "data.initiators.0.uid"),
        ({"data": {"initiators": [{"uid": "2"}]}}, "data.initiators.0.type"),
        ({"data": {"actions": []}}, "data.actions"),
        ({"data": {"actions": {}}}, "data.actions"),
        ({"data": {"actions": {"push": "a", "screen": None}}}, "data.actions.screen"),
        ({"data": {"segments": 7}}, "data.segments"),
    ],
)
def test_every_field_is_validated_on_create_and_replace(
    api: httpx.Client, automation: Make, change: dict[str, Any], field: str
) -> None:
    """The same rules for both; what a read derives cannot be written back; a refused write changes nothing."""
    made = automation()
    url = f"/automations/{made['id']}"
    assert problems(api.post("/automations", json=made | change)) == [field]
    assert problems(api.put(url, json=made | change)) == [field]
    assert api.get(url).json() == made


def test_nulls_that_mean_nothing_in_particular_are_fine(automation: Make) -> None:
    """Platform and segments may be null; a caption may have 1024 characters."""
    made = automation(data={"platform": None, "segments": None}, caption="x" * 1024)
    assert made["data"] == {"platform": None, "segments": None}


def test_a_put_replaces_everything(api: httpx.Client, automation: Make) -> None:
    """An omitted caption is cleared, old data is gone; name, status and data are required."""
    made = automation(caption="Hello", data=FULL)
    url = f"/automations/{made['id']}"
    assert problems(api.put(url, json={"caption": "x"})) == ["name", "status", "data"]
    answer = api.put(url, json={"name": "N", "status": "inactive", "data": {"a": 1}})
    assert answer.status_code == 200
    assert answer.json() == made | {"name": "N", "caption": "", "status": "inactive", "data": {"a": 1}}


def test_the_status_is_patched_without_an_answer(api: httpx.Client, automation: Make) -> None:
    """`paused` passes this door only; the answer is empty."""
    url = f"/automations/{automation()['id']}"
    for status in ("paused", "inactive", "active"):
        answer = api.patch(f"{url}/status", json={"status": status})
        assert (answer.status_code, answer.content) == (204, b"")
        assert api.get(url).json()["status"] == status
    assert problems(api.patch(f"{url}/status", json={"status": "unknown"})) == ["status"]
    assert problems(api.patch(f"{url}/status", json={})) == ["status"]


def test_pages_by_cursor(api: httpx.Client, automation: Make) -> None:
    """20 a page when not told; `next_cursor` is the last id, and there only while there is more."""
    ids = [automation(name=str(n))["id"] for n in range(25)]
    first = api.get("/automations").json()
    assert [item["id"] for item in first["data"]] == ids[:20]
    assert (first["has_more"], first["next_cursor"], first["url"]) == (True, ids[19], "/v4/automations")
    last = api.get("/automations", params={"limit": 5, "starting_after": first["next_cursor"]})
    assert [item["id"] for item in last.json()["data"]] == ids[20:]
    assert last.json().keys() == {"object", "url", "data", "has_more"}
    assert "X-Qon-Pagination-Restarted" not in last.headers
    assert api.get("/automations", params={"starting_after": ids[-1]}).json()["data"] == []


def test_a_stale_cursor_restarts_from_the_top(api: httpx.Client, automation: Make) -> None:
    """Deleted or never known: the first page again, and a header that says so."""
    ids = [automation(name=str(n))["id"] for n in range(4)]
    api.delete(f"/automations/{ids[1]}")
    for cursor in (ids[1], "nonsense"):
        answer = api.get("/automations", params={"limit": 2, "starting_after": cursor})
        assert [item["id"] for item in answer.json()["data"]] == [ids[0], ids[2]]
        assert answer.headers["X-Qon-Pagination-Restarted"] == "true"
        assert answer.json()["next_cursor"] == ids[2]


def test_a_deleted_automation_is_gone(api: httpx.Client, automation: Make) -> None:
    """204, then 404 for every operation on it."""
    made = automation()
    url = f"/automations/{made['id']}"
    assert api.delete(url).status_code == 204
    status = api.patch(f"{url}/status", json={"status": "active"})
    for answer in (api.get(url), api.put(url, json=made), api.delete(url), status):
        assert problems(answer, 404, "not_found") == []


def test_a_status_of_the_servers_own_is_shown_as_it_is(
    api: httpx.Client, automation: Make, dashboard: Dashboard
) -> None:
    """`unknown` can be read, and must not be written."""
    made = automation()
    dashboard.change("automations", made["id"], status="unknown")
    shown = api.get(f"/automations/{made['id']}").json()
    assert shown == made | {"status": "unknown"}
    assert problems(api.put(f"/automations/{made['id']}", json=shown)) == ["status"]
