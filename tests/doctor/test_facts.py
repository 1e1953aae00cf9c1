"""Servers that answer otherwise than the documents say: each way is told as a fact that does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from observe.scripted import Script, page, says, served
from world import Run, World

Json = dict[str, Any]
STAMPS = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
INTEGRATION = {
    **{"object": "integration", "id": "i1", "url": "/v4/integrations/i1", "title": "Alerts", "integration": "Webhooks"},
    **{"target_platform": "iOS", "active": 1, "last_delivery_at": None, "last_error_at": None},
    **{"last_error_message": None, "delivery_error_count": 0, **STAMPS},
}
REPORT = {
    **{"object": "scheduled_report", "id": "r1", "url": "/v4/scheduled-reports/r1", "report_name": "Daily"},
    **{"send_at": "09:00", "included_range_days": 1, "status": "active", "environment": "production", "runs": 3},
    **{"destinations": [{"type": "target_integration", "id": "i1", "label": "Webhooks: Alerts"}], **STAMPS},
}
AUTOMATION = {
    **{"object": "automation", "id": "a1", "url": "/v4/automations/a1", "name": "Welcome", "caption": ""},
    **{"status": "active", "data": {"type": "push", "actions": {"push": "p1", "screen": None}}},
}
SEGMENT = {
    **{"object": "segment", "id": "s1", "url": "/v4/segments/s1", "name": "All", "is_system": False, "conditions": []},
    **STAMPS,
}
PRODUCT = {
    **{"object": "product", "id": "yearly", "url": "/v4/products/yearly", "type": "subscription", "duration": "P1Y"},
    **{"apple_product_id": None, "google_product_id": None, "google_base_plan_id": None, "stripe_product_id": None},
    **STAMPS,
}
PATHS: dict[str, Json] = {
    "/integrations": INTEGRATION,
    "/scheduled-reports": REPORT,
    "/automations": AUTOMATION,
    "/segments": SEGMENT,
    "/products": PRODUCT,
}
META = [{"title": "Messaging", "items": [{"title": "Webhooks", "slug": "webhooks", "allowedStores": ["iOS"]}]}]
OFFERED = [{"type": "target_integration", "id": "i1", "label": "Webhooks: Alerts"}]
OTHERWISE: list[tuple[str, Json, str, str]] = [
    ("/integrations", {"object": "target"}, "a record says `object: integration`", "target"),
    ("/automations", {"object": None}, "a record says `object: automation`", "None"),
    ("/scheduled-reports", {"id": "r 1"}, "a record has an id like", "r 1"),
    ("/automations", {"priority": 3}, "a record has no field but the documented ones", "priority"),
    ("/scheduled-reports", {"runs": ...}, "a record has all of", "runs"),
    ("/automations", {"status": "sleeping"}, "a record has no value but the documented ones", "sleeping"),
    ("/scheduled-reports", {"send_at": "09:15"}, "a record has no value but the documented ones", "09:15"),
    ("/scheduled-reports", {"included_range_days": 30}, "a record has no value but the documented ones", "30"),
    (
        "/scheduled-reports",
        {"destinations": [{"type": "email", "id": "e1"}]},
        "a record has no value but the documented ones",
        "destinations[0].type",
    ),
    ("/automations", {"data": {"platform": "Web"}}, "a record has no value but the documented ones", "data.platform"),
    ("/integrations", {"active": 7}, "a record has no value but the documented ones", "status: found"),
    ("/integrations", {"integration": "webhooks"}, "a record tells its", "integration"),
    ("/automations", {"url": "/automations/a1"}, "a record has its path in `url`", "/automations/a1"),
    ("/segments", {"is_system": True}, "a record is not one of the vendor's", "s1"),
    ("/products", {"duration": "P2Y"}, "a record has no value but the documented ones", "P2Y"),
]


def play(script: Script, path: str = "", **changed: Any) -> None:
    """A project with an object of each of five kinds, as documented but for these fields of one."""
    for each, record in PATHS.items():
        other = {**record, **changed} if each == path else record
        fields = {name: value for name, value in other.items() if value is not ...}
        script.play(each, says(page([fields], more=False)))
        by_id = says({"error": {"code": "not_found"}}, 404) if each == "/integrations" else says(fields)
        script.play(f"{each}/{fields['id']}".replace(" ", "%20"), by_id)
    script.play("/integrations/meta", says({"object": "integrations_meta", "data": META}))
    script.play("/scheduled-reports/destinations", says(page(OFFERED, more=False)))


def refuted(run: Run) -> dict[str, str]:
    """The facts that do not hold, with what was seen."""
    return {each["fact"]: each["seen"] for each in run.document["facts"] if each["status"] == "refuted"}


def doctor(world: World, script: Script) -> Run:
    """Its JSON, of a server that says what is played. It must not have been asked to write."""
    run = world.run("doctor", "--format", "json", "--api-url", script.url)
    assert script.writes == []
    return run


def test_a_project_as_documented_refutes_nothing(world: World) -> None:
    """All that its five kinds can tell is confirmed."""
    with served(Script()) as script:
        play(script)
        run = doctor(world, script)
    assert run.code == 0
    assert refuted(run) == {}
    unknown = [each["fact"] for each in run.document["facts"] if each["status"] == "unknown"]
    of_many = ("a sandbox and", "the newest first")
    kinds = {each.partition(":")[0] for each in unknown if not any(text in each for text in of_many)}
    assert kinds == {"entitlements", "remote_configs"}


@pytest.mark.parametrize(("path", "changed", "fact", "seen"), OTHERWISE)
def test_what_is_otherwise_is_told(world: World, path: str, changed: Json, fact: str, seen: str) -> None:
    """The fact is refuted, with what was seen; that is a warning, and the exit code stays 0."""
    with served(Script()) as script:
        play(script, path, **changed)
        run = doctor(world, script)
    assert run.code == 0, run.out
    found = {text: said for text, said in refuted(run).items() if fact in text}
    assert len(found) == 1, run.out
    assert seen in next(iter(found.values()))


def test_an_integration_that_fails_is_documented(world: World) -> None:
    """The word is the delivery worker's; it may be read and not be written."""
    with served(Script()) as script:
        play(script, "/integrations", active=2)
        assert refuted(doctor(world, script)) == {}


@pytest.mark.parametrize(("days", "holds"), [((3, 2), "confirmed"), ((2, 3), "refuted"), ((2, 2), "unknown")])
def test_the_order_of_a_list(world: World, days: tuple[int, int], holds: str) -> None:
    """By when its records were made, if that differs."""
    rows = [{**SEGMENT, "id": f"s{at}", "created_at": f"2026-01-0{day}T00:00:00Z"} for at, day in enumerate(days)]
    with served(Script()) as script:
        play(script)
        script.play("/segments", says(page(rows, more=False)))
        script.play("/segments/s0", says(rows[0]))
        run = doctor(world, script)
    facts = {each["fact"]: each["status"] for each in run.document["facts"]}
    assert facts["segments: the list has the newest first"] == holds


def test_get_by_an_id_that_does_not_show_the_record(world: World) -> None:
    """An answer without its fields, one that is none, and an endpoint that nobody documented."""
    with served(Script()) as script:
        play(script)
        script.play("/automations/a1", says({"object": "automation", "id": "a1"}))
        script.play("/scheduled-reports/r1", says({"error": {"code": "no"}}, 405))
        script.play("/integrations/i1", says(INTEGRATION))
        found = refuted(doctor(world, script))
    assert "name" in found["automations: GET by an id shows the record"]
    assert "405" in found["reports: GET by an id shows the record"]
    assert "integrations: GET by an id does not exist" in found


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list", "data": []},
        {"object": "list", "data": [{"name": "no id"}], "has_more": False},
        {"object": "list", "data": {}, "has_more": False},
        {"object": "list", "data": [], "has_more": True},
        b"<html>",
    ],
)
def test_a_page_that_lies(world: World, body: Any) -> None:
    """The list is no list, or does not end: nothing may be concluded from it."""
    with served(Script()) as script:
        play(script)
        script.play("/automations", says(body))
        run = doctor(world, script)
    assert run.code in (1, 5)
    assert "automations: the list can be read whole" in refuted(run)


def test_text_names_what_is_refuted_in_one_line(world: World) -> None:
    """With the counts; control characters of the server do nothing."""
    with served(Script()) as script:
        play(script, "/automations", status="sl\x1b[2Jeep\n")
        run = world.run("doctor", "--api-url", script.url)
    lines = [line for line in run.out.splitlines() if " facts " in line]
    assert len(lines) == 1
    assert "1 refuted" in lines[0]
    assert "sl" in lines[0]
    assert "\x1b" not in run.out


@pytest.mark.parametrize("odd", [[], {}, None, 7, "\u202e"])
def test_values_of_any_type_are_no_fault(world: World, odd: Any) -> None:
    """Ids, labels, words and maps that are something else."""
    with served(Script()) as script:
        play(script, "/scheduled-reports", object=odd, destinations=odd, status=odd, report_name=odd, created_at=odd)
        script.play("/scheduled-reports/destinations", says(page([{"type": odd, "id": odd, "label": odd}], more=False)))
        script.play("/integrations/meta", says({"data": [{"title": odd, "items": odd}]}))
        script.play("/automations", says(page([{**AUTOMATION, "data": odd, "caption": odd}], more=False)))
        run = doctor(world, script)
    assert run.code in (0, 1), run.err
    assert "a fault in reconciler" not in run.err
    assert refuted(run)
