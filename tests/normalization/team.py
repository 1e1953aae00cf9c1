"""Configurations as JSON, of which YAML is a superset, and what is said of the values that an API keeps otherwise."""

from __future__ import annotations

import json
from typing import Any

from world import World

Fields = dict[str, Any]


def report(name: str = "Daily", **fields: Any) -> Fields:
    """A report that is delivered to the integration `hook`."""
    return {
        "report_name": name,
        "send_at": "09:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
        "destinations": [{"integration": "hook"}],
        **fields,
    }


def integration(title: str = "Hook", **fields: Any) -> Fields:
    """An integration."""
    return {"title": title, "integration": "webhooks", "target_platform": "iOS", "status": "active", **fields}


def automation(name: str = "Flow", **fields: Any) -> Fields:
    """An automation."""
    return {"name": name, "status": "active", "data": {"actions": {"push": "p1"}}, **fields}


def team(**resources: Fields) -> str:
    """The configuration of resources, by their keys; what they are is told by their fields."""
    sections: dict[str, dict[str, Fields]] = {}
    for name, fields in resources.items():
        section = "reports" if "report_name" in fields else "integrations" if "title" in fields else "automations"
        sections.setdefault(section, {})[name] = fields
    return json.dumps(sections, ensure_ascii=False)


def listing(*records: Fields) -> str:
    """A list of records as the API answers it, for the body of a fault."""
    return json.dumps({"object": "list", "data": list(records), "has_more": False})


def named(warnings: list[str]) -> set[tuple[str, str]]:
    """The addresses and paths of which the API keeps another value."""
    told = [warning.split(": ") for warning in warnings if "the API keeps" in warning]
    return {(address, path) for address, path, *_ in told}


def stored(world: World, address: str) -> Fields:
    """What the state holds of what the API made of an address."""
    entry = json.loads(world.state.read_text(encoding="utf-8"))["resources"][address]
    return dict(entry.get("stored", {}))
