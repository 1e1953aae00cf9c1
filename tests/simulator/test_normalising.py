"""An API that stores, or shows, a value otherwise than it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.simulator import Faults

from .conftest import Dashboard, Make, fired

Lines = Callable[[], list[dict[str, Any]]]
SENT: dict[str, Any] = {
    "name": " Cafe\u0301 Flow ",
    "caption": "Hello ",
    "status": "active",
    "data": {
        "platform": "iOS",
        "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}],
        "actions": {"push": "p1"},
        "note": "ours",
        "share": 0.12345,
    },
}


def stored(answer: dict[str, Any]) -> dict[str, Any]:
    """The record without what a read adds."""
    data = {name: value for name, value in answer["data"].items() if name != "type"}
    data["actions"] = {name: value for name, value in data["actions"].items() if value is not None}
    return {**{name: answer[name] for name in SENT}, "data": data}


def changed(**data: object) -> dict[str, Any]:
    """What was sent, with other values below `data`."""
    return {**SENT, "data": {**SENT["data"], **data}}


WAYS: dict[str, dict[str, Any]] = {
    "trim": {**SENT, "name": "Cafe\u0301 Flow", "caption": "Hello"},
    "nfc": {**SENT, "name": " Caf\u00e9 Flow "},
    "lower": {
        **changed(initiators=[{"uid": "b", "type": "event"}, {"uid": "a", "type": "event"}]),
        "name": " cafe\u0301 flow ",
        "caption": "hello ",
    },
    "round": changed(share=0.12),
    "defaults": changed(
        initiators=[{"uid": "B", "type": "event", "delay": 0}, {"uid": "A", "type": "event", "delay": 0}]
    ),
    "drop": {
        **SENT,
        "data": {
            "platform": "iOS",
            "initiators": [{"uid": "B", "type": "event"}, {"uid": "A", "type": "event"}],
            "actions": {"push": "p1"},
        },
    },
    "sort": changed(initiators=[{"uid": "A", "type": "event"}, {"uid": "B", "type": "event"}]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_is_stored_otherwise(client: httpx.Client, faults: Faults, lines: Lines, way: str) -> None:
    """The answer says so, and every read; the log has what was sent. Without the rule it stays as it was stored."""
    faults.add(f"* /*: normalise {way}")
    answer = client.post("/automations", json=SENT)
    assert (answer.status_code, stored(answer.json())) == (201, WAYS[way])
    line = lines()[-1]
    assert (line["body"], line["fault"]) == (SENT, f"normalise {way}")
    faults.clear()
    assert stored(client.get(f"/automations/{answer.json()['id']}").json()) == WAYS[way]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_stored_is_shown_otherwise(client: httpx.Client, faults: Faults, way: str) -> None:
    """In its own read and in the list; the answer to the write says what was sent."""
    faults.add(f"* /*: normalise {way} shown")
    answer = client.post("/automations", json=SENT).json()
    assert stored(answer) == SENT
    assert stored(client.get(f"/automations/{answer['id']}").json()) == WAYS[way]
    assert [stored(each) for each in client.get("/automations").json()["data"]] == [WAYS[way]]


def test_a_record_whose_data_is_a_list_is_one_record(
    client: httpx.Client, dashboard: Dashboard, faults: Faults
) -> None:
    """The dashboard may write what the documents do not name; only the list of a collection has records in `data`."""
    dashboard.insert("automations", name=" A ", data=[" x ", {"a": " b "}])
    faults.add("GET /*: normalise trim shown")
    (record,) = client.get("/automations").json()["data"]
    assert (record["name"], record["data"]) == ("A", ["x", {"a": "b"}])


@pytest.mark.parametrize(("way", "body"), [("trim", " x "), ("trim", [" x "]), ("sort", [2, 1])])
def test_a_body_that_is_no_map_is_altered_too(
    client: httpx.Client, faults: Faults, lines: Lines, way: str, body: object
) -> None:
    """The log says that the rule had an effect."""
    faults.add(f"* /*: normalise {way}")
    assert client.post("/automations", json=body).is_client_error
    assert lines()[-1]["fault"] == f"normalise {way}"


def test_what_is_not_sent_is_not_altered(api: httpx.Client, faults: Faults) -> None:
    """A connection that breaks breaks, and a body of a rule is sent as it is written."""
    faults.add(
        "GET /*: drop before, n=1", 'GET /*: status 502, body=\'{"name": " x "}\'', "GET /*: normalise trim shown"
    )
    with pytest.raises(ConnectionResetError):
        api.get("/automations")
    assert api.get("/automations").json() == {"name": " x "}
    assert [each[1] for each in fired(faults)] == [1, 1, 0]


def test_words_ids_and_references_are_left_alone(
    client: httpx.Client, faults: Faults, integration: Make, report: Make
) -> None:
    """An API that makes another word, id or reference of one does not store a value otherwise: it breaks it."""
    faults.add("* /*: normalise lower")
    hook = integration(title="Hook")
    daily = report(report_name="Daily", destinations=[{"type": "target_integration", "id": hook["id"]}])
    assert (hook["title"], hook["target_platform"]) == ("hook", "iOS")
    assert (daily["report_name"], daily["destinations"][0]["id"]) == ("daily", hook["id"])


def test_what_is_as_it_would_be_stored_is_no_match(client: httpx.Client, faults: Faults) -> None:
    """Where there is nothing to alter, nothing happened."""
    faults.add("POST /*: normalise trim, times=1")
    client.post("/automations", json={**SENT, "name": "Flow", "caption": ""})
    assert fired(faults) == [(1, 0)]
    assert client.post("/automations", json=SENT).json()["name"] == "Cafe\u0301 Flow"
    assert fired(faults) == [(2, 1)]


def test_a_payload_is_altered_and_its_mapping_is_not(client: httpx.Client, faults: Faults, config: Make) -> None:
    """Its values are texts like others; the words of the mapping, and the names of its keys, are fixed."""
    url = f"/remote-configurations/{config()['id']}"
    for way, seen in {
        "lower": {"Cta": "try", "list": ["b", "a"]},
        "sort": {"Cta": "Try", "list": ["A", "B"]},
        "drop": {"Cta": "Try", "list": ["B", "A"]},
    }.items():
        faults.add(f"* /*: normalise {way}")
        assert client.put(f"{url}/payload", json={"data": {"Cta": "Try", "list": ["B", "A"]}}).json()["data"] == seen
        assert client.post(f"{url}/payload-mapping", json={"data": {"Cta": "String"}}).json()["data"] == {
            "Cta": "String"
        }
        faults.clear()
    client.put(f"{url}/payload", json={"data": {"Cta": "Try"}})
    faults.add("* /*: normalise lower shown")
    assert client.get(url).json()["payload"] == client.get(f"{url}/payload").json()["data"] == {"Cta": "try"}


def test_lists_whose_order_means_nothing_may_be_sorted(
    client: httpx.Client, faults: Faults, product: Make, entitlement: Make, segment: Make
) -> None:
    """Products of an entitlement, and conditions; their words and ids stay."""
    product("B")
    product("a")
    rules = [{"metric": name, "comparator": "eq", "value": "1", "negate": False} for name in "Ba"]
    faults.add("* /*: normalise sort", "* /*: normalise lower")
    assert entitlement("e", product_ids=["a", "B"])["product_ids"] == ["B", "a"]
    assert [rule["metric"] for rule in segment(conditions=rules[::-1])["conditions"]] == ["B", "a"]
