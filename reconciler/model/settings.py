"""What `reconciler.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reconciler.errors import Location
from reconciler.lazy import frozen

DEFAULT_ENVIRONMENT = "default"
DEFAULT_KEY_VARIABLE = "QONVERSION_SECRET"
VENDOR_URL = "https://api.qonversion.io/v4"
"""The address of the API, if nothing sets another."""
Variable = str | int | float | bool | Sequence[Any] | Mapping[str, Any]


@frozen
class StateSettings:
    """Where the state of an environment is kept. `store` is the name of a backend, `options` are its own settings.
    `path` is the file of the `file` store; the others keep their journal beside it."""

    store: str
    path: Path
    options: Mapping[str, str] = field(default_factory=dict)


@frozen
class Freeze:
    """Whole days of the settings' time zone (UTC without one) on which nothing is applied: both, and those between."""

    first: date
    last: date
    reason: str


@frozen
class Environment:
    """One environment of the configuration that is called `configuration` (empty: the one at the repository's top;
    None: it gives itself no name and lies in no repository).

    `variables` are the values of `${var.NAME}` (a list or a map knows where its parts are written), its own and those
    of every environment, and `variable_locations` are where they are written. `unset` has those that are named without
    a value.

    The key is in the variable `secret_env`, or what `secret_command` prints; if only a command is written, no
    variable is looked at. `time_zone` is the readers', an IANA name, empty if none is set. `ignored` are the fields
    that are meant to differ from other environments, FIELD or KIND.FIELD. `freeze` are its windows, by their begin.
    """

    name: str
    state: StateSettings
    secret_env: str | None = DEFAULT_KEY_VARIABLE
    secret_command: tuple[str, ...] = ()
    api_url: str | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)
    variable_locations: Mapping[str, Location] = field(default_factory=dict)
    unset: Mapping[str, Location] = field(default_factory=dict)
    max_deletes: int | None = None
    time_zone: str = ""
    configuration: str | None = None
    ignored: tuple[str, ...] = ()
    freeze: tuple[Freeze, ...] = ()


def name_configuration(configuration: str | None) -> str:
    """A configuration as messages name it."""
    if configuration is None:
        return "a configuration outside of any repository"
    return f"the configuration {configuration}" if configuration else "the configuration at the repository's top"


def encode_segment(configuration: str) -> str:
    """A configuration's name, percent-encoded, as a segment of a git ref or of an object's key. Dots are encoded, too:
    git refuses `..`, and a dot at either end."""
    return quote(configuration, safe="").replace(".", "%2E")
