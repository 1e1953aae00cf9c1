"""Servers that answer otherwise than the documents say: each way is told as a fact that does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from observe.scripted import Play, Query, Said, Script, page, says, served
from world import Run, World

from reconciler.kinds import KINDS
from reconciler.kinds.facts import NOBODY, list_questions

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
    **{"status": "active", "data": {"type": "push", "actions": {"push": "p1", "screen": None}, "segments": "s1"}},
}
SEGMENT = {
    **{"object": "segment", "id": "s1", "url": "/v4/segments/s1", "name": "All", "is_system": False},
    "conditions": [{"metric": "renewable", "comparator": "eq", "value": "1", "negate": False}],
    **STAMPS,
}
PRODUCT = {
    **{"object": "product", "id": "yearly", "url": "/v4/products/yearly", "type": "subscription", "duration": "P1Y"},
    **{"apple_product_id": None, "google_product_id": None, "google_base_plan_id": None, "stripe_product_id": None},
    **STAMPS,
}
ENTITLEMENT = {
    **{"object": "entitlement", "id": "studio", "url": "/v4/entitlements/studio", "description": None},
    **{"product_ids": ["yearly"], **STAMPS},
}
CONFIG = {
    **{"object": "remote_configuration", "id": "c1", "url": "/v4/remote-configurations/c1", "name": "Paywall"},
    **{"status": "archived", "segment_percent": 50, "context_key": "main", **STAMPS, "payload": {"cta": "Try"}},
    "segmentation_conditions": [{"metric": "renewable", "comparator": "eq", "value": "1", "negate": False}],
}
PATHS: dict[str, Json] = {
    "/integrations": INTEGRATION,
    "/scheduled-reports": REPORT,
    "/automations": AUTOMATION,
    "/segments": SEGMENT,
    "/products": PRODUCT,
    "/entitlements": ENTITLEMENT,
    "/remote-configurations": CONFIG,
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
    ("/segments", {"is_system": True}, "the list lacks the rows of the vendor", "s1"),
    ("/products", {"duration": "P2Y"}, "a record has no value but the documented ones", "P2Y"),
    ("/products", {"created_at": "2026-01-01 00:00:00"}, "created_at, updated_at are in ISO 8601, UTC", "2026-01-01 "),
    ("/integrations", {"last_error_at": "2026-01-01T00:00:00+02:00"}, "are in ISO 8601, UTC", "+02:00"),
    ("/segments", {"updated_at": 1767225600}, "are in ISO 8601, UTC", "1767225600"),
    ("/scheduled-reports", {"runs": -1}, "runs is a whole number from 0", "-1"),
    ("/integrations", {"delivery_error_count": "0"}, "delivery_error_count is a whole number from 0", "0"),
    ("/automations", {"data": {"actions": {}}}, "data shows type", "type"),
    (
        "/segments",
        {"conditions": [{"metric": "m", "comparator": "eq", "value": "1"}]},
        "conditions shows negate",
        "neg",
    ),
    ("/automations", {"data": {"actions": {}, "when": 1}}, "data has no key but the documented ones", "when"),
    (
        "/scheduled-reports",
        {"destinations": [{"type": "target_integration", "id": "i1", "format": "csv"}]},
        "destinations has no key but the documented ones",
        "format",
    ),
    (
        "/segments",
        {"conditions": [{"metric": "m", "comparator": "eq", "value": "1", "any": True}]},
        "conditions has no key but the documented ones",
        "any",
    ),
    (
        "/remote-configurations",
        {"segmentation_conditions": [{"segment_id": "s1"}]},
        "segmentation_conditions has no key but the documented ones",
        "segment_id",
    ),
    (
        "/scheduled-reports",
        {"destinations": [{"type": "target_integration", "id": "gone"}]},
        "destinations names only what /scheduled-reports/destinations has",
        "gone",
    ),
    ("/automations", {"data": {"segments": "gone"}}, "data.segments names only what /segments has", "gone"),
    ("/entitlements", {"product_ids": ["yearly", "gone"]}, "product_ids names only what /products has", "gone"),
]


NONE = {"error": {"type": "resource", "code": "not_found", "message": "There is none"}}
BEYOND = {"error": {"type": "request", "code": "invalid_data", "message": "limit must be at most 100"}}


def listing(path: str, *rows: Json) -> Play:
    """A list that has these rows, in pages as documented."""

    def answer(query: Query) -> Said:
        limit, ids = int(query.get("limit", 20)), [each.get("id") for each in rows]
        if limit > 100:
            return says(BEYOND, 422)
        begin = ids.index(query["starting_after"]) + 1 if "starting_after" in query else int(query.get("offset", 0))
        return says({**page([*rows][begin : begin + limit], more=len(rows) > begin + limit), "url": f"/v4{path}"})

    return answer


def play(script: Script, path: str = "", **changed: Any) -> None:
    """A project with an object of each kind, as documented but for these fields of one."""
    for each in ("/entitlements", *PATHS):
        script.plays[each] = listing(each)
        script.play(f"{each}/{NOBODY}", says(NONE, 404))
    for each, record in PATHS.items():
        other = {**record, **changed} if each == path else record
        fields = {name: value for name, value in other.items() if value is not ...}
        shown = {key: value for key, value in fields.items() if key not in ("payload", "payload_mapping")}
        script.plays[each] = listing(each, fields if path == each and "payload" in changed else shown)
        by_id = {key: value for key, value in fields.items() if key != "payload_mapping"}
        lone = says(NONE, 404) if each == "/integrations" else says(by_id)
        script.play(f"{each}/{fields['id']}".replace(" ", "%20"), lone)
    script.play("/segments/system", says(page([{**SEGMENT, "id": "theirs", "is_system": True}], more=False)))
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
    """All that an object of each kind can tell is confirmed. What only a probe can ask is unknown."""
    with served(Script()) as script:
        play(script)
        run = doctor(world, script)
    assert run.code == 0
    assert refuted(run) == {}
    unknown = {each["fact"] for each in run.document["facts"] if each["status"] == "unknown"}
    asked = {f"{kind.section}: {text}" for kind in KINDS.values() for text in list_questions(kind).values()}
    of_many = ("a sandbox and", "the newest first", "give the next object", "without a limit", "a 429 has")
    assert not [each for each in unknown - asked if not any(text in each for text in of_many)]
    told = asked - unknown
    # What a record by its id, and an archived one, tell.
    assert told == {f"remote_configs: {text} (unsure)" for text in BY_LOOKING}


BY_LOOKING = ("GET by an id has payload", "GET by an id lacks payload_mapping", "the list has archived ones")


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


def test_a_catalogue_of_another_shape_is_told(world: World) -> None:
    """A provider without its stores; an empty catalogue tells nothing."""
    fact = "integrations: each provider of /integrations/meta has title, slug, allowedStores"
    with served(Script()) as script:
        play(script)
        provider = {"title": "Webhooks", "slug": "webhooks"}
        script.play("/integrations/meta", says({"data": [{"title": "Messaging", "items": [provider]}]}))
        assert refuted(doctor(world, script))[fact] == "allowedStores"
        script.play("/integrations/meta", says({"data": []}))
        facts = {each["fact"]: each["status"] for each in doctor(world, script).document["facts"]}
    assert facts[fact] == "unknown"


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


def test_a_fact_of_what_was_not_read_is_unknown(world: World) -> None:
    """A record that says it is something else has no values of this kind."""
    with served(Script()) as script:
        play(script, "/automations", object="other", status="sleeping")
        run = doctor(world, script)
    facts = {each["fact"]: each["status"] for each in run.document["facts"]}
    assert facts["automations: a record has no value but the documented ones"] == "unknown"
    assert facts["automations: a record tells its name"] == "unknown"


def test_many_facts_that_do_not_hold_are_counted(world: World) -> None:
    """Ten are named."""
    with served(Script()) as script:
        play(script)
        for path in PATHS:
            script.plays[path] = listing(path, {"id": "x", "object": "other", "more": 1})
        run = world.run("doctor", "--api-url", script.url)
    assert run.out.count("refuted: ") == 10
    assert " more; --format json has each" in run.out


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


ERROR: Json = NONE["error"]
PAIR = [{**AUTOMATION, "id": f"a{at}", "url": f"/v4/automations/a{at}"} for at in (1, 2)]
ANSWERS: dict[str, tuple[str, Said, str, str]] = {
    "another answer to no object": ("/automations/" + NOBODY, says({}, 410), "automations: an id that nobody", "410"),
    "an object that nobody has": ("/products/" + NOBODY, says(PRODUCT), "products: an id that nobody has", "200"),
    "an envelope of v3": ("/segments/" + NOBODY, says({"_meta": {}}, 404), "api: an error has type, code", "code"),
    "a code that is a number": (
        "/segments/" + NOBODY,
        says({"error": {**ERROR, "code": 7}}, 404),
        "api: the code of a 404 is not_found",
        "7",
    ),
    "a new type": ("/segments/" + NOBODY, says({"error": {**ERROR, "type": "odd"}}, 404), "api: the type of", "odd"),
    "details of nothing": (
        "/segments/" + NOBODY,
        says({"error": {**ERROR, "details": []}}, 404),
        "api: a 404 has",
        "[]",
    ),
    "an ETag": ("/automations/a1", says(AUTOMATION, ETag="x"), "api: no answer has an ETag", "/automations/a1"),
    "a list of another word": (
        "/segments",
        says({**page([], more=False), "url": "/v4/segments", "object": None}),
        "segments: the list says `object: list`",
        "None",
    ),
    "a cursor at the end": (
        "/automations",
        says({**page([], more=False), "url": "/v4/automations", "next_cursor": "a1"}),
        "automations: next_cursor is there only while",
        "a1",
    ),
    "other pages": (
        "/segments",
        says({**page([{**SEGMENT, "id": f"s{at}"} for at in range(21)], more=False), "url": "/v4/segments"}),
        "segments: a page has 20 without a limit",
        "21",
    ),
    "text": (
        "/products/yearly",
        says(PRODUCT, **{"Content-Type": "text/plain"}),
        "api: an answer is JSON",
        "text/plain",
    ),
    "a list of another path": ("/segments", says(page([], more=False)), "segments: the list has its path", "/v4/x"),
    "no limit": (
        "/automations",
        says({**page(PAIR, more=False), "url": "/v4/automations"}),
        "automations: limit and starting_after give the next object",
        "200",
    ),
    "any limit": (
        "/scheduled-reports",
        says({**page([], more=False), "url": "/v4/scheduled-reports"}),
        "reports: a limit above 100 is refused (unsure)",
        "200",
    ),
    "a destination without a label": (
        "/scheduled-reports/destinations",
        says(page([{"type": "target_integration", "id": "i1"}], more=False)),
        "reports: each of /scheduled-reports/destinations is a target_integration with id and label",
        "i1",
    ),
    "another type of destination": (
        "/scheduled-reports/destinations",
        says(page([{**OFFERED[0], "type": "email"}], more=False)),
        "reports: each of /scheduled-reports/destinations is a target_integration with id and label",
        "email",
    ),
    "another label": (
        "/scheduled-reports/destinations",
        says(page([{**OFFERED[0], "label": "Alerts (Webhooks)"}], more=False)),
        "reports: /scheduled-reports/destinations has the label of the integration",
        "Alerts (Webhooks)",
    ),
    "a payload that is apart": (
        "/remote-configurations/c1",
        says({key: value for key, value in CONFIG.items() if key != "payload"}),
        "remote_configs: GET by an id has payload (unsure)",
        "payload",
    ),
    "a mapping that is not apart": (
        "/remote-configurations/c1",
        says({**CONFIG, "payload_mapping": {}}),
        "remote_configs: GET by an id lacks payload_mapping (unsure)",
        "payload_mapping",
    ),
}


@pytest.mark.parametrize(("path", "answer", "fact", "seen"), ANSWERS.values(), ids=ANSWERS)
def test_answers_that_are_otherwise_are_told(world: World, path: str, answer: Said, fact: str, seen: str) -> None:
    """Of errors, headers, lists, destinations, and of an object by its id."""
    with served(Script()) as script:
        play(script)
        script.play(path, answer)
        run = doctor(world, script)
    assert run.code == 0, run.out
    found = {text: said for text, said in refuted(run).items() if text.startswith(fact)}
    assert len(found) == 1, refuted(run)
    assert seen in next(iter(found.values()))


def test_a_page_goes_on_where_the_one_before_ended(world: World) -> None:
    """Two objects are enough to see it, in both styles."""
    reports = [{**REPORT, "id": f"r{at}", "url": f"/v4/scheduled-reports/r{at}"} for at in (1, 2)]
    with served(Script()) as script:
        play(script)
        script.plays["/automations"] = listing("/automations", *PAIR)
        script.plays["/scheduled-reports"] = listing("/scheduled-reports", *reports)
        run = doctor(world, script)
    facts = {each["fact"]: each["status"] for each in run.document["facts"]}
    assert refuted(run) == {}
    assert facts["automations: limit and starting_after give the next object"] == "confirmed"
    assert facts["reports: limit and offset give the next object"] == "confirmed"
    assert facts["products: limit and starting_after give the next object"] == "unknown"


def test_nothing_is_confirmed_of_an_empty_project(world: World) -> None:
    """Of its lists, of errors, and that a new one is refused, but not of records."""
    with served(Script()) as script:
        for each in PATHS:
            script.plays[each] = listing(each)
            script.play(f"{each}/{NOBODY}", says(NONE, 404))
        run = doctor(world, script)
    held = {each["fact"].partition(": ")[2] for each in run.document["facts"] if each["status"] == "confirmed"}
    assert held == {
        "an answer is JSON",
        "next_cursor is there only while has_more is true",
        "an error has type, code and message",
        "the type of an error is one of request, resource, logical, internal",
        "the code of a 404 is not_found",
        "a 404 has no details",
        "no answer has an ETag",
        "an id that nobody has answers 404",
        "a limit above 100 is refused (unsure)",
        "the list can be read whole",
        "the list says `object: list`",
        "the list has its path in `url`",
    }


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_that_tells_nothing_is_no_evidence(world: World, no_waiting: None, status: int) -> None:
    """Neither that an id is there, nor that a limit is refused."""
    fault = says({"error": {"message": "later"}}, status)
    with served(Script()) as script:
        play(script)
        script.play(f"/automations/{NOBODY}", fault)
        script.play("/automations/a1", fault)
        script.plays["/automations"] = lambda query: (
            fault if query["limit"] != "100" else listing("/automations", *PAIR)(query)
        )
        run = doctor(world, script)
    facts = {each["fact"]: each["status"] for each in run.document["facts"]}
    assert "automations: an id that nobody has answers 404" not in facts
    assert facts["automations: GET by an id shows the record"] == "unknown"
    assert facts["automations: limit and starting_after give the next object"] == "unknown"
    assert facts["automations: a limit above 100 is refused (unsure)"] == "unknown"
