"""Carries a plan out: under the lock, step by step into the journal, and read back at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from reconciler import commands
from reconciler import plan as plan_stage
from reconciler.api import Writer
from reconciler.apply.execute import Event, execute
from reconciler.apply.verify import Verifier, unsettled
from reconciler.commands.plan import Planned, judged, plan, refuse, require_applicable, require_current
from reconciler.commands.review import ReportFiles
from reconciler.commands.session import Session
from reconciler.errors import ReconcilerError, Refused
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import stored_otherwise
from reconciler.model.inputs import Live, ObjectRef
from reconciler.model.plan import WRITES, Plan
from reconciler.model.reports import Applied, ApplyReport, Ended, Receipt, Review, Status, Verification
from reconciler.observe import counted_by_kind, observe, with_parts
from reconciler.plan.guards import Options
from reconciler.plan.plan_file import SavedPlan
from reconciler.state.backend import LockInfo, ReceiptFile
from reconciler.state.receipts import make_receipt, to_text
from reconciler.state.recorder import ActiveLock, Recorder, hold_lock
from reconciler.threads import Threads, result, span

if TYPE_CHECKING:
    from reconciler.plan.approval import Approved


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What the command line asks of an apply.

    `saved`: the plans of a file to carry out, by environment, instead of new ones; empty if there is no such file.
    `expected`: the digest of the approved plan, or `@FILE`. `base`, `only_scope` and `strict_scope` are those of
    `plan`; `parallelism`: how many requests at once. `approved` is what was approved already, if nothing is `expected`.
    """

    options: Options
    parallelism: int
    base: str | None = None
    only_scope: bool = False
    strict_scope: bool = False
    saved: Mapping[str, SavedPlan] = field(default_factory=dict)
    expected: str | None = None
    approved: Approved | None = None


class Screen(Protocol):
    """What an apply shows to the person who started it, and asks."""

    def show_plans(self, reviews: Sequence[Ended[Review]]) -> None:
        """Shows what is going to be done."""

    def confirm(self, environments: Sequence[str]) -> None:
        """Asks whether to do it. Refused if the answer is not yes."""

    def progress(self, plan: Plan) -> AbstractContextManager[Callable[[Event], None]]:
        """A display that is told of each event."""

    def show_report(self, report: ApplyReport) -> None:
        """Shows what was done."""


def run(session: Session, request: ApplyRequest, files: ReportFiles, screen: Screen) -> Applied:
    """Plans, shows the plan, asks, carries it out and reads it back; all of it under the lock of the state."""
    name = session.environment.name
    with lock_state(session) as lock:
        approved = request.approved
        if request.expected is not None:
            approved = plan_stage.approval.read_approved(request.expected, name)
        planned, made = show(session, request, files.forms())
        files.write_plans([Ended(name, made)])
        screen.show_plans([Ended(name, made)])
        if approved is not None:
            plan_stage.approval.require_approved(planned.plan, approved)
        require_applicable(planned, strict_scope=request.strict_scope)
        if planned.plan.changes:
            screen.confirm([name])
            # The answer may have come after midnight.
            refuse(commands.plan.require_open(session, planned, request.options).plan)
        report = _carry_out(session, request, planned, lock, screen)
    applied = Applied(made, report)
    files.write_reports([Ended(name, applied)])
    screen.show_report(report)
    return applied


def _carry_out(
    session: Session, request: ApplyRequest, planned: Planned, lock: ActiveLock, screen: Screen
) -> ApplyReport:
    with screen.progress(planned.plan) as tell:
        return apply(session, planned, lock, tell, parallelism=request.parallelism, recheck=bool(request.saved))


def show(session: Session, request: ApplyRequest, forms: Collection[str]) -> tuple[Planned, Review]:
    """The plan as an apply judges it, and what is shown of it."""
    if request.saved:
        saved = request.saved.get(session.environment.name)
        if saved is None:
            made = ", ".join(request.saved)
            raise Refused(f"the plan is for the environment {made}, not for {session.environment.name}")
        planned = commands.saved_plan.load_saved_plan(session, saved)
        options = Options(allowed=request.options.allowed.union(planned.plan.allowed))
        passed = replace(planned.plan, allowed=tuple(sorted(options.allowed)))
        planned = judged(session, replace(planned, plan=passed), options)
    else:
        planned = plan(session, request.options, base=request.base, only_scope=request.only_scope)
    planned = require_current(planned, request.options.allowed)
    planned = commands.plan.require_open(session, planned, request.options)
    return planned, commands.review.review(session, planned, forms=forms)


@contextmanager
def lock_state(session: Session) -> Iterator[ActiveLock]:
    """Holds the state's lock, from before the plan is made until its last step is written. Refused if it is held."""
    with hold_lock(session.store, LockInfo.this_run(session.door.clock())) as lock:
        yield lock


def apply(
    session: Session,
    planned: Planned,
    lock: ActiveLock,
    tell: Callable[[Event], None],
    *,
    parallelism: int,
    recheck: bool = False,
) -> ApplyReport:
    """Carries a plan out, reads back what was written and leaves a receipt.

    `tell` is told of each event. `parallelism`: how many requests at once. `recheck`: looks again before each write."""
    refuse(planned.plan)
    with Threads(2) as aside:
        # What is applied is the commit of now; git says it while the API is busy.
        head = aside.submit(lambda: planned.head or session.head())
        recorder = Recorder(session.store, planned.snapshot, planned.plan.digest, lock, commit=lambda: result(head))
        writer = Writer(session.door)
        reading = _ReadingBack(planned, writer, recorder, tell)
        commit = aside.submit(session.commit)
        done = execute(
            planned.plan, writer, recorder, planned.live, tell=reading.seen, parallelism=parallelism, recheck=recheck
        )
    recorder.count(planned.live, session.door.clock())
    return _finished(
        recorder, reading, done, cache(lambda: _make_receipt(planned, done, recorder, lock, result(commit)))
    )


@span("stage", stage="verify")
def _finished(
    recorder: Recorder, reading: _ReadingBack, done: ApplyReport, receipt: Callable[[], tuple[Receipt, str]]
) -> ApplyReport:
    """The report, once all that was written is read back and the state is written, with the receipt."""
    try:
        # Until all of it is seen the journal stays: a run after a kill looks longer for what it names.
        report = reading.report(done, meanwhile=receipt)
    finally:
        made, text = receipt()
        is_repeated = bool(made.items) and not (done.of(Status.FAILED) or recorder.has_news())
        kept = made if made.items and not is_repeated else None
        unrecorded = _write_state(recorder, kept.title() if kept else "", ReceiptFile(made.id, text) if kept else None)
    return replace(report, receipt=kept, unrecorded=unrecorded, is_repeated=is_repeated)


def _make_receipt(
    planned: Planned, done: ApplyReport, recorder: Recorder, lock: ActiveLock, commit: str
) -> tuple[Receipt, str]:
    made = make_receipt(
        planned.plan,
        done,
        planned.live,
        recorder.entries(),
        serial=recorder.serial,
        lineage=recorder.lineage,
        at=lock.holder.since,
        who=lock.holder.who,
        where=lock.holder.where,
        commit=commit,
    )
    return made, to_text(made)


class _ReadingBack:
    """Reads back what an apply has written: the list of a kind as soon as nothing more is written to it."""

    def __init__(self, planned: Planned, writer: Writer, recorder: Recorder, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._planned = planned
        self._left = Counter(change.kind for change in planned.plan.changes if change.action in WRITES)
        self._kinds = [kind for kind in KINDS.values() if kind.name in self._left]
        self._writer = writer
        self._recorder = recorder
        self._pool = writer.threads(len(KINDS))
        self._looks: dict[str, Future[Live]] = {}

    def seen(self, event: Event) -> None:
        """Something happened: a change began, or ended. It is passed on."""
        self._tell(event)
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
        for _ in self._writer.poll() if self._kinds else ():
            for kind in self._kinds:
                if kind.name not in self._looks:
                    self._look(kind)
            meanwhile()
            try:
                lives = [result(self._looks.pop(kind.name)) for kind in self._kinds]
            except ReconcilerError as error:
                return replace(report, warnings=(*report.warnings, f"what was written could not be read back: {error}"))
            live = Live({name: records for each in lives for name, records in each.records.items()})
            self._recorder.count(live, self._writer.now())
            planned, entries = self._planned, self._recorder.entries()
            report = Verifier(done, planned.plan, entries, live, planned.live, planned.state, last).verify()
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
        entries, changes = self._recorder.entries(), self._planned.plan.changes
        refs = [ObjectRef.at(name, entries[name].id) for each in changes if (name := each.address) in entries]
        look = partial(observe, self._writer, [kind], (), expected, [kind.name])
        self._looks[kind.name] = self._pool.submit(lambda: with_parts(self._writer, look(), refs))


def _write_state(recorder: Recorder, title: str, attachment: ReceiptFile | None) -> str:
    """Writes the state; gives why it could not be written, empty if it was."""
    try:
        recorder.finish(title, attachment)
    except Refused as refused:
        return f"{refused} ({refused.hint})"
    return ""
