"""Checks values against the schemas, and explains violations with their locations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler import kinds
from reconciler.config.validation import Broken, find_errors, is_valid
from reconciler.config.values import Written
from reconciler.errors import Problem
from reconciler.kinds import KINDS, SECTIONS, Field
from reconciler.text import (
    WORD_CHARACTERS,
    cite,
    cut,
    describe,
    find_similar,
    join_choices,
    offer,
    suggest,
    suggest_similar,
)
from reconciler.yaml import find_location

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]
Violation = tuple[Path, bool, str]
"""The path of a value that violates its schema, whether the message is about its key, and the message."""

TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "null",
}
BOOLEANS = {"true": ("yes", "on", "y", "true"), "false": ("no", "off", "n", "false")}
LEAST_TIME = 100
"""Numbers below are hours, others are hours and minutes."""
SIMPLE = re.compile(r"[\w.-]{1,60}", re.ASCII)


def describe_expected(name: str, path: Path, schema: Schema) -> str:
    """What the schema `name` expects at a path, in the words of the field's declaration if it has some."""
    field = _find_field(name, path)
    return (field.expected if field else "") or _describe_schema(schema)


def _find_field(name: str, path: Path) -> Field | None:
    fields = KINDS[name].fields if name in KINDS and len(path) == 1 else ()
    return next((each for each in fields if each.name == path[0]), None)


def _describe_schema(schema: Schema) -> str:
    """What a schema allows."""
    if "enum" in schema:
        return offer(["null" if each is None else str(each) for each in schema["enum"]])
    if "oneOf" in schema:
        # `{type: target_integration, id: …}` or another shape of a map
        words = {key: (each.get("enum") or "…")[0] for key, each in schema["properties"].items()}
        shapes = (", ".join(f"{key}: {words[key]}" for key in each["required"]) for each in schema["oneOf"])
        return " or ".join(f"{{{each}}}" for each in shapes)
    if "pattern" in schema and "description" in schema:
        sentence = str(schema["description"]).rstrip(".")
        example = f", for example {schema['examples'][0]}" if "examples" in schema else ""
        return sentence[0].lower() + sentence[1:] + example
    if schema.get("type") == "object" and schema.get("properties"):
        return f"a map of {', '.join(schema['properties'])}"
    kinds = schema.get("type", "another value")
    if isinstance(kinds, str):
        least = f"{schema['minLength']} to" if "minLength" in schema else "at most"
        length = f" of {least} {schema['maxLength']} characters" if "maxLength" in schema else ""
        most = f"to {schema['maximum']}" if "maximum" in schema else "or more"
        return TYPES.get(kinds, kinds) + length + (f", {schema['minimum']} {most}" if "minimum" in schema else "")
    return join_choices(", ".join(TYPES[each] for each in kinds).replace("true or false", "true, false").split(", "))


def advise(name: str, path: Path, schema: Schema, value: Any) -> str:
    """How to correct a value, as the end of a message; empty if that is not clear."""
    field = _find_field(name, path)
    if field and field.grid and isinstance(value, str) and re.search(r"\s", value):
        return kinds.local_time.suggest_time(value[:WORD_CHARACTERS], field.name)
    if value is None and name in KINDS and len(path) == 1:
        return "" if field and field.required else "; leave the key out if it is not managed"
    if isinstance(value, str):
        return _advise_on_text(schema, value)
    if isinstance(value, list):
        is_text = schema.get("type") == "string" and not _find_listed_values(schema)
        return "; write it in quotes if it is a text" if is_text else ""
    if isinstance(value, dict):
        return '; write "- " before each item' if schema.get("type") == "array" else ""
    is_number = isinstance(value, int | float) and "string" in _list_types(schema)
    return _advise_on_number(_find_listed_values(schema), value) if is_number else ""


def _advise_on_number(options: Sequence[str] | None, number: float) -> str:
    if options is None or str(number) in options:
        return "; write it in quotes"
    # 600 may mean 06:00, and 9 may mean 09:00.
    hours, minutes = divmod(int(number), 100) if number >= LEAST_TIME else (int(number), 0)
    time = f"{hours:02d}:{minutes:02d}"
    return suggest([time]) if time in options else ""


def _find_listed_values(schema: Schema) -> Sequence[Any] | None:
    """The values that a schema lists, or one of its choices."""
    return next((each["enum"] for each in (schema, *schema.get("oneOf", ())) if "enum" in each), None)


def _advise_on_text(schema: Schema, text: str) -> str:
    options = [each for each in _find_listed_values(schema) or () if isinstance(each, str)]
    if options:
        return suggest_similar(text, options)
    types = _list_types(schema)
    is_number = bool({"integer", "number"} & types) and text.isdecimal()
    if is_number or text in map(str, schema.get("enum", ())) or ("boolean" in types and text in BOOLEANS):
        return "; write it without quotes"
    if "boolean" in types:
        word = next((word for word, others in BOOLEANS.items() if text.lower() in others), "")
        return f"; did you mean {word}?" if word else ""
    if "pattern" in schema:
        section, dot, key = text.partition(".")
        return suggest([f"{SECTIONS[section].name}.{key}"]) if dot and section in SECTIONS else ""
    # The item of a list is the text itself, or the map with this one value. An address begins with the kind, which is
    # the key of the map already.
    items = schema.get("items", schema)
    single = [each["required"][0] for each in items.get("oneOf", ()) if len(each["required"]) == 1]
    is_text = "string" in _list_types(items)
    if not SIMPLE.fullmatch(text) or not (is_text or single):
        return ""
    item = text if is_text else f"{{{single[0]}: {text.removeprefix(f'{single[0]}.')}}}"
    return f"; did you mean {f'[{item}]' if 'items' in schema else item}?"


def _list_types(schema: Schema) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


EMPTY = ("minItems", "minLength", "minProperties")
ORDER = ("type", *EMPTY, "maxLength", "pattern", "minimum", "maximum", "enum", "oneOf")
"""Keywords of a schema. If several fail at one path, the first of these is reported."""

NO_NAME = "cannot name a variable; expected letters, digits and _, a letter or _ first"


def find_violations(kind: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a resource that violate its schema, each with the reason."""
    return [(str(path[0]) if path else "", message) for path, _, message in _find_violations(kind, dict(fields))]


def find_schema_problems(name: str, value: Any, written: Written, subject: str = "") -> Iterator[Problem]:
    """Every violation of the schema `name` by `value`. The schema is of a kind, `settings`, or an item of a block.
    `written` is the same value as it was read. Each message begins with `subject`: an address, or a block's name. A
    missing field is reported at the key of the map that lacks it."""
    for path, at_key, message in _find_violations(name, value):
        fallback = written.location if at_key or written.node is None else written.value_location
        location = find_location(written.node, path, fallback, key=at_key)
        about = f"{subject}: {message}" if subject else message
        yield Problem(*location, about, subject=subject if name in KINDS else "")


def _find_violations(name: str, value: Any) -> Iterator[Violation]:
    if is_valid(name, value):
        return
    maps: dict[Path, Broken] = {}
    values: list[tuple[Path, Broken]] = []
    for error in find_errors(name, value):
        path: Path = tuple(error.absolute_path)
        if error.validator in ("additionalProperties", "required"):
            maps[path] = error  # of several for one map, one is enough: they do not say which key they mean
        elif "propertyNames" in error.absolute_schema_path:
            yield (*path, error.instance), True, f"{_format_path(path)}{cite(error.instance)} {NO_NAME}"
        elif error.validator in ORDER:
            values.append((path, error))
    for path, error in maps.items():
        yield from _find_key_violations(name, path, error.schema, error.instance)
    first: dict[Path, Broken] = {}
    for path, error in sorted(values, key=lambda each: ORDER.index(each[1].validator)):
        # A failed choice among shapes counts only if nothing within it is wrong by itself.
        if error.validator != "oneOf" or sum(each[: len(path)] == path for each, _ in values) == 1:
            first.setdefault(path, error)
    for path, error in first.items():
        yield path, False, _format_path(path) + _format_message(name, path, error)


def _find_key_violations(name: str, path: Path, schema: Schema, value: Mapping[str, Any]) -> Iterator[Violation]:
    """Unknown keys, and missing ones. A missing key is not reported if an unknown key is a misspelling of it."""
    properties = schema.get("properties", {})
    misspelled: set[str] = set()
    for key in sorted(value.keys() - properties.keys()) if schema.get("additionalProperties") is False else ():
        similar = find_similar(key, list(properties))
        misspelled.update(similar)
        below = [f"{name}.{key}" for name, each in properties.items() if key in each.get("properties", ())]
        message = f"unknown key {cite(key)}; expected {offer(list(properties))}{suggest(similar or below)}"
        yield (*path, key), True, _format_path(path) + message
    for key in schema.get("required", ()):
        if key not in value and key not in misspelled:
            wanted = describe_expected(name, (*path, key), properties[key])
            yield path, True, f"{_format_path(path)}{cite(key)} is missing; expected {wanted}"


def _format_message(name: str, path: Path, error: Broken) -> str:
    schema = error.schema
    wanted = describe_expected(name, path, schema)
    if error.validator in EMPTY:
        empty_fits = wanted in (TYPES["array"], TYPES["object"], TYPES["string"]) and schema.get("type")
        return f"is empty; expected {wanted}{' that holds something' if empty_fits else ''}"
    if error.validator == "oneOf" and isinstance(error.instance, dict):
        near = [each["required"] for each in schema["oneOf"] if not error.instance.keys().isdisjoint(each["required"])]
        if len(near) == 1 and (missing := next((key for key in near[0] if key not in error.instance), "")):
            return f"{cite(missing)} is missing; expected {wanted}"
    if error.validator == "maxLength":
        return f"is {len(error.instance)} characters long; expected {wanted}"
    return f"found {describe(error.instance)}; expected {wanted}{advise(name, path, schema, error.instance)}"


def _format_path(path: Path) -> str:
    names = "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path)
    return f"{names.removeprefix('.')}: " if names else ""
