"""The problems of a run, without those that only follow from another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.config.wording import masked
from reconciler.errors import ConfigurationInvalid, Problem

Spot = tuple[str, int, int]
"""A file, a line and a column."""


def spot_of(problem: Problem) -> Spot:
    """Where a problem is."""
    return (problem.file, problem.line, problem.column)


def invalid(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows those problems, and no key that somebody pasted."""
    return ConfigurationInvalid([replace(each, message=masked(each.message)) for each in problems])


def across(environments: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    """The problems of all environments. What not every one of them has says which has it."""
    counts = Counter(problem for problems in environments.values() for problem in set(problems))
    result = []
    for problem, count in counts.items():
        if count < len(environments):
            names = [name for name, problems in environments.items() if problem in problems]
            where = f" (in the environment{'s' if count > 1 else ''} {', '.join(names)})"
            problem = replace(problem, message=problem.message + where)  # noqa: PLW2901
        result.append(problem)
    return result
