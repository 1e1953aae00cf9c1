"""Validates by a fast test, and by jsonschema if that fails. The only importer of jsonschema, which is slow to load.

The fast test never accepts what jsonschema refuses. If it refuses a value, jsonschema decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from reconciler.kinds import KINDS, Kinds, in_use
from reconciler.kinds.resources import make_block_schemas, make_policy_schema, make_resource_schema
from reconciler.kinds.schema import Schema
from reconciler.kinds.settings import SETTINGS, make_case_schema, test_file
from reconciler.lazy import load

Broken = Any
"""jsonschema's ValidationError."""
# Exact types only: jsonschema decides on derived types, and on numbers such as 1.0 for an integer.
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
SAYS_NOTHING = frozenset({"type", "title", "description", "examples", "default", "defaultSnippets", "$schema", "$id"})
MADE = {"policy": make_policy_schema, "case": make_case_schema, "test_file": test_file}
_tests: dict[tuple[int, type], tuple[Schema, list[tuple[Any, Any]] | None]] = {}
"""The id of a schema, and a type → the schema, and its tests of values of that type; None if no such value has it."""


def is_valid(name: str, value: Any) -> bool:
    """Whether a value certainly fits the schema `name`: of a kind, `settings`, or an item of a block. If it does not,
    `find_errors` decides."""
    return fits(_find_schema(in_use(), name), value)


@cache
def _find_schema(_kinds: Kinds, name: str) -> Schema:
    """The schema of a kind's resource, `settings`, an item of a block, or one of `MADE`."""
    if name in KINDS:
        return make_resource_schema(KINDS[name])
    if name in MADE:
        return MADE[name]()
    return SETTINGS if name == "settings" else dict(make_block_schemas()[name]["items"])


def fits(schema: Schema, value: Any) -> bool:
    """Whether a value certainly fits a schema. KeyError if the schema has an unknown keyword."""
    # A map has no hash. The entry keeps the schema, so that no other one gets its id.
    kind = type(value)
    key = id(schema), kind
    if key not in _tests:
        named = schema.get("type", [*TYPES])
        is_possible = any(kind in TYPES[name] for name in ([named] if isinstance(named, str) else named))
        found = [
            (TESTS[word][1], PREPARED[word](limit) if word in PREPARED else limit)
            for word, limit in schema.items()
            if word not in SAYS_NOTHING and issubclass(kind, TESTS[word][0])
        ]
        _tests[key] = schema, found if is_possible else None
    tests = _tests[key][1]
    if tests is None:
        return False
    for test, limit in tests:  # noqa: SIM110 - a generator costs as much as the tests
        if not test(limit, value, schema):
            return False
    return True


@cache
def to_ecma(pattern: str) -> str:
    """A pattern as ECMA 262 reads it: `$` matches at the end only, and not before a last line break as in Python."""
    return re.sub(r"\$$", r"\\Z", pattern)


def _fit_properties(known: Mapping[str, Schema], value: dict[str, Any], _: Schema) -> bool:
    # Nearly all are valid, and a list takes less time than a generator that could end early.
    return False not in [fits(known[key], each) for key, each in value.items() if key in known]


def _fit_others(extra: bool | Schema, value: dict[str, Any], schema: Schema) -> bool:
    others = value.keys() - schema.get("properties", {}).keys()
    return extra is True or not others or (extra is not False and all(fits(extra, value[key]) for key in others))


TESTS: Mapping[str, tuple[Any, Callable[[Any, Any, Schema], object]]] = {
    "enum": (object, lambda words, value, _: value in words and type(words[words.index(value)]) is type(value)),
    "oneOf": (object, lambda shapes, value, _: sum(fits(each, value) for each in shapes) == 1),
    "minLength": (str, lambda least, value, _: len(value) >= least),
    "maxLength": (str, lambda most, value, _: len(value) <= most),
    "pattern": (str, lambda pattern, value, _: pattern.search(value)),
    "minimum": ((int, float), lambda least, value, _: not value < least),
    "maximum": ((int, float), lambda most, value, _: not value > most),
    "minItems": (list, lambda least, value, _: len(value) >= least),
    "items": (list, lambda item, value, _: all(fits(item, each) for each in value)),
    "minProperties": (dict, lambda least, value, _: len(value) >= least),
    "maxProperties": (dict, lambda most, value, _: len(value) <= most),
    "required": (dict, lambda keys, value, _: value.keys() >= keys),
    "propertyNames": (dict, lambda name, value, _: all(fits(name, each) for each in value)),
    "properties": (dict, _fit_properties),
    "additionalProperties": (dict, _fit_others),
}
"""Keyword → the types that it restricts, and its test, which gets the keyword's value, the value and the schema."""

PREPARED: Mapping[str, Callable[[Any], Any]] = {
    "pattern": lambda text: re.compile(to_ecma(text)),
    "required": frozenset,
}
"""Keyword → what its test is given in place of the keyword's value."""


@cache
def _validator(kinds: Kinds, name: str) -> Any:
    library = load("jsonschema")

    def matches(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Broken]:
        if isinstance(instance, str) and not re.search(to_ecma(pattern), instance):
            yield library.ValidationError(f"does not match {pattern}")

    base = library.Draft202012Validator
    # 1.0 is no integer here: it would be sent as 1.0.
    types = base.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return library.validators.extend(base, {"pattern": matches}, type_checker=types)(_find_schema(kinds, name))


def find_errors(name: str, value: Any) -> list[Broken]:
    """Every violation of the schema `name` (see `_find_schema`) by a value."""
    return list(_validator(in_use(), name).iter_errors(value))
