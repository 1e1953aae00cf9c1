"""JSON Schema (2020-12) of what a user writes, made from the kinds; `published` has it as editors use it."""

from __future__ import annotations

from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.declaration import closed, text
from reconciler.kinds.meta_arguments import LIFECYCLE, META_ARGUMENTS, NAME_PATTERN
from reconciler.model.settings import BACKENDS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
ADDRESS_PATTERN = f"^({'|'.join(KINDS)})\\.[a-z0-9][a-z0-9_-]*$"
# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"
ID_PATTERN = "^[a-zA-Z0-9._-]{1,256}$"
CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"

DEFAULTS = "defaults"


def resource_schema(kind: Kind) -> Schema:
    """What may be written for one resource of a kind, variables already put in."""
    schema = closed(
        kind.description,
        {**{each.name: dict(each.schema) for each in kind.fields}, "lifecycle": LIFECYCLE, **META_ARGUMENTS},
        [each.name for each in kind.fields if each.required],
        examples=[dict(kind.example)],
    )
    return {"type": "object", "title": kind.name.capitalize(), **schema}


def _block(description: str, properties: Schema, example: Schema) -> Schema:
    items = closed(description, properties, list(properties), examples=[example])
    return {"type": "array", "description": description, "items": items, "examples": [[example]]}


def _address(description: str) -> Schema:
    return text(description, "report.daily-revenue", pattern=ADDRESS_PATTERN)


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
    items: Schema = SETTINGS if name == "settings" else BLOCKS[name]["items"]
    return items


VARIABLE: Schema = {
    "type": "string",
    "title": "A variable or an item",
    "description": "A text with ${var.NAME}, which reconciler.yaml sets, or ${each.DIMENSION}, an item of for_each.",
    "pattern": "\\$\\{ *(var|each)\\.[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z0-9_-]+)* *\\}",
}


def published() -> dict[str, Schema]:
    """File name → schema, as it is committed in `schemas/` for editors. Each stands alone; in what is not settings, a
    variable may stand for any value."""
    kinds = {kind.name: titled(_editable(kind)) for kind in KINDS.values()}
    configuration = {
        "type": "object",
        "title": "Reconciler configuration",
        "description": "Resources of a Qonversion project. All files of a folder are merged.",
        "properties": {
            **{kind.section: _section(kind) for kind in KINDS.values()},
            **{name: titled(_with_variables(block), name) for name, block in BLOCKS.items()},
            DEFAULTS: titled(
                closed(
                    "Fields that the resources of this folder, and below, have if they do not write them.",
                    {kind.section: _defaults(kind) for kind in KINDS.values()},
                ),
                DEFAULTS,
            ),
        },
        "patternProperties": {"^x-": {"title": "Anchors", "description": "A place for anchors; not read otherwise."}},
        "additionalProperties": False,
        "examples": [{kind.section: {f"my-{kind.name}": dict(kind.example)} for kind in KINDS.values()}],
        "$defs": kinds,
    }
    settings = {"title": "reconciler.yaml", **titled(SETTINGS)}
    files = {**kinds, "configuration": configuration, "reconciler": settings}
    return {f"{name}.schema.json": {"$schema": DIALECT, "$id": f"{name}.schema.json", **files[name]} for name in files}


def _section(kind: Kind) -> Schema:
    """The map of a kind's resources; `defaultSnippets` is what editors offer where a new one begins."""
    body = {f"${{1:my-{kind.name}}}": dict(kind.example)}
    return {
        "type": "object",
        "title": kind.title,
        "description": kind.description,
        "propertyNames": {"pattern": KEY_PATTERN},
        "additionalProperties": {"$ref": f"#/$defs/{kind.name}"},
        "defaultSnippets": [{"label": f"new {kind.name}", "description": kind.description, "body": body}],
    }


def _defaults(kind: Kind) -> Schema:
    fields = {name: {"$ref": f"#/$defs/{kind.name}/properties/{name}"} for name in kind.field_names()}
    return closed(f"Fields of {kind.section.replace('_', ' ')}. The nearest folder wins; maps merge.", fields)


def _editable(kind: Kind) -> Schema:
    """The schema of a resource as editors use it. No field is required: another file may have a default for it."""
    schema = {name: value for name, value in _with_variables(resource_schema(kind)).items() if name != "required"}
    return {**schema, "dependentRequired": {"exclude": ["for_each"], "key": ["for_each"]}}


def _with_variables(schema: Schema) -> Schema:
    """The schema with `${var.NAME}` and `${each.DIMENSION}` allowed wherever a value is."""
    result = {key: value for key, value in schema.items() if key not in ("properties", "items")}
    if "properties" in schema:
        result["properties"] = {name: _or_variable(inner) for name, inner in schema["properties"].items()}
    for place in ("items", "additionalProperties"):
        if isinstance(schema.get(place), dict):
            result[place] = _or_variable(schema[place])
    return result


def _or_variable(schema: Schema) -> Schema:
    result = _with_variables(schema)
    if not ({"type", "enum"} & set(schema)) or ("oneOf" in schema and schema.get("type") != "string"):
        return result
    if schema.get("type") in ("object", "array"):
        return {**result, "type": [schema["type"], "string"], "pattern": VARIABLE["pattern"]}
    kept: Schema = {name: result.pop(name) for name in ("title", "description", "examples") if name in result}
    return {**kept, "anyOf": [result, VARIABLE]}


def titled(schema: Schema, name: str = "") -> Schema:
    """The schema with a title for each property, at every depth: what an editor shows on top of its description."""
    result = {"title": name.replace("_", " ").capitalize(), **schema} if name else dict(schema)
    if "properties" in schema:
        result["properties"] = {key: titled(inner, key) for key, inner in schema["properties"].items()}
    for place in ("items", "additionalProperties"):
        if isinstance(schema.get(place), dict):
            result[place] = titled(schema[place])
    return result
