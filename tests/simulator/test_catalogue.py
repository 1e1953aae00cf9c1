"""Products and entitlement definitions: what the documents promise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Clock, Dashboard, Make, problems


def test_a_product_reads_back(api: httpx.Client, product: Make) -> None:
    """What was not sent is null."""
    made = product("p.1-a_B", type="lifetime")
    assert made == {
        "object": "product",
        "id": "p.1-a_B",
        "url": "/v4/products/p.1-a_B",
        "type": "lifetime",
        "duration": None,
        "apple_product_id": None,
        "google_product_id": None,
        "google_base_plan_id": None,
        "stripe_product_id": None,
        "created_at": "2026-04-23T11:44:36Z",
        "updated_at": "2026-04-23T11:44:36Z",
    }
    assert api.get("/products/p.1-a_B").json() == made


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": 7}, "id"),
        ({"type": "non_consumable"}, "type"),
        ({"type": None}, "type"),
        ({"duration": "weekly"}, "duration"),
        ({"type": "consumable"}, "duration"),
        ({"apple_product_id": 1}, "apple_product_id"),
    ],
)
def test_every_field_of_a_product_is_validated(
    api: httpx.Client, product: Make, change: dict[str, Any], field: str
) -> None:
    """On create and on update, but for the id, which an update does not take."""
    sent = {"id": "new", "type": "subscription", "duration": "P1M"}
    assert problems(api.post("/products", json=sent | change)) == [field]
    made = product("p", duration="P1M")
    answer = api.patch("/products/p", json=change)
    if field == "id":
        assert answer.json() == made
    else:
        assert problems(answer) == [field]
    assert problems(api.post("/products", json={})) == ["id", "type"]


def test_an_id_in_use_is_a_409(api: httpx.Client, product: Make, entitlement: Make) -> None:
    """The caller looks at what is there."""
    product("p")
    entitlement("e")
    again = api.post("/products", json={"id": "p", "type": "lifetime"})
    assert problems(again, 409, "already_exists") == []
    assert problems(api.post("/entitlements", json={"id": "e"}), 409, "already_exists") == []


def test_a_patch_leaves_what_it_does_not_name(api: httpx.Client, product: Make, clock: Clock) -> None:
    """Null clears a store id; there is no PUT."""
    made = product("p", apple_product_id="a", google_product_id="g")
    clock.move(1)
    changed = api.patch("/products/p", json={"apple_product_id": None, "stripe_product_id": "s"}).json()
    moved = {"updated_at": "2026-04-23T11:44:37Z"}
    assert changed == made | {"apple_product_id": None, "stripe_product_id": "s"} | moved
    assert problems(api.put("/products/p", json=made), 405, "invalid_request") == []
    assert problems(api.put("/entitlements/p", json={}), 405, "invalid_request") == []


def test_products_can_be_filtered_by_type(api: httpx.Client, product: Make, dashboard: Dashboard) -> None:
    """Several types are an or; rows without a type are in no filter; pages go on within it."""
    for number, kind in enumerate(("subscription", "lifetime", "consumable", "lifetime")):
        product(str(number), type=kind)
    dashboard.insert("products", id="old")

    def ids(query: str) -> list[str]:
        return [record["id"] for record in api.get(f"/products?{query}").json()["data"]]

    assert ids("") == ["old", "3", "2", "1", "0"]
    assert ids("filter[type]=lifetime") == ["3", "1"]
    assert ids("filter[type]=lifetime&filter[type]=subscription") == ["3", "1", "0"]
    assert ids("filter%5Btype%5D=lifetime&limit=1&starting_after=3") == ["1"]


def test_an_old_product_may_have_spaces_and_colons_in_its_id(
    api: httpx.Client, dashboard: Dashboard, entitlement: Make
) -> None:
    """It is read and written by its percent-encoded id, and an entitlement can have it."""
    made = dashboard.insert("products", id="pro: yearly")
    assert made["url"] == "/v4/products/pro%3A%20yearly"
    assert api.get("/products/pro%3A%20yearly").json() == made
    assert api.patch("/products/pro%3A%20yearly", json={"type": "lifetime"}).json()["type"] == "lifetime"
    assert entitlement("e", product_ids=["pro: yearly"])["product_ids"] == ["pro: yearly"]
    assert api.delete("/products/pro%3A%20yearly").status_code == 204


def test_an_entitlement_has_its_products_as_a_whole(api: httpx.Client, product: Make, entitlement: Make) -> None:
    """The list that is sent is the list that is there, in its order; null and [] are told apart."""
    product("a")
    product("b")
    made = entitlement("e")
    assert (made["description"], made["product_ids"]) == (None, None)
    for ids in (["b", "a"], ["a"], []):
        assert api.patch("/entitlements/e", json={"product_ids": ids}).json()["product_ids"] == ids
    changed = api.patch("/entitlements/e", json={"description": "D"}).json()
    assert changed == made | {"description": "D", "product_ids": []}
    assert api.patch("/entitlements/e", json={"description": None}).json()["description"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": 7}, "id"),
        ({"id": ""}, "id"),
        ({"description": 7}, "description"),
        ({"product_ids": "a"}, "product_ids"),
        ({"product_ids": [7]}, "product_ids.0"),
    ],
)
def test_every_field_of_an_entitlement_is_validated(api: httpx.Client, change: dict[str, Any], field: str) -> None:
    """Only the id is required."""
    assert problems(api.post("/entitlements", json={"id": "e"} | change)) == [field]
    assert problems(api.post("/entitlements", json={})) == ["id"]


def test_both_keys_see_the_same_products(
    api: httpx.Client, sandbox: httpx.Client, product: Make, entitlement: Make
) -> None:
    """And the same entitlements: they are of the whole project. What one key does, the other sees."""
    made = product("p")
    entitlement("e", product_ids=["p"])
    assert sandbox.get("/products").json()["data"] == [made]
    assert sandbox.patch("/entitlements/e", json={"description": "D"}).status_code == 200
    assert api.get("/entitlements/e").json()["description"] == "D"
    assert sandbox.delete("/products/p").status_code == 204
    assert api.get("/products").json()["data"] == []
