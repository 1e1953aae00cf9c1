"""Checks a configuration, and expands it: offline, without a key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from reconciler import commands
from reconciler.commands.state import read_local_state
from reconciler.config.load import Configuration
from reconciler.errors import Problem, fold
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired
from reconciler.plan.references import find_targets
from reconciler.plan.warnings import find_completed, find_unused
from reconciler.text import cite


@frozen
class Checked:
    """A configuration that is valid: what it wants, by environment, and what could be better."""

    configuration: Configuration
    desired: Mapping[str, Desired]
    hints: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def find_completed(self, environment: str, *, shared: bool) -> Iterator[str]:
        """The `moved`, `removed` and `imports` lines that can go. `shared`: reads shared states too."""
        state = read_local_state(self.configuration, self.configuration.environments[environment], shared=shared)
        yield from find_completed(self.desired[environment], state) if state else ()


def check(
    path: Path,
    names: Collection[str] | None = None,
    base: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Checked:
    """Checks it for these environments, else for every one. ConfigurationInvalid with all that is wrong.

    `base` is a commit or branch to compare with, for ratchets; `variables` are the process's.
    """
    configuration = Configuration(path)
    desired = configuration.check(names)
    has_policies = any(each.policies for each in desired.values())
    judged = commands.policies.check(configuration, desired, base, variables or {}) if has_policies else ()
    hints = dict.fromkeys(hint for each in desired.values() for hint in find_unused(each))
    written = {
        name: [warning for warning in each.warnings if isinstance(warning, Problem)] for name, each in desired.items()
    }
    warnings = dict.fromkeys(
        [*fold(written), *judged, *(warning for each in desired.values() for warning in _find_undocumented(each))]
    )
    return Checked(configuration, desired, tuple(hints), tuple(warnings))


def _find_undocumented(desired: Desired) -> Iterator[Problem]:
    """A warning for each value that the API's documents do not name. The API may have it: a plan asks."""
    for resource in desired.resources.values():
        for field in KINDS[resource.kind].fields:
            value = resource.fields.get(field.name)
            if field.known and value is not None and value not in field.known:
                name = cite(str(value))
                text = f"{resource.address}: {field.name}: the documents do not name {name}; a plan asks the API for it"
                yield Problem(*resource.locate_field(field.name), text)


def expand(path: Path, environment: str | None, targets: Collection[str]) -> Desired:
    """What the configuration wants of an environment: all of it, or the targets with what they refer to.

    ConfigurationInvalid with every problem of that environment; WrongUsage if it, or a target, does not exist.
    """
    configuration = Configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    if not targets:
        return desired
    queue = [address for target in targets for address in find_targets(target, desired.resources, desired)]
    kept: set[str] = set()
    while queue:
        resource = desired.resources[queue.pop()]
        if resource.address not in kept:
            kept.add(resource.address)
            queue += (target for target, *_ in references(KINDS[resource.kind], resource.fields))
    return replace(
        desired,
        resources={address: each for address, each in desired.resources.items() if address in kept},
        moved=tuple(each for each in desired.moved if each.target in kept),
        removed=(),
        imports=tuple(each for each in desired.imports if each.target in kept),
    )
