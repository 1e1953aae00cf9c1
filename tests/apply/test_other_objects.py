"""An answer that holds another kind of object than was asked for: an error, and nothing is concluded from it."""

from __future__ import annotations

import json

import pytest
from world import World, automation, report

pytestmark = pytest.mark.usefixtures("no_waiting")

CONFIGURATION = """
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
reports:
  daily:
    report_name: Daily
    send_at: "09:00"
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: hook}]
automations:
  flow: {name: Flow, status: active, data: {actions: {push: p1}}}
"""
RECORD = {"id": "x-1", "url": "/v4/x/x-1", "name": "Flow", "report_name": "Daily", "title": "Hook"}


def said(body: object) -> str:
    """The part of a fault's rule that answers with a body."""
    return f"status 200, body='{json.dumps(body)}'"


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/scheduled-reports", "automation"),
        ("/automations", "scheduled_report"),
        ("/automations", "automation_template"),
        ("/integrations", "operation"),
        ("/integrations", 5),
    ],
)
def test_a_list_of_other_records_is_no_list(world: World, command: str, path: str, word: object) -> None:
    """Exit 1, the path and both words; nothing is written, as everything else would be made once more."""
    world.settle_once(CONFIGURATION)
    world.fault(f"GET {path}: {said({'object': 'list', 'data': [{'object': word, **RECORD}], 'has_more': False})}")
    ended = world.run(command, "--auto-approve") if command == "apply" else world.plan()
    assert ended.code == 1
    assert f"{path}: the API names a record of {word}; expected records of " in ended.err
    assert world.writes() == []


@pytest.mark.parametrize("word", ["automation", "error", "integrations_meta"])
def test_a_record_is_no_list(world: World, word: str) -> None:
    """One that holds `data` as a list does is none either."""
    world.settle_once(CONFIGURATION)
    world.fault(f"GET /automations: {said({'object': word, 'data': [], 'has_more': False})}")
    ended = world.apply()
    assert ended.code == 1
    assert f"GET /automations answered with a record of {word}; expected a list" in ended.err
    assert world.writes() == []


@pytest.mark.parametrize(
    ("path", "body", "address"),
    [
        ("/automations", {"object": "operation", "url": "/v4/operations/1", "message": "accepted"}, "automation.flow"),
        ("/automations", {"object": "operation", "id": "op-1"}, "automation.flow"),
        ("/scheduled-reports", {"object": "automation", "id": "x-1"}, "report.daily"),
        ("/integrations", {"object": "scheduled_report", "id": "x-1"}, "integration.hook"),
    ],
)
def test_a_create_that_answers_with_another_object_has_failed(
    world: World, path: str, body: dict[str, str], address: str
) -> None:
    """Its id is not taken for the new object's, and it is not sent again: it may be made later on."""
    world.write(CONFIGURATION)
    world.fault(f"POST {path}: {said(body)}, n=1")
    applied = world.apply("--parallelism", "1")
    reasons = {each["address"]: each["reason"] for each in applied.document["results"]}
    assert applied.code in {1, 6}
    assert f"with a record of {body['object']}: whether it was made is unknown" in reasons[address]
    assert [(method, where) for method, where, _ in world.writes()].count(("POST", path)) == 1
    assert "x-1" not in world.state.read_text(encoding="utf-8")
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_an_update_that_answers_with_another_object_is_looked_into(world: World) -> None:
    """What it has done is read, and not believed: here nothing."""
    world.settle_once(CONFIGURATION)
    world.write(CONFIGURATION.replace("09:00", "10:00"))
    world.fault(f"PUT /scheduled-reports/*: {said({'object': 'operation', 'message': 'accepted'})}")
    applied = world.apply()
    assert applied.code == 1
    (result,) = applied.document["results"]
    assert "with a record of operation" in result["reason"]
    assert "send_at is not as it was sent" in result["reason"]


@pytest.mark.parametrize("word", [None, "left out"])
def test_a_record_that_does_not_say_is_tolerated(world: World, word: str | None) -> None:
    """As all that is left out or null."""
    world.settle_once(CONFIGURATION)
    flow = {**automation("Flow"), "id": world.id_of("automation.flow"), "object": None}
    if word:
        del flow["object"]
    world.fault(f"GET /automations: {said({'data': [flow], 'has_more': False})}")
    assert world.plan().code in {0, 2}


def test_one_object_that_is_another_is_no_object(world: World) -> None:
    """A record that is read by itself, before a write that replaces it, is held to its kind as well."""
    world.settle_once(CONFIGURATION)
    world.write(CONFIGURATION.replace("push: p1", "push: p2"))
    object_id = world.id_of("automation.flow")
    world.fault(f"GET /automations/{object_id}: {said({**report('Flow'), 'object': 'report', 'id': object_id})}")
    applied = world.apply()
    assert applied.code == 1
    assert "a record of report; expected records of automation" in applied.out
    assert world.writes() == []
