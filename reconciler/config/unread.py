"""The problems of a run, without those that only follow from another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.config.text import masked, masked_key
from reconciler.errors import ConfigurationInvalid, Location, Problem
from reconciler.yaml import ALIAS


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
    """The error that shows the problems, with every Secret Key masked."""
    return ConfigurationInvalid(
        replace(each, file=masked_key(each.file), message=masked(each.message), subject=masked(each.subject))
        for each in problems
    )
