"""What differs between two environments: as they are written, or as their projects are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from reconciler.api import Reader
from reconciler.commands.environments import Environments, require_all
from reconciler.commands.session import Session, written_kinds
from reconciler.config.load import Configuration
from reconciler.config.semantics import no_field
from reconciler.errors import WrongUsage
from reconciler.model.comparison import Comparison
from reconciler.model.inputs import ObjectRef
from reconciler.observe import kind_lookups, observe_remembered, target_kinds, with_parts
from reconciler.plan.compare import Observed, compare_environments
from reconciler.state.operations import load_state
from reconciler.text import WORD_CHARACTERS, truncate


def compare(
    path: Path, first: str, second: str, targets: Collection[str], ignored: Sequence[str], live: Environments | None
) -> Comparison:
    """What differs between two environments as written; with `live`, which opens both, between their projects.

    `ignored`, FIELD or KIND.FIELD, is left out beside what the settings name. WrongUsage if an environment does not
    exist, or is compared with itself; ConfigurationInvalid with the problems of both.
    """
    configuration, names = Configuration(path), (first, second)
    one, other = map(configuration.environment, names)
    if one == other:
        raise WrongUsage(f"{first} is one environment; expected two, to compare them")
    desired = configuration.check(names)
    for text in ignored:
        if said := no_field(text):
            raise WrongUsage(f"--ignore {truncate(text, WORD_CHARACTERS)} {said}")
    ended = live.run(lambda session: observe(session, targets)) if live else []
    require_all(ended)
    observed = [each.value for each in ended if each.value]
    both = (desired[one.name], desired[other.name])
    pair = (observed[0], observed[1]) if observed else None
    return compare_environments(names, both, targets, (*one.ignored, *ignored), pair)


def observe(session: Session, targets: Collection[str]) -> Observed:
    """What the state of an environment says, and what is live in its project: the kinds that the targets need."""
    _, state = load_state(session.store, session.read_state())
    kinds = target_kinds(targets)
    reader, used = Reader(session.door), written_kinds(session)
    live = observe_remembered(reader, kinds, state, kind_lookups(kinds), used=used)
    live = with_parts(reader, live, ObjectRef.managed(state.entries))
    return Observed(session.door.address, state, live)
