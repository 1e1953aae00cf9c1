"""The schemas as `schemas/` holds them for editors: with titles, snippets, and variables in place of values."""

from __future__ import annotations

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.schema import BLOCKS, KEY_PATTERN, SETTINGS, Schema, resource_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE_PATTERN = "\\$\\{var\\.[A-Za-z_][A-Za-z0-9_]*\\}"

VARIABLE: Schema = {
    "type": "string",
    "title": "A variable",
    "description": "A text with a variable of the environment in it; the variables are in reconciler.yaml.",
    "pattern": VARIABLE_PATTERN,
}


def published() -> dict[str, Schema]:
    """File name → schema, as it is committed in `schemas/` for editors. Each stands alone; in what is not settings, a
    variable may stand for any value."""
    kinds = {kind.name: titled(with_variables(resource_schema(kind))) for kind in KINDS.values()}
    files = {f"{name}.schema.json": _head(name, schema) for name, schema in kinds.items()}
    configuration = {
        "type": "object",
        "title": "Reconciler configuration",
        "description": "Resources of a Qonversion project. All files of a folder are merged.",
        "properties": {
            **{kind.section: _section(kind) for kind in KINDS.values()},
            **{name: titled(with_variables(block), name) for name, block in BLOCKS.items()},
        },
        "patternProperties": {"^x-": {"title": "Anchors", "description": "A place for anchors; not read otherwise."}},
        "additionalProperties": False,
        "examples": [{kind.section: {_example_key(kind): dict(kind.example)} for kind in KINDS.values()}],
        "$defs": kinds,
    }
    files["configuration.schema.json"] = _head("configuration", configuration)
    files["reconciler.schema.json"] = _head("reconciler", {"title": "reconciler.yaml", **titled(SETTINGS)})
    return files


def _head(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema}


def _example_key(kind: Kind) -> str:
    return f"my-{kind.name}"


def _section(kind: Kind) -> Schema:
    """The map of a kind's resources; `defaultSnippets` is what editors offer where a new one begins."""
    return {
        "type": "object",
        "title": kind.title,
        "description": kind.description,
        "propertyNames": {"pattern": KEY_PATTERN},
        "additionalProperties": {"$ref": f"#/$defs/{kind.name}"},
        "defaultSnippets": [
            {
                "label": f"new {kind.name}",
                "description": kind.description,
                "body": {f"${{1:{_example_key(kind)}}}": dict(kind.example)},
            }
        ],
    }


def with_variables(schema: Schema) -> Schema:
    """The schema with `${var.NAME}` allowed wherever a value is."""
    result = {key: value for key, value in schema.items() if key not in ("properties", "items")}
    if "properties" in schema:
        result["properties"] = {name: with_variables(inner) for name, inner in schema["properties"].items()}
    if "items" in schema:
        result["items"] = with_variables(schema["items"])
    kept: Schema = {name: result.pop(name) for name in ("title", "description", "examples") if name in result}
    if schema.get("type") in ("object", "array") or not ({"type", "enum"} & set(schema)):
        return {**kept, **result}
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
