"""`reconciler.yaml`: environments, where their keys and states are, their variables, guards."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from reconciler.config.names import STATE_FOLDER
from reconciler.config.reading import Reading
from reconciler.config.schema_problems import problems_of
from reconciler.config.text import LONGEST, quoted
from reconciler.config.unread import position_of_problem
from reconciler.errors import Problem, ReconcilerError, did_you_mean
from reconciler.git import repository_top
from reconciler.lazy import load
from reconciler.model.desired import Location
from reconciler.model.settings import DEFAULT_ENVIRONMENT, DEFAULT_SECRET_ENV, Environment, StateSettings
from reconciler.yaml import LocatedMap, find_position

OF_STORE = {"file": ("path",), "git": ("remote", "author"), "object": ("url",)}
NAME_EXPECTED = "expected letters, digits, - and _, a letter or digit first"
ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


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
    unread = set(map(position_of_problem, problems))
    values = [document for document in taken.documents if document.value is not None]
    if len(values) > 1:
        line, column = values[1].mark
        problems.append(Problem(str(file), line, column, "a second document; expected one"))
    node = values[0].value if values else LocatedMap()
    found = problems_of("settings", node, node, str(file), values[0].mark if values else (1, 1))
    problems += [problem for problem in found if position_of_problem(problem) not in unread]
    problems += [*_bad_names(node, file), *_bad_zone(node, file)]
    if not problems:
        problems += _misplaced(node, file)
    if problems:
        return {}, problems
    environments = _environments(node, node, file)
    shared = _shared_states(environments, node, file)
    return ({}, shared) if shared else (environments, [])


def _shared_states(environments: dict[str, Environment], node: LocatedMap, file: Path) -> list[Problem]:
    """Two environments with one state would take each other's objects for their own."""
    first: dict[str, str] = {}
    problems = []
    for name, environment in environments.items():
        other = first.setdefault(str(environment.state.path).casefold(), name)
        if other != name:
            own = ("environments", name, "state", "path")
            spot = find_position(node, own if "state" in node["environments"][name] else ("state", "path"), (1, 1))
            message = f"{quoted(name)} would keep its state in the file of {quoted(other)}"
            problems.append(Problem(str(file), *spot, f"{message}; expected a folder, or a path for each environment"))
    return problems


def _misplaced(node: LocatedMap, file: Path) -> list[Problem]:
    """Settings of another store than the one that is chosen, and an object store that does not say where."""
    problems = []
    environments = node.get("environments", {})
    for path in (("state",), *(("environments", name, "state") for name in environments)):
        state = node.get("state") if len(path) == 1 else environments[path[1]].get("state")
        if not isinstance(state, LocatedMap):
            continue
        own = OF_STORE[state["store"]]
        for key in (key for key in state if key not in ("store", *own)):
            message = f"{key} is no setting of the store {state['store']}; expected {' or '.join(own)} or nothing"
            problems.append(Problem(str(file), *state.key_marks[key], message))
        if state["store"] == "object" and "url" not in state:
            mark = find_position(node, path, (1, 1), key=True)
            problems.append(Problem(str(file), *mark, '"url" is missing; expected s3://…, gs://… or az://…'))
    return problems


def _bad_names(node: Any, file: Path) -> list[Problem]:
    environments = node.get("environments") if isinstance(node, LocatedMap) else None
    if not isinstance(environments, LocatedMap):
        return []
    return [
        Problem(str(file), line, column, f"{quoted(name)} cannot name an environment; {NAME_EXPECTED}")
        for name, (line, column) in environments.key_marks.items()
        if not ENVIRONMENT_NAME.fullmatch(name)
    ]


def _bad_zone(node: Any, file: Path) -> list[Problem]:
    if not isinstance(node, LocatedMap):
        return []
    zone = node.get("time_zone")
    if not isinstance(zone, str) or not zone:
        return []
    if zone in (known := load("zoneinfo:available_timezones")()):
        return []
    if not known:
        raise ReconcilerError(
            f"time_zone: {zone[:LONGEST]} cannot be looked up: this machine has no time zone data",
            hint="install the package tzdata: with pip, or that of the system; the configuration may be right",
        )
    message = f"{quoted(zone)} is no time zone; expected an IANA name, for example Europe/Berlin"
    line, column = node.value_marks["time_zone"]
    return [Problem(str(file), line, column, message + did_you_mean(zone[:LONGEST], known))]


def _environments(settings: dict[str, Any], node: LocatedMap, file: Path) -> dict[str, Environment]:
    named = settings.get("environments") or {DEFAULT_ENVIRONMENT: {}}
    configuration = settings.get("name") or derived_name(file.parent)
    shared = settings.get("state", {})
    result = {}
    for name, written in named.items():
        variables = written.get("variables", {})
        places = {key: Location(str(file), *variables.value_marks[key]) for key in variables}
        result[name] = Environment(
            name=name,
            configuration=configuration,
            state=_state(written.get("state", shared), file.parent, name),
            secret_env=written.get("secret_env", None if "secret_command" in written else DEFAULT_SECRET_ENV),
            secret_command=tuple(written.get("secret_command", ())),
            api_url=written.get("api_url"),
            variables={key: value for key, value in variables.items() if value is not None},
            set_at=places,
            unset={key: places[key] for key, value in variables.items() if value is None},
            max_deletes=settings.get("guards", {}).get("max_deletes"),
            time_zone=settings.get("time_zone", ""),
        )
    return result


def derived_name(folder: Path) -> str | None:
    """The name of a configuration that gives itself none: its folder's path below the repository's top, with `/`; empty
    at the top, None outside of a repository."""
    top = repository_top(folder)
    return None if top is None else "/".join(Path(os.path.realpath(folder)).relative_to(top).parts)


def _state(written: dict[str, Any], folder: Path, name: str) -> StateSettings:
    path = folder / written.get("path", STATE_FOLDER)
    return StateSettings(
        store=written.get("store", "file"),
        path=path if path.suffix == ".json" else path / f"{name}.json",
        remote=written.get("remote", "origin"),
        url=written.get("url", ""),
        author=written.get("author", ""),
    )
