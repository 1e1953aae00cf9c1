"""Reads a configuration, first the settings and later the other files, and finds every problem."""

from __future__ import annotations

import os
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

from reconciler import config
from reconciler.config.files import SETTINGS_FILE, Disk, Reading, find_configuration_folder, make_error
from reconciler.config.instances import expand
from reconciler.config.merge import ConfigItem, Expansion, Merged, find_foreign, merge
from reconciler.config.semantics import check_natural_keys, check_semantics, select_imports
from reconciler.config.settings import read_settings
from reconciler.config.validation import is_valid
from reconciler.config.values import NO_FOR_EACH, NO_ITEMS, Substitution, Written
from reconciler.errors import MOST_PROBLEMS, Location, Problem, WrongUsage, fold
from reconciler.kinds import KINDS
from reconciler.kinds.references import with_chosen_ids
from reconciler.kinds.schema import DEFAULTS
from reconciler.lazy import LazyMapping, load
from reconciler.model import inputs
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired, Lifecycle, Resource
from reconciler.model.settings import Environment
from reconciler.text import abridge, suggest_close
from reconciler.yaml import ALIAS, LocatedMap
from reconciler.yaml.located import Document

MOST_EVALUATED: Final = 10_000_000
"""Values times environments, since each environment resolves all values anew. So many take 100 seconds."""
MOST_ENVIRONMENTS: Final = 100
NO_LIFECYCLE: Final = Lifecycle()


class Configuration:
    """A configuration: the environments of `reconciler.yaml`, and the resources of the other files.
    The other files are read at the first access. `source` replaces the disk, for example by the files of a commit."""

    def __init__(self, path: Path, source: Disk | None = None) -> None:
        self.path = path
        self.folder = find_configuration_folder(path)
        self._reading = Reading(source or Disk(path))
        self.environments, self._problems = read_settings(self._reading)

    def require_sound_settings(self) -> None:
        """ConfigurationInvalid with the problems of all files, if `reconciler.yaml` has a problem."""
        if not self.environments:
            self.check()

    def environment(self, name: str | None) -> Environment:
        """The environment of that name; without a name, the only one. WrongUsage if there is none or a choice is
        needed; ConfigurationInvalid if `reconciler.yaml` has problems."""
        is_known = name is None or name in self.environments
        if not is_known and (elsewhere := self._reading.source.find_settings_elsewhere(if_empty=True)):
            raise make_error([elsewhere])
        self.require_sound_settings()
        if name is None and not self.path.exists():
            self.check()  # It says so, which a key that is not set would hide.
        if name is None and len(self.environments) == 1:
            return next(iter(self.environments.values()))
        if name is None:
            names = ", ".join(self.environments)
            choice = f"choose with --environment: one of {names}; most commands take several, or --all"
            raise WrongUsage("there are several environments", hint=choice)
        if name not in self.environments:
            known = f"expected one of {', '.join(self.environments)}" if self.environments else "none is set"
            settings, named = self._reading.source.settings, "names the environments"
            lacking = f"there is no {settings}, which {named}; without it, leave the name out"
            hint = f"{SETTINGS_FILE} {named}" if self._reading.source.exists(settings) else lacking
            hint = hint if self.path.exists() else f"{self.path} does not exist; expected a folder or a file of YAML"
            message = f"there is no environment {name}; {known}{suggest_close(name, self.environments)}"
            raise WrongUsage(message, hint=hint)
        return self.environments[name]

    def read(self) -> Configuration:
        """The configuration, after all its files are read. Several threads may use it then."""
        _ = self.merged
        return self

    @cached_property
    def merged(self) -> Merged:
        """All files, merged, before variables are resolved. `problems` has those of all files."""
        reading, problems = self._reading, list(self._problems)
        if problems and not reading.source.exists(reading.source.settings):
            # The user meant another folder, so all other problems follow from that.
            return Merged(problems=problems)
        files, missing = reading.source.list_files()
        documents: list[Document] = []
        unread: list[Problem] = []
        is_complete, lacks_defaults = not missing, bool(missing)
        foreign: list[Problem] = []
        for file in files:
            taken = reading.take(file)
            if reason := find_foreign(taken.content, taken.documents, taken.wrong):
                foreign.append(Problem(str(file), 0, 0, reason, cause="foreign"))
                continue
            documents += taken.documents
            problems += taken.problems
            unread += taken.wrong
            is_complete = is_complete and taken.is_complete
            # A file that could not be read whole lacks no defaults if its bytes do not have the word.
            has_no_more = taken.is_complete or (taken.content and DEFAULTS.encode() not in taken.content)
            lacks_defaults = lacks_defaults or not has_no_more
            if reading.is_over:
                break
        if foreign and len(foreign) == len(files) and not reading.source.exists(reading.source.settings):
            some = abridge([each.name for each in files])
            message = f"the YAML here is no configuration ({some}); expected another folder"
            foreign = [Problem(str(self.path), 0, 0, message)]
        merged = merge(documents)
        merged.is_complete = merged.is_complete and is_complete
        merged.lacks_defaults = merged.lacks_defaults or lacks_defaults
        merged.unread = frozenset(each.location for each in unread)
        merged.unread_aliases = sorted(each.location for each in unread if each.code == ALIAS)
        merged.problems += (*problems, *missing, *unread, *foreign, *self._check_size())
        if merged.defaults or merged.lacks_defaults:
            config.defaults.apply_defaults(merged, self._count_most_values())
        return merged

    def _check_size(self) -> list[Problem]:
        """The problem of environments that would have too many values together."""
        number = len(self.environments)
        if number <= MOST_ENVIRONMENTS and self._reading.budget.taken * number <= MOST_EVALUATED:
            return []
        most = f"at most {MOST_ENVIRONMENTS}, and at most {MOST_EVALUATED} values in all of them together"
        message = f"names {number} environments, too many for this configuration; expected {most}"
        return [Problem(str(self._reading.source.settings), 0, 0, message)]

    def desired(self, environment: Environment) -> Desired:
        """The desired state of one environment. ConfigurationInvalid with every problem of it."""
        desired, problems = self._evaluate(environment)
        if self.merged.problems or problems:
            raise make_error([*self.merged.problems, *problems])
        return desired

    def check(self, names: Collection[str] | None = None) -> dict[str, Desired]:
        """The desired state of these environments, else of every one. ConfigurationInvalid with all their problems."""
        known = self.merged.problems
        every: Mapping[str, Environment | None] = self.environments
        if not every or self._check_size():
            every = {"": None}
        results = {name: self._evaluate(each) for name, each in every.items() if names is None or name in names}
        if problems := [*known, *fold({name: found for name, (_, found) in results.items()})]:
            raise make_error(problems)
        return {name: desired for name, (desired, _) in results.items()}

    def _evaluate(self, environment: Environment | None) -> tuple[Desired, list[Problem]]:
        """The desired state of an environment, and every problem. Without an environment only the problems count."""
        merged, substitution = self.merged, Substitution(environment)
        expansion = expand(merged.resources, substitution, self.environments, self._count_most_values())
        misplaced = [*expansion.misplaced, *_resolve(merged.misplaced, substitution, "")]
        items = {name: _resolve([(name, each) for each in own], substitution) for name, own in merged.blocks.items()}
        wrong_imports: list[Problem] = []
        name = environment.name if environment else ""
        here = {**items, "imports": [*select_imports(items["imports"], name, self.environments, wrong_imports)]}
        policies = _resolve(((f"policy.{name}", each) for name, each in merged.policies.items()), substitution)
        unknown = substitution.unknown | merged.unread
        entries = [*expansion.resources.values(), *misplaced]
        # Below a key with an alias that could not be read, a field that is missing may come from it.
        keys = sorted(entry.written.location for entry in entries)
        before = ((keys[at - 1], alias) for alias in merged.unread_aliases if (at := bisect(keys, alias)))
        incomplete = merged.incomplete | {key for key, alias in before if key.file == alias.file}
        found = [
            *_check_schemas([*entries, *policies, *chain.from_iterable(items.values())], unknown, incomplete),
            *check_natural_keys(expansion.resources.values(), unknown),
        ]
        is_complete = merged.is_complete and expansion.is_complete
        semantic = check_semantics(entries, here, policies, expansion, is_complete=is_complete)
        found += (each for each in chain(semantic, wrong_imports) if each.location not in unknown)
        by_subject = {each.subject: each.items for each in entries if each.items} if found else {}
        found = [substitution.locate_at_source(each, by_subject.get(each.subject, NO_ITEMS)) for each in found]
        # A placeholder is no value, and a problem says so already.
        found += (each for each in substitution.problems if each.location not in merged.unread)
        if unknown and not (found or merged.problems):
            raise RuntimeError("a value is not known, and no problem says why: nothing may be concluded from that")
        if found or substitution.problems or unknown or environment is None:
            return Desired({}), found
        relative = cache(partial(_make_relative, self.folder))  # realpath asks the system; many resources share a file
        desired = _make_desired(expansion, here, relative, environment)
        if policies:
            desired = replace(desired, policies=tuple(config.locations.make_policies(policies, relative)))
        return desired, []

    def _count_most_values(self) -> int:
        """The most values that one environment may have."""
        return MOST_EVALUATED // max(1, len(self.environments))

    def list_addresses(self, environment: Environment) -> set[str]:
        """The addresses of all resources, also of those that `only_in` leaves out of the environment, and the `from`
        addresses of `moved` and `removed`."""
        found = expand(self.merged.resources, Substitution(environment), self.environments, self._count_most_values())
        blocks = (each.node for name in ("moved", "removed") for each in self.merged.blocks[name])
        sources = (node.get("from") for node in blocks if isinstance(node, LocatedMap))
        here = found.resources.keys() | (found.left_out.keys() - found.definitions.keys())
        return {*here, *(each for each in sources if isinstance(each, str))}


def _resolve(
    written: Iterable[tuple[str, Written]], substitution: Substitution, no_items: str = NO_FOR_EACH
) -> list[ConfigItem]:
    entries = []
    for name, each in written:
        substitution.subject = name
        entries.append(ConfigItem(name, substitution.resolve(each.node, each.value_location, no_items), each))
    return entries


def _check_schemas(items: Iterable[ConfigItem], unknown: set[Location], incomplete: set[Location]) -> Iterator[Problem]:
    faulty: Counter[str] = Counter()
    for entry in items:
        if (unknown and entry.written.locate() in unknown) or faulty[entry.definition] >= MOST_PROBLEMS:
            continue
        if is_valid(kind := address_kind(entry.name), entry.value):
            continue
        is_faulty, schema_problems = False, load("reconciler.config.schema_problems:find_schema_problems")
        for problem in schema_problems(kind, entry.value, entry.written, entry.subject):
            # A missing field is reported at the resource's key, which no placeholder replaces.
            is_missing = isinstance(entry.value, dict) and problem.location == entry.written.location
            unsure = incomplete if is_missing else unknown
            if problem.location not in unsure:
                is_faulty = bool(entry.definition)
                yield problem
        faulty[entry.definition] += is_faulty


def _make_relative(folder: Path, file: str) -> str:
    # A file that is edited in memory has its real path, which may differ from the folder's by a link.
    inside = Path(file) if Path(file).is_relative_to(folder) else Path(os.path.realpath(file))
    return inside.relative_to(folder if inside.is_relative_to(folder) else folder.resolve()).as_posix()


def _make_desired(
    expanded: Expansion, items: Mapping[str, list[ConfigItem]], relative: Callable[[str], str], environment: Environment
) -> Desired:
    def make_resource(entry: ConfigItem) -> Resource:
        kind, node, file = address_kind(entry.name), entry.written.node, entry.written.location.file
        keys = {name: item.key for name, item in entry.items.items()}
        places = {name: item.location for name, item in entry.items.items()}
        lifecycle = NO_LIFECYCLE  # most resources have none, and share this one
        if written := entry.value.get("lifecycle"):
            ignored = (
                each if isinstance(each, dict) else {"field": each} for each in written.get("ignore_changes", ())
            )
            lifecycle = Lifecycle(
                prevent_destroy=written.get("prevent_destroy"),
                ignore_changes=tuple(inputs.Ignored(**each) for each in ignored),
                replace=written.get("replace") == "allow",
            )
        return Resource(
            entry.name,
            kind,
            fields={name: entry.value[name] for name in KINDS[kind].field_names if name in entry.value},
            location=entry.written.location,
            lifecycle=lifecycle,
            locations=LazyMapping(lambda: config.locations.locate_values(node, file, entry.items)),
            file=relative(file),
            sources=LazyMapping(lambda: config.locations.find_sources(node, file, environment, entry.items)),
            instance=inputs.Instance(entry.definition, keys, places) if entry.items else None,
        )

    def select(block: str) -> list[tuple[Any, Location]]:
        """The items of a block and their locations, but not those whose target the environment leaves out."""
        return [(each.value, each.written.location) for each in items[block] if each.value.get("to") not in left_out]

    left_out = expanded.left_out
    resources = {address: make_resource(entry) for address, entry in sorted(expanded.resources.items())}
    return Desired(
        resources=with_chosen_ids(resources),
        moved=tuple(inputs.Moved(item["from"], item["to"], location) for item, location in select("moved")),
        removed=tuple(inputs.Removed(item["from"], item["destroy"], location) for item, location in select("removed")),
        imports=tuple(inputs.Import(item["to"], item["id"], location) for item, location in select("imports")),
        warnings=tuple(expanded.warnings),
        left_out=left_out,
        definitions=expanded.patterns,
    )
