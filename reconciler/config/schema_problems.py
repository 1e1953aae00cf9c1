"""What is written, held against the schemas: where it breaks them, and in which words a person is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.config.fast_validator import fast_validator
from reconciler.config.text import closest, cut, found, listed, meant, one_of, quoted
from reconciler.errors import Problem
from reconciler.kinds import KINDS, SECTIONS
from reconciler.lazy import load
from reconciler.yaml.located import Mark, find_position

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "null",
}
TRUE = ("yes", "on", "y", "true")
FALSE = ("no", "off", "n", "false")
SIMPLE = re.compile(r"[\w.-]{1,60}", re.ASCII)


def expected(name: str, path: Path, schema: Schema) -> str:
    """What may stand at a path of the schema `name`: the field's own words where there are any."""
    if name in KINDS and len(path) == 1 and path[0] in KINDS[name].field_names():
        return KINDS[name].field_named(str(path[0])).expected
    return described(schema)


def described(schema: Schema) -> str:
    """What a schema allows."""
    if "enum" in schema:
        return one_of(["null" if each is None else str(each) for each in schema["enum"]])
    if "oneOf" in schema:
        return " or ".join(_shape(each["required"], schema["properties"]) for each in schema["oneOf"])
    if "pattern" in schema and "description" in schema:
        sentence = str(schema["description"]).rstrip(".")
        example = f", for example {schema['examples'][0]}" if "examples" in schema else ""
        return sentence[0].lower() + sentence[1:] + example
    if schema.get("type") == "object" and schema.get("properties"):
        return f"a map of {', '.join(schema['properties'])}"
    kinds = schema.get("type", "another value")
    if isinstance(kinds, str):
        return TYPES.get(kinds, kinds) + (f", {schema['minimum']} or more" if "minimum" in schema else "")
    return listed(", ".join(TYPES[each] for each in kinds).replace("true or false", "true, false").split(", "))


def filled(schema: Schema, wanted: str) -> str:
    """The same sentence where something is empty, and so looks like what was expected."""
    empty_fits = wanted in (TYPES["array"], TYPES["object"], TYPES["string"]) and schema.get("type")
    return f"{wanted} that holds something" if empty_fits else wanted


def _shape(required: list[str], properties: Schema) -> str:
    """`{type: target_integration, id: …}`: the keys of one of several shapes of a map."""
    values = [(properties[key].get("enum") or ["…"])[0] for key in required]
    return "{" + ", ".join(f"{key}: {value}" for key, value in zip(required, values, strict=True)) + "}"


def advice(name: str, path: Path, schema: Schema, value: Any) -> str:
    """How to get from what was found to what was expected, as the end of a message; nothing where that is unclear."""
    if value is None and name in KINDS and len(path) == 1:
        optional = path[0] not in KINDS[name].field_names() or not KINDS[name].field_named(str(path[0])).required
        return "; leave the key out where it is not managed" if optional else ""
    if isinstance(value, str):
        return _advice_for_text(schema, value)
    if isinstance(value, dict) and schema.get("type") == "array":
        return '; write "- " before each item'
    if isinstance(value, int | float) and "string" in _types(schema):
        options = schema.get("enum")
        return "; write it in quotes" if options is None or str(value) in options else ""
    return ""


def _advice_for_text(schema: Schema, text: str) -> str:
    options = [each for each in schema.get("enum", ()) if isinstance(each, str)]
    if options:
        return closest(text, options)
    if text in map(str, schema.get("enum", ())) or ({"integer", "number"} & _types(schema) and text.isdecimal()):
        return "; write it without quotes"
    if "boolean" in _types(schema):
        return _advice_for_boolean(text)
    if "pattern" in schema:
        section, dot, key = text.partition(".")
        return meant([f"{SECTIONS[section].name}.{key}"]) if dot and section in SECTIONS else ""
    item = _as_item(schema.get("items", schema), text)
    return f"; did you mean {f'[{item}]' if 'items' in schema else item}?" if item else ""


def _advice_for_boolean(text: str) -> str:
    if text in ("true", "false"):
        return "; write it without quotes"
    word = text.lower()
    return "; did you mean true?" if word in TRUE else "; did you mean false?" if word in FALSE else ""


def _as_item(schema: Schema, text: str) -> str:
    """A bare text as the item of a list: itself, or the one shape that takes a single text; nothing where none does."""
    if not SIMPLE.fullmatch(text):
        return ""
    if "string" in _types(schema):
        return text
    single = [each["required"][0] for each in schema.get("oneOf", ()) if len(each["required"]) == 1]
    # An address, as commands take it, names the kind that the key of the shape names already.
    return f"{{{single[0]}: {text.removeprefix(f'{single[0]}.')}}}" if single else ""


def _types(schema: Schema) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


Broken = Any
"""jsonschema's ValidationError, whose attributes are typed as possibly unset."""

EMPTY = ("minItems", "minLength", "minProperties")
ORDER = ("type", *EMPTY, "maxLength", "pattern", "minimum", "enum", "oneOf")
"""Of several reasons at one spot, the first of these is what a person would name."""

NO_NAME = "cannot name a variable; expected letters, digits and _, a letter or _ first"


class Violation(NamedTuple):
    """One way in which a value breaks its schema: where (the spot's key rather than its value?) and why."""

    path: Path
    at_key: bool
    message: str


def violations(kind: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Which fields of a resource may not be written so, and why."""
    return [(str(each.path[0]) if each.path else "", each.message) for each in _objections(kind, dict(fields))]


def problems_of(
    name: str, value: Any, node: Any, file: str, mark: Mark, subject: str = "", key_mark: Mark | None = None
) -> Iterator[Problem]:
    """Every way in which `value` breaks the schema `name`: a kind, `settings`, or `moved`, `removed`, `imports` for one
    of their items.

    `node` is the same value as it was read, with its places; `mark` is where it begins, `key_mark` where its key
    stands, if it has one: what is missing is missed there.
    """
    for each in _objections(name, value):
        at_key = key_mark is not None and (each.at_key or node is None)
        fallback = key_mark if key_mark is not None and at_key else mark
        yield Problem(file, *find_position(node, each.path, fallback, key=each.at_key), subject + each.message)


def _objections(name: str, value: Any) -> Iterator[Violation]:
    if fast_validator(name)(value):
        return
    errors: list[Broken] = load("reconciler.config.validation:find_errors")(name, value)
    maps: dict[Path, tuple[Broken, set[str], list[str]]] = {}
    for error in errors:
        path: Path = tuple(error.absolute_path)
        _, unknown, missing = maps.setdefault(path, (error, set(), []))
        if _is_about_unknown_keys(error):
            unknown.update(set(error.instance) - set(error.schema["properties"]))
        elif error.validator == "required":
            # One is raised for each that is missing, and does not say for which.
            missing[:] = [key for key in error.validator_value if key not in error.instance]
        elif "propertyNames" in error.absolute_schema_path:
            yield Violation((*path, error.instance), True, f"{_where(path)}{quoted(error.instance)} {NO_NAME}")
    for path, (error, unknown, missing) in maps.items():
        yield from _about_keys(name, path, error, unknown, missing)
    for path, error in _telling(errors):
        yield Violation(path, False, _said(name, path, error))


def _is_about_unknown_keys(error: Broken) -> bool:
    return error.validator == "additionalProperties" and error.validator_value is False


def _about_keys(
    name: str, path: Path, error: Broken, unknown: Iterable[str], missing: Iterable[str]
) -> Iterator[Violation]:
    """Unknown keys, and missing ones; a missing key that an unknown one is a misspelling of is said once."""
    properties: Mapping[str, Any] = error.schema.get("properties", {})
    meant: set[str] = set()
    for key in sorted(unknown):
        close = closest(key, list(properties))
        meant.update(each for each in missing if quoted(each) in close)
        said = f"unknown key {quoted(key)}; expected {one_of(list(properties))}{close}"
        yield Violation((*path, key), True, _where(path) + said)
    for key in missing:
        if key not in meant:
            wanted = expected(name, (*path, key), properties[key])
            yield Violation(path, True, f"{_where(path)}{quoted(key)} is missing; expected {wanted}")


def _telling(errors: Iterable[Broken]) -> Iterator[tuple[Path, Broken]]:
    """One error a spot, and a choice among shapes only where nothing within is wrong by itself."""
    values = [each for each in errors if each.validator in ORDER and "propertyNames" not in each.absolute_schema_path]
    spots: dict[Path, Broken] = {}
    for error in sorted(values, key=lambda each: ORDER.index(each.validator)):
        path = tuple(error.absolute_path)
        if error.validator != "oneOf" or not any(_is_within(other, path) for other in errors if other is not error):
            spots.setdefault(path, error)
    yield from spots.items()


def _is_within(error: Broken, path: Path) -> bool:
    return tuple(error.absolute_path)[: len(path)] == path


def _said(name: str, path: Path, error: Broken) -> str:
    schema = error.schema
    wanted = expected(name, path, schema)
    if error.validator in EMPTY:
        return f"{_where(path)}is empty; expected {filled(schema, wanted)}"
    if error.validator == "maxLength":
        return f"{_where(path)}is {len(error.instance)} characters long; expected {wanted}"
    close = advice(name, path, schema, error.instance)
    return f"{_where(path)}found {found(error.instance)}; expected {wanted}{close}"


def _where(path: Path) -> str:
    names = "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path)
    return f"{names.removeprefix('.')}: " if names else ""
