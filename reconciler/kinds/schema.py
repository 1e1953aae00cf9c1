"""JSON Schema (2020-12) of what a user writes, made from the kinds."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.declaration import ID_PATTERN, closed, text
from reconciler.model.backends import BACKENDS

Schema = dict[str, Any]

KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"
CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"

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


def resource_schema(kind: Kind) -> Schema:
    """What may be written for one resource of a kind, variables already put in."""
    schema = closed(
        kind.description,
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


STATE: Schema = closed(
    "Where the memory of what was applied is kept.",
    {
        "store": text(" ".join(f"{name}: {each.place}." for name, each in BACKENDS.items()), enum=list(BACKENDS)),
        **{name: dict(schema) for each in BACKENDS.values() for name, schema in each.settings.items()},
    },
    ["store"],
)

VARIABLES: Schema = {
    "type": "object",
    "description": "Values for ${var.NAME}. ${var.NAME.KEY} is a value within a map.",
    "propertyNames": {"pattern": NAME_PATTERN},
    "additionalProperties": {
        "type": ["string", "number", "boolean", "null", "array", "object"],
        "description": "What ${var.NAME} stands for here, without variables of its own. A null is no value.",
    },
    "examples": [{"prefix": "[test] ", "apps": ["chess", "go"]}],
}

ENVIRONMENT: Schema = closed(
    "One project: its key, its values, its state.",
    {
        "secret_env": text(
            "The name of the variable that holds the Secret Key, never the key itself.",
            "QONVERSION_SECRET",
            pattern=SECRET_NAME_PATTERN,
        ),
        "secret_command": {
            "type": "array",
            "minItems": 1,
            "items": text("The program, then its arguments, each an item of its own. No shell.", minLength=1),
            "description": "A program that prints the Secret Key, of a password manager for example. Run "
            "where secret_env is left out or its variable is not set; never by validate.",
            "examples": [["op", "read", "op://Team/Qonversion/secret-key"]],
        },
        "api_url": text(
            "The API's address if it is not the vendor's, or simulator: and a file.",
            "http://127.0.0.1:8080/v4",
            pattern="^(https?://|simulator:).",
        ),
        "state": STATE,
        "variables": VARIABLES,
    },
)

SETTINGS: Schema = closed(
    "What stands beside a configuration: its environments, where their states are kept, guards.",
    {
        "name": text(
            "A name of at most 200 characters, none of them a control character. The state, comments "
            "and saved plans carry it. Left out: the folder's path below the repository's top.",
            "growth",
            pattern=CONFIGURATION_PATTERN,
        ),
        "state": STATE,
        "guards": closed(
            "Limits that refuse an apply before anything is sent.",
            {
                "max_deletes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The most objects that one apply may delete or replace.",
                    "examples": [5],
                }
            },
        ),
        "compare": closed(
            "What `reconciler compare` leaves out.",
            {
                "ignore": {
                    "type": "array",
                    "items": text("FIELD or KIND.FIELD; a field may be a path.", "report.environment", minLength=1),
                    "description": "Fields that are meant to differ between environments.",
                    "examples": [["report.environment", "data.actions.push"]],
                }
            },
        ),
        "variables": {**VARIABLES, "description": "Values for every environment; those of an environment win."},
        "time_zone": text(
            "The readers' time zone, an IANA name: times are shown in it, beside UTC.", "Europe/Berlin", minLength=1
        ),
        "environments": {
            "type": "object",
            "description": "The projects that this configuration is for.",
            "minProperties": 1,
            "additionalProperties": ENVIRONMENT,
            "examples": [
                {
                    "sandbox": {"secret_env": "QONVERSION_SANDBOX_SECRET", "variables": {"prefix": "[test] "}},
                    "production": {"secret_env": "QONVERSION_SECRET", "variables": {"prefix": ""}},
                }
            ],
        },
    },
)


def find_schema(name: str) -> Schema:
    """The schema of a kind's resource, of `settings`, or of one item of `moved`, `removed` or `imports`."""
    if name in KINDS:
        return resource_schema(KINDS[name])
    items: Schema = SETTINGS if name == "settings" else blocks()[name]["items"]
    return items
