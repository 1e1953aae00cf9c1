"""Checks of a configuration that need no key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.commands.state import read_local_state
from reconciler.config import Configuration, read_configuration
from reconciler.errors import Problem
from reconciler.model.inputs import Desired
from reconciler.plan.warnings import completed, unused


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that is valid: what it wants, by environment, and what could be better."""

    configuration: Configuration
    desired: Mapping[str, Desired]
    hints: tuple[Problem, ...]

    def completed(self, environment: str, *, shared: bool) -> Iterator[str]:
        """The `moved`, `removed` and `imports` lines that have done their work. `shared`: reads shared states too."""
        state = read_local_state(self.configuration, self.configuration.environments[environment], shared=shared)
        yield from completed(self.desired[environment], state) if state else ()


def check(path: Path) -> Checked:
    """Checks the configuration for every environment. ConfigurationInvalid with all that is wrong."""
    configuration = read_configuration(path)
    desired = configuration.check()
    hints = dict.fromkeys(hint for each in desired.values() for hint in unused(each))
    return Checked(configuration, desired, tuple(hints))
