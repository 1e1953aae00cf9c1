"""JSON Schema (2020-12) of what a user writes, made from the kinds."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.declaration import ID_PATTERN, closed, text

Schema = dict[str, Any]

KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

DEFAULTS = "defaults"

META_ARGUMENTS: dict[str, Schema] = {
    "for_each": {
        "type": "object",
        "minProperties": 1,
        "description": "Makes one resource for each item, and for each combination if there are several dimensions.",
        "propertyNames": {"pattern": NAME_PATTERN},
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "description": "The items of a dimension. ${each.NAME} stands for the item, or for the key of a map.",
            "items": {
                "type": ["string", "number", "object"],
                "description": "A text or a number that is the key, or a map with `key`.",
                "properties": {"key": {"type": ["string", "number"], "description": "The key of this item."}},
                "required": ["key"],
            },
        },
        "examples": [{"app": ["chess", "go"]}],
    },
    "exclude": {
        "type": "array",
        "description": "Combinations of items for which there is no resource, by the keys of the items.",
        "items": {
            "type": "object",
            "minProperties": 1,
            "description": "An item of each dimension that is named; all of the dimensions that are not.",
            "additionalProperties": {"type": ["string", "number"], "description": "The key of an item."},
        },
        "examples": [[{"app": "go", "region": "us"}]],
    },
    "only_in": {
        "type": "array",
        "minItems": 1,
        "description": "The environments in which this exists. Left out: all of them.",
        "items": text("The name of an environment, or a pattern such as chess-*.", "production", minLength=1),
        "examples": [["production"], ["chess-*"]],
    },
    "key": {
        "type": ["string", "integer"],
        "description": "The key of each resource of for_each. Left out: this one's key and those of the items, with -.",
        "examples": ["${each.app}-daily"],
    },
}
"""What may be written on any resource and is no field: which resources there are."""

LIFECYCLE: Schema = closed(
    "How the reconciler may treat this resource.",
    {
        "prevent_destroy": {
            "type": "boolean",
            "description": "Refuse every plan that would delete or replace it, even after this block has gone.",
        },
        "ignore_changes": {
            "type": "array",
            "items": {
                "type": ["string", "object"],
                "minLength": 1,
                "description": "A field, or a path within one; with an owner, a reason and a date it ends at.",
                "examples": ["status", "data.actions.push"],
                "properties": {
                    "field": text("A field, or a path within one.", minLength=1),
                    "until": text(
                        "The last day, YYYY-MM-DD. After it every plan warns.", "2027-01-31", pattern=DATE_PATTERN
                    ),
                    "reason": text("Why it is ignored.", minLength=1),
                    "owner": text("Who sees to it.", minLength=1),
                },
                "required": ["field", "until", "reason"],
                "additionalProperties": False,
            },
            "description": "Fields that an update leaves as they are live.",
            "examples": [["status"]],
        },
        "replace": text("If the API cannot change a field, make a new object and delete the old one.", enum=["allow"]),
    },
)


def resource_schema(kind: Kind) -> Schema:
    """What may be written for one resource of a kind, variables already put in."""
    schema = closed(
        kind.messages.description,
        {**{each.name: dict(each.schema) for each in kind.fields}, "lifecycle": LIFECYCLE, **META_ARGUMENTS},
        [each.name for each in kind.fields if each.required],
        examples=[dict(kind.example)],
    )
    return {"type": "object", "title": kind.name.replace("_", " ").capitalize(), **schema}


def _block(description: str, properties: Schema, example: Schema) -> Schema:
    items = closed(description, properties, list(properties), examples=[example])
    return {"type": "array", "description": description, "items": items, "examples": [[example]]}


def address_pattern() -> str:
    """What an address looks like."""
    return f"^({'|'.join(KINDS)})\\.[a-z0-9][a-z0-9_-]*$"


def _address(description: str) -> Schema:
    return text(description, "report.daily-revenue", pattern=address_pattern())


BLOCKS = ("moved", "removed", "imports")


def blocks() -> dict[str, Schema]:
    """The schema of each block."""
    return {
        "moved": _block(
            "A reviewed rename: the object that was managed under `from` is managed under `to`.",
            {"from": _address("the address it had"), "to": _address("the address it has now")},
            {"from": "report.revenue", "to": "report.daily-revenue"},
        ),
        "removed": _block(
            "A reviewed removal. With `destroy: false` the object stays and is forgotten.",
            {
                "from": _address("the address it had"),
                "destroy": {"type": "boolean", "description": "Whether the object is deleted, or only forgotten."},
            },
            {"from": "report.daily-revenue", "destroy": False},
        ),
        "imports": _block(
            "A reviewed adoption: the live object `id` is what `to` means.",
            {
                "to": _address("an address of the configuration"),
                "id": {
                    "type": ["string", "object"],
                    "pattern": ID_PATTERN,
                    "minProperties": 1,
                    "additionalProperties": text("the id of a live object", "wbRlfw1x", pattern=ID_PATTERN),
                    "description": "the id of a live object, or a map of environments to ids",
                    "examples": ["wbRlfw1x", {"sandbox": "wbRlfw1x", "production": "cJinsL4v"}],
                },
            },
            {"to": "report.daily-revenue", "id": "wbRlfw1x"},
        ),
    }


POLICIES = "policies"


def policy() -> Schema:
    """The schema of one policy."""
    return closed(
        "A rule that holds for the resources of this folder, and below.",
        {
            "kinds": {
                "type": "array",
                "minItems": 1,
                "items": text("A kind.", enum=list(KINDS)),
                "description": "The kinds that it is about. Left out: every kind.",
            },
            "when": text("A condition in CEL: to what it applies. Left out: to everything.", minLength=1),
            "require": text("A condition in CEL: what has to be true.", minLength=1),
            "message": text("What to tell people if it is not.", minLength=1),
            "use": text("A ready rule, in place of `require`; see `reconciler policies list`.", minLength=1),
            "with": {"type": "object", "description": "The values of the ready rule."},
            "level": text("Whether it refuses, or only warns. Left out: error.", enum=["error", "warning"]),
            "ratchet": {"type": "boolean", "description": "With --base, what was so at the base is a warning."},
            "except": {
                "type": "array",
                "description": "Resources for which it does not hold, each for a time.",
                "items": closed(
                    "An exception.",
                    {
                        "address": _address("The resource, or a for_each."),
                        "until": text("The last day, YYYY-MM-DD.", "2027-01-31", pattern=DATE_PATTERN),
                        "reason": text("Why.", minLength=1),
                        "owner": text("Who sees to it.", minLength=1),
                    },
                    ["address", "until", "reason", "owner"],
                ),
            },
        },
        oneOf=[{"required": ["require", "message"]}, {"required": ["use"]}],
        examples=[
            {
                "kinds": ["report"],
                "require": 'resource.report_name.startsWith("[growth]")',
                "message": "Begin with the team.",
            }
        ],
    )
