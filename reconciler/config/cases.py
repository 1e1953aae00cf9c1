"""Reads `*.test.yaml`: the tests, each with the configuration that it changes, and every problem."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from reconciler.config.defaults import apply_defaults, overlay
from reconciler.config.files import Disk, Reading
from reconciler.config.load import MOST_EVALUATED, Configuration
from reconciler.config.merge import ANCHORS
from reconciler.config.schema_problems import find_schema_problems
from reconciler.config.settings import read_document
from reconciler.config.validation import is_valid
from reconciler.config.values import Written
from reconciler.errors import Location, Problem
from reconciler.kinds import KINDS
from reconciler.kinds.resources import make_address_pattern
from reconciler.lazy import frozen
from reconciler.model.addresses import address_kind
from reconciler.text import cite, cut, quote, suggest_close, suggest_similar
from reconciler.yaml import LocatedMap, copy_plain, find_location


@frozen
class Case:
    """A test in one environment: its values, and the configuration before and after the changes of the test."""

    name: str
    environment: str
    values: Mapping[str, Any]
    written: Written
    before: Configuration
    after: Configuration

    def place(self, *path: str | int) -> Location:
        """The location of the value at a path, or of the nearest value around it."""
        return find_location(self.written.node, path, self.written.location)

    def problem(self, message: str, *path: str | int) -> Problem:
        """A problem with the value at a path."""
        return Problem(*self.place(*path), f"tests.{cut(self.name)}: {message}")

    def addresses(self) -> set[str]:
        """The addresses that a change can have: those of the environment before and after the changes of the test."""
        configurations, name = (self.before, self.after), self.environment
        return set().union(*(each.list_addresses(each.environments[name]) for each in configurations))

    def find_unknown(self, noun: str, key: str, known: Collection[str]) -> Iterator[Problem]:
        """The problems of unknown names below a key of `expect`. The keys of a map are patterns."""
        written = self.values["expect"].get(key, ())
        is_map = isinstance(written, dict)
        for name in [written] if isinstance(written, str) else written:
            word = re.sub(r"(?<=\*).*| .*", "", name) if noun == "method" else name
            fits = (
                any(fnmatchcase(each, word) for each in known) if is_map else {name, normalize_guard(name)} & {*known}
            )
            if not fits:
                listed = f"; expected one of {', '.join(sorted(known))}" if known and noun != "address" else ""
                text = f"there is no {noun} {quote(word)}{listed}{suggest_close(word, known)}"
                yield self.problem(text, "expect", key, name if is_map else written.index(name))


def normalize_guard(written: str) -> str:
    """The name of a guard: `prevent_destroy` may be written for `prevent-destroy`, as in a lifecycle."""
    return written if ":" in written else written.replace("_", "-")


def read_cases(configuration: Configuration) -> tuple[list[Case], list[Problem]]:
    """The tests of all files, in the order of paths and lines, and the problems of the files."""
    reading, cases, problems = Reading(Disk(configuration.path)), list[Case](), list[Problem]()
    for file in (files := reading.source.list_tests()):
        written, found, is_yaml = read_document(reading, file)
        node, plain = written.node, copy_plain(written.node)
        problems += found
        if isinstance(node, LocatedMap):
            plain = {name: value for name, value in plain.items() if not name.startswith(ANCHORS)}
        problems += find_schema_problems("test_file", plain, written) if is_yaml else ()
        tests: Any = node.get("tests") if isinstance(node, LocatedMap) else None
        for name in tests if isinstance(tests, LocatedMap) else ():
            if is_valid("case", copy_plain(tests[name])):
                cases += _make_cases(configuration, name, Written.at(tests, name, str(file)), problems)
    if not files:
        text = "there is no *.test.yaml in this folder; expected tests beside the configuration"
        problems.append(Problem(str(configuration.path), 0, 0, text))
    return cases, problems


def _make_cases(configuration: Configuration, name: str, written: Written, problems: list[Problem]) -> Iterator[Case]:
    """A test in each of its environments."""
    known, values = list(configuration.environments), copy_plain(written.node)
    wanted = values.get("environment", known[0] if len(known) == 1 else "")
    case = Case(name, "", values, written, configuration, configuration)
    chosen: dict[str, None] = {}
    for pattern in [wanted] if isinstance(wanted, str) else wanted:
        found = {each: None for each in known if fnmatchcase(each, pattern)}
        if not found:
            text = f"there is no environment {cite(pattern)}" if pattern else "no environment is named"
            text += f"; expected one of {', '.join(known)}"
            problems.append(case.problem(text + suggest_similar(pattern, known), "environment"))
        chosen |= found
    yield from (_apply_changes(replace(case, environment=each), problems) for each in chosen)


def _apply_changes(case: Case, problems: list[Problem]) -> Case:
    """The test with its configuration after the changes, as if these stood in the files."""
    environment, before = case.before.environments[case.environment], case.before.merged.resources
    changes, resources = dict(case.written.node.get("change", {})), dict(before)
    variables = changes.pop("variables", {})
    for name in variables.keys() - environment.variables.keys() - environment.unset.keys():
        text = f"there is no variable {cite(name)}{suggest_similar(name, [*environment.variables])}"
        problems.append(case.problem(f"{text}; expected one of {case.environment}", "change", "variables", name))
    values = {name: value for name, value in {**environment.variables, **variables}.items() if value is not None}
    places = {**environment.variable_locations} | {name: case.place("change", "variables", name) for name in variables}
    for address, node in changes.items():
        place = case.place("change", address)
        if node is None:
            resources.pop(address, None)
        elif address in before:
            old, file = before[address], place.file
            laid_over: LocatedMap = overlay(node, file, old.node, old.location.file)
            laid_over.files = {**dict.fromkeys(node, file), **laid_over.files}
            resources[address] = replace(old, node=laid_over)
        elif re.fullmatch(make_address_pattern(), address):
            resources[address] = Written(node, place, place)
    after, kept = copy(case.before), case.before.merged
    changed = replace(environment, variables=values, variable_locations=places)
    after.environments = {**case.before.environments, environment.name: changed}
    after.merged = replace(kept, resources=resources, problems=[], incomplete={*kept.incomplete})
    if kept.defaults:
        apply_defaults(after.merged, MOST_EVALUATED)
    for address in changes.keys() - before.keys():
        made = after.merged.resources.get(address)
        kind = KINDS.get(address_kind(address))
        if not made or not kind or any(each.required and each.name not in made.node for each in kind.fields):
            text = f"nothing is written at {cite(address)}; expected an address of the YAML, or a whole resource"
            problems.append(case.problem(text + suggest_close(address, before), "change", address))
    return replace(case, after=after)
