"""JSON Schemas of all that is written for others to read or to write: the configuration, and the plan as JSON."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import BUILT_IN
from reconciler.kinds.resources import ANCHORS, DIALECT, published, titled
from reconciler.kinds.schema import Schema, closed, text
from reconciler.kinds.settings import test_file
from reconciler.model.plan import FORMAT_VERSION, SUMMARY_ORDER, Action, Cause
from reconciler.model.reports import Scope

PLAN, COMPARISON, TESTS = "plan.schema.json", "comparison.schema.json", "test.schema.json"
OR_NULL = ["string", "null"]


def _object(description: str, properties: Schema, **more: Any) -> Schema:
    """A map of exactly those keys."""
    return closed(description, properties, more.pop("required", list(properties)), **more)


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _word(description: str, words: list[Any]) -> Schema:
    return {"type": "string", "description": description, "enum": words}


ACTION = _word("What is done.", [each.value for each in Action])
ADDRESS, SENTENCE = text("An address."), text("A sentence.")
FIELD = _object(
    "One value that differs.",
    {
        "path": text("Where it is.", "data.initiators[0].uid"),
        "before": {"description": "What is live, null if there is nothing."},
        "after": {"description": "What is wanted, null if there is nothing."},
        "cause": _word(
            "Who changed it: we, somebody outside, both, the clocks, or nobody knows.", [each.value for each in Cause]
        ),
        "rule": text("The local time that `after` is the UTC time of, if there is one.", "09:00 Europe/Berlin"),
    },
    required=["path", "before", "after", "cause"],
)
COMMIT = _object(
    "The newer commit that this would undo, null if there is none.",
    {"commit": text("Its id."), "subject": text("The first line of its message.")},
    type=["object", "null"],
)
SCOPE = {**_word("Whose doing it is, null if no base was given.", [*map(str, Scope), None]), "type": OR_NULL}
CHANGE = _object(
    "What is done to one address.",
    {
        "address": text("KIND.KEY of the configuration, or KIND[ID] of what is in none.", "report.daily"),
        "action": ACTION,
        "id": text("The id of the live object, null if there is none.", type=OR_NULL),
        "scope": SCOPE,
        "behind": COMMIT,
        "depends_on": _list("What has to be done before.", ADDRESS),
        "reason": text("Why an object goes, or is made again; null if nothing is to say.", type=OR_NULL),
        "fields": _list("What differs.", FIELD),
        "impact": _list("What it does to people, the gravest first.", SENTENCE),
        "notes": _list("All that is said of it, its impact among that.", SENTENCE),
    },
)
GROUP = _object(
    "Changes with the same action, fields and causes.",
    {
        "action": ACTION,
        "addresses": _list("What it is done to.", ADDRESS),
        "fields": _list("What differs, the same for each address.", FIELD),
        "place": text("FILE:LINE where it is written, null if that is not one place.", type=OR_NULL),
    },
)
UNMANAGED = _object(
    "A live object that nobody manages.",
    {"kind": _word("Its kind.", list(BUILT_IN.by_name)), "id": text("Its id."), "name": text("What people call it.")},
)
IGNORED = _object(
    "A field that `ignore_changes` holds: it is not as it is written, and stays so.",
    {
        "address": ADDRESS,
        "path": text("Where it is.", "data.initiators"),
        "before": {"description": "What is live, null if there is nothing."},
        "after": {"description": "What is written, null if there is nothing."},
    },
)
PROBLEM = {"type": "object", "description": "A place: file, line, column, message, and the code of the problem."}
REFUSAL = _object(
    "A guard that says no.",
    {
        "guard": text("Its name."),
        "message": text("Why."),
        "passes": text("What passes it."),
        "problems": _list("What it says of places in the YAML.", PROBLEM),
    },
)
WAITING = _object(
    "A change due to the clocks that would lose or double a delivery now.",
    {
        "address": ADDRESS,
        "path": text("The field."),
        "before": text("The UTC time that is live."),
        "after": text("The UTC time that is wanted."),
        "not_before": text("The first moment at which it can be made.", "2027-03-28T08:15:00Z"),
    },
)
COUNTS = {
    **{action.value: f"How many changes {action.value} something." for action in SUMMARY_ORDER},
    "unchanged": "How many managed objects are as they are wanted.",
    "unmanaged": "How many live objects are in neither the configuration nor the state.",
}
DIGEST = {**text("What a reviewer approves."), "pattern": "^sha256:[0-9a-f]{64}$"}
ONE = _object(
    "The plan of one environment.",
    {
        "format_version": {"const": FORMAT_VERSION, "description": "The version of this form."},
        "configuration": text("The configuration's name, empty for the one at the repository's top."),
        "environment": text("The environment of reconciler.yaml, default if there is none."),
        "digest": DIGEST,
        "commit": text("The commit of the configuration, null if that is not known.", type=OR_NULL),
        "base": text("What the configuration was compared with, null if no base was given.", type=OR_NULL),
        "summary": _object(
            "How much of each there is.",
            {name: {"type": "integer", "minimum": 0, "description": said} for name, said in COUNTS.items()},
        ),
        "changes": _list("What is done, what goes away first.", CHANGE),
        "groups": _list("Each change again, those that are alike as one.", GROUP),
        "unmanaged": _list("Live objects that nobody manages.", UNMANAGED),
        "ignored": _list("Fields that `ignore_changes` holds.", IGNORED),
        "waiting": _list("What cannot be changed now.", WAITING),
        "zone_data": text("The version of the time zones, null without local times.", "2026b", type=OR_NULL),
        "tasks": _list("What a person has to do by hand.", text("A step, with the address it belongs to.")),
        "warnings": _list("What a person should know, with the risks of each change.", text("A warning.")),
        "refusals": _list("The guards that say no to this plan.", REFUSAL),
    },
)
SIDE = _object(
    "The value in this environment, null if there is none.",
    {
        "value": {"description": "What it is, null if it is an object as a whole."},
        "id": text("The id of the live object, null if that is not known.", type=OR_NULL),
        "place": text("FILE:LINE where it is written, null if it is not.", type=OR_NULL),
        "sources": _list("Where else: at the variables and items that it is made of.", text("FILE:LINE.")),
    },
    type=["object", "null"],
)
DIFFERENCE = _object(
    "A value that differs, or an object that one environment lacks.",
    {
        "address": text("KIND.KEY of the configuration, or KIND[ID] of what is in none.", "report.daily"),
        "path": text("Where it is, null if it is the object as a whole.", "data.initiators", type=OR_NULL),
        "name": text("What people call the live object, null if that is not known.", type=OR_NULL),
        "a": SIDE,
        "b": SIDE,
        "reason": text("Why an environment lacks the object, null if nothing is to say.", type=OR_NULL),
    },
)
COMPARED = _object(
    "An environment.",
    {
        "environment": text("Its name in reconciler.yaml."),
        "api": text("The address of its API, null if what is written is compared.", type=OR_NULL),
    },
)
COMPARISON_SCHEMA = _object(
    "What `reconciler compare --format json` prints.",
    {
        "format_version": {"const": 1, "description": "The version of this form."},
        "a": COMPARED,
        "b": COMPARED,
        "live": {"type": "boolean", "description": "Whether the live objects are compared, or what is written."},
        "compared": {"type": "integer", "minimum": 0, "description": "How many addresses were compared."},
        "differences": _list("What differs, by address.", DIFFERENCE),
        "unmanaged": _list("What differs of objects that nobody manages, by name.", DIFFERENCE),
        "meant": _list("What `only_in` leaves out of one environment: no difference.", DIFFERENCE),
        "ignored": _list("What was left out by request.", text("FIELD or KIND.FIELD.")),
        "warnings": _list("What a person should know.", text("A warning.")),
    },
)


ERROR = _object(
    "Why there is no plan of an environment.",
    {
        "message": text("What happened."),
        "hint": text("What to do, null if there is nothing to add.", type=OR_NULL),
        "exit": {"type": "integer", "description": "The exit code that it alone would have."},
    },
)
SEVERAL = _object(
    "The plans of several environments, in their order.",
    {
        "format_version": {"const": FORMAT_VERSION, "description": "The version of this form."},
        "digest": DIGEST,
        "left_out": {
            "type": "object",
            "description": "The environments that --base left out, and why.",
            "additionalProperties": text("Why."),
        },
        "environments": _list(
            "A plan each, or why there is none.",
            {
                "anyOf": [
                    {"$ref": "#/$defs/plan"},
                    _object("One that failed.", {"environment": text("Its name."), "error": ERROR}),
                ]
            },
        ),
    },
    required=["format_version", "digest", "environments"],
)
PLAN_SCHEMA = {
    "description": "What `reconciler plan --format json` prints, of one environment or of several.",
    "anyOf": [{"$ref": "#/$defs/plan"}, titled(SEVERAL)],
    "$defs": {"plan": titled(ONE, "plan")},
}


def every_schema() -> dict[str, Schema]:
    """File name → schema, as `schemas/` holds them."""
    plan = {"title": "A plan", **PLAN_SCHEMA}
    printed = {PLAN: plan, COMPARISON: {"title": "A comparison", **titled(COMPARISON_SCHEMA)}}
    printed[TESTS] = {"title": "Tests of a configuration", **titled({**test_file(), "patternProperties": ANCHORS})}
    return published() | {name: {"$schema": DIALECT, "$id": name, **each} for name, each in printed.items()}
