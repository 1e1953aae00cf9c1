"""A kind is a declaration: what it declares fits together, and nobody else asks which kind it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

import pytest
from jsonschema import Draft202012Validator

from reconciler.kinds import KINDS, SECTIONS, Kind
from reconciler.kinds.resources import make_resource_schema

from .imports import imported_within, modules, nodes_of, part_of
from .test_layers import FLOORS

ENGINE = frozenset(FLOORS[3] | {"model", "api", "commands"}) - {"output"}
WORD = re.compile(r"[a-z]+(_[a-z]+)*")

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
def test_a_kind_stands_behind_those_that_it_refers_to(kind: Kind) -> None:
    """Schemas, exports and the tables of the README follow the order of the registry."""
    order = list(KINDS)
    for _, reference in kind.reference_fields:
        assert reference.kind in KINDS
        assert order.index(reference.kind) < order.index(kind.name)


def test_names_and_sections_are_words_of_their_own() -> None:
    """An address begins with the name and a file's section is its plural; neither may stand for two kinds."""
    assert list(KINDS) == [kind.name for kind in SECTIONS.values()]
    assert len({*KINDS, *SECTIONS}) == 2 * len(KINDS)
    assert all(WORD.fullmatch(word) for word in (*KINDS, *SECTIONS))


@every_kind
def test_a_kind_names_fields_that_it_has(kind: Kind) -> None:
    """The natural key and the name that people see are fields, and fields that must be written."""
    names = kind.field_names
    assert len(set(names)) == len(names)
    required = {each.name for each in kind.fields if each.required}
    identity = kind.identity
    assert set(identity.natural_key) <= required | {identity.chosen_id}
    assert identity.name_field in identity.natural_key
    assert not set(names) & kind.server_fields


@every_kind
def test_the_example_of_a_kind_may_be_written(kind: Kind) -> None:
    """Editors offer it, the README shows it, and it passes `validate`; so does it without what may be left out."""
    validator = Draft202012Validator(make_resource_schema(kind))
    validator.validate(dict(kind.example))
    validator.validate({each.name: kind.example[each.name] for each in kind.fields if each.required})
    assert set(kind.example) == set(kind.field_names)


@every_kind
def test_roles_of_a_field_fit_its_schema(kind: Kind) -> None:
    """Unordered fields and references are lists, a reference's key is a property of its items, derived keys live in
    maps, and a field with an endpoint of its own takes the words that its endpoint knows."""
    for each in kind.fields:
        schema = each.schema
        assert schema.get("description")
        if each.unordered:
            assert schema["type"] == "array"
        if each.reference:
            at = each.find_schema(each.reference.path) or {}
            assert each.reference.key in at.get("items", at)["properties"]
        if each.derived:
            assert schema["type"] == "object"
            assert not each.derived & set(schema["properties"])
        if each.sub_endpoint and each.sub_endpoint.words:
            words = set(each.sub_endpoint.words)
            assert list(each.sub_endpoint.words) == schema["enum"]
            assert each.sub_endpoint.in_body <= words
            assert each.sub_endpoint.initial is None or each.sub_endpoint.initial in words
            assert each.sub_endpoint.placeholder is None or each.sub_endpoint.placeholder in each.sub_endpoint.in_body


@every_kind
def test_a_kind_says_what_a_person_has_to_know(kind: Kind) -> None:
    """What a delete loses is shown in every plan that deletes; where the API cannot change a field, what to do."""
    assert kind.messages.lost_on_delete
    assert kind.messages.manual_step or not any(each.immutable for each in kind.fields)
    assert kind.endpoints.path.startswith("/")


def test_the_engine_does_not_ask_which_kind_it_has() -> None:
    """No text in it is the name or the section of a kind; what differs between kinds is declared in them."""
    asked = texts_of(ENGINE, {*KINDS, *SECTIONS})
    assert not asked, "\n".join(asked)


def test_the_engine_has_no_method_that_writes() -> None:
    """A kind declares them, and a declaration has the usual ones. Others are for GitHub and GitLab, and the simulator,
    in which a test of a configuration makes live objects. The transport knows which of HTTP's have a length."""
    sent = texts_of(ENGINE | {"kinds"}, {"POST", "PUT", "PATCH", "DELETE"})
    files = {each.partition(".py:")[0].rpartition("/reconciler/")[2] for each in sent}
    assert files - {f"kinds/{name}" for name in KINDS} == {
        "kinds/declaration",
        "forges/forge",
        "commands/test",
        "api/transport",
    }


def texts_of(parts: Collection[str], words: set[str]) -> list[str]:
    """The texts of these parts that are one of these words, each with its place."""
    return [
        f"{path.as_posix()}:{node.lineno}: {node.value!r}"
        for name, path in modules().items()
        if part_of(name) in parts
        for node in nodes_of(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words
    ]


def test_the_engine_imports_no_single_kind() -> None:
    """It takes them from the registry: a fourth kind is one file and one line."""
    files = {f"reconciler.kinds.{name}" for name in KINDS}
    importers = {name for name in modules() if imported_within(name) & files}
    assert importers == {"reconciler.kinds"}
