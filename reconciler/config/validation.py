"""Checks values against the schemas that editors use too, and says in words for people what breaks them and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from reconciler import kinds
from reconciler.config.text import cut, found, listed, one_of, quoted
from reconciler.config.values import Written
from reconciler.errors import Problem
from reconciler.kinds import KINDS, SECTIONS, Field, Kinds, in_use
from reconciler.kinds.schema import Schema, blocks, policy, resource_schema
from reconciler.kinds.settings import SETTINGS
from reconciler.lazy import load
from reconciler.text import WORD_CHARACTERS, closest, meant, similar_options
from reconciler.yaml import Way, find_location

Violation = tuple[Way, bool, str]
"""The path of a value that breaks its schema, whether the message is about its key, and the message."""
# Exact types: true is no integer, and neither is 1.0, which would be sent as 1.0.
TYPES: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "object": ("a map", (dict,)),
    "array": ("a list", (list,)),
    "string": ("a text", (str,)),
    "integer": ("a whole number", (int,)),
    "number": ("a number", (int, float)),
    "boolean": ("true or false", (bool,)),
    "null": ("null", (type(None),)),
}
"""The types of JSON Schema: what people call them, and what they are here."""
SAYS_NOTHING = frozenset({"type", "title", "description", "examples", "default", "defaultSnippets", "$schema", "$id"})
_tests: dict[tuple[int, type], tuple[Schema, list[tuple[Any, Any]] | None]] = {}
"""The id of a schema, and a type → the schema, and its tests of values of that type; None if no such value has it."""


def is_valid(name: str, value: Any) -> bool:
    """Whether a value has the schema `name`: of a kind, of `settings`, or of an item of a block. If not, ask
    `schema_problems`."""
    return fits(_schema(in_use(), name), value)


@cache
def _schema(_kinds: Kinds, name: str) -> Schema:
    """The schema of a kind's resource, `settings`, a `policy`, an item of a block, or a constant of `kinds.cases`."""
    if name in KINDS:
        return resource_schema(KINDS[name])
    if name.isupper():
        return dict(load(f"reconciler.kinds.cases:{name}"))
    if name == "policy":
        return policy()
    return SETTINGS if name == "settings" else dict(blocks()[name]["items"])


def fits(schema: Schema, value: Any) -> bool:
    """Whether a value has a schema. KeyError for an unknown keyword."""
    # A map has no hash. The entry keeps the schema, so that no other one gets its id.
    key = id(schema), type(value)
    if key not in _tests:
        _tests[key] = schema, _find_tests(schema, type(value))
    tests = _tests[key][1]
    if tests is None:
        return False
    for test, limit in tests:  # noqa: SIM110 - a generator costs as much as the tests
        if not test(limit, value, schema):
            return False
    return True


def _find_tests(schema: Schema, kind: type) -> list[tuple[Any, Any]] | None:
    tests = [(*TESTS[word], limit) for word, limit in schema.items() if word not in SAYS_NOTHING]
    if not any(kind in TYPES[name][1] for name in _types(schema) or TYPES):
        return None
    return [(test, limit) for kinds, test, limit in tests if issubclass(kind, kinds)]


@cache
def ecma(pattern: str) -> str:
    """A pattern with the meaning of ECMA 262: `$` is the end only, and not before a last line break as in Python."""
    return re.sub(r"\$$", r"\\Z", pattern)


def _have_other_values(extra: bool | Schema, value: dict[str, Any], schema: Schema) -> bool:
    others = value.keys() - schema.get("properties", {}).keys()
    return extra is True or not others or (extra is not False and all(fits(extra, value[key]) for key in others))


TESTS: Mapping[str, tuple[Any, Callable[[Any, Any, Schema], object]]] = {
    "enum": (object, lambda words, value, _: value in words and type(words[words.index(value)]) is type(value)),
    "oneOf": (object, lambda shapes, value, _: sum(fits(each, value) for each in shapes) == 1),
    "minLength": (str, lambda least, value, _: len(value) >= least),
    "maxLength": (str, lambda most, value, _: len(value) <= most),
    "pattern": (str, lambda pattern, value, _: re.search(ecma(pattern), value)),
    "minimum": ((int, float), lambda least, value, _: not value < least),
    "maximum": ((int, float), lambda most, value, _: not value > most),
    "minItems": (list, lambda least, value, _: len(value) >= least),
    "items": (list, lambda item, value, _: all(fits(item, each) for each in value)),
    "minProperties": (dict, lambda least, value, _: len(value) >= least),
    "maxProperties": (dict, lambda most, value, _: len(value) <= most),
    "required": (dict, lambda keys, value, _: value.keys() >= set(keys)),
    "propertyNames": (dict, lambda name, value, _: all(fits(name, each) for each in value)),
    "properties": (dict, lambda known, value, _: all(fits(known[key], value[key]) for key in value if key in known)),
    "additionalProperties": (dict, _have_other_values),
}
"""Keyword → the types that it says something about, and its test of the keyword's value, a value, and the schema."""
LEAST_TIME = 100  # Numbers below are hours, others are hours and minutes.
BOOLEANS = {"true": ("yes", "on", "y", "true"), "false": ("no", "off", "n", "false")}


def _field(name: str, path: Way) -> Field | None:
    """The field of a kind at a path of its schema; None if there is none."""
    is_field = name in KINDS and len(path) == 1 and path[0] in KINDS[name].field_names()
    return KINDS[name].field_named(str(path[0])) if is_field else None


def expected(name: str, path: Way, schema: Schema) -> str:
    """What is expected at a path of the schema `name`: the words of the field if it has any."""
    field = _field(name, path)
    return (field and field.expected) or _described(schema)


def _described(schema: Schema) -> str:
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
        least = f"{schema['minLength']} to" if "minLength" in schema else "at most"
        length = f" of {least} {schema['maxLength']} characters" if "maxLength" in schema else ""
        most = f"to {schema['maximum']}" if "maximum" in schema else "or more"
        return TYPES.get(kinds, (kinds,))[0] + length + (f", {schema['minimum']} {most}" if "minimum" in schema else "")
    return listed(", ".join(TYPES[each][0] for each in kinds).replace("true or false", "true, false").split(", "))


def _shape(required: list[str], properties: Schema) -> str:
    """`{type: target_integration, id: …}`: the keys of one of several shapes of a map."""
    values = [(properties[key].get("enum") or ["…"])[0] for key in required]
    return "{" + ", ".join(f"{key}: {value}" for key, value in zip(required, values, strict=True)) + "}"


def advice(name: str, path: Way, schema: Schema, value: Any) -> str:
    """How to correct a value, as the end of a message; empty if that is unclear."""
    field = _field(name, path)
    if field and field.grid and isinstance(value, str) and re.search(r"\s", value):
        return kinds.local_time.advice(value[:WORD_CHARACTERS], field.name)
    if value is None and name in KINDS and len(path) == 1:
        return "" if field and field.required else "; leave the key out if it is not managed"
    if isinstance(value, str):
        return _advice_for_text(schema, value)
    if isinstance(value, list):
        return "; write it in quotes if it is a text" if schema.get("type") == "string" and not _words(schema) else ""
    if isinstance(value, dict):
        return '; write "- " before each item' if schema.get("type") == "array" else ""
    is_number = isinstance(value, int | float) and "string" in _types(schema)
    return _advice_for_number(_words(schema), value) if is_number else ""


def _words(schema: Schema) -> Sequence[Any] | None:
    """The values that a schema lists, or one of its choices."""
    return next((each["enum"] for each in (schema, *schema.get("oneOf", ())) if "enum" in each), None)


def _advice_for_number(options: Sequence[str] | None, number: float) -> str:
    if options is None or str(number) in options:
        return "; write it in quotes"
    # 600 may mean 06:00, and 9 may mean 09:00.
    hours, minutes = divmod(int(number), 100) if number >= LEAST_TIME else (int(number), 0)
    time = f"{hours:02d}:{minutes:02d}"
    return meant([time]) if time in options else ""


def _advice_for_text(schema: Schema, text: str) -> str:
    options = [each for each in _words(schema) or () if isinstance(each, str)]
    if options:
        return closest(text, options)
    types = _types(schema)
    is_number = bool({"integer", "number"} & types) and text.isdecimal()
    if is_number or text in map(str, schema.get("enum", ())) or ("boolean" in types and text in BOOLEANS):
        return "; write it without quotes"
    if "boolean" in types:
        word = next((word for word, others in BOOLEANS.items() if text.lower() in others), "")
        return f"; did you mean {word}?" if word else ""
    if "pattern" in schema:
        section, dot, key = text.partition(".")
        return meant([f"{SECTIONS[section].name}.{key}"]) if dot and section in SECTIONS else ""
    item = _as_item(schema.get("items", schema), text)
    return f"; did you mean {f'[{item}]' if 'items' in schema else item}?" if item else ""


def _as_item(schema: Schema, text: str) -> str:
    """A text as the item of a list: itself, or the map with this one value; empty if the schema allows neither."""
    if not re.fullmatch(r"[\w.-]{1,60}", text, re.ASCII):
        return ""
    if "string" in _types(schema):
        return text
    single = [each["required"][0] for each in schema.get("oneOf", ()) if len(each["required"]) == 1]
    # An address begins with the kind, which is the key of the map already.
    return f"{{{single[0]}: {text.removeprefix(f'{single[0]}.')}}}" if single else ""


def _types(schema: Schema) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds)


EMPTY = ("minItems", "minLength", "minProperties")
ORDER = ("type", *EMPTY, "maxLength", "pattern", "minimum", "maximum", "enum", "oneOf")
"""Keywords of a schema. If several fail at one path, the first of these is reported."""

NO_NAME = "cannot name a variable; expected letters, digits and _, a letter or _ first"


def violations(kind: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a resource that break its schema, each with the reason."""
    every = _violations(kind, _schema(in_use(), kind), dict(fields))
    return [(str(path[0]) if path else "", message) for path, _, message in every]


def schema_problems(name: str, value: Any, written: Written, subject: str = "") -> Iterator[Problem]:
    """Every way in which `value` breaks the schema `name`: of a kind, of `settings`, or of an item of a block.
    `written` is the same value as it was read. `subject` begins each message: an address, or the name of a block. A
    missing field is reported at the key of the map that lacks it."""
    for path, at_key, message in _violations(name, _schema(in_use(), name), value):
        fallback = written.location if at_key or written.node is None else written.value_location
        location = find_location(written.node, path, fallback, key=at_key)
        about = f"{subject}: {message}" if subject else message
        yield Problem(*location, about, subject=subject if name in KINDS else "")


def _violations(name: str, schema: Schema, value: Any, path: Way = ()) -> Iterator[Violation]:
    if fits(schema, value):
        return
    if isinstance(value, dict):
        yield from _key_violations(name, schema, value, path)
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    inner: list[Violation] = []
    for step, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        below = schema.get("items") if isinstance(value, list) else known.get(step, others)
        inner += _violations(name, below, each, (*path, step)) if isinstance(below, dict) else ()
    yield from inner
    broken = next((word for word in ORDER if word in schema and not _holds(word, schema, value)), "")
    # A choice among shapes is wrong by itself only if no value within it is.
    if broken and (broken != "oneOf" or all(at_key for _, at_key, _ in inner)):
        yield path, False, _where(path) + _message(name, path, broken, schema, value)


def _holds(word: str, schema: Schema, value: Any) -> bool:
    """Whether a value is as one keyword of a schema says."""
    if word == "type":
        return any(type(value) in TYPES[each][1] for each in _types(schema))
    about, test = TESTS[word]
    return not isinstance(value, about) or bool(test(schema[word], value, schema))


def _key_violations(name: str, schema: Schema, value: Mapping[str, Any], path: Way) -> Iterator[Violation]:
    """Keys with a wrong name, unknown and missing ones. A missing key is not reported if an unknown one is a
    misspelling of it."""
    properties, misspelled = schema.get("properties", {}), set[str]()
    for key in value if "propertyNames" in schema else ():
        if not fits(schema["propertyNames"], key):
            yield (*path, key), True, f"{_where(path)}{quoted(key)} {NO_NAME}"
    for key in sorted(value.keys() - properties.keys()) if schema.get("additionalProperties") is False else ():
        similar = similar_options(key, list(properties))
        misspelled.update(similar)
        below = [f"{name}.{key}" for name, each in properties.items() if key in each.get("properties", ())]
        message = f"unknown key {quoted(key)}; expected {one_of(list(properties))}{meant(similar or below)}"
        yield (*path, key), True, _where(path) + message
    for key in schema.get("required", ()):
        if key not in value and key not in misspelled:
            wanted = expected(name, (*path, key), properties[key])
            yield path, True, f"{_where(path)}{quoted(key)} is missing; expected {wanted}"


def _message(name: str, path: Way, broken: str, schema: Schema, value: Any) -> str:
    wanted = expected(name, path, schema)
    if broken in EMPTY:
        empty_fits = wanted in ("a list", "a map", "a text") and schema.get("type")
        return f"is empty; expected {wanted}{' that holds something' if empty_fits else ''}"
    if broken == "oneOf" and isinstance(value, dict):
        near = [each["required"] for each in schema["oneOf"] if not value.keys().isdisjoint(each["required"])]
        if len(near) == 1 and (missing := next((key for key in near[0] if key not in value), "")):
            return f"{quoted(missing)} is missing; expected {wanted}"
    if broken == "maxLength":
        return f"is {len(value)} characters long; expected {wanted}"
    return f"found {found(value)}; expected {wanted}{advice(name, path, schema, value)}"


def _where(path: Way) -> str:
    names = "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in path)
    return f"{names.removeprefix('.')}: " if names else ""
