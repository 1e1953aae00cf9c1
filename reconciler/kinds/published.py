"""JSON Schema of what a user writes as editors use it: with variables, titles, and what a new resource begins with."""

from __future__ import annotations

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.declaration import closed
from reconciler.kinds.schema import DEFAULTS, KEY_PATTERN, POLICIES, Schema, blocks, policy, resource_schema
from reconciler.kinds.settings import SETTINGS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
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
            **{name: titled(_with_variables(block), name) for name, block in blocks().items()},
            POLICIES: {
                "type": "object",
                "title": "Policies",
                "description": "Rules for the resources of this folder, and below.",
                "propertyNames": {"pattern": KEY_PATTERN},
                "additionalProperties": titled(_with_variables(policy())),
            },
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
        "title": kind.messages.title,
        "description": kind.messages.description,
        "propertyNames": {"pattern": KEY_PATTERN},
        "additionalProperties": {"$ref": f"#/$defs/{kind.name}"},
        "defaultSnippets": [{"label": f"new {kind.name}", "description": kind.messages.description, "body": body}],
    }


def _defaults(kind: Kind) -> Schema:
    fields = {name: {"$ref": f"#/$defs/{kind.name}/properties/{name}"} for name in kind.field_names}
    said = f"Fields of {kind.section.replace('_', ' ')}. The nearest folder wins; maps merge."
    return {**closed(said, fields), "type": ["object", "null"]}


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
    if not {"type", "enum"} & set(schema):
        return result
    if schema.get("type") == "object" and "oneOf" in schema:
        shapes = [{"type": "object", **shape} for shape in schema["oneOf"]]
        return {**result, "type": ["object", "string"], "oneOf": [*shapes, VARIABLE]}
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
