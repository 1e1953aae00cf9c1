"""`reconciler.yaml`: environments, where their keys and states are, their variables, guards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from reconciler.config.check import problems_of
from reconciler.config.files import read_bytes, settings_file
from reconciler.config.wording import quoted
from reconciler.errors import Problem
from reconciler.model.desired import Place
from reconciler.model.settings import DEFAULT_ENVIRONMENT, DEFAULT_SECRET_ENV, Environment, StateSettings
from reconciler.yaml12 import LocatedMap, read

STATE_FOLDER = ".reconciler"
NAME_EXPECTED = "expected letters, digits, - and _, a letter or digit first"
ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def read_settings(path: Path) -> tuple[dict[str, Environment], list[Problem]]:
    """The environments of the configuration at `path`: those of `reconciler.yaml`, or the one named `default`."""
    file = settings_file(path)
    if not file.is_file():
        return _environments({}, LocatedMap(), file), []
    content, problems = read_bytes(file)
    documents, more = read(content, str(file))
    problems += more
    values = [document for document in documents if document.value is not None]
    if len(values) > 1:
        line, column = values[1].mark
        problems.append(Problem(str(file), line, column, "a second document; expected one"))
    node = values[0].value if values else LocatedMap()
    if not problems:
        problems += problems_of("settings", node, node, str(file), values[0].mark if values else (1, 1))
    if not problems:
        problems += _bad_names(node, file)
    return ({}, problems) if problems else (_environments(node, node, file), [])


def _bad_names(node: LocatedMap, file: Path) -> list[Problem]:
    environments = node.get("environments", LocatedMap())
    return [
        Problem(str(file), line, column, f"{quoted(name)} cannot name an environment; {NAME_EXPECTED}")
        for name, (line, column) in environments.key_marks.items()
        if not ENVIRONMENT_NAME.fullmatch(name)
    ]


def _environments(settings: dict[str, Any], node: LocatedMap, file: Path) -> dict[str, Environment]:
    named = settings.get("environments") or {DEFAULT_ENVIRONMENT: {}}
    shared = settings.get("state", {})
    result = {}
    for name, written in named.items():
        variables = written.get("variables", {})
        unset = {
            key: Place(str(file), *variables.value_marks[key]) for key, value in variables.items() if value is None
        }
        result[name] = Environment(
            name=name,
            state=_state(written.get("state", shared), file.parent, name),
            secret_env=written.get("secret_env", DEFAULT_SECRET_ENV),
            api_url=written.get("api_url"),
            variables={key: value for key, value in variables.items() if value is not None},
            unset=unset,
            max_deletes=settings.get("guards", {}).get("max_deletes"),
        )
    return result


def _state(written: dict[str, Any], folder: Path, name: str) -> StateSettings:
    path = folder / written.get("path", STATE_FOLDER)
    return StateSettings(written.get("store", "file"), path if path.suffix == ".json" else path / f"{name}.json")
