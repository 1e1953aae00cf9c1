"""Reads a configuration: the settings first, then all other files when somebody asks for them. Then it puts the
variables of an environment in, and finds every problem."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from reconciler.config.files import SETTINGS_FILE, Disk, Source, configuration_folder
from reconciler.config.merge import Entry, Merged, Written, find_foreign, merge
from reconciler.config.reading import Reading, Unread, find_unread, invalid
from reconciler.config.schema_problems import schema_problems
from reconciler.config.semantics import block_problems, import_problems, imported, semantic_problems
from reconciler.config.settings import read_settings
from reconciler.config.text import cut
from reconciler.config.values import Substitution, value_positions, variable_sources
from reconciler.errors import Location, Problem, WrongUsage, fold, some_of
from reconciler.kinds import KINDS
from reconciler.model.inputs import Desired, Ignored, Import, Lifecycle, Moved, Removed, Resource, address_kind
from reconciler.model.settings import Environment
from reconciler.text import did_you_mean
from reconciler.yaml import Document

MOST_EVALUATED: Final = 10_000_000
"""Values times environments: every environment has values of its own."""
MOST_ENVIRONMENTS: Final = 100


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
        """The environment of that name, or the only one. WrongUsage if that is not clear; ConfigurationInvalid if
        `reconciler.yaml` has problems."""
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
        """What an environment wants, and every problem of it. Without an environment only the problems count."""
        merged, doubt, substitution = self.merged, self.doubt, Substitution(environment)
        resources = _entries(merged.resources.items(), substitution)
        misplaced = _entries(merged.misplaced, substitution)
        items = {
            name: _entries([(name, each) for each in written], substitution) for name, written in merged.blocks.items()
        }
        here = {**items, "imports": list(imported(items["imports"], environment.name if environment else ""))}
        unknown = {*doubt.unread, *substitution.unknown}
        entries = [*resources, *misplaced]
        incomplete = _incomplete(entries, doubt.unread_aliases) | merged.incomplete
        found = [
            *_schema_problems([*entries, *(item for each in items.values() for item in each)], unknown, incomplete),
            *semantic_problems(entries, merged.resources, unknown, whole=doubt.whole and merged.whole),
            *block_problems(here, merged.resources, unknown),
            *import_problems(items["imports"], self.environments, unknown),
        ]
        found = [_at_variable(each, substitution) for each in found]
        # A placeholder is no value, and a problem says so already.
        if found or substitution.problems or unknown:
            return Desired({}), [*substitution.problems, *found]
        return _desired(resources, here, self.folder, environment.variable_locations if environment else {}), []


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
    """Reads a folder or a file, from `source` instead of the disk if it is given. It collects the problems."""
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
        if said := find_foreign(taken.content, taken.documents, taken.wrong):
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
        message = (
            f"the YAML here is no configuration ({some_of([each.name for each in files])}); expected another folder"
        )
        foreign = [Problem(str(path), 0, 0, message)]
    known = (*problems, *missing, *unread, *foreign, *merged.problems)
    return Configuration(path, environments, merged, known, find_unread(unread, whole=whole))


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
    keys = sorted(entry.written.location for entry in entries)
    before = ((keys[at - 1], alias) for alias in unread_aliases if (at := bisect(keys, alias)))
    return {key for key, alias in before if key.file == alias.file}


def _schema_problems(entries: Iterable[Entry], unknown: set[Location], incomplete: set[Location]) -> Iterator[Problem]:
    for entry in entries:
        if unknown and entry.location() in unknown:
            continue
        for problem in schema_problems(address_kind(entry.name), entry.value, entry.written, cut(entry.name)):
            # A missing field is reported at the resource's key, which no placeholder replaces.
            unsure = incomplete if problem.location == entry.written.location else unknown
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
            location=entry.written.location,
            lifecycle=_lifecycle(entry.value.get("lifecycle", {})),
            positions=value_positions(node),
            file=relative(entry.written.location.file),
            sources=variable_sources(node, variables),
        )

    ordered = sorted(resources, key=lambda each: each.name)
    return Desired(
        resources={entry.name: resource(entry) for entry in ordered},
        moved=tuple(Moved(each.value["from"], each.value["to"], each.written.location) for each in items["moved"]),
        removed=tuple(
            Removed(each.value["from"], each.value["destroy"], each.written.location) for each in items["removed"]
        ),
        imports=tuple(Import(each.value["to"], each.value["id"], each.written.location) for each in items["imports"]),
    )


def _lifecycle(written: Mapping[str, Any]) -> Lifecycle:
    ignored = (each if isinstance(each, dict) else {"field": each} for each in written.get("ignore_changes", ()))
    return Lifecycle(
        prevent_destroy=written.get("prevent_destroy"),
        ignore_changes=tuple(Ignored(**each) for each in ignored),
        replace=written.get("replace") == "allow",
    )
