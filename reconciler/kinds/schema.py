"""The words of JSON Schema (2020-12) that all schemas are made of, and what may stand on a resource of any kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

BLOCKS = ("moved", "removed", "imports")
DEFAULTS, POLICIES = "defaults", "policies"

ID_PATTERN = "^[a-zA-Z0-9._-]{1,256}$"  # [seed: of `integration_id`]
KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"  # Without a dot, which divides an address.
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
LOCAL_TIME = f"^([01][0-9]|2[0-3]):[0-5][0-9] ({AREAS})(/[A-Z][A-Za-z0-9_+-]*)+$"
"""A time of day and a place, whose clock has seasons: `09:00 Europe/Berlin`. No fixed offset, such as CET."""


def text(description: str, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a text within those limits, such as `minLength` or `enum`; with a `type`, of another value."""
    shown = {"examples": list(examples)} if examples else {}
    return {"type": "string", **limits, "description": description, **shown}


def array(description: str, items: Schema, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a list of such items."""
    return text(description, *examples, **{"type": "array", "items": items, **limits})


def mapping(description: str, values: Schema, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a map of any keys to such values."""
    return text(description, *examples, **{"type": "object", "additionalProperties": values, **limits})


def closed(description: str, properties: Schema, required: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """The schema of a map without other keys."""
    needed = {"required": list(required)} if required else {}
    head = {"type": "object", "description": description, "properties": properties}
    return {**head, **needed, "additionalProperties": False, **more}


def utc_time(description: str, minutes: int) -> dict[str, Any]:
    """The schema of a UTC time of day on a grid of so many minutes, or of a local time that is one all year. The
    description is of what the API has: a local time is of this tool."""
    times = ["{:02d}:{:02d}".format(*divmod(at, 60)) for at in range(0, 24 * 60, minutes)]
    local = {"title": "Local time", "description": "HH:MM Area/City: this time on that clock, all year."}
    choices = [{"title": "UTC", "enum": times}, {**local, "pattern": LOCAL_TIME}]
    return text(description, "09:00", "09:00 Europe/Berlin", oneOf=choices)


META_ARGUMENTS: Schema = {
    "for_each": mapping(
        "Makes one resource for each item, and for each combination if there are several dimensions.",
        array(
            "The items of a dimension. ${each.NAME} stands for the item, or for the key of a map.",
            {
                "type": ["string", "number", "object"],
                "description": "A text or a number that is the key, or a map with `key`.",
                "properties": {"key": text("The key of this item.", type=["string", "number"])},
                "required": ["key"],
            },
            minItems=1,
        ),
        {"app": ["chess", "go"]},
        minProperties=1,
        propertyNames={"pattern": NAME_PATTERN},
    ),
    "exclude": array(
        "Combinations of items for which there is no resource, by the keys of the items.",
        mapping(
            "An item of each dimension that is named; all of the dimensions that are not.",
            text("The key of an item.", type=["string", "number"]),
            minProperties=1,
        ),
        [{"app": "go", "region": "us"}],
    ),
    "only_in": array(
        "The environments in which this exists. Left out: all of them.",
        text("The name of an environment, or a pattern such as chess-*.", "production", minLength=1),
        ["production"],
        ["chess-*"],
        minItems=1,
    ),
    "key": text(
        "The key of each resource of for_each. Left out: this one's key and those of the items, with -.",
        "${each.app}-daily",
        type=["string", "integer"],
    ),
}
"""What may be written on any resource and is no field: which resources there are."""

LIFECYCLE = closed(
    "How the reconciler may treat this resource.",
    {
        "prevent_destroy": text(
            "Refuse every plan that would delete or replace it, even after this block has gone.", type="boolean"
        ),
        "ignore_changes": array(
            "Fields that an update leaves as they are live.",
            closed(
                "A field, or a path within one; with an owner, a reason and a date it ends at.",
                {
                    "field": text("A field, or a path within one.", minLength=1),
                    "until": text(
                        "The last day, YYYY-MM-DD. After it every plan warns.", "2027-01-31", pattern=DATE_PATTERN
                    ),
                    "reason": text("Why it is ignored.", minLength=1),
                    "owner": text("Who sees to it.", minLength=1),
                },
                ["field", "until", "reason"],
                type=["string", "object"],
                minLength=1,
                examples=["status", "data.actions.push"],
            ),
            ["status"],
        ),
        "replace": text("If the API cannot change a field, make a new object and delete the old one.", enum=["allow"]),
    },
)
