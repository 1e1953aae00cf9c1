"""The problems of a run, without those that only follow from another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.config.text import masked, masked_key
from reconciler.errors import ConfigurationInvalid, Location, Problem
from reconciler.yaml import ALIAS

MOST = 1000
"""How many problems are shown."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The parts of a configuration that could not be read.

    At `unread` the YAML is wrong, and a placeholder has the place of the value. `unread_aliases` are those of them that
    are an alias without a value. If not `whole`, a file could not be read: what is missing may be in it.
    """

    unread: frozenset[Location] = frozenset()
    unread_aliases: tuple[Location, ...] = ()
    whole: bool = True


def find_unread(problems: Sequence[Problem], *, whole: bool) -> Unread:
    """What the problems of the YAML leave unknown."""
    unread_aliases = sorted(each.location for each in problems if each.code == ALIAS)
    return Unread(frozenset(each.location for each in problems), tuple(unread_aliases), whole)


def invalid(problems: Iterable[Problem]) -> ConfigurationInvalid:
    """The error that shows the first thousand of the problems, with every Secret Key masked."""
    ordered = sorted(set(problems))
    shown = [replace(each, file=masked_key(each.file), message=masked(each.message)) for each in ordered[:MOST]]
    if len(ordered) > MOST:
        rest = replace(ordered[MOST - 1], message=f"… and {len(ordered) - MOST} more problems, not shown")
        shown.append(replace(rest, file=masked_key(rest.file)))
    return ConfigurationInvalid(shown)


def across(environments: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    """The problems of all environments. A problem that not every environment has names those that have it."""
    counts = Counter(problem for problems in environments.values() for problem in set(problems))
    result = [problem for problem, count in counts.items() if count == len(environments)]
    for problem in counts.keys() - set(result):
        names = [name for name, problems in environments.items() if problem in problems]
        where = f" (in the environment{'s' if len(names) > 1 else ''} {', '.join(names)})"
        result.append(replace(problem, message=problem.message + where))
    return result
