"""The dashboard door: what only people or the delivery worker do, and what tests need. Not part of the API."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Dashboard, problems


@pytest.mark.parametrize(
    ("collection", "record_id"),
    [
        ("integrations", "int-wh-01"),
        ("integrations", "gNl6hyM6"),
        ("scheduled-reports", "wbRlfw1x"),
        ("automations", "auto-abc123"),
        ("segments", "premium-users"),
        ("remote-configurations", "5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711"),
        ("entitlements", "studio"),
        ("products", "studio_yearly"),
    ],
)
def test_the_ids_of_the_documents_can_be_seeded(
    api: httpx.Client, dashboard: Dashboard, collection: str, record_id: str
) -> None:
    """A record under any id, with what is missing filled in; it is listed and can be deleted like any other."""
    record = dashboard.insert(collection, id=record_id)
    assert (record["id"], record["url"]) == (record_id, f"/v4/{collection}/{record_id}")
    assert api.get(f"/{collection}").json()["data"] == [record]
    assert api.delete(f"/{collection}/{record_id}").status_code == 204


def test_a_seeded_provider_may_be_a_slug_or_a_title(api: httpx.Client, dashboard: Dashboard) -> None:
    """The API shows the title of either, and one that it does not know as it is."""
    shown = [dashboard.insert("integrations", integration=name)["integration"] for name in ("slack", "Slack", "New")]
    assert shown == ["Slack", "Slack", "New"]
    assert len(api.get("/scheduled-reports/destinations").json()["data"]) == 2


def test_any_field_can_be_put_over_a_record(api: httpx.Client, dashboard: Dashboard) -> None:
    """What the API cannot do: runs, new fields, values no one knows; `updated_at` moves unless it is given."""
    report = dashboard.insert("scheduled-reports", destinations=None, updated_at="2020-01-01T00:00:00Z")
    assert report["updated_at"] == "2020-01-01T00:00:00Z"
    changed = dashboard.change("scheduled-reports", report["id"], runs=7, status="archived", brand_new=[1])
    assert changed == report | {
        "runs": 7,
        "status": "archived",
        "brand_new": [1],
        "updated_at": "2026-04-23T11:44:36Z",
    }
    assert api.get(f"/scheduled-reports/{report['id']}").json() == changed


def test_foreign_destinations_keep_their_own_label(dashboard: Dashboard) -> None:
    """A type that nobody knows yet is shown as it was put there; so is a thing that is no destination at all."""
    email = {"type": "email", "id": "e1", "label": "Email: ops"}
    report = dashboard.insert("scheduled-reports", destinations=[email, "odd"])
    assert report["destinations"] == [email, "odd"]


def test_an_id_is_never_reused(dashboard: Dashboard) -> None:
    """Not even a deleted one; and only ids are ids."""
    dashboard.insert("integrations", id="int-wh-01")
    dashboard.remove("integrations", "int-wh-01")
    answer = dashboard.client.post("/integrations", json={"id": "int-wh-01"})
    assert problems(answer, 409, "already_exists") == []
    for wrong in ("a b", "", "x" * 257, 7, "meta", "destinations"):
        assert problems(dashboard.client.post("/integrations", json={"id": wrong})) == ["id"]


def test_removing_asks_nobody(api: httpx.Client, dashboard: Dashboard) -> None:
    """An integration in use leaves a dangling destination behind."""
    dashboard.insert("integrations", id="int-wh-01")
    report = dashboard.insert("scheduled-reports", destinations=[{"type": "target_integration", "id": "int-wh-01"}])
    assert api.delete("/integrations/int-wh-01").status_code == 409
    dashboard.remove("integrations", "int-wh-01")
    assert api.get(f"/scheduled-reports/{report['id']}").json()["destinations"][0]["label"] == ""


def test_identity_stays_and_unknown_things_are_404(dashboard: Dashboard) -> None:
    """A change may repeat id, url and object, but not move them."""
    record = dashboard.insert("automations", id="auto-abc123")
    assert dashboard.change("automations", "auto-abc123", **record) == record
    assert problems(dashboard.client.patch("/automations/auto-abc123", json={"id": "other"})) == ["id"]
    assert problems(dashboard.client.patch("/automations/nope", json={}), 404, "not_found") == []
    assert problems(dashboard.client.delete("/automations/nope"), 404, "not_found") == []
    assert problems(dashboard.client.post("/users", json={}), 404, "not_found") == []
    assert problems(dashboard.client.get("/automations"), 405, "invalid_request") == []


def test_the_project_is_named_by_a_header(api: httpx.Client, sandbox: httpx.Client, dashboard: Dashboard) -> None:
    """Production when left out; the same id may live in both."""
    dashboard.insert("automations", id="auto-abc123", name="p")
    answer = dashboard.client.post("/automations", json={"id": "auto-abc123"}, headers={"X-Project": "sandbox"})
    assert answer.status_code == 201
    assert sandbox.get("/automations").json()["data"] == [answer.json()]
    assert api.get("/automations/auto-abc123").json()["name"] == "p"
    wrong = dashboard.client.post("/automations", json={}, headers={"X-Project": "staging"})
    assert problems(wrong) == ["X-Project"]
