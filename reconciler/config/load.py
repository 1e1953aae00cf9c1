"""Strings the parts of reading a configuration together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.config.check import problems_of
from reconciler.config.files import configuration_files, read_bytes
from reconciler.config.merge import Merged, Written, merge
from reconciler.config.settings import read_settings
from reconciler.config.soundness import soundness
from reconciler.config.variables import Substitution
from reconciler.errors import ConfigurationInvalid, Problem
from reconciler.kinds import KINDS
from reconciler.model.desired import Desired, Import, Lifecycle, Moved, Removed, Resource, kind_of
from reconciler.model.settings import Environment
from reconciler.yaml12 import Document, read


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration as read: its environments, and what is written, before any environment's variables are put in."""

    path: Path
    environments: Mapping[str, Environment]
    merged: Merged
    problems: tuple[Problem, ...]

    def desired(self, environment: Environment) -> Desired:
        """What it wants of one environment. ConfigurationInvalid with every problem of it."""
        desired, problems = _desired(self.merged, environment)
        if self.problems or problems:
            raise ConfigurationInvalid([*self.problems, *problems])
        return desired

    def require_sound_settings(self) -> None:
        """ConfigurationInvalid where `reconciler.yaml` has problems: without it no environment is known."""
        if not self.environments:
            raise ConfigurationInvalid(self.problems)

    def check(self) -> dict[str, Desired]:
        """What it wants of every environment, or ConfigurationInvalid with the problems of all of them."""
        problems = list(self.problems)
        result = {}
        for name, environment in self.environments.items():
            result[name], more = _desired(self.merged, environment)
            problems += more
        if problems:
            raise ConfigurationInvalid(problems)
        return result


def read_configuration(path: Path) -> Configuration:
    """Reads a folder or a file. Problems are kept, so that those of every part are shown at once."""
    environments, problems = read_settings(path)
    files, more = configuration_files(path)
    problems += more
    documents: list[Document] = []
    for file in files:
        content, unreadable = read_bytes(file)
        found, wrong = read(content, str(file))
        documents += found
        problems += [*unreadable, *wrong]
    merged = merge(documents)
    return Configuration(path, environments, merged, (*problems, *merged.problems))


def _desired(merged: Merged, environment: Environment) -> tuple[Desired, list[Problem]]:
    substitution = Substitution(environment)
    problems: list[Problem] = []
    resources: dict[str, Resource] = {}
    for address in sorted(merged.resources):
        resource, wrong = _resource(address, merged.resources[address], substitution)
        problems += wrong
        if resource is not None:
            resources[address] = resource
    blocks = {name: _block(name, written, substitution, problems) for name, written in merged.blocks.items()}
    desired = Desired(
        resources=resources,
        moved=tuple(Moved(item["from"], item["to"], each.place) for item, each in blocks["moved"]),
        removed=tuple(Removed(item["from"], item["destroy"], each.place) for item, each in blocks["removed"]),
        imports=tuple(Import(item["to"], item["id"], each.place) for item, each in blocks["imports"]),
    )
    problems += substitution.problems
    problems += soundness(desired, merged)
    return desired, problems


def _resource(address: str, written: Written, substitution: Substitution) -> tuple[Resource | None, list[Problem]]:
    file, kind = written.place.file, kind_of(address)
    before = len(substitution.problems)
    value = substitution.plain(written.node, file, written.mark)
    if len(substitution.problems) > before:
        return None, []
    problems = list(problems_of(kind, value, written.node, file, _beginning(written), f"{address}: "))
    if problems:
        return None, problems
    lifecycle = value.pop("lifecycle", {})
    fields = {name: value[name] for name in KINDS[kind].field_names() if name in value}
    return Resource(address, kind, fields, written.place, _lifecycle(lifecycle)), []


def _lifecycle(written: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        prevent_destroy=written.get("prevent_destroy", False),
        ignore_changes=tuple(written.get("ignore_changes", ())),
        replace=written.get("replace") == "allow",
    )


def _beginning(written: Written) -> tuple[int, int]:
    """What is missing is missed at the key."""
    return (written.place.line, written.place.column)


def _block(
    name: str, items: list[Written], substitution: Substitution, problems: list[Problem]
) -> list[tuple[dict[str, Any], Written]]:
    result = []
    for each in items:
        value = substitution.plain(each.node, each.place.file, each.mark)
        wrong = list(problems_of(name, [value], [each.node], each.place.file, each.mark, f"{name}: "))
        problems += wrong
        if not wrong:
            result.append((value, each))
    return result
