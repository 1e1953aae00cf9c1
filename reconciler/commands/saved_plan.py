"""A plan that waits in a file: written by `plan --out`, carried out by `apply --plan`."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.api import Reader
from reconciler.apply.stale import find_sent_lookups, recheck_plan
from reconciler.commands.plan import Planned, add_behind
from reconciler.commands.session import Session
from reconciler.config.files import SETTINGS_FILE, STATE_FOLDER, configuration_folder
from reconciler.errors import Refused
from reconciler.git import repository_top
from reconciler.kinds import KINDS
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import list_managed
from reconciler.observe import observe_remembered, with_parts
from reconciler.plan.guards import find_vanished
from reconciler.plan.plan_file import SavedPlan, bind, check_binding, read_plans
from reconciler.state.operations import replay_state


def bind_plan(session: Session, planned: Planned) -> SavedPlan:
    """A plan to be saved, bound to its environment, project and state."""
    return bind(planned.plan, planned.state, session.transport.secret.value, session.folder, session.find_head())


def open_saved_plans(file: Path, path: Path | None) -> tuple[dict[str, SavedPlan], Path]:
    """The plans in a file, by environment, and the path of their configuration. That is `path`, if a person named one.

    Else the file names its folder, which is taken only if it is below the current one, and if the current one is no
    configuration: a file from elsewhere must not choose what is applied.
    """
    every, here = read_plans(file), Path()
    saved = {each.plan.environment: each for each in every}
    if path is not None or not every:
        return saved, path or here
    if any(os.path.lexists(name) for name in (SETTINGS_FILE, STATE_FOLDER)):
        return saved, here
    home = os.path.realpath(here)
    folder = Path(os.path.realpath((repository_top(here) or here) / every[0].folder))
    is_below = folder.is_relative_to(home) and configuration_folder(folder) == folder
    return saved, Path(os.path.relpath(folder, home)) if is_below else here


def load_saved_plan(session: Session, saved: SavedPlan) -> Planned:
    """A plan from a file, without the requests that a live object does not need any more.

    Refused if the plan was made for something else, if too many of its objects are gone, or if live values changed.
    """
    snapshot = session.read_state()
    state = replay_state(session.store, snapshot).state
    secret = session.transport.secret.value
    check_binding(saved, session.environment, state, secret, folder=session.folder, api=session.transport.address)
    # Also what the plan names and the state does not: an unlisted object is neither deleted already nor changed.
    named = [ObjectRef(change.kind, change.id) for change in saved.plan.changes if change.id]
    reader, used = Reader(session.transport), {change.kind for change in saved.plan.changes}
    live = observe_remembered(reader, KINDS.values(), state, find_sent_lookups(saved.plan), named, used)
    live = with_parts(reader, live, {*named, *list_managed(state.entries)})
    saw = {ObjectRef(change.kind, change.id) for change in saved.plan.changes if change.id and change.seen is not None}
    saw |= list_managed(saved.plan.refresh).keys()
    entries = {address: entry for address, entry in state.entries.items() if ObjectRef.at(address, entry.id) in saw}
    for refusal in find_vanished(entries, live):
        raise Refused(f"{refusal.message}; the plan saw them", hint="plan again, and have that reviewed")
    desired = session.configuration.desired(session.environment)
    checked = recheck_plan(saved.plan, state, live, session.transport.clock())
    planned = Planned(checked, snapshot, state, live, desired, head=saved.head)
    return add_behind(planned, session.configuration.folder)
