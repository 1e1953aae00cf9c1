"""JSON Schema of `*.test.yaml`."""

from __future__ import annotations

from typing import Any

from reconciler.errors import Exit
from reconciler.kinds import KINDS
from reconciler.kinds.declaration import ID_PATTERN, closed, text
from reconciler.kinds.schema import Schema
from reconciler.kinds.settings import VARIABLES
from reconciler.model.plan import SUMMARY_ORDER, Action

APPLIED, EMPTY, PLAN = "applied", "empty", "plan"
COUNT = {"type": "integer", "minimum": 0, "description": "How many."}
ID = text("Its id. Left out: one of the simulator's.", "wbRlfw1x", pattern=ID_PATTERN)
FIELDS = {kind: {**{each.name: dict(each.schema) for each in KINDS[kind].fields}, "id": ID} for kind in KINDS}
LIVE = {kind: closed(KINDS[kind].messages.description, fields) for kind, fields in FIELDS.items()}


def _map(description: str, values: Schema, **more: Any) -> Schema:
    return {"type": "object", "description": description, "additionalProperties": values, **more}


def _list(description: str, items: Schema, **more: Any) -> Schema:
    return {"type": ["array", "string"], "description": description, "items": items, **more}


EXPECT = {
    "exit": text("The exit code. Left out: 0, or 5 if a refusal is expected.", type="integer", enum=[*map(int, Exit)]),
    "summary": closed(
        "How many changes of each action. An action that is left out must not occur.",
        dict.fromkeys((*map(str, SUMMARY_ORDER), "unchanged", "unmanaged"), COUNT),
    ),
    "changes": _map(
        "What is done, by address or a pattern of addresses.",
        {
            "type": ["string", "object", "null"],
            "pattern": f"^({'|'.join(Action)})$",
            "description": "An action, values, or null.",
        },
        examples=[{"report.daily": {"send_at": "10:00"}, "report.old-*": "delete", "integration.hook": None}],
    ),
    "refused": _list("The guards that refuse, and no others.", text("A guard.", "prevent-destroy")),
    "policies": _list("The policies that something violates, and no others.", text("A policy.")),
    "warnings": _list("A part of each warning, and no other warnings.", text("A part of a warning.")),
    "requests": _map("How many requests, by method and path.", COUNT, examples=[{"POST /reports": 1, "DELETE /*": 0}]),
    "then": text("empty: once all is applied, without faults, a plan has nothing to do.", enum=[EMPTY]),
}
TEST = {
    "environment": _list("An environment, a pattern, or a list: a test each.", text("A name or a pattern.", "eu-*")),
    "run": text("What is run. Left out: plan.", enum=[PLAN, "apply"]),
    "given": _list(
        "applied (the configuration, a day before), empty, or a list of live objects. Left out: applied.",
        closed("A live object that nobody manages, by its kind.", LIVE),
        pattern=f"^({APPLIED}|{EMPTY})$",
        examples=[APPLIED, [{"integration": {"id": "int-wh-01", "title": "Alerts"}}]],
    ),
    "change": _map(
        "What is changed in the YAML: fields by address, or null for a resource that is taken away.",
        {"type": ["object", "null"], "description": "Fields; maps merge."},
        properties={"variables": VARIABLES},
    ),
    "faults": _list("What goes wrong, as in `simulate --fault`.", text("A fault.", "GET /*: drop after"), type="array"),
    "at": text("When the run happens, with a zone.", "2027-03-28T02:00Z"),
    "expect": closed("What must come of the run. What is left out is not compared, but for the exit code.", EXPECT),
}
CASE: Schema = closed("What is live, what is changed, what is run, and what must come of it.", TEST, ["expect"])
TESTS = _map("The tests, by names of yours.", CASE, minProperties=1)
TEST_FILE: Schema = closed("Tests of the configuration, which `reconciler test` runs.", {"tests": TESTS}, ["tests"])
ANCHORS = {"^x-": {"title": "Anchors", "description": "A place for anchors; not read otherwise."}}
