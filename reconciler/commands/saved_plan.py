"""A plan that waits in a file: written by `plan --out`, carried out by `apply --plan`."""

from __future__ import annotations

from pathlib import Path

from reconciler.api import Reader
from reconciler.apply.stale import recheck_plan
from reconciler.commands.plan import Planned, with_behind
from reconciler.commands.session import Session
from reconciler.errors import Refused
from reconciler.kinds import KINDS
from reconciler.model.inputs import Live, State, address_kind
from reconciler.model.plan import Plan
from reconciler.observe import observe_remembered
from reconciler.plan.guards import vanished
from reconciler.plan.plan_file import bound, check_binding, read_plan, write_plan
from reconciler.state.operations import load_state


def save_plan(session: Session, planned: Planned, path: Path) -> None:
    """Writes a plan to a file, bound to its environment, project and state."""
    write_plan(path, bound(planned.plan, planned.state, session.door.secret.value, session.folder, session.head()))


def load_saved_plan(session: Session, path: Path) -> Planned:
    """The plan in a file, with nothing left to send if live is as wanted already.

    Refused if the file was changed, was made for something else, or if live moved since.
    """
    saved = read_plan(path)
    snapshot, state = load_state(session.store, session.read_state())
    secret = session.door.secret.value
    check_binding(saved, session.environment, state, secret, folder=session.folder, api=session.door.address)
    # Also what the plan names and the state does not: an unlisted object is neither deleted already nor changed.
    named = [(change.kind, change.id) for change in saved.plan.changes if change.id]
    live = observe_remembered(Reader(session.door), KINDS.values(), state, also=named)
    _require_unvanished(saved.plan, state, live)
    desired = session.configuration.desired(session.environment)
    planned = Planned(recheck_plan(saved.plan, state, live), snapshot, state, live, desired, head=saved.head)
    return with_behind(planned, session.opened.folder)


def _require_unvanished(plan: Plan, state: State, live: Live) -> None:
    """Refused if too many of the objects that an earlier plan saw are not live any more."""
    saw = {(change.kind, change.id) for change in plan.changes if change.seen is not None}
    saw |= {(address_kind(address), entry.id) for address, entry in plan.refresh.items()}
    entries = {address: entry for address, entry in state.entries.items() if (address_kind(address), entry.id) in saw}
    for refusal in vanished(entries, live):
        raise Refused(f"{refusal.message}; the plan saw them", hint="plan again, and have that reviewed")
