"""Integrations: what the documents promise, and the choices where they are silent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Clock, Dashboard, Make, problems

# fmt: off
SLUGS = [
    "amplitude", "appmetrica", "facebook", "firebase", "mixpanel", "posthog", "segment",
    "searchads", "adjust", "appsflyer", "branch", "kochava", "singular", "split_metrics",
    "asapty", "tenjin", "amazon_s3", "google_cloud_storage", "slack", "webhooks", "braze",
    "clevertap", "mailchimp", "onesignal", "pushwoosh",
]
# fmt: on
BODY = {"title": "Amplitude — Production iOS", "integration": "amplitude", "target_platform": "iOS"}


def test_a_new_integration_is_paused_and_has_no_history(integration: Make) -> None:
    """Starts at 0, nothing delivered, no error; the provider is shown by its title."""
    record = integration(**BODY)
    assert record == {
        "object": "integration",
        "id": record["id"],
        "url": f"/v4/integrations/{record['id']}",
        "title": "Amplitude — Production iOS",
        "integration": "Amplitude",
        "target_platform": "iOS",
        "active": 0,
        "created_at": "2026-04-23T11:44:36Z",
        "updated_at": "2026-04-23T11:44:36Z",
        "last_delivery_at": None,
        "last_error_at": None,
        "last_error_message": None,
        "delivery_error_count": 0,
    }


def test_the_list_is_the_full_set_whatever_the_query_says(api: httpx.Client, integration: Make) -> None:
    """No parameters, `has_more` always false, oldest first."""
    made = [integration(title=str(n)) for n in range(101)]
    assert api.get("/integrations?limit=1&offset=7").json() == {
        "object": "list",
        "url": "/v4/integrations",
        "data": made,
        "has_more": False,
    }


def test_the_catalogue_lists_every_slug_of_the_pages(api: httpx.Client) -> None:
    """25 slugs in categories, with titles and stores, under the documented names."""
    document = api.get("/integrations/meta").json()
    assert (document["object"], document["url"]) == ("integrations_meta", "/v4/integrations/meta")
    assert all(category.keys() == {"title", "items"} for category in document["data"])
    items = [item for category in document["data"] for item in category["items"]]
    assert all(item.keys() == {"title", "slug", "allowedStores"} and item["allowedStores"] for item in items)
    assert sorted(item["slug"] for item in items) == sorted(SLUGS)
    assert len({item["title"] for item in items}) == len(SLUGS)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 256}, "title"),
        ({"title": 7}, "title"),
        ({"title": None}, "title"),
        ({"integration": "Amplitude"}, "integration"),
        ({"integration": "email"}, "integration"),
        ({"integration": ["amplitude"]}, "integration"),
        ({"target_platform": "ios"}, "target_platform"),
        ({"integration": "searchads", "target_platform": "Android"}, "target_platform"),
    ],
)
def test_a_create_is_validated(api: httpx.Client, change: dict[str, Any], field: str) -> None:
    """Title 1 to 255, a slug of the catalogue, a platform that the provider has."""
    assert problems(api.post("/integrations", json=BODY | change)) == [field]
    assert api.get("/integrations").json()["data"] == []


def test_all_missing_fields_are_named_at_once(api: httpx.Client) -> None:
    """One answer, every problem."""
    assert problems(api.post("/integrations", json={})) == ["title", "integration", "target_platform"]


def test_a_title_may_have_255_characters(integration: Make) -> None:
    """Characters, not bytes."""
    assert integration(title="—" * 255)["title"] == "—" * 255


def test_the_same_idempotency_key_returns_the_original_response(api: httpx.Client, dashboard: Dashboard) -> None:
    """Word for word, also after the record changed or was deleted; and nothing more is created."""
    headers = {"Idempotency-Key": "k1"}
    first = api.post("/integrations", json=BODY, headers=headers)
    dashboard.change("integrations", first.json()["id"], title="renamed", active=1)
    again = api.post("/integrations", json=BODY, headers=headers)
    api.delete(f"/integrations/{first.json()['id']}")
    after = api.post("/integrations", json=BODY, headers=headers)
    assert (again.status_code, again.json()) == (after.status_code, after.json()) == (201, first.json())
    assert api.get("/integrations").json()["data"] == []


def test_an_idempotency_key_with_another_body_is_a_conflict(api: httpx.Client) -> None:
    """A choice; and another key creates another record."""
    api.post("/integrations", json=BODY, headers={"Idempotency-Key": "k1"})
    answer = api.post("/integrations", json=BODY | {"title": "other"}, headers={"Idempotency-Key": "k1"})
    assert problems(answer, 409, "conflict") == []
    api.post("/integrations", json=BODY, headers={"Idempotency-Key": "k2"})
    assert len(api.get("/integrations").json()["data"]) == 2


def test_a_refused_create_does_not_use_up_its_idempotency_key(api: httpx.Client, sandbox: httpx.Client) -> None:
    """A corrected request may carry the same key; a key belongs to one project."""
    headers = {"Idempotency-Key": "k1"}
    assert api.post("/integrations", json=BODY | {"title": ""}, headers=headers).status_code == 422
    assert api.post("/integrations", json=BODY, headers=headers).status_code == 201
    assert sandbox.post("/integrations", json=BODY | {"title": "s"}, headers=headers).status_code == 201


def test_setting_the_status_answers_the_record(api: httpx.Client, integration: Make, clock: Clock) -> None:
    """The request says `status`, the record says `active`; `updated_at` moves."""
    record = integration()
    clock.move(60)
    answer = api.post(f"{record['url'][3:]}/status", json={"status": 1})
    assert answer.status_code == 200
    assert answer.json() == record | {"active": 1, "updated_at": "2026-04-23T11:45:36Z"}
    assert api.get("/integrations").json()["data"] == [answer.json()]


@pytest.mark.parametrize("status", [2, -1, True, False, 1.0, "1", None, [1]])
def test_only_the_integers_0_and_1_are_accepted_as_status(api: httpx.Client, integration: Make, status: object) -> None:
    """2 is the delivery worker's; booleans are not integers."""
    url = f"/integrations/{integration()['id']}/status"
    assert problems(api.post(url, json={"status": status})) == ["status"]
    assert problems(api.post(url, json={"active": 1})) == ["status"]


def test_an_integration_in_error_can_be_activated(api: httpx.Client, integration: Make, dashboard: Dashboard) -> None:
    """The way out of 2; the last error stays readable."""
    record = integration()
    failed = dashboard.change("integrations", record["id"], active=2, last_error_message="401", delivery_error_count=9)
    assert failed["active"] == 2
    answer = api.post(f"/integrations/{record['id']}/status", json={"status": 1}).json()
    assert (answer["active"], answer["last_error_message"], answer["delivery_error_count"]) == (1, "401", 9)


def test_a_delete_is_soft_and_the_second_one_finds_nothing(api: httpx.Client, integration: Make) -> None:
    """204, then 404 everywhere; the record leaves the list and its id never comes back."""
    record = integration()
    answer = api.delete(f"/integrations/{record['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get("/integrations").json()["data"] == []
    assert problems(api.delete(f"/integrations/{record['id']}"), 404, "not_found") == []
    assert problems(api.post(f"/integrations/{record['id']}/status", json={"status": 1}), 404, "not_found") == []
    assert integration()["id"] != record["id"]


def test_an_integration_in_use_cannot_be_deleted(api: httpx.Client, integration: Make, report: Make) -> None:
    """409 while a report delivers to it, and only then."""
    used = integration()
    made = report(destinations=[{"type": "target_integration", "id": used["id"]}])
    answer = api.delete(f"/integrations/{used['id']}")
    assert problems(answer, 409, "conflict") == []
    assert made["id"] in answer.json()["error"]["message"]
    api.delete(f"/scheduled-reports/{made['id']}")
    assert api.delete(f"/integrations/{used['id']}").status_code == 204


def test_an_id_inside_a_report_name_is_no_use_of_it(api: httpx.Client, integration: Make, report: Make) -> None:
    """Only destinations count."""
    named = integration()
    report(report_name=named["id"])
    assert api.delete(f"/integrations/{named['id']}").status_code == 204


def test_one_integration_cannot_be_read_alone(api: httpx.Client, integration: Make) -> None:
    """No such operation is documented."""
    answer = api.get(f"/integrations/{integration()['id']}")
    assert problems(answer, 405, "invalid_request") == []
    assert answer.headers["Allow"] == "DELETE"
