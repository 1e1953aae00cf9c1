"""A trial delivery."""

from __future__ import annotations

from reconciler.api import Writer
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.errors import WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.wire import object_path
from reconciler.model.inputs import address_kind
from reconciler.plan.guards import Options
from reconciler.text import did_you_mean


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kinds = {kind.name: kind for kind in KINDS.values() if kind.endpoints.test_path}
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
    path = f"{object_path(kind, object_id)}{kind.endpoints.test_path}"
    answer = Writer(session.door).send(kind.endpoints.test, path, idempotent=False, retry=False)
    if not answer.ok:
        raise answer.error(session.door.secret.source)
    return answer.message() or "accepted"
