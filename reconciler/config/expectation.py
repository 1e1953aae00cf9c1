"""What would have been right, and the nearest way there, in words that come from the schemas and the kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.config.closest import closest, meant
from reconciler.config.wording import listed, one_of
from reconciler.kinds import KINDS, SECTIONS

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
