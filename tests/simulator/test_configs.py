"""Remote configurations: what the documents promise."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from .conftest import Clock, Make, problems


def test_a_new_one_has_the_defaults(api: httpx.Client, config: Make) -> None:
    """A draft for everybody, under a UUID; only its own read has the payload."""
    made = config()
    assert str(UUID(made["id"])) == made["id"]
    assert made == {
        "object": "remote_configuration",
        "id": made["id"],
        "url": f"/v4/remote-configurations/{made['id']}",
        "name": "Paywall",
        "status": "draft",
        "segment_percent": 100,
        "segmentation_conditions": [],
        "context_key": None,
        "created_at": "2026-04-23T11:44:36Z",
        "updated_at": "2026-04-23T11:44:36Z",
    }
    assert api.get("/remote-configurations").json()["data"] == [made]
    assert api.get(f"/remote-configurations/{made['id']}").json() == made | {"payload": {}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "x" * 257}, "name"),
        ({"context_key": 7}, "context_key"),
        ({"segment_percent": -1}, "segment_percent"),
        ({"segment_percent": 100.5}, "segment_percent"),
        ({"segment_percent": True}, "segment_percent"),
        ({"segment_percent": "50"}, "segment_percent"),
        ({"segmentation_conditions": None}, "segmentation_conditions"),
        ({"segmentation_conditions": ["x"]}, "segmentation_conditions.0"),
    ],
)
def test_every_field_is_validated_on_create_and_replace(
    api: httpx.Client, config: Make, change: dict[str, Any], field: str
) -> None:
    """The same rules for both."""
    made = config()
    assert problems(api.post("/remote-configurations", json=made | change)) == [field]
    assert problems(api.put(f"/remote-configurations/{made['id']}", json=made | change)) == [field]


def test_a_put_resets_what_is_left_out(api: httpx.Client, config: Make, clock: Clock) -> None:
    """Status and payload stay; conditions are kept as they are, whatever they hold."""
    conditions = [{"metric": "country", "comparator": "in", "value": ["DE"]}]
    made = config(context_key="k", segment_percent=12.5, segmentation_conditions=conditions)
    assert (made["segment_percent"], made["segmentation_conditions"]) == (12.5, conditions)
    url = f"/remote-configurations/{made['id']}"
    api.put(f"{url}/payload", json={"data": {"a": 1}})
    api.patch(f"{url}/status", json={"status": "active"})
    clock.move(1)
    reset = {"segment_percent": 100, "segmentation_conditions": [], "context_key": None}
    answer = api.put(url, json={"name": "N"}).json()
    assert answer == made | {"name": "N", "status": "active", "updated_at": "2026-04-23T11:44:37Z"} | reset
    assert api.get(url).json()["payload"] == {"a": 1}


@pytest.mark.parametrize(
    ("method", "part", "body", "field"),
    [
        ("PUT", "payload", {}, "data"),
        ("PUT", "payload", {"data": []}, "data"),
        ("PUT", "payload", {"data": None}, "data"),
        ("POST", "payload-mapping", {}, "data"),
        ("POST", "payload-mapping", {"data": ["String"]}, "data"),
        ("POST", "payload-mapping", {"data": {"a": "string"}}, "data.a"),
        ("POST", "payload-mapping", {"data": {"a": {"b": "String"}}}, "data.a"),
    ],
)
def test_the_parts_are_validated(
    api: httpx.Client, config: Make, method: str, part: str, body: dict[str, Any], field: str
) -> None:
    """A payload is any object; a mapping is flat, with the words of the documents."""
    url = f"/remote-configurations/{config()['id']}/{part}"
    assert problems(api.request(method, url, json=body)) == [field]
    assert api.get(url).json()["data"] == {}


def test_a_part_is_replaced_as_a_whole(api: httpx.Client, config: Make) -> None:
    """And `{}` clears it. The two parts have different methods."""
    url = f"/remote-configurations/{config()['id']}"
    for method, part, first, second in (
        ("PUT", "payload", {"a": {"b": [1, None]}, "c": "x"}, {"a": {}}),
        ("POST", "payload-mapping", {"a": "Json", "c": "Screens"}, {"a": "Products"}),
    ):
        for data in (first, second, {}):
            assert api.request(method, f"{url}/{part}", json={"data": data}).json()["data"] == data
            assert api.get(f"{url}/{part}").json()["data"] == data
    assert problems(api.post(f"{url}/payload", json={"data": {}}), 405, "invalid_request") == []
    assert problems(api.put(f"{url}/payload-mapping", json={"data": {}}), 405, "invalid_request") == []


def test_a_payload_has_at_most_64_kib(api: httpx.Client, config: Make) -> None:
    """Of the request, in bytes."""
    url = f"/remote-configurations/{config()['id']}/payload"
    fits = b'{"data": {"a": "' + b"x" * (64 * 1024 - 19) + b'"}}'
    assert api.put(url, content=fits).status_code == 200
    assert problems(api.put(url, content=fits + b" "), 413, "invalid_request") == []


@pytest.mark.parametrize(
    ("way", "allowed"),
    [
        (("active",), True),
        (("archived",), True),
        (("active", "archived"), True),
        (("active", "draft"), False),
        (("archived", "active"), False),
        (("archived", "draft"), False),
    ],
)
def test_the_status_moves_one_way(api: httpx.Client, config: Make, way: tuple[str, ...], allowed: bool) -> None:
    """The answer is the record without its payload; archived is the end."""
    made = config()
    url = f"/remote-configurations/{made['id']}/status"
    *before, last = way
    for status in before:
        assert api.patch(url, json={"status": status}).json() == made | {"status": status}
    answer = api.patch(url, json={"status": last})
    if allowed:
        assert answer.json() == made | {"status": last}
    else:
        assert problems(answer, 409, "conflict") == []
    assert problems(api.patch(url, json={"status": "paused"})) == ["status"]


def test_unknown_ones_are_a_404(api: httpx.Client) -> None:
    """At every path."""
    url = "/remote-configurations/nope"
    answers = [api.get(url), api.put(url, json={"name": "N"}), api.delete(url), api.get(f"{url}/payload")]
    answers += [api.patch(f"{url}/status", json={"status": "active"}), api.post(f"{url}/payload-mapping", json={})]
    for answer in answers:
        assert problems(answer, 404, "not_found") == []
