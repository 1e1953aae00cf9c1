"""JSON Schema (2020-12) of what a user writes, made from the kinds."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
ADDRESS_PATTERN = f"^({'|'.join(KINDS)})\\.[a-z0-9][a-z0-9_-]*$"
VARIABLE_PATTERN = "\\$\\{var\\.[A-Za-z_][A-Za-z0-9_]*\\}"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"

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
            "items": {"type": "string", "minLength": 1},
            "description": "Fields that an update leaves as they are live.",
            "examples": [["status"]],
        },
        "replace": {
            "type": "string",
            "enum": ["allow"],
            "description": "Where the API cannot change a field, make a new object and delete the old one.",
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


def _block(description: str, properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "array",
        "description": description,
        "items": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        },
    }


_ADDRESS: Schema = {"type": "string", "pattern": ADDRESS_PATTERN, "examples": ["report.daily-revenue"]}

BLOCKS: dict[str, Schema] = {
    "moved": _block(
        "A reviewed rename: the object that was managed under `from` is managed under `to`.",
        {"from": _ADDRESS, "to": _ADDRESS},
        ["from", "to"],
    ),
    "removed": _block(
        "A reviewed removal. With `destroy: false` the object stays and is forgotten.",
        {"from": _ADDRESS, "destroy": {"type": "boolean", "description": "Whether the object is deleted."}},
        ["from", "destroy"],
    ),
    "imports": _block(
        "A reviewed adoption: the live object `id` is what `to` means.",
        {"to": _ADDRESS, "id": {"type": "string", "pattern": "^[a-zA-Z0-9._-]{1,256}$", "examples": ["wbRlfw1x"]}},
        ["to", "id"],
    ),
}

STATE: Schema = {
    "type": "object",
    "description": "Where the memory of what was applied is kept.",
    "properties": {
        "store": {
            "type": "string",
            "enum": ["file"],
            "description": "file: on this machine, beside the configuration.",
        },
        "path": {
            "type": "string",
            "minLength": 1,
            "description": "A .json file, or a folder that holds one file an environment. Relative to reconciler.yaml.",
        },
    },
    "required": ["store"],
    "additionalProperties": False,
}

SETTINGS: Schema = {
    "type": "object",
    "properties": {
        "state": STATE,
        "guards": {
            "type": "object",
            "properties": {
                "max_deletes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The most objects that one apply may delete or replace.",
                }
            },
            "additionalProperties": False,
        },
        "environments": {
            "type": "object",
            "description": "The projects that this configuration is for.",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "secret_env": {
                        "type": "string",
                        "pattern": NAME_PATTERN,
                        "description": "The name of the variable that holds the Secret Key, never the key itself.",
                        "examples": ["QONVERSION_SECRET"],
                    },
                    "api_url": {
                        "type": "string",
                        "minLength": 1,
                        "description": "The API's address, where it is not the vendor's.",
                    },
                    "state": STATE,
                    "variables": {
                        "type": "object",
                        "description": "Values for ${var.NAME}.",
                        "propertyNames": {"pattern": NAME_PATTERN},
                        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def published() -> dict[str, Schema]:
    """File name → schema, as it is committed in `schemas/` for editors: a variable may stand for any value."""
    files = {
        f"{kind.name}.schema.json": _head(kind.name, with_variables(resource_schema(kind))) for kind in KINDS.values()
    }
    sections = {
        kind.section: {
            "type": "object",
            "description": kind.description,
            "propertyNames": {"pattern": KEY_PATTERN},
            "additionalProperties": {"$ref": f"{kind.name}.schema.json"},
        }
        for kind in KINDS.values()
    }
    configuration = {
        "type": "object",
        "title": "Reconciler configuration",
        "description": "Resources of a Qonversion project. All files of a folder are merged.",
        "properties": {**sections, **{name: with_variables(block) for name, block in BLOCKS.items()}},
        "patternProperties": {"^x-": {"description": "A place for anchors; not read otherwise."}},
        "additionalProperties": False,
        "examples": [{kind.section: {f"my-{kind.name}": dict(kind.example)} for kind in KINDS.values()}],
    }
    files["configuration.schema.json"] = _head("configuration", configuration)
    files["reconciler.schema.json"] = _head("reconciler", {"title": "reconciler.yaml", **SETTINGS})
    return files


def _head(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema}


def with_variables(schema: Schema) -> Schema:
    """The schema with `${var.NAME}` allowed wherever a value is."""
    result = {key: value for key, value in schema.items() if key not in ("properties", "items", "oneOf")}
    if "properties" in schema:
        result["properties"] = {name: with_variables(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        result["items"] = with_variables(schema["items"])
    if "oneOf" in schema:
        result["oneOf"] = schema["oneOf"]
    kept: Schema = {name: result.pop(name) for name in ("title", "description", "examples") if name in result}
    if schema.get("type") in ("object", "array") or not ({"type", "enum"} & set(schema)):
        return {**kept, **result}
    return {**kept, "anyOf": [result, {"type": "string", "pattern": VARIABLE_PATTERN}]}
