"""A plan and a report as JSON documents, for programs; and the schemas of all that others read or write."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reconciler.kinds import BUILT_IN
from reconciler.kinds.resources import ANCHORS, DIALECT, add_titles, make_schemas
from reconciler.kinds.schema import Schema
from reconciler.kinds.settings import test_file
from reconciler.model.plan import FORMAT_VERSION, Action, Cause, FieldChange
from reconciler.model.reports import ApplyReport, Review, Scope, Status, Weight
from reconciler.output.groups import find_groups
from reconciler.output.labels import format_place
from reconciler.yaml import read

WORDS = {
    "actions": [each.value for each in Action],
    "causes": [each.value for each in Cause],
    "scopes": [*map(str, Scope), None],
    "kinds": list(BUILT_IN.by_name),
}  # what `enum` means in schemas.yaml


def to_json(**values: Any) -> str:
    """A document, with the version of its form. A dataclass within it is a map of its fields."""
    document = {"format_version": FORMAT_VERSION, **values}
    return json.dumps(document, indent=2, ensure_ascii=False, default=asdict)


def select(value: object, *names: str) -> dict[str, Any]:
    """These attributes of a value; null for a text that is empty."""
    return {name: getattr(value, name) or None for name in names}


def collect_plan_values(review: Review) -> dict[str, Any]:
    """What the JSON of a plan says of one environment: the contract's form, which schemas/plan.schema.json describes.

    `notes` has all that is said of a change, and `impact` the part of it that is about people. `warnings` has the risks
    of every change, too: a program that reads only these misses none.
    """
    plan = review.plan
    risks = [
        f"{change.address}: {each.text}"
        for change in plan.changes
        for each in review.impacts.get(change.address, ())
        if each.weight is Weight.RISKS
    ]
    changes = []
    for change in plan.changes:
        behind = review.behind.get(change.address)
        impact = [each.text for each in review.impacts.get(change.address, ())]
        values = {
            "scope": review.scopes.get(change.address),
            "behind": {"commit": behind.id, "subject": behind.subject} if behind else None,
            "depends_on": change.depends_on,
            "reason": change.reason or None,
            "fields": list(map(_collect_field, change.fields)),
            "impact": impact,
            "notes": [*impact, *review.list_remarks(change)],
        }
        changes.append(select(change, "address", "action", "id") | values)
    return dict(
        configuration=plan.configuration,
        environment=plan.environment,
        digest=plan.digest,
        **select(review, "commit", "base"),
        summary=plan.summary(),
        changes=changes,
        groups=[
            {
                "action": group.first.action,
                "addresses": group.addresses,
                "fields": list(map(_collect_field, group.first.fields)),
                "place": format_place(*group.places) if len(group.places) == 1 else None,
            }
            for group in find_groups(review)
        ],
        unmanaged=plan.unmanaged,
        ignored=[
            {"address": each.address, "path": each.path, "before": each.live, "after": each.written}
            for each in plan.ignored
        ],
        waiting=plan.waiting,
        zone_data=plan.zone_data or None,
        tasks=review.tasks,
        warnings=[*plan.warnings, *risks],
        refusals=plan.refusals,
    )


def _collect_field(field: FieldChange) -> dict[str, Any]:
    shown = {"path": field.path, "before": field.before, "after": field.after, "cause": field.cause}
    return shown | ({"rule": field.rule} if field.rule else {})


def collect_report_values(report: ApplyReport) -> dict[str, Any]:
    """What the JSON of a report says of one environment."""
    names = ("address", "action", "id", "status", "reason", "because_of", "verification")
    return {
        "environment": report.environment,
        "digest": report.digest,
        "summary": {status: len(report.of(status)) for status in Status},
        "results": [select(each, *names) for each in report.outcomes],
        "warnings": report.warnings,
        "unrecorded": report.unrecorded or None,
    }


def make_all_schemas() -> dict[str, Schema]:
    """File name → schema, as `schemas/` holds them."""
    (document,), _ = read(Path(__file__).with_name("schemas.yaml").read_bytes(), "schemas.yaml")
    printed = {name: _complete(schema) for name, schema in document.value.items()}
    printed["test"] = {"title": "Tests of a configuration", **add_titles({**test_file(), "patternProperties": ANCHORS})}
    names = {f"{name}.schema.json": schema for name, schema in printed.items()}
    return make_schemas() | {name: {"$schema": DIALECT, "$id": name, **schema} for name, schema in names.items()}


def _complete(schema: Any, name: str = "") -> Any:
    """A schema, or a part of one, with titles, closed maps and the values of WORDS at every depth."""
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
