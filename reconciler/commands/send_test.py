"""A trial delivery."""

from __future__ import annotations

from reconciler.api import Writer
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.errors import WrongUsage
from reconciler.kinds import KINDS
from reconciler.model.inputs import address_kind
from reconciler.plan.guards import Options


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kind = KINDS.get(address_kind(address))
    if kind is None or not kind.test_path:
        able = ", ".join(each.name for each in KINDS.values() if each.test_path)
        raise WrongUsage(f"{address} takes no test; expected the address of a {able}")
    planned = plan(session, Options(to_apply=False))
    object_id = planned.plan.id_of(address)
    if object_id is None:
        raise WrongUsage(f"{address} is not live yet, or not in the configuration", hint="apply it first")
    writer = Writer(session.door)
    answer = writer.send("POST", f"{kind.path}/{object_id}{kind.test_path}", idempotent=False, retry=False)
    if not answer.ok:
        raise answer.error(session.door.secret.source)
    return answer.message() or "accepted"
