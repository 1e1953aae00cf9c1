"""The plan as JSON is what schemas/plan.schema.json says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden.cases import CASES
from golden.stage import review_of
from jsonschema import Draft202012Validator
from offenders import for_all
from world import World, automation

from reconciler.model.reports import Ended
from reconciler.output.environments import render_plans_json

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA)


@for_all("case", CASES)
def test_every_plan_fits_its_schema(case: str) -> None:
    """All actions, causes, scopes, refusals and tasks."""
    CHECK.validate(json.loads(render_plans_json([Ended("", review_of(case))])))


def test_what_the_command_prints_fits_it(world: World) -> None:
    """From the command line, with what is unmanaged and a create."""
    world.insert("automations", **automation("Other"))
    world.write("automations:\n  a: {name: A, status: active, data: {}}\n")
    document = world.plan().document
    CHECK.validate(document)
    assert document["commit"] is None
    assert document["changes"][0]["impact"] == ['starts "A"']


@pytest.mark.parametrize(
    "edit",
    [
        {"digest": "sha256:x"},
        {"format_version": 2},
        {"more": 1},
        {"changes": [{}]},
        {"summary": {}},
        {"base": 1},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_what_is_none_does_not_fit(edit: dict[str, object]) -> None:
    """The schema is strict: who relies on it can tell a document of another form."""
    document = json.loads(render_plans_json([Ended("", review_of("all"))]))
    assert CHECK.is_valid(document)
    assert not CHECK.is_valid({**document, **edit})


def test_notes_hold_all_that_is_said() -> None:
    """Who reads `notes` and `warnings` alone, as contract 1.3 has them, misses no impact and no risk."""
    document = json.loads(render_plans_json([Ended("", review_of("all"))]))
    for change in document["changes"]:
        assert change["notes"][: len(change["impact"])] == change["impact"]
    assert "report.trial: environment is sandbox, and the key is a production key" in document["warnings"]
    assert {change["scope"] for change in document["changes"]} == {"pull request", "pending", "drift"}
