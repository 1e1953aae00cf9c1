"""Validation: a fast test, and jsonschema, which is loaded only if something may be wrong. Its only importer.

The fast test never accepts what jsonschema refuses. If it refuses a value, jsonschema decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from reconciler.kinds.schema import Schema, find_schema
from reconciler.lazy import load

Test = Callable[[Any], bool]
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
NEVER: tuple[Test, ...] = (lambda _: False,)
SAYS_NOTHING = frozenset({"title", "description", "examples", "default", "defaultSnippets", "$schema", "$id"})


@cache
def fast_validator(name: str) -> Test:
    """The test of the schema `name`: of a kind, of `settings`, or of an item of a block."""
    return compiled(find_schema(name))


def compiled(schema: Schema) -> Test:
    """A schema as a test of values. ValueError for an unknown keyword."""
    rest = {word: value for word, value in schema.items() if word not in SAYS_NOTHING}
    tests: dict[type | None, list[Test]] = {None: _of_any(rest)}
    tests[str], tests[list], tests[dict] = _of_texts(rest), _of_lists(rest), _of_maps(rest)
    if "minimum" in rest:
        least = rest.pop("minimum")
        tests[int] = tests[float] = [lambda value: value >= least]
    if rest:
        raise ValueError(f"no quick test for the keywords {', '.join(sorted(rest))}")
    always = tests.pop(None)
    by_type = {kind: [*always, *tests.get(kind, [])] for kinds in TYPES.values() for kind in kinds}

    def test(value: Any) -> bool:
        for each in by_type.get(type(value), NEVER):  # noqa: SIM110 - a generator costs as much as the tests
            if not each(value):
                return False
        return True

    return test


def _of_any(rest: Schema) -> list[Test]:
    tests: list[Test] = []
    if "type" in rest:
        names = rest.pop("type")
        allowed = frozenset(kind for name in ([names] if isinstance(names, str) else names) for kind in TYPES[name])
        tests.append(lambda value: type(value) in allowed)
    if "enum" in rest:
        words = frozenset((type(word), word) for word in rest.pop("enum"))
        tests.append(lambda value: not isinstance(value, dict | list) and (type(value), value) in words)
    if "oneOf" in rest:
        shapes = [compiled(each) for each in rest.pop("oneOf")]
        tests.append(lambda value: sum(shape(value) for shape in shapes) == 1)
    return tests


def _of_texts(rest: Schema) -> list[Test]:
    tests = _lengths(rest, "minLength", "maxLength")
    if "pattern" in rest:
        found = re.compile(ecma(rest.pop("pattern"))).search
        tests.append(lambda value: found(value) is not None)
    return tests


def _of_lists(rest: Schema) -> list[Test]:
    tests = _lengths(rest, "minItems", "maxItems")
    if "items" in rest:
        item = compiled(rest.pop("items"))
        tests.append(lambda value: all(map(item, value)))
    return tests


def _of_maps(rest: Schema) -> list[Test]:
    tests = _lengths(rest, "minProperties", "maxProperties")
    if "required" in rest:
        required = frozenset(rest.pop("required"))
        tests.append(lambda value: value.keys() >= required)
    if "propertyNames" in rest:
        names = compiled(rest.pop("propertyNames"))
        tests.append(lambda value: all(map(names, value)))
    known = {key: compiled(each) for key, each in rest.pop("properties", {}).items()}
    extra = rest.pop("additionalProperties", True)
    other: Test = (lambda _: extra) if isinstance(extra, bool) else compiled(extra)
    if known or extra is not True:

        def entries(value: dict[str, Any]) -> bool:
            for key, each in value.items():  # noqa: SIM110 - as above
                if not known.get(key, other)(each):
                    return False
            return True

        tests.append(entries)
    return tests


def _lengths(rest: Schema, least: str, most: str) -> list[Test]:
    tests: list[Test] = []
    if least in rest:
        low = rest.pop(least)
        tests.append(lambda value: len(value) >= low)
    if most in rest:
        high = rest.pop(most)
        tests.append(lambda value: len(value) <= high)
    return tests


def ecma(pattern: str) -> str:
    """A pattern with the meaning of ECMA 262: `$` is the end only, and not before a last line break as in Python."""
    return re.sub(r"\$$", r"\\Z", pattern)


@cache
def _validator(name: str) -> Any:
    library = load("jsonschema")

    def matches(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Broken]:
        if isinstance(instance, str) and not re.search(ecma(pattern), instance):
            yield library.ValidationError(f"does not match {pattern}")

    base = library.Draft202012Validator
    # 1.0 is no integer here: it would be sent as 1.0.
    types = base.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    return library.validators.extend(base, {"pattern": matches}, type_checker=types)(find_schema(name))


def find_errors(name: str, value: Any) -> list[Broken]:
    """Every way in which a value breaks the schema `name` (see `kinds.schema.find_schema`)."""
    return list(_validator(name).iter_errors(value))
