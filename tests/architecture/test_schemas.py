"""The committed schemas: fresh, valid, and of use to somebody who writes YAML in an editor."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.kinds import KINDS, Kind
from reconciler.output.document import make_all_schemas
from reconciler.yaml import read

from .imports import ROOT

Json = dict[str, Any]
SCHEMAS = ROOT / "schemas"
RENEW = "reconciler schema --write schemas"
MODELINE = "# yaml-language-server: $schema="
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))

each_schema = pytest.mark.parametrize("name", sorted(make_all_schemas()))
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def committed(name: str) -> Json:
    """A schema as it is in the repository."""
    schema: Json = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return schema


def validator(name: str) -> Draft202012Validator:
    """What checks against that schema."""
    return Draft202012Validator(committed(name))


def configuration(kind: Kind, resource: Json) -> Json:
    """A configuration with one resource."""
    return {kind.section: {"some-key": resource}}


def test_the_committed_schemas_are_fresh() -> None:
    """The folder holds what the kinds declare and nothing else."""
    stale = f"schemas/ is stale: run `{RENEW}`"
    assert {path.name for path in SCHEMAS.iterdir()} == set(make_all_schemas()), stale
    for name, schema in make_all_schemas().items():
        assert committed(name) == schema, stale


@each_schema
def test_a_schema_is_one(name: str) -> None:
    """By the rules of its own dialect, and complete in itself: an editor can take it from anywhere."""
    schema = committed(name)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)
    references = [inner["$ref"] for _, inner in _schemas(schema, "") if "$ref" in inner]
    assert all(reference.startswith("#/$defs/") for reference in references)


@each_schema
def test_every_spot_is_explained(name: str) -> None:
    """Title and description at every depth: what an editor shows where the pointer rests."""
    unexplained = [
        path
        for path, schema in _schemas(committed(name), "")
        if "$ref" not in schema and not (schema.get("description") and (schema.get("title") or path.endswith("[]")))
    ]
    assert not unexplained


@each_schema
def test_the_examples_within_a_schema_pass_it(name: str) -> None:
    """What an editor offers is right, at every depth."""
    for path, schema in _schemas(committed(name), ""):
        within = Draft202012Validator({**schema, "$defs": committed(name).get("$defs", {})})
        for example in schema.get("examples", ()):
            assert not [error.message for error in within.iter_errors(example)], path


@every_kind
def test_a_variable_may_stand_for_any_value(kind: Kind) -> None:
    """`${var.x}`, alone or within a text, wherever a value is: a text, a number, a word, deep in a list."""
    check = validator("configuration.schema.json")
    variants = list(_with_variable(dict(kind.example), "${var.x}")) + list(
        _with_variable(dict(kind.example), "a${var.x}")
    )
    assert len(variants) >= 2 * len(kind.example)
    for variant in variants:
        check.validate(configuration(kind, variant))
        validator(f"{kind.name}.schema.json").validate(variant)


@every_kind
def test_a_mistake_is_marked(kind: Kind) -> None:
    """An unknown field, a value that none of the words is, a part of `for_each` without it: the editor says so before
    `validate`. A missing field may have a default in another file."""
    check = validator("configuration.schema.json")
    good = dict(kind.example)
    check.validate(configuration(kind, good))
    wrong = [{**good, "unknown": 1}, {**good, "lifecycle": {"replace": "maybe"}}, {**good, "status": "${x}"}]
    wrong += [
        {**good, "exclude": [{"app": "go"}]},
        {**good, "for_each": {"app": []}},
        {**good, "only_in": "production"},
    ]
    for missing in kind.identity.natural_key:
        check.validate(configuration(kind, {name: value for name, value in good.items() if name != missing}))
    for resource in wrong:
        assert not check.is_valid(configuration(kind, resource)), resource
    assert not check.is_valid({kind.section: {"No Key": good}})
    assert not check.is_valid({"defaults": {kind.section: {"lifecycle": {}}}})
    assert not check.is_valid({"sections": {}})


@every_kind
def test_many_alike_are_known(kind: Kind) -> None:
    """`for_each` and what belongs to it, `defaults` of a kind, and items wherever a value is."""
    check = validator("configuration.schema.json")
    dimensions = {"app": "${var.apps}", "region": [{"key": "eu", "zone": "Europe/Berlin"}, "us", 3]}
    words = {"for_each": dimensions, "exclude": [{"app": "go", "region": "us"}], "only_in": ["production"]}
    for text in ("${each.app}", "a ${each.region.zone} b"):
        for variant in _with_variable(dict(kind.example), text):
            check.validate(configuration(kind, {**variant, **words, "key": "${each.app}-daily"}))
    for name, value in kind.example.items():
        check.validate({"defaults": {kind.section: {name: value}}})
        if isinstance(value, list):
            check.validate(configuration(kind, {**kind.example, name: ["${var.item}"]}))
    check.validate({"defaults": {kind.section: None}})


def test_all_shapes_of_a_destination_are_offered() -> None:
    """A key of ours, type and id, or type and label: each is offered as a whole, each passes, a mixture does not."""
    items = committed("report.schema.json")["properties"]["destinations"]["items"]
    bodies = [snippet["body"] for snippet in items["defaultSnippets"]]
    assert [set(body) for body in bodies] == [{"integration"}, {"type", "id"}, {"type", "label"}]
    assert set(items["properties"]) == {"integration", "type", "id", "label"}
    check = Draft202012Validator(items)
    assert check.is_valid({"integration": "a"})
    assert check.is_valid({"type": "target_integration", "id": "${var.inbox}"})
    assert check.is_valid({"type": "target_integration", "label": "Email: ${var.team}"})
    for wrong in (
        {},
        {"type": "target_integration"},
        {"integration": "a", "id": "b"},
        {"integration": "a", "label": "b"},
        {"type": "target_integration", "id": "a", "label": "b"},
        {"type": "email", "id": "b"},
        "a",
    ):
        assert not check.is_valid(wrong)


@every_kind
def test_a_new_resource_is_offered_as_a_whole(kind: Kind) -> None:
    """The snippet of a section holds what has to be written, and passes."""
    section = committed("configuration.schema.json")["properties"][kind.section]
    (snippet,) = section["defaultSnippets"]
    (body,) = snippet["body"].values()
    validator(f"{kind.name}.schema.json").validate(body)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_names_its_schema_and_passes_it(path: Path) -> None:
    """The first line is what a YAML language server reads, and leads to the schema of what the file is."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(MODELINE)
    schema = (path.parent / first.removeprefix(MODELINE)).resolve()
    wanted = "reconciler" if path.name == "reconciler.yaml" else "configuration"
    wanted = "test" if path.name.endswith(".test.yaml") else wanted
    assert schema == SCHEMAS / f"{wanted}.schema.json"
    documents, problems = read(path.read_bytes(), str(path))
    assert not problems
    for document in documents:
        validator(schema.name).validate(document.value)


def _schemas(schema: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Every schema within a schema that describes a value which is written, with the path to that value."""
    yield path, schema
    for name, inner in {**schema.get("properties", {}), **schema.get("$defs", {})}.items():
        yield from _schemas(inner, f"{path}.{name}")
    for place in ("items", "additionalProperties"):
        if isinstance(schema.get(place), dict):
            yield from _schemas(schema[place], f"{path}[]")


def _with_variable(value: Any, variable: str) -> Iterator[Any]:
    """The value with one of its leaves after the other being a variable."""
    if not isinstance(value, dict | list):
        yield variable
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        for variant in _with_variable(inner, variable):
            changed = copy.deepcopy(value)
            changed[key] = variant
            yield changed
