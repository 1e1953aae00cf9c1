"""Carries a plan out: under the lock, step by step into the journal, and read back at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from reconciler.api import Reader, Writer
from reconciler.api.pace import LOOKS
from reconciler.apply import Event, execute, standing, unsettled, verify
from reconciler.errors import ReconcilerError, Refused
from reconciler.kinds import KINDS
from reconciler.model.apply_report import ApplyReport
from reconciler.model.plan import WRITES, Plan
from reconciler.model.receipt import Receipt
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
    done = execute(planned.plan, writer, recorder, parallelism=parallelism, tell=tell, look_again=look_again)

    @cache
    def receipt() -> tuple[Receipt, str]:
        made = receipt_of(
            planned.plan,
            done,
            planned.live,
            recorder.entries(),
            serial=recorder.serial,
            at=lock.holder.since,
            who=lock.holder.who,
            where=lock.holder.where,
            commit=session.commit(),
        )
        return made, to_text(made)

    try:
        # Until all of it is seen the journal stays: a run after a kill looks longer for what it names.
        report = _read_back(planned.plan, done, writer, recorder, receipt)
    finally:
        made, text = receipt()
        unrecorded = _finish(recorder, made.title(), Attachment(made.id, text) if made.items else None)
    return replace(report, receipt=made if made.items else None, unrecorded=unrecorded)


def _read_back(
    plan: Plan, report: ApplyReport, writer: Writer, recorder: Recorder, meanwhile: Callable[[], object]
) -> ApplyReport:
    """The report with what was seen of each write, once all is seen or the waits are over. `meanwhile` is done while
    the lists are on their way."""
    touched = {change.kind for change in plan.changes if change.action in WRITES}

    def no_lookups() -> tuple[str, ...]:
        meanwhile()
        return ()

    for wait in LOOKS if touched else ():
        time.sleep(wait)
        expected = counted_by_kind(recorder.entries())
        try:
            live = observe(writer, [kind for kind in KINDS.values() if kind.name in touched], no_lookups, expected)
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
