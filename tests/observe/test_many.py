"""A project of thousands of objects is read in full pages, each list once."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from world import World

from .scripted import Query, Said, Script, page, says, served

EACH = 1000


def reports() -> list[dict[str, object]]:
    """Reports, each with a destination of its own."""
    return [
        {
            "id": f"r{n}",
            "report_name": f"Report {n}",
            "send_at": "09:00",
            "included_range_days": 1,
            "status": "active",
            "environment": "production",
            "destinations": [{"type": "target_integration", "id": f"i{n}", "label": f"Webhooks: {n}"}],
        }
        for n in range(EACH)
    ]


def automations() -> list[dict[str, object]]:
    """Automations."""
    return [
        {"id": f"a{n}", "name": f"Flow {n}", "status": "active", "data": {"actions": {"push": "p"}}}
        for n in range(EACH)
    ]


def by_offset(items: list[dict[str, object]], query: Query) -> Said:
    """Pages by limit and offset."""
    offset, limit = int(query.get("offset", 0)), int(query["limit"])
    return says(page(items[offset : offset + limit], more=offset + limit < len(items)))


def by_cursor(items: list[dict[str, object]], query: Query) -> Said:
    """Pages by limit and the id before."""
    start = next((n + 1 for n, item in enumerate(items) if item["id"] == query.get("starting_after")), 0)
    limit = int(query["limit"])
    return says(page(items[start : start + limit], more=start + limit < len(items)))


def test_two_thousand_objects(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Automations in pages of 100; reports in pages of 100 that overlap by one, so that a shift would show; the plan
    adopts all and has asked for nothing twice."""
    flows, made = automations(), reports()
    with served(Script()) as script:
        script.plays["/automations"] = lambda query: by_cursor(flows, query)
        script.plays["/scheduled-reports"] = lambda query: by_offset(made, query)
        monkeypatch.setenv("QONVERSION_API_URL", script.url)
        written = {
            "automations": {
                f"a{n}": {name: each[name] for name in each if name != "id"} for n, each in enumerate(flows)
            },
            "reports": {
                f"r{n}": {name: each[name] for name in each if name != "id"}
                | {"destinations": [{"type": "target_integration", "id": f"i{n}"}]}
                for n, each in enumerate(made)
            },
        }
        world.write(json.dumps(written))
        planned = world.plan()
        assert planned.code == 2
        assert planned.document["summary"]["adopt"] == 2 * EACH
        assert len(planned.document["changes"]) == 2 * EACH
        asked = Counter(path for path, _ in script.asked)
        assert asked == {"/automations": 10, "/scheduled-reports": 11, "/integrations": 1}
        assert {query["limit"] for path, query in script.asked if path != "/integrations"} == {"100"}
        assert len({(path, str(sorted(query.items()))) for path, query in script.asked}) == sum(asked.values())
        assert script.writes == []


@pytest.mark.exhaustive
def test_many_references(world: World) -> None:
    """Each report is made after its integration, all of them read back, and a plan reads each list once."""
    count = 250
    written = {
        "integrations": {
            f"i{n}": {"title": f"Hook {n}", "integration": "webhooks", "target_platform": "iOS"} for n in range(count)
        },
        "reports": {
            f"r{n}": {
                "report_name": f"Report {n}",
                "send_at": "09:00",
                "included_range_days": 1,
                "status": "active",
                "environment": "production",
                "destinations": [{"integration": f"i{n}"}],
            }
            for n in range(count)
        },
    }
    world.write(json.dumps(written))
    assert world.apply().code == 0
    # Each list once to plan and once to read back, the destinations once more for those that were just made; and
    # what is written.
    asked = Counter(f"{each['method']} {each['path']}" for each in world.requests())
    assert asked["POST /integrations"] == asked["POST /scheduled-reports"] == count
    destinations = asked.pop("GET /scheduled-reports/destinations")
    assert 2 <= destinations <= count
    assert asked == {
        "POST /integrations": count,
        "POST /scheduled-reports": count,
        "GET /integrations": 2,
        "GET /integrations/meta": 2,
        "GET /scheduled-reports": 4,
        "GET /automations": 1,
    }
    assert world.plan().code == 0
    asked = Counter(each["path"] for each in world.requests())
    assert asked == {
        "/integrations": 1,
        "/integrations/meta": 1,
        "/scheduled-reports/destinations": 1,
        "/scheduled-reports": 3,
        "/automations": 1,
    }
