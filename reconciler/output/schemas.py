"""JSON Schemas of all that others read or write: the configuration, its tests, and what is printed as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.kinds import BUILT_IN
from reconciler.kinds.resources import ANCHORS, DIALECT, add_titles, make_schemas
from reconciler.kinds.schema import Schema
from reconciler.kinds.settings import test_file
from reconciler.model.plan import Action, Cause
from reconciler.model.reports import Scope
from reconciler.yaml import read

WORDS = {
    "actions": [each.value for each in Action],
    "causes": [each.value for each in Cause],
    "scopes": [*map(str, Scope), None],
    "kinds": list(BUILT_IN.by_name),
}  # what `enum` means in schemas.yaml


def every_schema() -> dict[str, Schema]:
    """File name → schema, as `schemas/` holds them."""
    (document,), _ = read(Path(__file__).with_name("schemas.yaml").read_bytes(), "schemas.yaml")
    printed = {name: _complete(schema) for name, schema in document.value.items()}
    printed["test"] = {"title": "Tests of a configuration", **add_titles({**test_file(), "patternProperties": ANCHORS})}
    names = {f"{name}.schema.json": schema for name, schema in printed.items()}
    return make_schemas() | {name: {"$schema": DIALECT, "$id": name, **schema} for name, schema in names.items()}


def _complete(schema: Any, name: str = "") -> Any:
    """A schema, or what stands in one, with titles, closed maps and words at every depth."""
    if isinstance(schema, list):
        return list(map(_complete, schema))
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {"title": name.replace("_", " ").capitalize()} if name else {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found[key] = {each: _complete(inner, each) for each, inner in value.items()}
        else:
            found[key] = WORDS[value] if key == "enum" else _complete(value)
    if "properties" in found:
        found.setdefault("type", "object")
        found.setdefault("required", list(found["properties"]))
        found.setdefault("additionalProperties", False)
    return found
