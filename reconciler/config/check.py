"""What is written, held against the schemas: where it breaks them, and in which words a person is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from reconciler.config.closest import closest
from reconciler.config.expectation import Path, advice, expected, filled
from reconciler.config.verdict import verdict
from reconciler.config.wording import cut, found, one_of, quoted
from reconciler.errors import Problem
from reconciler.yaml12.located import Mark, mark_of

Broken = Any
"""jsonschema's ValidationError, whose attributes are typed as possibly unset."""

EMPTY = ("minItems", "minLength", "minProperties")
ORDER = ("type", *EMPTY, "maxLength", "pattern", "minimum", "enum", "oneOf")
"""Of several reasons at one spot, the first of these is what a person would name."""

NO_NAME = "cannot name a variable; expected letters, digits and _, a letter or _ first"


class Objection(NamedTuple):
    """One way in which a value breaks its schema: where (the spot's key rather than its value?) and why."""

    path: Path
    at_key: bool
    message: str


def objections(kind: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
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
        yield Problem(file, *mark_of(node, each.path, fallback, key=each.at_key), subject + each.message)


def _objections(name: str, value: Any) -> Iterator[Objection]:
    if verdict(name)(value):
        return
    from reconciler.config.validation import errors_of  # noqa: PLC0415 - for a sound configuration it is not needed

    errors: list[Broken] = errors_of(name, value)
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
            yield Objection((*path, error.instance), True, f"{_where(path)}{quoted(error.instance)} {NO_NAME}")
    for path, (error, unknown, missing) in maps.items():
        yield from _about_keys(name, path, error, unknown, missing)
    for path, error in _telling(errors):
        yield Objection(path, False, _said(name, path, error))


def _is_about_unknown_keys(error: Broken) -> bool:
    return error.validator == "additionalProperties" and error.validator_value is False


def _about_keys(
    name: str, path: Path, error: Broken, unknown: Iterable[str], missing: Iterable[str]
) -> Iterator[Objection]:
    """Unknown keys, and missing ones; a missing key that an unknown one is a misspelling of is said once."""
    properties: Mapping[str, Any] = error.schema.get("properties", {})
    meant: set[str] = set()
    for key in sorted(unknown):
        close = closest(key, list(properties))
        meant.update(each for each in missing if quoted(each) in close)
        said = f"unknown key {quoted(key)}; expected {one_of(list(properties))}{close}"
        yield Objection((*path, key), True, _where(path) + said)
    for key in missing:
        if key not in meant:
            wanted = expected(name, (*path, key), properties[key])
            yield Objection(path, True, f"{_where(path)}{quoted(key)} is missing; expected {wanted}")


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
