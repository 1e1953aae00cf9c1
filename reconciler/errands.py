"""What else is asked of a project: why it is as it is, what somebody changed, all of it as YAML, where it can send to,
a trial delivery."""

from __future__ import annotations

from dataclasses import replace

from reconciler.api import Reader, Writer
from reconciler.config.check import objections
from reconciler.config.lines import lines_of
from reconciler.drift import drift
from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, Refused, WrongUsage
from reconciler.explain import Scenery, explain
from reconciler.export import Exported, export
from reconciler.kinds import KINDS
from reconciler.model.desired import Desired, kind_of
from reconciler.model.destination import Destinations
from reconciler.model.drift import Drift
from reconciler.model.explanation import Explanation
from reconciler.model.memory import object_of
from reconciler.observe import observe_remembered
from reconciler.past import history
from reconciler.pipeline import Planned, plan, refuse
from reconciler.plan import VANISHED, WRONG_PROJECT, Options, offers_to
from reconciler.session import Session
from reconciler.state import Recorder
from reconciler.state.upkeep import remembered


def explanation_of(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned = plan(session, Options())
    lines = lines_of(session.configuration.path)
    receipts = history(session.store)
    return explain(target, Scenery(planned.plan, planned.desired, planned.memory, planned.live, receipts, lines))


def drift_of(planned: Planned) -> Drift:
    """What somebody changed since the last apply. Refused where this looks like another project, or like a list that is
    short: then all is "gone"."""
    wrong = tuple(refusal for refusal in planned.plan.refusals if refusal.guard in (WRONG_PROJECT, VANISHED))
    refuse(replace(planned.plan, refusals=wrong))
    return drift(planned.memory, planned.live, planned.plan)


def export_project(session: Session) -> Exported:
    """The live project as YAML, and its memory written to the state. Refused where something is managed already."""
    memory = remembered(session.store, session.read_state())[1]
    if session.configuration.merged.resources or memory.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.reference_fields()]
    exported = export(observe_remembered(Reader(session.door), KINDS.values(), memory, lambda: lookups), objections)
    kept = {object_of(name) for name, each in memory.tombstones.items() if each.protected}
    entries = {
        address: replace(entry, protected=(kind_of(address), entry.id) in kept)
        for address, entry in exported.entries.items()
    }
    return replace(exported, entries=entries)


def remember(session: Session, exported: Exported) -> None:
    """Writes the memory of an export to the state."""
    recorder = Recorder(session.store, session.read_state())
    recorder.begin({}, exported.entries)
    recorder.finish()


def destinations_of(session: Session) -> Destinations:
    """What the API offers to send to. A configuration that cannot be used is left out, with a warning: who writes the
    first line of it needs to know, too."""
    _, memory = remembered(session.store, session.read_state())
    references = [reference for kind in KINDS.values() for _, reference in kind.reference_fields()]
    kinds = [kind for kind in KINDS.values() if kind.name in {each.kind for each in references}]
    live = observe_remembered(Reader(session.door), kinds, memory, lambda: {each.lookup for each in references})
    try:
        items = offers_to(session.configuration.desired(session.environment), memory, live)
        return Destinations(session.environment.name, items, live.warnings)
    except (ConfigurationInvalid, IdentityAmbiguous) as error:
        first = str(error).partition("\n")[0]
        warning = f"addresses are those of the state, as the configuration cannot be used: {first}"
        items = offers_to(Desired({}), memory, live)
        return Destinations(session.environment.name, items, (*live.warnings, warning))


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kind = KINDS.get(kind_of(address))
    if kind is None or not kind.test_path:
        able = ", ".join(each.name for each in KINDS.values() if each.test_path)
        raise WrongUsage(f"{address} takes no test; expected the address of a {able}")
    planned = plan(session, Options(to_apply=False))
    object_id = planned.plan.id_of(address)
    if object_id is None:
        raise WrongUsage(f"{address} is not live yet, or not in the configuration", hint="apply it first")
    writer = Writer(session.door)
    answer = writer.send("POST", f"{kind.path}/{object_id}{kind.test_path}", repeatable=False, patient=False)
    if not answer.ok:
        raise answer.error(session.door.secret.source)
    return answer.message() or "accepted"
