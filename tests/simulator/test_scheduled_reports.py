"""Scheduled reports: what the documents promise, and the choices where they are silent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Clock, Dashboard, Make, problems


def target(record: dict[str, Any]) -> dict[str, str]:
    return {"type": "target_integration", "id": record["id"]}


def test_a_created_report_reads_back(api: httpx.Client, integration: Make, report: Make) -> None:
    """The record of the example: `runs` 0, a label on each destination."""
    webhook = integration()
    made = report(destinations=[target(webhook)])
    assert made["runs"] == 0
    assert made["destinations"] == [target(webhook) | {"label": "Webhooks: Release alerts"}]
    assert made["created_at"] == made["updated_at"] == "2026-04-23T11:44:36Z"
    assert api.get(f"/scheduled-reports/{made['id']}").json() == made


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"report_name": ""}, "report_name"),
        ({"report_name": "x" * 256}, "report_name"),
        ({"send_at": "23:45"}, "send_at"),
        ({"send_at": "12:15"}, "send_at"),
        ({"send_at": "24:00"}, "send_at"),
        ({"send_at": "9:00"}, "send_at"),
        ({"send_at": "09:00\n"}, "send_at"),
        ({"send_at": 540}, "send_at"),
        ({"included_range_days": 2}, "included_range_days"),
        ({"included_range_days": True}, "included_range_days"),
        ({"included_range_days": "1"}, "included_range_days"),
        ({"status": "paused"}, "status"),
        ({"status": None}, "status"),
        ({"environment": "test"}, "environment"),
        ({"destinations": []}, "destinations"),
        ({"destinations": {}}, "destinations"),
        ({"destinations": ["int-wh-01"]}, "destinations.0"),
        ({"destinations": [{"id": "int-wh-01"}]}, "destinations.0.type"),
        ({"destinations": [{"type": "email", "id": "int-wh-01"}]}, "destinations.0.type"),
        ({"destinations": [{"type": "target_integration"}]}, "destinations.0.id"),
        ({"destinations": [{"type": "target_integration", "id": "a b"}]}, "destinations.0.id"),
    ],
)
def test_every_field_is_validated_on_create_and_update(
    api: httpx.Client, report: Make, change: dict[str, Any], field: str
) -> None:
    """The same rules for both; a refused update changes nothing."""
    made = report()
    url = f"/scheduled-reports/{made['id']}"
    assert problems(api.post("/scheduled-reports", json=made | change)) == [field]
    assert problems(api.put(url, json=change)) == [field]
    assert api.get(url).json() == made


@pytest.mark.parametrize("send_at", ["00:00", "00:30", "09:30", "19:00", "23:30"])
@pytest.mark.parametrize("days", [1, 3, 7])
def test_every_documented_slot_and_window_is_accepted(report: Make, send_at: str, days: int) -> None:
    """The grid 00:00 to 23:30; 1, 3 or 7 days."""
    made = report(send_at=send_at, included_range_days=days, status="draft", environment="sandbox")
    assert (made["send_at"], made["included_range_days"]) == (send_at, days)


def test_a_create_needs_all_six_fields(api: httpx.Client) -> None:
    """And says so for all of them."""
    assert problems(api.post("/scheduled-reports", json={"runs": 3})) == [
        "report_name",
        "send_at",
        "included_range_days",
        "status",
        "environment",
        "destinations",
    ]


def test_a_destination_must_exist_and_take_reports(
    api: httpx.Client, integration: Make, report: Make, sandbox: httpx.Client
) -> None:
    """Unknown, deleted, another project's, or a provider that is no destination: relation_not_found."""
    amplitude = integration(integration="amplitude")
    gone = integration()
    api.delete(f"/integrations/{gone['id']}")
    good = report()
    wanted = [good["destinations"][0], target(amplitude), target(gone), target({"id": "nope"})]
    answer = api.put(f"/scheduled-reports/{good['id']}", json={"destinations": wanted})
    named = problems(answer, 422, "relation_not_found")
    assert named == ["destinations.1.id", "destinations.2.id", "destinations.3.id"]
    foreign = sandbox.post("/scheduled-reports", json=good)
    assert problems(foreign, 422, "relation_not_found") == ["destinations.0.id"]


def test_the_same_destination_twice_is_refused(api: httpx.Client, integration: Make, report: Make) -> None:
    """A choice: nothing is folded silently."""
    one = target(integration())
    answer = api.put(f"/scheduled-reports/{report()['id']}", json={"destinations": [one, one]})
    assert problems(answer) == ["destinations.1"]


def test_unknown_and_read_only_fields_are_ignored(integration: Make, report: Make) -> None:
    """A choice: they are neither stored nor refused."""
    sent = target(integration()) | {"label": "mine", "color": "red"}
    made = report(destinations=[sent], runs=99, id="mine", surprise=1)
    assert (made["runs"], "surprise" in made, made["id"] == "mine") == (0, False, False)
    assert made["destinations"][0].keys() == {"type", "id", "label"}
    assert made["destinations"][0]["label"] == "Webhooks: Release alerts"


def test_an_update_is_partial(api: httpx.Client, report: Make, clock: Clock) -> None:
    """What is left out stays; `updated_at` moves, `created_at` does not; an empty object is fine."""
    made = report()
    url = f"/scheduled-reports/{made['id']}"
    clock.move(90)
    paused = api.put(url, json={"status": "draft"})
    assert paused.status_code == 200
    assert paused.json() == made | {"status": "draft", "updated_at": "2026-04-23T11:46:06Z"}
    assert api.put(url, json={}).json() == paused.json()


def test_labels_follow_the_integration(
    api: httpx.Client, dashboard: Dashboard, integration: Make, report: Make
) -> None:
    """A title changed in the dashboard shows at once, everywhere; a removed integration leaves an empty label."""
    slack = integration(integration="slack", title="Team")
    made = report(destinations=[target(slack)])
    dashboard.change("integrations", slack["id"], title="Everyone")
    listed = api.get("/scheduled-reports").json()["data"]
    assert listed[0]["destinations"] == [target(slack) | {"label": "Slack: Everyone"}]
    assert api.get("/scheduled-reports/destinations").json()["data"] == listed[0]["destinations"]
    dashboard.remove("integrations", slack["id"])
    dangling = api.put(f"/scheduled-reports/{made['id']}", json={"status": "draft"}).json()
    assert dangling["destinations"] == [target(slack) | {"label": ""}]


def test_the_destinations_are_the_integrations_that_take_reports(api: httpx.Client, integration: Make) -> None:
    """Slack, Webhooks, S3 and GCS, in any state, in the list envelope."""
    for slug in ("slack", "amplitude", "webhooks", "amazon_s3", "google_cloud_storage", "firebase"):
        integration(integration=slug, title="T")
    answer = api.get("/scheduled-reports/destinations").json()
    assert (answer["object"], answer["url"], answer["has_more"]) == (
        "list",
        "/v4/scheduled-reports/destinations",
        False,
    )
    assert [item["label"] for item in answer["data"]] == [
        "Slack: T",
        "Webhooks: T",
        "Amazon S3: T",
        "Google Cloud Storage: T",
    ]
    assert all(item.keys() == {"type", "id", "label"} for item in answer["data"])


def test_pages_by_limit_and_offset(api: httpx.Client, integration: Make, report: Make) -> None:
    """20 a page when not told, `has_more` and nothing else says whether there is more."""
    to = [target(integration())]
    ids = [report(destinations=to, report_name=str(n))["id"] for n in range(25)]
    first = api.get("/scheduled-reports").json()
    assert first.keys() == {"object", "url", "data", "has_more"}
    assert ([item["id"] for item in first["data"]], first["has_more"]) == (ids[:20], True)
    second = api.get("/scheduled-reports?limit=5&offset=20").json()
    assert ([item["id"] for item in second["data"]], second["has_more"]) == (ids[20:], False)
    assert api.get("/scheduled-reports?limit=100&offset=999").json()["data"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=abc", "limit=", "limit=1.0", "limit=٣", "limit=--1"])
def test_a_limit_is_1_to_100(api: httpx.Client, query: str) -> None:
    """Anything else is refused, on both resources that have pages."""
    assert problems(api.get(f"/scheduled-reports?{query}")) == ["limit"]
    assert problems(api.get(f"/automations?{query}")) == ["limit"]


@pytest.mark.parametrize("offset", ["-1", "x", "9" * 30])
def test_an_offset_is_a_whole_number_from_0(api: httpx.Client, offset: str) -> None:
    """Anything else is refused."""
    assert problems(api.get(f"/scheduled-reports?offset={offset}")) == ["offset"]


def test_a_test_delivery_is_accepted_once_a_minute_a_report(api: httpx.Client, report: Make, clock: Clock) -> None:
    """202 with an operation; within 60 seconds 429 with `Retry-After: 60`; another report has its own minute."""
    one, two = report(), report()
    url = f"/scheduled-reports/{one['id']}/send-test"
    accepted = api.post(url)
    assert accepted.status_code == 202
    assert accepted.json() == {"object": "operation", "url": f"/v4{url}", "message": "Test delivery scheduled"}
    clock.move(59.9)
    refused = api.post(url)
    assert problems(refused, 429, "too_many_requests") == []
    assert refused.headers["Retry-After"] == "60"
    assert api.post(f"/scheduled-reports/{two['id']}/send-test").status_code == 202
    clock.move(0.1)
    assert api.post(url).status_code == 202
    assert api.get(f"/scheduled-reports/{one['id']}").json() == one


def test_a_deleted_report_is_gone(api: httpx.Client, report: Make) -> None:
    """204, then 404 for every operation on it."""
    url = f"/scheduled-reports/{report()['id']}"
    assert api.delete(url).status_code == 204
    for answer in (api.get(url), api.put(url, json={}), api.delete(url), api.post(f"{url}/send-test")):
        assert problems(answer, 404, "not_found") == []
