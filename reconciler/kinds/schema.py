"""JSON Schema (2020-12) of what a user writes, made from the kinds."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.model.backends import BACKENDS

KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
ADDRESS_PATTERN = f"^({'|'.join(KINDS)})\\.[a-z0-9][a-z0-9_-]*$"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"

DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

Schema = dict[str, Any]

LIFECYCLE: Schema = {
    "type": "object",
    "description": "How the reconciler may treat this resource.",
    "properties": {
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
                    "field": {"type": "string", "minLength": 1, "description": "A field, or a path within one."},
                    "until": {
                        "type": "string",
                        "pattern": DATE_PATTERN,
                        "description": "The last day, YYYY-MM-DD. After it every plan warns.",
                        "examples": ["2027-01-31"],
                    },
                    "reason": {"type": "string", "minLength": 1, "description": "Why it is ignored."},
                    "owner": {"type": "string", "minLength": 1, "description": "Who sees to it."},
                },
                "required": ["field", "until", "reason"],
                "additionalProperties": False,
            },
            "description": "Fields that an update leaves as they are live.",
            "examples": [["status"]],
        },
        "replace": {
            "type": "string",
            "enum": ["allow"],
            "description": "If the API cannot change a field, make a new object and delete the old one.",
        },
    },
    "additionalProperties": False,
}


def resource_schema(kind: Kind) -> Schema:
    """What may be written for one resource of a kind, variables already put in."""
    return {
        "type": "object",
        "title": kind.name.capitalize(),
        "description": kind.description,
        "properties": {**{each.name: dict(each.schema) for each in kind.fields}, "lifecycle": LIFECYCLE},
        "required": [each.name for each in kind.fields if each.required],
        "additionalProperties": False,
        "examples": [dict(kind.example)],
    }


def _block(description: str, properties: Schema, example: Schema) -> Schema:
    return {
        "type": "array",
        "description": description,
        "items": {
            "type": "object",
            "description": description,
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
            "examples": [example],
        },
        "examples": [[example]],
    }


def _address(description: str) -> Schema:
    return {
        "type": "string",
        "pattern": ADDRESS_PATTERN,
        "description": description,
        "examples": ["report.daily-revenue"],
    }


BLOCKS: dict[str, Schema] = {
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
                "type": "string",
                "pattern": "^[a-zA-Z0-9._-]{1,256}$",
                "description": "the id of a live object",
                "examples": ["wbRlfw1x"],
            },
        },
        {"to": "report.daily-revenue", "id": "wbRlfw1x"},
    ),
}

CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"

STATE: Schema = {
    "type": "object",
    "description": "Where the memory of what was applied is kept.",
    "properties": {
        "store": {
            "type": "string",
            "enum": list(BACKENDS),
            "description": " ".join(f"{name}: {each.place}." for name, each in BACKENDS.items()),
        },
        **{name: dict(schema) for each in BACKENDS.values() for name, schema in each.settings.items()},
    },
    "required": ["store"],
    "additionalProperties": False,
}

SETTINGS: Schema = {
    "type": "object",
    "description": "What stands beside a configuration: its environments, where their states are kept, guards.",
    "properties": {
        "name": {
            "type": "string",
            "pattern": CONFIGURATION_PATTERN,
            "description": "A name of at most 200 characters, none of them a control character. The state, comments "
            "and saved plans carry it. Left out: the folder's path below the repository's top.",
            "examples": ["growth"],
        },
        "state": STATE,
        "guards": {
            "type": "object",
            "description": "Limits that refuse an apply before anything is sent.",
            "properties": {
                "max_deletes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The most objects that one apply may delete or replace.",
                    "examples": [5],
                }
            },
            "additionalProperties": False,
        },
        "time_zone": {
            "type": "string",
            "minLength": 1,
            "description": "The readers' time zone, an IANA name: times are shown in it, beside UTC.",
            "examples": ["Europe/Berlin"],
        },
        "environments": {
            "type": "object",
            "description": "The projects that this configuration is for.",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "description": "One project: its key, its values, its state.",
                "properties": {
                    "secret_env": {
                        "type": "string",
                        "pattern": SECRET_NAME_PATTERN,
                        "description": "The name of the variable that holds the Secret Key, never the key itself.",
                        "examples": ["QONVERSION_SECRET"],
                    },
                    "secret_command": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "string",
                            "minLength": 1,
                            "description": "The program, then its arguments, each an item of its own. No shell.",
                        },
                        "description": "A program that prints the Secret Key, of a password manager for example. Run "
                        "where secret_env is left out or its variable is not set; never by validate.",
                        "examples": [["op", "read", "op://Team/Qonversion/secret-key"]],
                    },
                    "api_url": {
                        "type": "string",
                        "pattern": "^(https?://|simulator:).",
                        "description": "The API's address if it is not the vendor's, or simulator: and a file.",
                        "examples": ["http://127.0.0.1:8080/v4"],
                    },
                    "state": STATE,
                    "variables": {
                        "type": "object",
                        "description": "Values for ${var.NAME}.",
                        "propertyNames": {"pattern": NAME_PATTERN},
                        "additionalProperties": {
                            "type": ["string", "number", "boolean", "null"],
                            "description": "What ${var.NAME} stands for here. A null is no value.",
                        },
                        "examples": [{"prefix": "[test] "}],
                    },
                },
                "additionalProperties": False,
            },
            "examples": [
                {
                    "sandbox": {"secret_env": "QONVERSION_SANDBOX_SECRET", "variables": {"prefix": "[test] "}},
                    "production": {"secret_env": "QONVERSION_SECRET", "variables": {"prefix": ""}},
                }
            ],
        },
    },
    "additionalProperties": False,
}


def find_schema(name: str) -> Schema:
    """The schema of a kind's resource, of `settings`, or of one item of `moved`, `removed` or `imports`."""
    if name in KINDS:
        return resource_schema(KINDS[name])
    items: Schema = SETTINGS if name == "settings" else BLOCKS[name]["items"]
    return items
