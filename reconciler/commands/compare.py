"""What differs between two environments: as they are written, or as their projects are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.config.load import read_configuration
from reconciler.config.semantics import no_field
from reconciler.errors import ConfigurationInvalid, Problem, WrongUsage, fold
from reconciler.model.comparison import Comparison, Pair
from reconciler.model.inputs import Desired
from reconciler.model.settings import Environment
from reconciler.observe import kind_lookups, observe_remembered, target_kinds
from reconciler.plan.compare import Observed, compare_live, compare_written
from reconciler.state.operations import load_state
from reconciler.text import WORD_CHARACTERS, truncate

Observe = Callable[[], Pair[Observed]]
"""Reads both projects."""


def compare(
    path: Path, names: Pair[str], targets: Collection[str], ignored: Sequence[str], observe_both: Observe | None = None
) -> Comparison:
    """What differs between two environments as written; with `observe_both`, between their projects.

    `ignored`, FIELD or KIND.FIELD, is left out beside what the settings name. WrongUsage if an environment does not
    exist, or is compared with itself; ConfigurationInvalid with the problems of both.
    """
    one, other = read_both(path, names)
    for text in ignored:
        if said := no_field(text):
            raise WrongUsage(f"--ignore {truncate(text, WORD_CHARACTERS)} {said}")
    rules = (*one[0].ignored, *ignored)
    desired = one[1], other[1]
    if observe_both is None:
        return compare_written(names, desired, targets, rules)
    return compare_live(names, desired, observe_both(), targets, rules)


def read_both(path: Path, names: Pair[str]) -> Pair[tuple[Environment, Desired]]:
    """Two environments of a configuration, and what it wants of them."""
    configuration = read_configuration(path)
    environments = [configuration.environment(name) for name in names]
    if names[0] == names[1]:
        raise WrongUsage(f"{names[0]} is one environment; expected two, to compare them")
    desired: list[Desired] = []
    problems: dict[str, list[Problem]] = {name: [] for name in names}
    for each in environments:
        try:
            desired.append(configuration.desired(each))
        except ConfigurationInvalid as error:
            problems[each.name] = error.problems
    if any(problems.values()):
        raise ConfigurationInvalid(fold(problems))
    return (environments[0], desired[0]), (environments[1], desired[1])


def observe(session: Session, targets: Collection[str]) -> Observed:
    """What the state of an environment says, and what is live in its project: the kinds that the targets need."""
    _, state = load_state(session.store, session.read_state())
    kinds = target_kinds(targets)
    live = observe_remembered(Reader(session.door), kinds, state, kind_lookups(kinds))
    return Observed(session.door.address, state, live)
