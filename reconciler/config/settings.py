"""Reads `reconciler.yaml`: the environments with their keys, states and variables, and the guards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reconciler import kinds
from reconciler.config.files import STATE_FOLDER, Reading
from reconciler.config.merge import ConfigItem
from reconciler.config.semantics import explain_bad_day, explain_bad_field
from reconciler.config.validation import is_valid
from reconciler.config.values import Written
from reconciler.errors import Location, Problem
from reconciler.git import find_repository_top
from reconciler.kinds.comparison import get_value, join_keys
from reconciler.lazy import load
from reconciler.model.backends import BACKENDS
from reconciler.model.settings import DEFAULT_ENVIRONMENT, DEFAULT_KEY_VARIABLE, Environment, Freeze, StateSettings
from reconciler.text import WORD_CHARACTERS, cite, cut, offer, suggest_similar
from reconciler.yaml import KeyPath, LocatedMap, copy_plain, walk

EXPRESSION = re.compile(r"\$\{\s*(?:var|each)\b[^}]*\}?")
# The name of its state's file: Windows keeps these for devices, with and without an ending.
ENVIRONMENT_NAME = re.compile(r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)$)[A-Za-z0-9][A-Za-z0-9_-]*")


def read_document(reading: Reading, file: Path) -> tuple[Written, list[Problem], bool]:
    """The value of a file with one document (None if it is empty), its problems, and whether its YAML is valid."""
    taken = reading.take(file)
    problems = taken.problems + taken.wrong
    problems += [Problem(str(file), *each.position, "a second document; expected one") for each in taken.documents[1:2]]
    node, position = (taken.documents[0].value, taken.documents[0].position) if taken.documents else (None, (1, 1))
    top = Location(str(file), *position)
    return Written(node, top, top), problems, not taken.wrong


def read_settings(reading: Reading) -> tuple[dict[str, Environment], list[Problem]]:
    """The environments of a configuration: those of `reconciler.yaml`, or the one named `default`."""
    file = reading.source.settings
    elsewhere = reading.source.find_settings_elsewhere()
    if elsewhere is not None:
        return {}, [elsewhere]
    if not reading.source.exists(file):
        return _make_environments({}, LocatedMap(), file), []
    written, problems, _ = read_document(reading, file)
    unread = {each.location for each in problems}
    node = LocatedMap() if written.node is None else written.node
    entry = ConfigItem("", copy_plain(node), replace(written, node=node))
    if not is_valid("settings", entry.value):
        schema_problems = load("reconciler.config.schema_problems:find_schema_problems")
        found = schema_problems("settings", entry.value, entry.written)
        problems += [problem for problem in found if problem.location not in unread]
    named = get_value(entry.value, ("environments",))
    names = list(named) if isinstance(named, dict) else []
    problems += _check_values(entry, names)
    if not problems:  # The others rely on the schema.
        problems += [*_check_stores(entry, names), *_check_names(entry, names or [DEFAULT_ENVIRONMENT])]
    if problems:
        return {}, problems
    environments = _make_environments(node, node, file)
    shared = list(_check_shared_states(environments, entry))
    return ({}, shared) if shared else (environments, [])


def _check_shared_states(environments: Mapping[str, Environment], entry: ConfigItem) -> Iterator[Problem]:
    """Environments that share a state file: each would manage the objects of the other."""
    first: dict[str, str] = {}
    for name, environment in environments.items():
        # macOS and Windows do not tell file names apart by case.
        other = first.setdefault(str(environment.state.path).casefold(), name)
        if other != name:
            own = ("environments", name, "state", "path")
            path = own if "state" in entry.value["environments"][name] else ("state", "path")
            message = f"{cite(name)} would keep its state in the file of {cite(other)}; expected a folder"
            yield entry.problem(path, f"{message}, or a path for each environment")


def _check_stores(entry: ConfigItem, names: list[str]) -> Iterator[Problem]:
    """Settings that the chosen store does not have, and required settings that are missing."""
    for path in (("state",), *(("environments", name, "state") for name in names)):
        state = get_value(entry.value, path)
        if state is None:
            continue
        backend = BACKENDS[state["store"]]
        own = backend.settings
        for key in state.keys() - {"store", *own}:
            message = f"{key} is no setting of the store {state['store']}; expected {' or '.join(own)} or nothing"
            yield entry.problem((*path, key), message, at_key=True)
        for key in backend.required.keys() - state.keys():
            yield entry.problem(path, f'"{key}" is missing; expected {backend.required[key]}', at_key=True)


def _check_values(entry: ConfigItem, names: list[str]) -> Iterator[Problem]:
    """Names of environments that cannot name a file, an unknown time zone, and variables in the values of variables."""
    for name in names:
        if not ENVIRONMENT_NAME.fullmatch(name):
            expected = "expected letters, digits, - and _, a letter or digit first, and no device of Windows"
            message = f"{cite(name)} cannot name an environment; {expected}"
            yield entry.problem(("environments", name), message, at_key=True)
    zone = get_value(entry.value, ("time_zone",))
    if isinstance(zone, str) and zone:
        close = kinds.local_time.suggest_zone(zone[:WORD_CHARACTERS], "time_zone")
        if close is not None:
            message = f"{cite(zone)} is no time zone; expected an IANA name, for example Europe/Berlin{close}"
            yield entry.problem(("time_zone",), message)
    for path in (("variables",), *(("environments", name, "variables") for name in names)):
        for key_path, value in walk(get_value(entry.value, path)):
            if isinstance(value, str) and (expression := EXPRESSION.search(value)):
                message = f"{cite(value)} is the value of a variable; expected it without {cut(expression[0])}"
                yield entry.problem((*path, *key_path), message)


def _check_names(entry: ConfigItem, names: list[str]) -> Iterator[Problem]:
    """Fields in `compare.ignore` that do not exist; windows of `freeze` with a day that does not exist, that end before
    they begin, or of environments that do not exist."""
    for index, text in enumerate(entry.value.get("compare", {}).get("ignore", ())):
        if reason := explain_bad_field(text):
            yield entry.problem(("compare", "ignore", index), f"compare.ignore[{index}]: {cite(text)} {reason}")
    for index, window in enumerate(entry.value.get("freeze", ())):
        first, last = window["from"], window["to"]
        wrong: dict[KeyPath, str] = {("from",): explain_bad_day(first), ("to",): explain_bad_day(last)}
        if not any(wrong.values()) and last < first:
            wrong["to",] = f"{cite(last)} is before {cite(first)}; expected that day or a later one"
        for at, pattern in enumerate(window.get("environments", ())):
            if not any(fnmatchcase(name, pattern) for name in names):
                message = f"there is no environment {cite(pattern)}; expected {offer(names)}, or a pattern"
                wrong["environments", at] = message + suggest_similar(pattern, names)
        for path in (path for path, message in wrong.items() if message):
            key_path = ("freeze", index, *path)
            yield entry.problem(key_path, f"{join_keys(key_path)}: {wrong[path]}")


def _make_environments(settings: dict[str, Any], node: LocatedMap, file: Path) -> dict[str, Environment]:
    named = settings.get("environments") or {DEFAULT_ENVIRONMENT: {}}
    configuration = settings.get("name") or derive_name(file.parent)
    shared, shared_variables = settings.get("state", {}), settings.get("variables", {})
    windows = sorted(settings.get("freeze", []), key=lambda window: str(window["from"]))
    result = {}
    for name, written in named.items():
        variables = {**shared_variables, **written.get("variables", {})}
        places = {
            key: Location(str(file), *each["variables"].value_positions[key])
            for each in (node, written)
            for key in each.get("variables", ())
        }
        state = {"store": "file", "path": STATE_FOLDER, **written.get("state", shared)}
        store, path = state.pop("store"), file.parent / state.pop("path")
        state_file = path if path.suffix == ".json" else path / f"{name}.json"
        result[name] = Environment(
            name=name,
            configuration=configuration,
            state=StateSettings(store, state_file, {**BACKENDS[store].defaults, **state}),
            secret_env=written.get("secret_env", None if "secret_command" in written else DEFAULT_KEY_VARIABLE),
            secret_command=tuple(written.get("secret_command", ())),
            api_url=written.get("api_url"),
            variables={key: value for key, value in variables.items() if value is not None},
            variable_locations=places,
            unset={key: places[key] for key, value in variables.items() if value is None},
            max_deletes=settings.get("guards", {}).get("max_deletes"),
            time_zone=settings.get("time_zone", ""),
            ignored=tuple(settings.get("compare", {}).get("ignore", ())),
            freeze=tuple(
                Freeze(date.fromisoformat(each["from"]), date.fromisoformat(each["to"]), each["reason"])
                for each in windows
                if any(fnmatchcase(name, pattern) for pattern in each.get("environments", ("*",)))
            ),
        )
    return result


def derive_name(folder: Path) -> str | None:
    """The name of a configuration without `name:`: the path of its folder below the top of the repository, "" at the
    top, None outside of a repository."""
    top = find_repository_top(folder)
    return None if top is None else "/".join(Path(os.path.realpath(folder)).relative_to(top).parts)
