"""JSON Schema of what may be written on any resource beside its fields: how many there are, and how they may change."""

from __future__ import annotations

from typing import Any

from reconciler.kinds.declaration import closed, text

Schema = dict[str, Any]

NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

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
        "items": text("The name of an environment.", "production", minLength=1),
        "examples": [["production"]],
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
