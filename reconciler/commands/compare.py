"""What differs between two environments: as they are written, or as their projects are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from reconciler.api import Reader
from reconciler.commands.session import Session, written_kinds
from reconciler.config.load import Configuration
from reconciler.config.semantics import no_field
from reconciler.errors import WrongUsage
from reconciler.model.inputs import ObjectRef
from reconciler.model.results import Comparison, Pair
from reconciler.observe import kind_lookups, observe_remembered, target_kinds, with_parts
from reconciler.plan.compare import Observed, compare_environments
from reconciler.state.operations import load_state
from reconciler.text import WORD_CHARACTERS, truncate


def compare(
    path: Path,
    names: Pair[str],
    targets: Collection[str],
    ignored: Sequence[str],
    observe_both: Callable[[], Pair[Observed]] | None = None,
) -> Comparison:
    """What differs between two environments as written; with `observe_both`, which reads them, between their projects.

    `ignored`, FIELD or KIND.FIELD, is left out beside what the settings name. WrongUsage if an environment does not
    exist, or is compared with itself; ConfigurationInvalid with the problems of both.
    """
    configuration = Configuration(path)
    one, other = map(configuration.environment, names)
    if one == other:
        raise WrongUsage(f"{names[0]} is one environment; expected two, to compare them")
    desired = configuration.check(names)
    for text in ignored:
        if said := no_field(text):
            raise WrongUsage(f"--ignore {truncate(text, WORD_CHARACTERS)} {said}")
    both, observed = (desired[one.name], desired[other.name]), observe_both() if observe_both else None
    return compare_environments(names, both, targets, (*one.ignored, *ignored), observed)


def observe(session: Session, targets: Collection[str]) -> Observed:
    """What the state of an environment says, and what is live in its project: the kinds that the targets need."""
    _, state = load_state(session.store, session.read_state())
    kinds = target_kinds(targets)
    reader, used = Reader(session.door), written_kinds(session)
    live = observe_remembered(reader, kinds, state, kind_lookups(kinds), used=used)
    live = with_parts(reader, live, ObjectRef.managed(state.entries))
    return Observed(session.door.address, state, live)
