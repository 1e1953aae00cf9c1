"""Reads `reconciler.yaml`: the environments with their keys, states and variables, and the guards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reconciler import kinds
from reconciler.config.files import STATE_FOLDER
from reconciler.config.reading import Reading
from reconciler.config.semantics import no_day, no_field
from reconciler.config.text import cut, one_of, quoted
from reconciler.config.validation import is_valid
from reconciler.config.values import Written, plain_copy
from reconciler.errors import Location, Problem
from reconciler.git import repository_top
from reconciler.kinds.comparison import keys_path
from reconciler.lazy import load
from reconciler.model.backends import BACKENDS
from reconciler.model.settings import DEFAULT_ENVIRONMENT, DEFAULT_KEY_VARIABLE, Environment, Freeze, StateSettings
from reconciler.text import WORD_CHARACTERS, closest
from reconciler.yaml import LocatedList, LocatedMap, find_location

NAME_EXPECTED = "expected letters, digits, - and _, a letter or digit first, and no device of Windows"
EXPRESSION = re.compile(r"\$\{\s*(?:var|each)\b[^}]*\}?")
# The name of its state's file: Windows keeps these for devices, with and without an ending.
ENVIRONMENT_NAME = re.compile(r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)$)[A-Za-z0-9][A-Za-z0-9_-]*")


def read_settings(reading: Reading) -> tuple[dict[str, Environment], list[Problem]]:
    """The environments of a configuration: those of `reconciler.yaml`, or the one named `default`."""
    file = reading.source.settings
    elsewhere = reading.source.settings_elsewhere()
    if elsewhere is not None:
        return {}, [elsewhere]
    if not reading.source.has(file):
        return _environments({}, LocatedMap(), file), []
    taken = reading.take(file)
    problems = taken.problems + taken.wrong
    unread = {each.location for each in problems}
    values = [document for document in taken.documents if document.value is not None]
    if len(values) > 1:
        problems.append(Problem(str(file), *values[1].position, "a second document; expected one"))
    node = values[0].value if values else LocatedMap()
    location = Location(str(file), *(values[0].position if values else (1, 1)))
    if not is_valid("settings", plain := plain_copy(node)):
        schema_problems = load("reconciler.config.schema_problems:schema_problems")
        found = schema_problems("settings", plain, Written(node, location, location))
        problems += [problem for problem in found if problem.location not in unread]
    if isinstance(node, LocatedMap):
        problems += [*_bad_names(node, file), *_bad_zone(node, file), *_nested_variables(node, file)]
    if not problems:
        problems += [*_misplaced(node, file), *_bad_ignores(node, file), *_bad_windows(node, file)]
    if problems:
        return {}, problems
    environments = _environments(node, node, file)
    shared = _shared_states(environments, node, file)
    return ({}, shared) if shared else (environments, [])


def _shared_states(environments: dict[str, Environment], node: LocatedMap, file: Path) -> list[Problem]:
    """Two environments with one state, which would manage each other's objects."""
    first: dict[str, str] = {}
    problems = []
    top = Location(str(file), 1, 1)
    for name, environment in environments.items():
        other = first.setdefault(str(environment.state.path).casefold(), name)
        if other != name:
            own = ("environments", name, "state", "path")
            path = own if "state" in node["environments"][name] else ("state", "path")
            said = f"{quoted(name)} would keep its state in the file of {quoted(other)}; expected a folder"
            problems.append(Problem(*find_location(node, path, top), f"{said}, or a path for each environment"))
    return problems


def _misplaced(node: LocatedMap, file: Path) -> list[Problem]:
    """Settings of another store than the chosen one, and required settings that are missing."""
    problems = []
    environments = node.get("environments", {})
    for path in (("state",), *(("environments", name, "state") for name in environments)):
        state = node.get("state") if len(path) == 1 else environments[path[1]].get("state")
        if not isinstance(state, LocatedMap):
            continue
        backend = BACKENDS[state["store"]]
        own = backend.settings
        for key in (key for key in state if key not in ("store", *own)):
            message = f"{key} is no setting of the store {state['store']}; expected {' or '.join(own)} or nothing"
            problems.append(Problem(str(file), *state.key_positions[key], message))
        for key in backend.required.keys() - state.keys():
            location = find_location(node, path, Location(str(file), 1, 1), key=True)
            problems.append(Problem(*location, f'"{key}" is missing; expected {backend.required[key]}'))
    return problems


def _bad_names(node: LocatedMap, file: Path) -> list[Problem]:
    environments = node.get("environments")
    if not isinstance(environments, LocatedMap):
        return []
    return [
        Problem(str(file), line, column, f"{quoted(name)} cannot name an environment; {NAME_EXPECTED}")
        for name, (line, column) in environments.key_positions.items()
        if not ENVIRONMENT_NAME.fullmatch(name)
    ]


def _nested_variables(node: LocatedMap, file: Path) -> Iterator[Problem]:
    """Variables within the values of variables, at every depth."""
    environments = node.get("environments")
    maps = [node, *(environments.values() if isinstance(environments, LocatedMap) else ())]
    queue = [each["variables"] for each in maps if isinstance(each, LocatedMap) and "variables" in each]
    while queue:
        each = queue.pop()
        keys = each if isinstance(each, LocatedMap) else range(len(each)) if isinstance(each, LocatedList) else ()
        for key in keys:
            value = each[key]
            if isinstance(value, str) and (expression := EXPRESSION.search(value)):
                said = f"{quoted(value)} is the value of a variable; expected it without {cut(expression[0])}"
                yield Problem(*find_location(each, (key,), Location(str(file), 1, 1)), said)
        queue += [each[key] for key in keys if isinstance(each[key], LocatedMap | LocatedList)]


def _bad_zone(node: LocatedMap, file: Path) -> list[Problem]:
    zone = node.get("time_zone")
    if not isinstance(zone, str) or not zone:
        return []
    close = kinds.local_time.unknown_zone(zone[:WORD_CHARACTERS], "time_zone")
    message = f"{quoted(zone)} is no time zone; expected an IANA name, for example Europe/Berlin{close}"
    return [] if close is None else [Problem(str(file), *node.value_positions["time_zone"], message)]


def _bad_ignores(node: LocatedMap, file: Path) -> Iterator[Problem]:
    """What no field is that `compare` is to leave out."""
    for index, text in enumerate(node.get("compare", {}).get("ignore", ())):
        if said := no_field(text):
            place = find_location(node, ("compare", "ignore", index), Location(str(file), 1, 1))
            yield Problem(*place, f"compare.ignore[{index}]: {quoted(text)} {said}")


def _bad_windows(node: LocatedMap, file: Path) -> Iterator[Problem]:
    """Windows of `freeze` with a day that is none, that end before they begin, or of environments that do not exist."""
    names = list(node.get("environments", (DEFAULT_ENVIRONMENT,)))
    for index, window in enumerate(node.get("freeze", ())):
        first, last = window["from"], window["to"]
        wrong: dict[tuple[str | int, ...], str] = {("from",): no_day(first), ("to",): no_day(last)}
        if not any(wrong.values()) and last < first:
            wrong["to",] = f"{quoted(last)} is before {quoted(first)}; expected that day or a later one"
        for at, pattern in enumerate(window.get("environments", ())):
            if not any(fnmatchcase(name, pattern) for name in names):
                said = f"there is no environment {quoted(pattern)}; expected {one_of(names)}, or a pattern"
                wrong["environments", at] = said + closest(pattern, names)
        for path, said in wrong.items():
            if said:
                place = find_location(node, ("freeze", index, *path), Location(str(file), 1, 1))
                yield Problem(*place, f"{keys_path(('freeze', index, *path))}: {said}")


def _windows(written: list[Mapping[str, Any]], environment: str) -> Iterator[Freeze]:
    """The windows of `freeze` that are of an environment, by their begin."""
    for each in sorted(written, key=lambda window: str(window["from"])):
        if any(fnmatchcase(environment, pattern) for pattern in each.get("environments", ("*",))):
            yield Freeze(date.fromisoformat(each["from"]), date.fromisoformat(each["to"]), each["reason"])


def _environments(settings: dict[str, Any], node: LocatedMap, file: Path) -> dict[str, Environment]:
    named = settings.get("environments") or {DEFAULT_ENVIRONMENT: {}}
    configuration = settings.get("name") or derived_name(file.parent)
    shared, shared_variables = settings.get("state", {}), settings.get("variables", {})
    result = {}
    for name, written in named.items():
        variables = {**shared_variables, **written.get("variables", {})}
        places = {
            key: Location(str(file), *each["variables"].value_positions[key])
            for each in (node, written)
            for key in each.get("variables", ())
        }
        result[name] = Environment(
            name=name,
            configuration=configuration,
            state=_state(written.get("state", shared), file.parent, name),
            secret_env=written.get("secret_env", None if "secret_command" in written else DEFAULT_KEY_VARIABLE),
            secret_command=tuple(written.get("secret_command", ())),
            api_url=written.get("api_url"),
            variables={key: value for key, value in variables.items() if value is not None},
            variable_locations=places,
            unset={key: places[key] for key, value in variables.items() if value is None},
            max_deletes=settings.get("guards", {}).get("max_deletes"),
            time_zone=settings.get("time_zone", ""),
            ignored=tuple(settings.get("compare", {}).get("ignore", ())),
            freeze=tuple(_windows(settings.get("freeze", []), name)),
        )
    return result


def derived_name(folder: Path) -> str | None:
    """The name of a configuration that has none in its settings: the path of its folder from the repository's top
    (empty at the top). None outside of a repository."""
    top = repository_top(folder)
    return None if top is None else "/".join(Path(os.path.realpath(folder)).relative_to(top).parts)


def _state(written: dict[str, Any], folder: Path, name: str) -> StateSettings:
    path = folder / written.get("path", STATE_FOLDER)
    store = written.get("store", "file")
    options = {key: value for key, value in written.items() if key not in ("store", "path")}
    file = path if path.suffix == ".json" else path / f"{name}.json"
    return StateSettings(store, file, {**BACKENDS[store].defaults, **options})
