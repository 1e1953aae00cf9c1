"""Strings the stages together. What is decided here is only which stage comes when."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from reconciler.api import Reader, Writer
from reconciler.apply import Event, execute, standing, unsettled, verify
from reconciler.base import Base, compared
from reconciler.config.check import objections
from reconciler.config.lines import lines_of
from reconciler.drift import drift
from reconciler.errors import ReconcilerError, Refused, WrongUsage
from reconciler.explain import Scenery, explain
from reconciler.export import Exported, export
from reconciler.goal import goal_of
from reconciler.kinds import KINDS
from reconciler.model.apply_report import ApplyReport
from reconciler.model.desired import Desired, kind_of
from reconciler.model.drift import Drift
from reconciler.model.explanation import Explanation
from reconciler.model.live import Live
from reconciler.model.memory import Memory
from reconciler.model.plan import WRITES, Action, Plan
from reconciler.model.review import Review, Scope
from reconciler.observe import observe
from reconciler.past import history
from reconciler.plan import WRONG_PROJECT, Options, make_plan
from reconciler.receipts import receipt_of, to_text
from reconciler.review import make_review
from reconciler.saved import bound, check_binding, read_plan, write_plan
from reconciler.session import Session
from reconciler.state import Attachment, HeldLock, Holder, Journal, Recorder, Snapshot, held
from reconciler.state.upkeep import remembered

CREATES = (Action.CREATE, Action.REPLACE)
CUT_OFF = "an earlier apply was cut off, and whether this write was done is found by looking: {}"
READ_BACK_WAITS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each look at what was written: it may show up late."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and what it was made with."""

    plan: Plan
    snapshot: Snapshot
    memory: Memory
    live: Live
    desired: Desired
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    base: str = ""


def plan(
    session: Session, options: Options, undo: str | None = None, *, base: str | None = None, only_scope: bool = False
) -> Planned:
    """What would be done, by a client that cannot write. `undo`: the receipt to take back, in the YAML's place.

    `base` is a commit or branch to compare with, `only_scope` leaves out what is not due to what came after it.
    """
    snapshot = session.store.read()
    replayed = Journal(session.store.journal).replay(snapshot.memory)
    memory = replayed.memory
    # The YAML is read while the lists are on their way.
    goal = cache(lambda: goal_of(session, memory, options, undo, base))
    for wait in READ_BACK_WAITS:
        time.sleep(wait)
        live = observe(Reader(session.door), KINDS.values(), lambda: goal().lookups, _expected(memory.entries))
        made = make_plan(goal().desired, memory, live, goal().options)
        # What a run made right before it was cut off may show late, and to make it again would be a duplicate.
        if not any(change.action in CREATES and change.address in replayed.named for change in made.changes):
            break
    made = replace(made, warnings=(*made.warnings, *map(CUT_OFF.format, replayed.open)))
    planned = Planned(made, snapshot, memory, live, goal().desired)
    earlier = goal().earlier
    return planned if earlier is None else _scoped(planned, earlier, goal().options, only_scope=only_scope)


def _scoped(planned: Planned, earlier: Base, options: Options, *, only_scope: bool) -> Planned:
    """The plan with whose doing each change is; where nothing else is wanted, with what is due to this branch."""
    made, memory, live = planned.plan, planned.memory, planned.live
    scopes, noted = compared(made, earlier, memory, live, options)
    if only_scope:
        ours = frozenset(address for address, scope in scopes.items() if scope is Scope.PULL_REQUEST)
        narrowed = make_plan(planned.desired, memory, live, replace(options, only=ours))
        made = replace(narrowed, warnings=tuple(dict.fromkeys((*narrowed.warnings, *made.warnings))))
        scopes = {change.address: scopes[change.address] for change in made.changes}
    made = replace(made, warnings=(*made.warnings, *noted))
    return replace(planned, plan=made, scopes=scopes, base=earlier.commit)


def review(session: Session, planned: Planned, now: datetime | None = None) -> Review:
    """A plan as people are shown it. `now` knows its zone; left out, it is the clock's."""
    zone = session.environment.time_zone
    return make_review(
        planned.plan,
        planned.desired,
        planned.live,
        now=now or datetime.now(UTC),
        zone=ZoneInfo(zone) if zone else None,
        sandbox_key=session.door.secret.sandbox,
        commit=session.commit(),
        base=planned.base,
        scopes=planned.scopes,
    )


@contextmanager
def locked(session: Session) -> Iterator[HeldLock]:
    """Holds the state's lock, from before the plan is made until its last step is written. Refused where it is held."""
    with held(session.store, Holder.this_run()) as lock:
        yield lock


def save(session: Session, planned: Planned, path: Path) -> None:
    """Writes a plan to a file, bound to its environment, project and state."""
    write_plan(path, bound(planned.plan, planned.memory, session.door.secret.value))


def saved_plan(session: Session, path: Path) -> Planned:
    """The plan in a file, with nothing left to send where live is as wanted already.

    Refused where the file was changed, was made for something else, or where live moved since.
    """
    saved = read_plan(path)
    snapshot, memory = remembered(session.store)
    check_binding(saved, session.environment.name, memory, session.door.secret.value)
    live = observe(Reader(session.door), KINDS.values(), expected=_expected(memory.entries))
    desired = session.configuration.desired(session.environment)
    return Planned(standing(saved.plan, memory.entries, live), snapshot, memory, live, desired)


def require_scope(planned: Planned) -> None:
    """Refused where a plan holds changes that were not made since the base it was compared with."""
    others = [f"{address}: {scope}" for address, scope in planned.scopes.items() if scope is not Scope.PULL_REQUEST]
    if others:
        raise Refused(
            "\n  ".join([f"not all of this is due to what changed since {planned.base[:12]}:", *others]),
            hint="to pass: --only-scope leaves them out; without --strict-scope they are applied, too",
        )


def refuse(planned: Plan) -> None:
    """Raises Refused where a guard says no to a plan."""
    if planned.refusals:
        raise Refused(
            "\n".join(refusal.message for refusal in planned.refusals),
            hint="\n      ".join(f"to pass: {refusal.passes}" for refusal in planned.refusals),
        )


def apply(
    session: Session,
    planned: Planned,
    lock: HeldLock,
    tell: Callable[[Event], None],
    *,
    parallelism: int,
    look_again: bool = False,
) -> ApplyReport:
    """Carries a plan out, reads back what was written and leaves a receipt. `look_again`: before every write."""
    refuse(planned.plan)
    recorder = Recorder(session.store, planned.snapshot, planned.plan.digest, lock)
    writer = Writer(session.door)
    report = execute(planned.plan, writer, recorder, parallelism=parallelism, tell=tell, look_again=look_again)
    receipt = receipt_of(
        planned.plan,
        report,
        planned.live,
        recorder.entries(),
        serial=recorder.serial,
        at=lock.holder.since,
        who=lock.holder.who,
        where=lock.holder.where,
        commit=session.commit(),
    )
    report = replace(report, receipt=receipt if receipt.items else None)
    attachment = Attachment(receipt.id, to_text(receipt)) if receipt.items else None
    try:
        # Until all of it is seen the journal stays: a run after a kill looks longer for what it names.
        report = _read_back(planned.plan, report, writer, recorder)
    finally:
        unrecorded = _finish(recorder, receipt.title(), attachment)
    return replace(report, unrecorded=unrecorded)


def _read_back(plan: Plan, report: ApplyReport, writer: Writer, recorder: Recorder) -> ApplyReport:
    """The report with what was seen of each write, once all is seen or the waits are over."""
    touched = {change.kind for change in plan.changes if change.action in WRITES}
    for wait in READ_BACK_WAITS if touched else ():
        time.sleep(wait)
        try:
            live = observe(writer, [KINDS[name] for name in touched], expected=_expected(recorder.entries()))
        except ReconcilerError as error:
            return replace(report, warnings=(*report.warnings, f"what was written could not be read back: {error}"))
        report = verify(report, recorder.entries(), live)
        if not unsettled(report):
            break
    return report


def _finish(recorder: Recorder, title: str, attachment: Attachment | None) -> str:
    """Writes the state; gives why it could not, empty where it could."""
    try:
        recorder.finish(title, attachment)
    except Refused as refused:
        return f"{refused} ({refused.hint})"
    return ""


def _expected(addresses: Iterable[str]) -> Counter[str]:
    return Counter(map(kind_of, addresses))


def explanation_of(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned = plan(session, Options())
    lines = lines_of(session.configuration.path)
    receipts = history(session.store)
    return explain(target, Scenery(planned.plan, planned.desired, planned.memory, planned.live, receipts, lines))


def drift_of(planned: Planned) -> Drift:
    """What somebody changed since the last apply. Refused where this looks like another project: then all is "gone"."""
    wrong = tuple(refusal for refusal in planned.plan.refusals if refusal.guard == WRONG_PROJECT)
    refuse(replace(planned.plan, refusals=wrong))
    return drift(planned.memory, planned.live, planned.plan)


def export_project(session: Session) -> Exported:
    """The live project as YAML, and its memory written to the state. Refused where something is managed already."""
    if session.configuration.merged.resources or session.store.read().memory.entries:
        raise Refused(
            f"{session.configuration.path} already manages objects; an export would write over that",
            hint="export into an empty folder",
        )
    lookups = [reference.lookup for kind in KINDS.values() for _, reference in kind.reference_fields()]
    return export(observe(Reader(session.door), KINDS.values(), lambda: lookups), objections)


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
    return answer.message() or "accepted"
