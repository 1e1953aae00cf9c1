"""What the API offers to send reports to, and a trial delivery there."""

from __future__ import annotations

from reconciler.api import Reader, Writer
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, WrongUsage
from reconciler.kinds import KINDS
from reconciler.model.inputs import Desired, address_kind
from reconciler.model.plan import Destinations
from reconciler.observe import observe_remembered
from reconciler.plan.build import offers_to
from reconciler.plan.guards import Options
from reconciler.state.operations import load_state
from reconciler.text import did_you_mean


def list_destinations(session: Session) -> Destinations:
    """What the API offers to send to. A configuration that cannot be used is left out, with a warning: who writes the
    first line of it needs to know, too."""
    _, state = load_state(session.store, session.read_state())
    references = [reference for kind in KINDS.values() for _, reference in kind.lists()]
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


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kinds = {kind.name: kind for kind in KINDS.values() if kind.test_path}
    desired = session.configuration.desired(session.environment)
    known = [each for each in desired.resources if address_kind(each) in kinds]
    close = did_you_mean(address, known)
    kind = kinds.get(address_kind(address))
    if kind is None:
        raise WrongUsage(f"{address} takes no test; expected the address of a {', '.join(kinds)}{close}")
    object_id = plan(session, Options(to_apply=False)).plan.id_of(address)
    if object_id is None and address in known:
        raise WrongUsage(f"{address} is not live yet", hint="apply it first")
    if object_id is None:
        raise WrongUsage(
            desired.no_resource(address) or f"there is no {address}{close}",
            hint=f"an address is KIND.KEY, for example {kind.name}.daily-revenue",
        )
    writer = Writer(session.door)
    answer = writer.send("POST", f"{kind.path}/{object_id}{kind.test_path}", idempotent=False, retry=False)
    if not answer.ok:
        raise answer.error(session.door.secret.source)
    return answer.message() or "accepted"
