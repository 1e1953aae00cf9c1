"""What the shell completes: names on this machine, without the key, the network, or a check of the configuration. Each
function gives the words of one sort, see `cli.options.complete`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from reconciler.config.files import LARGEST, STATE_FOLDER, find_configuration_folder
from reconciler.config.load import Configuration
from reconciler.kinds import KINDS
from reconciler.model.settings import DEFAULT_ENVIRONMENT
from reconciler.system import Unreadable, read_regular


def list_environments(path: Path) -> list[str]:
    """The environments of a configuration."""
    return list(Configuration(path).environments) or [DEFAULT_ENVIRONMENT]


def list_addresses(path: Path) -> list[str]:
    """The addresses of the configuration, instances included, and those in the states of this machine."""
    configuration = Configuration(path)
    named = (configuration.list_addresses(each) for each in configuration.environments.values())
    written = set().union(*named) if configuration.environments else {*configuration.merged.resources}
    for file in (find_configuration_folder(path) / STATE_FOLDER).glob("*.json"):
        # A file that is no state, or a damaged one, must not keep the shell from completing the rest.
        with suppress(OSError, Unreadable, ValueError, TypeError, RecursionError, KeyError):
            written.update(json.loads(read_regular(file, LARGEST))["resources"])
    return sorted(written)


def list_reports(path: Path) -> list[str]:
    """The addresses that `send-test` takes."""
    tested = tuple(f"{kind.name}." for kind in KINDS.values() if kind.endpoints.test_path)
    return [each for each in list_addresses(path) if each.startswith(tested)]


def list_receipts(path: Path) -> list[str]:
    """The receipts on this machine, and `latest`."""
    found = (find_configuration_folder(path) / STATE_FOLDER / "receipts").glob("*/*.json")
    return ["latest", *sorted({file.stem for file in found}, reverse=True)]


def list_kinds(_path: Path) -> list[str]:
    """The kinds, each as the beginning of an address."""
    return [f"{name}." for name in KINDS]
