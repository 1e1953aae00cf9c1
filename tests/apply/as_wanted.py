"""Holds what is live against what is written, by the documents' words alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from world import Json

from .random_worlds import SECTIONS

ACTIVE = {"paused": 0, "active": 1}
PROVIDERS = {"webhooks": "Webhooks", "slack": "Slack", "amazon_s3": "Amazon S3"}


def within(wanted: Any, live: Any) -> bool:
    """Whether everything that is wanted is live; a null and nothing are the same, other keys may be there."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            live.get(key) is None if value is None else within(value, live.get(key)) for key, value in wanted.items()
        )
    return type(wanted) is type(live) and bool(wanted == live)


def as_wanted(
    wanted: Json, manual: Collection[str], ids: Mapping[str, str], live: Mapping[str, Mapping[str, Json]]
) -> None:
    """Each object is as written, and the state knows them and no others. `manual`: what only a person can change;
    `ids`: address → id; `live`: kind → id → raw record."""
    assert set(ids) == {f"{kind}.{key}" for section, kind in SECTIONS.items() for key in wanted[section]}
    for key, fields in wanted["integrations"].items():
        record = live["integration"][ids[f"integration.{key}"]]
        if f"integration.{key}" not in manual:
            assert record["title"] == fields["title"]
            assert record["integration"] == PROVIDERS.get(fields["integration"], "Google Cloud Storage")
            assert record["target_platform"] == fields["target_platform"]
            assert "status" not in fields or record["active"] == ACTIVE[fields["status"]]
    for key, fields in wanted["reports"].items():
        record = live["report"][ids[f"report.{key}"]]
        targets = {item.get("id") or ids[f"integration.{item['integration']}"] for item in fields["destinations"]}
        assert {each["id"] for each in record["destinations"]} == targets
        others = {name: value for name, value in fields.items() if name != "destinations"}
        assert within(others, record), f"{key} is wanted as {others}, and is {record}"
    for key, fields in wanted["automations"].items():
        record = live["automation"][ids[f"automation.{key}"]]
        assert within(fields, record), f"{key} is wanted as {fields}, and is {record}"
