"""JSON Schemas of all that is written for others to read or to write: the configuration, and the plan as JSON."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS
from reconciler.kinds.schema import DIALECT, Schema, published, titled
from reconciler.model.plan import FORMAT_VERSION, SUMMARY_ORDER, Action, Cause
from reconciler.model.reports import Scope

PLAN = "plan.schema.json"


def every_schema() -> dict[str, Schema]:
    """File name → schema, as `schemas/` holds them."""
    plan = {"$schema": DIALECT, "$id": PLAN, "title": "A plan", **titled(_plan())}
    return {**published(), PLAN: plan}


def _plan() -> Schema:
    counts = {action.value: _count(f"How many changes {action.value} something.") for action in SUMMARY_ORDER}
    counts["unchanged"] = _count("How many managed objects are as they are wanted.")
    counts["unmanaged"] = _count("How many live objects are in neither the configuration nor the state.")
    return _object(
        "What `reconciler plan --format json` prints.",
        {
            "format_version": {"const": FORMAT_VERSION, "description": "The version of this form."},
            "configuration": _text("The configuration's name, empty for the one at the repository's top."),
            "environment": _text("The environment of reconciler.yaml, default if there is none."),
            "digest": _text("What a reviewer approves.", pattern="^sha256:[0-9a-f]{64}$"),
            "commit": _text("The commit of the configuration, null if that is not known.", null=True),
            "base": _text("What the configuration was compared with, null if no base was given.", null=True),
            "summary": _object("How much of each there is.", counts),
            "changes": _list("What is done, what goes away first.", _change()),
            "groups": _list("Each change again, those that are alike as one.", _group()),
            "unmanaged": _list("Live objects that nobody manages.", _unmanaged()),
            "tasks": _list("What a person has to do by hand.", _text("A step, with the address it belongs to.")),
            "warnings": _list("What a person should know, with the risks of each change.", _text("A warning.")),
            "refusals": _list("The guards that say no to this plan.", _refusal()),
        },
    )


def _change() -> Schema:
    return _object(
        "What is done to one address.",
        {
            "address": _text(
                "KIND.KEY of the configuration, or KIND[ID] of what is in none.", examples=["report.daily"]
            ),
            "action": _word("What is done.", [each.value for each in Action]),
            "id": _text("The id of the live object, null if there is none.", null=True),
            "scope": {
                **_word("Whose doing it is, null if no base was given.", [*(each.value for each in Scope), None]),
                "type": ["string", "null"],
            },
            "behind": {**_commit(), "type": ["object", "null"]},
            "depends_on": _list("What has to be done before.", _text("An address.")),
            "reason": _text("Why an object goes, or is made again; null if nothing is to say.", null=True),
            "fields": _list("What differs.", _field()),
            "impact": _list("What it does to people, the gravest first.", _text("A sentence.")),
            "notes": _list("All that is said of it, its impact among that.", _text("A sentence.")),
        },
    )


def _group() -> Schema:
    return _object(
        "Changes with the same action, fields and causes.",
        {
            "action": _word("What is done.", [each.value for each in Action]),
            "addresses": _list("What it is done to.", _text("An address.")),
            "fields": _list("What differs, the same for each address.", _field()),
            "place": _text("FILE:LINE where it is written, null if that is not one place.", null=True),
        },
    )


def _commit() -> Schema:
    return _object(
        "The newer commit that this would undo, null if there is none.",
        {"commit": _text("Its id."), "subject": _text("The first line of its message.")},
    )


def _field() -> Schema:
    return _object(
        "One value that differs.",
        {
            "path": _text("Where it is.", examples=["data.initiators[0].uid"]),
            "before": {"description": "What is live, null if there is nothing."},
            "after": {"description": "What is wanted, null if there is nothing."},
            "cause": _word(
                "Who changed it: we, somebody outside, both, or nobody knows.", [each.value for each in Cause]
            ),
        },
    )


def _unmanaged() -> Schema:
    return _object(
        "A live object that nobody manages.",
        {"kind": _word("Its kind.", list(KINDS)), "id": _text("Its id."), "name": _text("What people call it.")},
    )


def _refusal() -> Schema:
    return _object(
        "A guard that says no.",
        {"guard": _text("Its name."), "message": _text("Why."), "passes": _text("What passes it.")},
    )


def _object(description: str, properties: Schema) -> Schema:
    """A map of exactly those keys."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _text(description: str, *, null: bool = False, **more: Any) -> Schema:
    return {"type": ["string", "null"] if null else "string", "description": description, **more}


def _word(description: str, words: list[str | None] | list[str]) -> Schema:
    return {"type": "string", "description": description, "enum": words}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}
