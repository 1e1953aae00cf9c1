"""JSON Schemas made from the kinds: of resources, blocks and policies, and of files for editors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.schema import (
    DATE_PATTERN,
    DEFAULTS,
    ID_PATTERN,
    KEY_PATTERN,
    LIFECYCLE,
    META_ARGUMENTS,
    POLICIES,
    Schema,
    array,
    closed,
    mapping,
    text,
)
from reconciler.kinds.settings import SETTINGS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE = text(
    "A text with ${var.NAME}, which reconciler.yaml sets, or ${each.DIMENSION}, an item of for_each.",
    title="A variable or an item",
    pattern="\\$\\{ *(var|each)\\.[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z0-9_-]+)* *\\}",
)
ANCHORS = {"^x-": {"title": "Anchors", "description": "A place for anchors; not read otherwise."}}


def make_resource_schema(kind: Kind) -> Schema:
    """What may be written for one resource of a kind, variables already put in."""
    fields = {each.name: each.schema for each in kind.fields}
    return closed(
        kind.messages.description,
        {**fields, "lifecycle": LIFECYCLE, **META_ARGUMENTS},
        [each.name for each in kind.fields if each.required],
        title=_make_title(kind.name),
        examples=[kind.example],
    )


def make_address_pattern() -> str:
    """What an address looks like."""
    return f"^({'|'.join(KINDS)})\\.{KEY_PATTERN.removeprefix('^')}"


def _make_address_schema(description: str) -> Schema:
    return text(description, "report.daily-revenue", pattern=make_address_pattern())


def _make_block_schema(description: str, properties: Schema, example: Schema) -> Schema:
    return array(description, closed(description, properties, list(properties), examples=[example]), [example])


def make_block_schemas() -> dict[str, Schema]:
    """The schema of each block."""
    an_id = text("the id of a live object", "wbRlfw1x", pattern=ID_PATTERN)
    ids = mapping(
        "the id of a live object, or a map of environments to ids",
        an_id,
        "wbRlfw1x",
        {"sandbox": "wbRlfw1x", "production": "cJinsL4v"},
        type=["string", "object"],
        pattern=ID_PATTERN,
        minProperties=1,
    )
    return {
        "moved": _make_block_schema(
            "A reviewed rename: the object that was managed under `from` is managed under `to`.",
            {"from": _make_address_schema("the address it had"), "to": _make_address_schema("the address it has now")},
            {"from": "report.revenue", "to": "report.daily-revenue"},
        ),
        "removed": _make_block_schema(
            "A reviewed removal. With `destroy: false` the object stays and is forgotten.",
            {
                "from": _make_address_schema("the address it had"),
                "destroy": text("Whether the object is deleted, or only forgotten.", type="boolean"),
            },
            {"from": "report.daily-revenue", "destroy": False},
        ),
        "imports": _make_block_schema(
            "A reviewed adoption: the live object `id` is what `to` means.",
            {"to": _make_address_schema("an address of the configuration"), "id": ids},
            {"to": "report.daily-revenue", "id": "wbRlfw1x"},
        ),
    }


def make_policy_schema() -> Schema:
    """The schema of one policy."""
    exception = closed(
        "An exception.",
        {
            "address": _make_address_schema("The resource, or a for_each."),
            "until": text("The last day, YYYY-MM-DD.", "2027-01-31", pattern=DATE_PATTERN),
            "reason": text("Why.", minLength=1),
            "owner": text("Who sees to it.", minLength=1),
        },
        ["address", "until", "reason", "owner"],
    )
    rule = 'resource.report_name.startsWith("[growth]")'
    return closed(
        "A rule that holds for the resources of this folder, and below.",
        {
            "kinds": array(
                "The kinds that it is about. Left out: every kind.", text("A kind.", enum=list(KINDS)), minItems=1
            ),
            "when": text("A condition in CEL: to what it applies. Left out: to everything.", minLength=1),
            "require": text("A condition in CEL: what has to be true.", minLength=1),
            "message": text("What to tell people if it is not.", minLength=1),
            "use": text("A ready rule, in place of `require`; see `reconciler policies list`.", minLength=1),
            "with": text("The values of the ready rule.", type="object"),
            "level": text("Whether it refuses, or only warns. Left out: error.", enum=["error", "warning"]),
            "ratchet": text("With --base, what was so at the base is a warning.", type="boolean"),
            "except": array("Resources for which it does not hold, each for a time.", exception),
        },
        oneOf=[{"required": ["require", "message"]}, {"required": ["use"]}],
        examples=[{"kinds": ["report"], "require": rule, "message": "Begin with the team."}],
    )


def make_schemas() -> dict[str, Schema]:
    """File name → schema, as it is committed in `schemas/` for editors. Each stands alone; in what is not settings, a
    variable may stand for any value."""
    resources, defaults, sections = dict[str, Schema](), dict[str, Schema](), dict[str, Schema]()
    for kind in KINDS.values():
        name, section, description = kind.name, kind.section, kind.messages.description
        resource = _allow_variables(make_resource_schema(kind))
        resource.pop("required", None)  # Another file may have a default for a field.
        resources[name] = add_titles({**resource, "dependentRequired": {"exclude": ["for_each"], "key": ["for_each"]}})
        fields = {each: {"$ref": f"#/$defs/{name}/properties/{each}"} for each in kind.field_names}
        about = f"Fields of {section.replace('_', ' ')}. The nearest folder wins; maps merge."
        defaults[section] = closed(about, fields, type=["object", "null"])
        # What editors offer where a new resource begins.
        snippet = {"label": f"new {name}", "description": description, "body": {f"${{1:my-{name}}}": kind.example}}
        sections[section] = mapping(
            description,
            {"$ref": f"#/$defs/{name}"},
            title=kind.messages.title,
            propertyNames={"pattern": KEY_PATTERN},
            defaultSnippets=[snippet],
        )
    rules = mapping(
        "Rules for the resources of this folder, and below.",
        add_titles(_allow_variables(make_policy_schema())),
        title="Policies",
        propertyNames={"pattern": KEY_PATTERN},
    )
    about = "Fields that the resources of this folder, and below, have if they do not write them."
    configuration = closed(
        "Resources of a Qonversion project. All files of a folder are merged.",
        {
            **sections,
            **{name: add_titles(_allow_variables(block), name) for name, block in make_block_schemas().items()},
            POLICIES: rules,
            DEFAULTS: add_titles(closed(about, defaults), DEFAULTS),
        },
        title="Reconciler configuration",
        patternProperties=ANCHORS,
        examples=[{kind.section: {f"my-{kind.name}": kind.example} for kind in KINDS.values()}],
    )
    settings = {"title": "reconciler.yaml", **add_titles(SETTINGS)}
    files = {**resources, "configuration": {**configuration, "$defs": resources}, "reconciler": settings}
    return {f"{name}.schema.json": {"$schema": DIALECT, "$id": f"{name}.schema.json", **files[name]} for name in files}


def _allow_variables(schema: Schema) -> dict[str, Any]:
    """The schema with `${var.NAME}` and `${each.DIMENSION}` allowed wherever a value is."""
    return _map_schemas(schema, _allow_variable)


def _allow_variable(schema: Schema, _name: str) -> Schema:
    result = _allow_variables(schema)
    if not {"type", "enum"} & set(schema):  # It only combines other schemas, which have got the variable.
        return result
    if schema.get("type") == "object" and "oneOf" in schema:
        shapes = [{"type": "object", **shape} for shape in schema["oneOf"]]
        return {**result, "type": ["object", "string"], "oneOf": [*shapes, VARIABLE]}
    if schema.get("type") in ("object", "array"):
        return {**result, "type": [schema["type"], "string"], "pattern": VARIABLE["pattern"]}
    kept: dict[str, Any] = {name: result.pop(name) for name in ("title", "description", "examples") if name in result}
    return {**kept, "anyOf": [result, VARIABLE]}


def add_titles(schema: Schema, name: str = "") -> Schema:
    """The schema with a title for each property, at every depth: what an editor shows on top of its description."""
    return {**({"title": _make_title(name)} if name else {}), **_map_schemas(schema, add_titles)}


def _map_schemas(schema: Schema, change: Callable[[Schema, str], Schema]) -> dict[str, Any]:
    """The schema with a change of each schema in it, which gets the name of the property, empty if it is none."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: change(inner, name) for name, inner in schema["properties"].items()}
    for place in ("items", "additionalProperties"):
        if isinstance(schema.get(place), dict):
            result[place] = change(schema[place], "")
    return result


def _make_title(name: str) -> str:
    return name.replace("_", " ").capitalize()
