"""Segments: what the documents promise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Clock, Dashboard, Make, problems

RULE = {"metric": "renewable", "comparator": "eq", "value": "1", "negate": False}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": None}, "name"),
        ({"conditions": None}, "conditions"),
        ({"conditions": {}}, "conditions"),
        ({"conditions": ["renewable"]}, "conditions.0"),
        ({"conditions": [RULE, {**RULE, "comparator": "like"}]}, "conditions.1.comparator"),
        ({"conditions": [{**RULE, "value": 1}]}, "conditions.0.value"),
        ({"conditions": [{**RULE, "negate": 0}]}, "conditions.0.negate"),
        ({"conditions": [{"metric": "renewable", "comparator": "eq"}]}, "conditions.0.value"),
    ],
)
def test_every_field_is_validated_on_create_and_replace(
    api: httpx.Client, segment: Make, change: dict[str, Any], field: str
) -> None:
    """The same rules for both; a refused write changes nothing."""
    made = segment()
    url = f"/segments/{made['id']}"
    assert problems(api.post("/segments", json=made | change)) == [field]
    assert problems(api.put(url, json=made | change)) == [field]
    assert api.get(url).json() == made


def test_a_put_replaces_the_conditions_as_a_whole(api: httpx.Client, segment: Make, clock: Clock) -> None:
    """Order and duplicates stay; an unknown metric is kept, an unknown key is not; `[]` clears."""
    made = segment(conditions=[RULE])
    clock.move(1)
    other = {**RULE, "metric": "country", "comparator": "not_contains", "negate": True}
    sent = {"name": "N", "conditions": [other, RULE, {**RULE, "extra": 1}], "is_system": True}
    answer = api.put(f"/segments/{made['id']}", json=sent).json()
    changed = {"name": "N", "conditions": [other, RULE, RULE], "updated_at": "2026-04-23T11:44:37Z"}
    assert answer == made | changed
    assert api.put(f"/segments/{made['id']}", json={"name": "N", "conditions": []}).json()["conditions"] == []
    assert problems(api.put(f"/segments/{made['id']}", json={})) == ["name"]


def test_a_key_makes_a_create_repeatable(api: httpx.Client) -> None:
    """The same answer; another body is a conflict; the keys of other collections are others."""
    headers = {"Idempotency-Key": "k"}
    first = api.post("/segments", json={"name": "A"}, headers=headers)
    assert api.post("/segments", json={"name": "A"}, headers=headers).json() == first.json()
    assert problems(api.post("/segments", json={"name": "B"}, headers=headers), 409, "conflict") == []
    body = {"title": "T", "integration": "slack", "target_platform": "iOS"}
    assert api.post("/integrations", json=body, headers=headers).status_code == 201
    assert len(api.get("/segments").json()["data"]) == 1


def test_two_segments_may_have_one_name(segment: Make) -> None:
    """They are told apart by their ids."""
    assert segment(name="A")["id"] != segment(name="A")["id"]


def test_system_segments_have_a_list_of_their_own(api: httpx.Client, dashboard: Dashboard, segment: Make) -> None:
    """Theirs has no pages; each can be read by its id."""
    made = segment()
    vendors = [dashboard.insert("segments", name=str(n), is_system=True) for n in range(25)]
    assert api.get("/segments/system").json()["data"] == vendors
    assert api.get("/segments").json()["data"] == [made]
    assert api.get(f"/segments/{vendors[0]['id']}").json() == vendors[0]
    assert problems(dashboard.client.post("/segments", json={"id": "system"})) == ["id"]
