"""Reads a configuration: the settings first, then all other files when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from reconciler.config.evaluate import evaluate
from reconciler.config.files import Disk, Source, configuration_folder
from reconciler.config.merge import Merged, merge
from reconciler.config.names import SETTINGS_FILE
from reconciler.config.reading import Reading, Taken
from reconciler.config.settings import read_settings
from reconciler.config.unread import Unread, find_unread, invalid
from reconciler.errors import NAMED, Problem, WrongUsage, fold
from reconciler.kinds import SECTIONS
from reconciler.kinds.schema import BLOCKS
from reconciler.lazy import load
from reconciler.model.inputs import Desired
from reconciler.model.settings import Environment
from reconciler.text import did_you_mean
from reconciler.yaml import Document

MOST_EVALUATED: Final = 10_000_000
"""Values times environments: every environment has values of its own."""
MOST_ENVIRONMENTS: Final = 100
TOP: Final = frozenset((*SECTIONS, *BLOCKS))


class _WithEnvironments:
    """What a configuration has in common before and after its resources are read."""

    __slots__ = ()
    path: Path
    environments: Mapping[str, Environment]

    @property
    def folder(self) -> Path:
        """Its folder."""
        return configuration_folder(self.path)

    def require_sound_settings(self) -> None:
        """ConfigurationInvalid with the problems of every part, if `reconciler.yaml` has some."""
        if not self.environments:
            self.check()

    def check(self) -> Mapping[str, Desired]:
        """The desired state of every environment. ConfigurationInvalid with the problems of all of them."""
        raise NotImplementedError

    def environment(self, name: str | None) -> Environment:
        """The environment of that name, or the only one.

        WrongUsage if that is not clear; ConfigurationInvalid if `reconciler.yaml` has problems.
        """
        self.require_sound_settings()
        if name is None and len(self.environments) == 1:
            return next(iter(self.environments.values()))
        if name is None:
            names = ", ".join(self.environments)
            raise WrongUsage("there are several environments", hint=f"choose one: --environment with one of {names}")
        if name not in self.environments:
            known = f"expected one of {', '.join(self.environments)}" if self.environments else "none is set"
            hint = f"{SETTINGS_FILE} names the environments" if self.environments else None
            raise WrongUsage(
                f"there is no environment {name}; {known}{did_you_mean(name, self.environments)}", hint=hint
            )
        return self.environments[name]


@dataclass(frozen=True, slots=True)
class Configuration(_WithEnvironments):
    """A configuration as read: its environments, and what is written, before any environment's variables are put in."""

    path: Path
    environments: Mapping[str, Environment]
    merged: Merged
    problems: tuple[Problem, ...]
    doubt: Unread = field(default_factory=Unread)

    def desired(self, environment: Environment) -> Desired:
        """The desired state of one environment. ConfigurationInvalid with every problem of it."""
        desired, problems = self._evaluate(environment)
        if self.problems or problems:
            raise invalid([*self.problems, *problems])
        return desired

    def check(self) -> dict[str, Desired]:
        """The desired state of every environment. ConfigurationInvalid with the problems of all of them."""
        environments: Mapping[str, Environment | None] = self.environments or {"": None}
        results = {name: self._evaluate(environment) for name, environment in environments.items()}
        problems = [*self.problems, *fold({name: found for name, (_, found) in results.items()})]
        if problems:
            raise invalid(problems)
        return {name: desired for name, (desired, _) in results.items()}

    def _evaluate(self, environment: Environment | None) -> tuple[Desired, list[Problem]]:
        return evaluate(self.merged, environment, self.doubt, self.folder)


class Opened(_WithEnvironments):
    """A configuration of which only `reconciler.yaml` is read: it says where the API and the state are."""

    def __init__(self, path: Path, source: Source | None = None) -> None:
        self.path = path
        self._reading = Reading(source or Disk(path))
        self.environments, self._problems = read_settings(self._reading)

    def check(self) -> Mapping[str, Desired]:
        return self.configuration.check()

    def environment(self, name: str | None) -> Environment:
        elsewhere = self._reading.source.settings_elsewhere(if_empty=True)
        if name is not None and name not in self.environments and elsewhere is not None:
            raise invalid([elsewhere])
        return super().environment(name)

    @cached_property
    def configuration(self) -> Configuration:
        """The whole configuration, read at the first access."""
        return _read(self.path, self._reading, self.environments, self._problems)


def read_configuration(path: Path, source: Source | None = None) -> Configuration:
    """Reads a folder or a file, from `source` instead of the disk if it is given.

    It collects the problems, so that those of every part are shown at once.
    """
    return Opened(path, source).configuration


def _read(
    path: Path, reading: Reading, environments: Mapping[str, Environment], found: Iterable[Problem]
) -> Configuration:
    problems = list(found)
    if problems and not reading.source.has(reading.source.settings):
        # The user meant another folder, so all other problems follow from that.
        return Configuration(path, {}, merge([]), tuple(problems))
    files, missing = reading.source.files()
    documents: list[Document] = []
    unread: list[Problem] = []
    whole = not missing
    foreign: list[Problem] = []
    for file in files:
        taken = reading.take(file)
        if said := _foreign(taken):
            foreign.append(Problem(str(file), 0, 0, said, cause="foreign"))
            continue
        documents += taken.documents
        problems += taken.problems
        unread += taken.wrong
        whole = whole and taken.is_whole
    if len(environments) > MOST_ENVIRONMENTS or reading.budget.taken * len(environments) > MOST_EVALUATED:
        most = f"at most {MOST_ENVIRONMENTS}, and at most {MOST_EVALUATED} values in all of them together"
        message = f"names {len(environments)} environments, too many for this configuration; expected {most}"
        problems.append(Problem(str(reading.source.settings), 0, 0, message))
        environments = {}
    merged = merge(documents)
    if foreign and len(foreign) == len(files) and not reading.source.has(reading.source.settings):
        names = ", ".join(file.name for file in files[:NAMED]) + (", …" if len(files) > NAMED else "")
        foreign = [Problem(str(path), 0, 0, f"the YAML here is no configuration ({names}); expected another folder")]
    known = (*problems, *missing, *unread, *foreign, *merged.problems)
    return Configuration(path, environments, merged, known, find_unread(unread, whole=whole))


def _foreign(taken: Taken) -> str:
    """Why a file is no part of a configuration; empty if it is one."""
    if not taken.wrong and all(isinstance(each.value, dict) and TOP & each.value.keys() for each in taken.documents):
        return ""
    said: str = load("reconciler.config.foreign:find_foreign")(taken.content, taken.documents, taken.wrong)
    return said
