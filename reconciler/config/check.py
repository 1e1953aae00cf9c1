"""What is written, held against the schemas. The only importer of jsonschema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from reconciler.config.wording import found, quoted
from reconciler.errors import Problem, did_you_mean
from reconciler.kinds import KINDS
from reconciler.kinds.schema import BLOCKS, SETTINGS, resource_schema
from reconciler.yaml12 import LocatedList, LocatedMap

Path = tuple[str | int, ...]
Mark = tuple[int, int]
Broken = Any
"""jsonschema's ValidationError, whose attributes are typed as possibly unset."""


@cache
def _validator(name: str) -> Draft202012Validator:
    if name in KINDS:
        return Draft202012Validator(resource_schema(KINDS[name]))
    return Draft202012Validator({"settings": SETTINGS, **BLOCKS}[name])


def objections(kind: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Which fields of a resource may not be written so, and why."""
    return [
        (str(error.absolute_path[0]) if error.absolute_path else "", _said(kind, tuple(error.absolute_path), error))
        for error in _validator(kind).iter_errors(dict(fields))
    ]


def mark_of(node: Any, path: Path, fallback: Mark, *, key: bool = False) -> Mark:
    """Where a value (or its key) stands in a file, as near as it is known."""
    mark = fallback
    for depth, step in enumerate(path):
        last = key and depth == len(path) - 1
        if isinstance(node, LocatedMap) and isinstance(step, str) and step in node:
            mark = (node.key_marks if last else node.value_marks)[step]
        elif isinstance(node, LocatedList) and isinstance(step, int) and step < len(node):
            mark = node.marks[step]
        else:
            return mark
        node = node[step]
    return mark


def problems_of(name: str, value: Any, node: Any, file: str, fallback: Mark, subject: str = "") -> Iterator[Problem]:
    """Every way in which `value` breaks the schema `name` (a kind, `settings`, `moved`, …).

    `node` is the same value as it was read, with its places; `fallback` is where it begins.
    """
    broken: Broken
    for broken in _validator(name).iter_errors(value):
        path: Path = tuple(broken.absolute_path)
        if broken.validator == "additionalProperties" and broken.validator_value is False:
            known = broken.schema["properties"]
            for key in sorted(set(broken.instance) - set(known)):
                mark = mark_of(node, (*path, key), fallback, key=True)
                yield Problem(file, *mark, f"{subject}{_unknown_key(key, known)}")
        elif broken.validator == "required":
            # One is raised for each that is missing, and does not say for which.
            mark = mark_of(node, path, fallback, key=True)
            for key in (each for each in broken.validator_value if each not in broken.instance):
                yield Problem(
                    file, *mark, f"{subject}{quoted(key)} is missing; expected {_expected(name, (*path, key), broken)}"
                )
        else:
            yield Problem(file, *mark_of(node, path, fallback), f"{subject}{_said(name, path, broken)}")


def _unknown_key(key: str, known: Mapping[str, Any]) -> str:
    return f"unknown key {quoted(key)}; expected one of {', '.join(known)}{did_you_mean(key, known)}"


def _said(name: str, path: Path, error: Broken) -> str:
    expected = _expected(name, path, error)
    where = _where(path)
    if error.validator in ("maxLength", "minLength"):
        return f"{where}is {len(error.instance)} characters long; expected {expected}"
    if error.validator in ("minItems", "minProperties"):
        return f"{where}is empty; expected {expected}"
    if error.validator == "enum":
        options = [str(each) for each in error.validator_value]
        return f"{where}found {found(error.instance)}; expected {expected}{did_you_mean(error.instance, options)}"
    return f"{where}found {found(error.instance)}; expected {expected}"


def _where(path: Path) -> str:
    names = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{names.removeprefix('.')}: " if names else ""


def _expected(name: str, path: Path, error: Broken) -> str:
    """What would have been right, in the words of the field where there are any."""
    if name in KINDS and path and path[0] in KINDS[name].field_names() and _about_field(path, error):
        return KINDS[name].field_named(str(path[0])).expected
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "required":
        return f"all of {', '.join(error.validator_value)}"
    if "enum" in schema:
        return "one of " + ", ".join("null" if each is None else str(each) for each in schema["enum"])
    if error.validator == "pattern":
        return f"{schema.get('description') or 'a text'} (pattern {schema['pattern']})".replace(". (", " (")
    kinds = schema.get("type", "another value")
    return "or ".join(f"{TYPES.get(each, each)} " for each in ([kinds] if isinstance(kinds, str) else kinds)).strip()


def _about_field(path: Path, error: Broken) -> bool:
    """Whether the field's own sentence fits: always for the field as a whole, within it for a choice among shapes."""
    return len(path) == 1 or (isinstance(path[-1], int) and error.validator in ("oneOf", "type", "minProperties"))


TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "null",
}
