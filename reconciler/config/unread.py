"""The problems of a run, without those that only follow from another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.config.text import masked, masked_key
from reconciler.errors import ConfigurationInvalid, Problem

Position = tuple[str, int, int]
"""A file, a line and a column."""

MOST = 1000
LAST = "… "
ALIAS = "alias *"
"""What every message about an alias holds."""


def position_of_problem(problem: Problem) -> Position:
    """Where a problem is."""
    return (problem.file, problem.line, problem.column)


@dataclass(frozen=True, slots=True)
class Unread:
    """What is not known since it could not be read.

    `unread` are spots where the YAML is wrong and something stands in for the value, `unread_aliases` those of them
    where an alias brings nothing. Not `whole`: a file could not be read, so what is not found may be in there.
    """

    unread: frozenset[Position] = frozenset()
    unread_aliases: tuple[Position, ...] = ()
    whole: bool = True


def find_unread(problems: Sequence[Problem], *, whole: bool) -> Unread:
    """The doubt that problems of YAML leave."""
    unread_aliases = sorted(position_of_problem(each) for each in problems if ALIAS in each.message)
    return Unread(frozenset(map(position_of_problem, problems)), tuple(unread_aliases), whole)


def invalid(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows those problems, the first thousand of them, and no key that somebody pasted."""
    told = sorted(set(problems))
    first = [replace(each, file=masked_key(each.file), message=masked(each.message)) for each in told[:MOST]]
    if len(told) > MOST:
        rest = replace(told[MOST - 1], message=f"{LAST}and {len(told) - MOST} more problems, not shown")
        first.append(replace(rest, file=masked_key(rest.file)))
    return ConfigurationInvalid(first)


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
