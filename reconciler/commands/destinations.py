"""What the API offers to send reports to."""

from __future__ import annotations

from reconciler.api import Reader
from reconciler.commands.session import Session
from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous
from reconciler.kinds import KINDS
from reconciler.model.inputs import Desired
from reconciler.model.plan import Destinations
from reconciler.observe import observe_remembered
from reconciler.plan.build import offers_to
from reconciler.state.operations import load_state


def list_destinations(session: Session) -> Destinations:
    """What the API offers to send to. A configuration that cannot be used is left out, with a warning: who writes the
    first line of it needs to know, too."""
    _, state = load_state(session.store, session.read_state())
    references = [reference for kind in KINDS.values() for _, reference in kind.lists]
    kinds = [kind for kind in KINDS.values() if kind.name in {each.kind for each in references}]
    live = observe_remembered(Reader(session.door), kinds, state, {each.lookup for each in references})
    warnings = live.warnings
    try:
        items = offers_to(session.configuration.desired(session.environment), state, live)
    except (ConfigurationInvalid, IdentityAmbiguous) as error:
        first = str(error).partition("\n")[0]
        warnings = (*warnings, f"addresses are those of the state, as the configuration cannot be used: {first}")
        items = offers_to(Desired({}), state, live)
    return Destinations(session.environment.name, items, warnings, session.door.address)
