"""Carries a plan out: under the lock, step by step into the journal, and read back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.api import Reader, Writer
from reconciler.api.pace import LOOKS
from reconciler.apply import Event, execute, standing, unsettled, verify
from reconciler.errors import ReconcilerError, Refused
from reconciler.kinds import KINDS
from reconciler.model.apply_report import ApplyReport
from reconciler.model.plan import WRITES, Plan
from reconciler.observe import counted_by_kind, observe
from reconciler.pipeline import Planned, refuse
from reconciler.receipts import receipt_of, to_text
from reconciler.saved import bound, check_binding, read_plan, write_plan
from reconciler.session import Session
from reconciler.state import Attachment, HeldLock, Holder, Recorder, held
from reconciler.state.upkeep import remembered


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
    live = observe(Reader(session.door), KINDS.values(), expected=counted_by_kind(memory.entries))
    desired = session.configuration.desired(session.environment)
    return Planned(standing(saved.plan, memory.entries, live), snapshot, memory, live, desired)


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
    for wait in LOOKS if touched else ():
        time.sleep(wait)
        try:
            live = observe(writer, [KINDS[name] for name in touched], expected=counted_by_kind(recorder.entries()))
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
