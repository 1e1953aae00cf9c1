"""A configuration for one environment: puts the variables in, and finds every problem."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.config.locations import value_positions, variable_sources
from reconciler.config.merge import Entry, Merged, Written
from reconciler.config.schema_problems import schema_problems
from reconciler.config.semantics import block_problems, semantic_problems
from reconciler.config.text import cut
from reconciler.config.unread import Unread
from reconciler.config.variables import Substitution
from reconciler.errors import Location, Problem
from reconciler.kinds import KINDS
from reconciler.model.inputs import (
    Desired,
    Ignored,
    Import,
    Lifecycle,
    Moved,
    Removed,
    Resource,
    address_kind,
)
from reconciler.model.settings import Environment


def evaluate(
    merged: Merged, environment: Environment | None, doubt: Unread, folder: Path
) -> tuple[Desired, list[Problem]]:
    """What an environment wants, and every problem of it. Without an environment only the problems count.

    `doubt`: the parts of the YAML that could not be read; no problem follows from them.
    """
    substitution = Substitution(environment)
    resources = _entries(merged.resources.items(), substitution)
    misplaced = _entries(merged.misplaced, substitution)
    items = {
        name: _entries([(name, each) for each in written], substitution) for name, written in merged.blocks.items()
    }
    unknown = {*doubt.unread, *substitution.unknown}
    entries = [*resources, *misplaced]
    incomplete = _incomplete(entries, doubt.unread_aliases) | merged.incomplete
    found = [
        *_schema_problems([*entries, *(item for each in items.values() for item in each)], unknown, incomplete),
        *semantic_problems(entries, merged.resources, unknown, whole=doubt.whole and merged.whole),
        *block_problems(items, merged.resources, unknown),
    ]
    found = [_at_variable(each, substitution) for each in found]
    # A placeholder is no value, and a problem says so already.
    if found or substitution.problems or unknown:
        return Desired({}), [*substitution.problems, *found]
    return _desired(resources, items, folder, environment.variable_locations if environment else {}), []


def _entries(written: Iterable[tuple[str, Written]], substitution: Substitution) -> list[Entry]:
    entries = []
    for name, each in written:
        substitution.subject = cut(name)
        entries.append(Entry(name, substitution.plain(each.node, each.location.file, each.position), each))
    return entries


def _at_variable(problem: Problem, substitution: Substitution) -> Problem:
    """The problem of a value that is one variable, told where that variable is set."""
    name = substitution.whole.get(problem.location)
    variables = substitution.environment.variable_locations if substitution.environment else {}
    if name is None or name not in variables:
        return problem
    said, expected, rest = problem.rest.partition("; expected")
    message = f"{said}, the value of ${{var.{name}}} at {problem.location}{expected}{rest}"
    message = f"{problem.subject}: {message}" if problem.subject else message
    file, line, column = variables[name]
    return replace(problem, file=file, line=line, column=column, message=message, cause=f"{name}{said}{file}{line}")


def _incomplete(entries: Iterable[Entry], unread_aliases: Iterable[Location]) -> set[Location]:
    """The keys of resources with an alias that could not be read: a field that is missing may come from it."""
    keys = sorted(entry.key_location for entry in entries)
    before = ((keys[at - 1], alias) for alias in unread_aliases if (at := bisect(keys, alias)))
    return {key for key, alias in before if key.file == alias.file}


def _schema_problems(entries: Iterable[Entry], unknown: set[Location], incomplete: set[Location]) -> Iterator[Problem]:
    for entry in entries:
        if unknown and entry.location() in unknown:
            continue
        for problem in schema_problems(address_kind(entry.name), entry.value, entry.written, cut(entry.name)):
            # A missing field is reported at the resource's key, which no placeholder replaces.
            unsure = incomplete if problem.location == entry.key_location else unknown
            if problem.location not in unsure:
                yield problem


def _desired(
    resources: Iterable[Entry], items: Mapping[str, Iterable[Entry]], folder: Path, variables: Mapping[str, Location]
) -> Desired:
    @cache
    def relative(file: str) -> str:
        return Path(file).relative_to(folder).as_posix()

    def resource(entry: Entry) -> Resource:
        kind, node = address_kind(entry.name), entry.written.node
        return Resource(
            entry.name,
            kind,
            fields={name: entry.value[name] for name in KINDS[kind].field_names() if name in entry.value},
            location=entry.key_location,
            lifecycle=_lifecycle(entry.value.get("lifecycle", {})),
            positions=value_positions(node),
            file=relative(entry.key_location.file),
            sources=variable_sources(node, variables),
        )

    ordered = sorted(resources, key=lambda each: each.name)
    return Desired(
        resources={entry.name: resource(entry) for entry in ordered},
        moved=tuple(Moved(each.value["from"], each.value["to"], each.key_location) for each in items["moved"]),
        removed=tuple(
            Removed(each.value["from"], each.value["destroy"], each.key_location) for each in items["removed"]
        ),
        imports=tuple(Import(each.value["to"], each.value["id"], each.key_location) for each in items["imports"]),
    )


def _lifecycle(written: Mapping[str, Any]) -> Lifecycle:
    ignored = (each if isinstance(each, dict) else {"field": each} for each in written.get("ignore_changes", ()))
    return Lifecycle(
        prevent_destroy=written.get("prevent_destroy"),
        ignore_changes=tuple(Ignored(**each) for each in ignored),
        replace=written.get("replace") == "allow",
    )
