"""Carries a plan out: under the lock, step by step into the journal, and read back at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from reconciler.api import Poll, Reader, Writer
from reconciler.apply import Event, Evidence, execute, recheck_plan, unsettled, verify
from reconciler.commands.plan import Planned, refuse, with_behind
from reconciler.commands.session import Session
from reconciler.errors import ReconcilerError, Refused
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import stored_otherwise
from reconciler.model.apply_report import ApplyReport, Receipt, Verification
from reconciler.model.desired import address_kind
from reconciler.model.live import Live
from reconciler.model.plan import WRITES, Plan
from reconciler.model.state import State
from reconciler.observe import counted_by_kind, observe, observe_remembered
from reconciler.state import ActiveLock, LockInfo, ReceiptFile, Recorder, hold_lock
from reconciler.state.operations import load_state
from reconciler.state.receipts import make_receipt, to_text
from reconciler.threads import Threads, result


@contextmanager
def lock_state(session: Session) -> Iterator[ActiveLock]:
    """Holds the state's lock, from before the plan is made until its last step is written. Refused where it is held."""
    with hold_lock(session.store, LockInfo.this_run()) as lock:
        yield lock


def save_plan(session: Session, planned: Planned, path: Path) -> None:
    """Writes a plan to a file, bound to its environment, project and state."""
    from reconciler.plan.plan_file import bound, write_plan  # noqa: PLC0415 - most plans are not saved

    write_plan(path, bound(planned.plan, planned.state, session.door.secret.value, session.folder, session.head()))


def load_saved_plan(session: Session, path: Path) -> Planned:
    """The plan in a file, with nothing left to send where live is as wanted already.

    Refused where the file was changed, was made for something else, or where live moved since.
    """
    from reconciler.plan.plan_file import check_binding, read_plan  # noqa: PLC0415

    saved = read_plan(path)
    snapshot, state = load_state(session.store, session.read_state())
    check_binding(
        saved,
        session.environment,
        state,
        session.door.secret.value,
        folder=session.folder,
        api=session.door.address,
    )
    # Also what the plan names and the state does not: an unlisted object is neither deleted already nor changed.
    named = [(change.kind, change.id) for change in saved.plan.changes if change.id]
    live = observe_remembered(Reader(session.door), KINDS.values(), state, also=named)
    _require_unvanished(saved.plan, state, live)
    desired = session.configuration.desired(session.environment)
    planned = Planned(recheck_plan(saved.plan, state, live), snapshot, state, live, desired, head=saved.head)
    return with_behind(planned, session.opened.folder)


def _require_unvanished(plan: Plan, state: State, live: Live) -> None:
    """Refused if too many of the objects that an earlier plan saw are not live any more."""
    from reconciler.plan.guards import vanished  # noqa: PLC0415 - only for a saved plan

    saw = {(change.kind, change.id) for change in plan.changes if change.seen is not None}
    saw |= {(address_kind(address), entry.id) for address, entry in plan.refresh.items()}
    entries = {address: entry for address, entry in state.entries.items() if (address_kind(address), entry.id) in saw}
    for refusal in vanished(entries, live):
        raise Refused(f"{refusal.message}; the plan saw them", hint="plan again, and have that reviewed")


def apply(
    session: Session,
    planned: Planned,
    lock: ActiveLock,
    tell: Callable[[Event], None],
    *,
    parallelism: int,
    recheck: bool = False,
) -> ApplyReport:
    """Carries a plan out, reads back what was written and leaves a receipt. `recheck`: before every write."""
    plan = planned.plan
    refuse(plan)
    aside = Threads(2)
    head = aside.submit(lambda: planned.head or session.head())
    recorder = Recorder(session.store, planned.snapshot, plan.digest, lock, commit=lambda: result(head))
    writer = Writer(session.door)
    reading = _ReadingBack(planned, writer, recorder)

    def seen(event: Event) -> None:
        tell(event)
        reading.seen(event)

    with aside:
        # What is applied is the commit of now; git says it while the API is busy.
        commit = aside.submit(session.commit)
        done = execute(plan, writer, recorder, planned.live, tell=seen, parallelism=parallelism, recheck=recheck)

    @cache
    def receipt() -> tuple[Receipt, str]:
        made = make_receipt(
            plan,
            done,
            planned.live,
            recorder.entries(),
            serial=recorder.serial,
            lineage=recorder.lineage,
            at=lock.holder.since,
            who=lock.holder.who,
            where=lock.holder.where,
            commit=result(commit),
        )
        return made, to_text(made)

    try:
        # Until all of it is seen the journal stays: a run after a kill looks longer for what it names.
        report = reading.report(done, meanwhile=receipt)
    finally:
        made, text = receipt()
        unrecorded = _finish(recorder, made.title(), ReceiptFile(made.id, text) if made.items else None)
    return replace(report, receipt=made if made.items else None, unrecorded=unrecorded)


class _ReadingBack:
    """Reads back what an apply has written: the list of a kind as soon as nothing more is written to it."""

    def __init__(self, planned: Planned, writer: Writer, recorder: Recorder) -> None:
        self._planned = planned
        self._left = Counter(change.kind for change in planned.plan.changes if change.action in WRITES)
        self._kinds = [kind for kind in KINDS.values() if kind.name in self._left]
        self._writer = writer
        self._recorder = recorder
        self._pool = Threads(len(KINDS))
        self._looks: dict[str, Future[Live]] = {}

    def seen(self, event: Event) -> None:
        """Something happened: a change began, or ended."""
        change = event.change
        if change is None or event.status is None or change.action not in WRITES:
            return
        self._left[change.kind] -= 1
        if not self._left[change.kind]:
            self._look(KINDS[change.kind])

    def report(self, done: ApplyReport, meanwhile: Callable[[], object]) -> ApplyReport:
        """The report with what was seen of each write, once all is seen or the waits are over. `meanwhile` is done
        while the lists are on their way."""
        report = done
        last: Live | None = None
        for _ in Poll() if self._kinds else ():
            for kind in self._kinds:
                if kind.name not in self._looks:
                    self._look(kind)
            meanwhile()
            try:
                lives = [result(self._looks.pop(kind.name)) for kind in self._kinds]
            except ReconcilerError as error:
                return replace(report, warnings=(*report.warnings, f"what was written could not be read back: {error}"))
            live = Live({name: records for each in lives for name, records in each.records.items()})
            evidence = Evidence(self._planned.live, self._planned.state, done.answered, last)
            report = verify(done, self._planned.plan, self._recorder.entries(), live, evidence)
            if not unsettled(report):
                break
            last = live
        self._pool.shutdown()
        return self._remembered(report)

    def _remembered(self, report: ApplyReport) -> ApplyReport:
        """The report with what the API made of values; they are in the state from now on, and what was read back."""
        said: list[str] = []
        verified = [each.address for each in report.outcomes if each.verification is Verification.VERIFIED]
        self._recorder.read_back(verified)
        for outcome in report.outcomes:
            entry = self._recorder.entry(outcome.address)
            if not outcome.stored or entry is None:
                continue
            self._recorder.record(outcome.address, replace(entry, stored={**entry.stored, **outcome.stored}))
            said += stored_otherwise(outcome.address, replace(entry, stored=outcome.stored))
        return replace(report, warnings=(*report.warnings, *said))

    def _look(self, kind: Kind) -> None:
        expected = counted_by_kind(self._recorder.entries())
        self._looks[kind.name] = self._pool.submit(observe, self._writer, [kind], expected=expected)


def _finish(recorder: Recorder, title: str, attachment: ReceiptFile | None) -> str:
    """Writes the state; gives why it could not, empty where it could."""
    try:
        recorder.finish(title, attachment)
    except Refused as refused:
        return f"{refused} ({refused.hint})"
    return ""
