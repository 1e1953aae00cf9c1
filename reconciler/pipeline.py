"""Strings the stages together. What is decided here is only which stage comes when."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.api import Door, Reader, Writer, open_door
from reconciler.api.door import DEFAULT_URL
from reconciler.api.secret import secret_from
from reconciler.apply import Event, execute, unsettled, verify
from reconciler.config import Configuration, read_configuration
from reconciler.config.check import objections
from reconciler.drift import drift
from reconciler.errors import Refused, WrongUsage, did_you_mean
from reconciler.export import Exported, export
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.apply_report import ApplyReport
from reconciler.model.desired import Desired, kind_of
from reconciler.model.drift import Drift
from reconciler.model.live import Live
from reconciler.model.memory import Memory
from reconciler.model.plan import WRITES, Plan
from reconciler.model.settings import Environment
from reconciler.observe import observe
from reconciler.plan import Options, make_plan
from reconciler.state import FileStore, Holder, Journal, Recorder, Snapshot, Store

CUT_OFF = "an earlier apply was cut off, and whether this write was done is found by looking: {}"
READ_BACK_WAITS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look at what was written: it may show up late."""


@dataclass(frozen=True, slots=True)
class Session:
    """One configuration, one environment, one door to the API."""

    configuration: Configuration
    environment: Environment
    store: Store
    door: Door


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made with."""

    plan: Plan
    snapshot: Snapshot
    memory: Memory
    live: Live


def choose(environments: Mapping[str, Environment], name: str | None) -> Environment:
    """The environment of that name, or the only one. WrongUsage where that is not clear."""
    if name is None and len(environments) == 1:
        return next(iter(environments.values()))
    if name is None:
        raise WrongUsage("which environment?", hint=f"--environment with one of {', '.join(environments)}")
    if name not in environments:
        known = f"expected one of {', '.join(environments)}" if environments else "none is set"
        raise WrongUsage(f"there is no environment {name}; {known}{did_you_mean(name, environments)}")
    return environments[name]


@contextmanager
def open_session(
    path: Path, environment: str | None, api_url: str | None, variables: Mapping[str, str], connections: int
) -> Iterator[Session]:
    """Reads the configuration and opens the door. `variables` are the process's: they hold the key."""
    configuration = read_configuration(path)
    chosen = _chosen(configuration, environment)
    secret = secret_from(variables, chosen.secret_env)
    address = api_url or variables.get("QONVERSION_API_URL") or chosen.api_url or DEFAULT_URL
    with open_door(address, secret, connections) as door:
        yield Session(configuration, chosen, _store(chosen), door)


def store_of(path: Path, environment: str | None) -> Store:
    """Where the state of an environment is kept; no key is needed to look at it."""
    return _store(_chosen(read_configuration(path), environment))


def _chosen(configuration: Configuration, environment: str | None) -> Environment:
    configuration.require_sound_settings()
    return choose(configuration.environments, environment)


def _store(environment: Environment) -> Store:
    return FileStore(environment.state.path, environment.name)


def plan(session: Session, options: Options) -> Planned:
    """What would be done. Made with a client that cannot write."""
    desired = session.configuration.desired(session.environment)
    snapshot = session.store.read()
    replayed = Journal(session.store.journal).replay(snapshot.memory)
    memory = replayed.memory
    live = observe(Reader(session.door), KINDS.values(), _lookups(desired, memory, options))
    limit = options.max_deletes if options.max_deletes is not None else session.environment.max_deletes
    options = replace(options, max_deletes=limit, sandbox_key=session.door.secret.sandbox)
    made = make_plan(desired, memory, live, options)
    made = replace(made, warnings=(*made.warnings, *map(CUT_OFF.format, replayed.open)))
    return Planned(made, snapshot, memory, live)


@contextmanager
def locked(session: Session) -> Iterator[None]:
    """Holds the state's lock, from before the plan is made until its last step is written. Refused where it is held."""
    with session.store.lock(Holder.this_run()):
        yield


def refuse(planned: Plan) -> None:
    """Raises Refused where a guard says no to a plan."""
    if planned.refusals:
        raise Refused(
            "\n".join(refusal.message for refusal in planned.refusals),
            hint="\n      ".join(f"to pass: {refusal.passes}" for refusal in planned.refusals),
        )


def apply(session: Session, planned: Planned, parallelism: int, tell: Callable[[Event], None]) -> ApplyReport:
    """Carries a plan out and reads back what was written."""
    refuse(planned.plan)
    recorder = Recorder(session.store, planned.snapshot)
    writer = Writer(session.door)
    report = execute(planned.plan, writer, recorder, parallelism=parallelism, tell=tell)
    try:
        recorder.finish()
    except Refused as refused:
        report = replace(report, unrecorded=f"{refused} ({refused.hint})")
    touched = {change.kind for change in planned.plan.changes if change.action in WRITES}
    for wait in READ_BACK_WAITS if touched else ():
        time.sleep(wait)
        live = observe(writer, [KINDS[name] for name in touched])
        report = verify(report, recorder.entries(), live)
        if not unsettled(report):
            break
    return report


def find_drift(session: Session) -> Drift:
    """What somebody changed since the last apply."""
    planned = plan(session, Options())
    return drift(planned.memory, planned.live, planned.plan)


def export_project(session: Session) -> Exported:
    """The live project as YAML, and its memory written to the state. Refused where something is managed already."""
    if session.configuration.merged.resources or session.store.read().memory.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.reference_fields()]
    return export(observe(Reader(session.door), KINDS.values(), lookups), objections)


def remember(session: Session, exported: Exported) -> None:
    """Writes the memory of an export to the state."""
    recorder = Recorder(session.store, session.store.read())
    recorder.begin({}, exported.entries)
    recorder.finish()


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kind = KINDS.get(kind_of(address))
    if kind is None or not kind.test_path:
        able = ", ".join(each.name for each in KINDS.values() if each.test_path)
        raise WrongUsage(f"{address} takes no test; expected the address of a {able}")
    planned = plan(session, Options())
    object_id = planned.plan.id_of(address)
    if object_id is None:
        raise WrongUsage(f"{address} is not live yet, or not in the configuration", hint="apply it first")
    writer = Writer(session.door)
    answer = writer.send("POST", f"{kind.path}/{object_id}{kind.test_path}", repeatable=False, patient=False)
    if not answer.ok:
        raise answer.error(session.door.secret.source)
    return str((answer.body() or {}).get("message") or "accepted")


def _lookups(desired: Desired, memory: Memory, options: Options) -> set[str]:
    """The lists beside the kinds' own that this plan needs: only where somebody refers, or what is referred to goes."""
    used = {kind_of(resource.address) for resource in desired.resources.values()}
    going = {kind_of(address) for address in memory.entries if address not in desired.resources}
    paths = {path for name in used for path in KINDS[name].lookups}
    for kind in KINDS.values():
        for _, reference in kind.reference_fields():
            refers = any(
                next(references(kind, resource.fields), None)
                for resource in desired.resources.values()
                if resource.kind == kind.name
            )
            if refers or reference.kind in going or options.prune:
                paths.add(reference.lookup)
    return paths
