"""Carries a plan out: under the lock, step by step into the journal, and read back at the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler import commands
from reconciler import plan as plan_stage
from reconciler.api import Reader, Writer
from reconciler.apply.execute import Event, execute
from reconciler.apply.stale import find_sent_lookups, recheck_plan
from reconciler.apply.verify import Verifier, is_unsettled
from reconciler.commands.plan import add_policy_results, find_refusal, judge_now, plan, refuse
from reconciler.commands.review import Preview, ReportFiles
from reconciler.commands.session import Planned, Session
from reconciler.config.files import SETTINGS_FILE, STATE_FOLDER, find_configuration_folder
from reconciler.errors import ReconcilerError, Refused
from reconciler.git import find_repository_top
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.normalization import find_normalization_warnings
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Live, list_managed
from reconciler.model.plan import WRITES, Plan
from reconciler.model.reports import Applied, ApplyReport, Ended, Receipt, Review, Status, Verification
from reconciler.observe import observe, observe_remembered, with_parts
from reconciler.plan.guards import Options, find_vanished
from reconciler.plan.plan_file import SavedPlan, check_binding, read_plans
from reconciler.state.backend import LockInfo, ReceiptFile
from reconciler.state.operations import replay_state
from reconciler.state.receipts import make_receipt, to_text
from reconciler.state.recorder import ActiveLock, Recorder, hold_lock
from reconciler.threads import Threads, result, span

if TYPE_CHECKING:
    from reconciler.plan.approval import Approved


@frozen
class ApplyRequest:
    """What the command line asks of an apply.

    `saved`: the plans of a file to carry out, by environment, instead of new ones; empty if there is no such file.
    `expected`: the digest of the approved plan, or `@FILE`. `approved` is what was approved already, if nothing is
    `expected`.
    """

    options: Options
    saved: Mapping[str, SavedPlan] = field(default_factory=dict)
    expected: str | None = None
    approved: Approved | None = None


class Screen(Protocol):
    """What an apply shows to a person, and asks."""

    def show_plans(self, reviews: Sequence[Ended[Review]]) -> None:
        """Shows what is going to be done."""

    def confirm(self, environments: Sequence[str]) -> None:
        """Asks whether to do it. Refused if the answer is not yes."""

    def show_progress(self, plan: Plan) -> AbstractContextManager[Callable[[Event], None]]:
        """A display, which gets each event."""

    def show_report(self, report: ApplyReport) -> None:
        """Shows what was done."""

    def begin(self, environment: str) -> None:
        """Says which of several environments comes now."""

    def show_ends(self, ended: Sequence[Ended[Applied]]) -> None:
        """Shows how it ended for each of several environments."""


def run(session: Session, request: ApplyRequest, files: ReportFiles, screen: Screen) -> Applied:
    """Plans, shows the plan, asks, carries it out and reads it back; all of it under the lock of the state."""
    name = session.environment.name
    with lock_state(session) as lock:
        approved = request.approved
        if request.expected is not None:
            approved = plan_stage.approval.read_approved(request.expected, name)
        shown = show(session, request, files.forms())
        planned, ended = shown.planned, Ended(name, shown.review)
        files.write_plans([ended], is_begun=True)
        screen.show_plans([ended])
        if approved is not None:
            plan_stage.approval.require_approved(planned.plan, approved)
        if shown.refused:
            raise shown.refused
        if planned.plan.changes:
            screen.confirm([name])
            # The answer may have come after midnight.
            refuse(judge_now(session, planned, request.options).plan)
        with screen.show_progress(planned.plan) as on_event:
            report = apply(session, planned, lock, on_event, recheck=bool(request.saved))
    applied = Applied(shown.review, report)
    files.write_reports([Ended(name, applied)])
    screen.show_report(report)
    return applied


def show(session: Session, request: ApplyRequest, forms: Collection[str]) -> Preview:
    """The plan as an apply judges it, what is shown of it, and why it may not be applied."""
    if request.saved:
        saved = request.saved.get(session.environment.name)
        if saved is None:
            made = ", ".join(request.saved)
            raise Refused(f"the plan is for the environment {made}, not for {session.environment.name}")
        planned = load_saved_plan(session, saved)
        # The guards that were passed when it was made, and those that are passed now.
        options = Options(allowed=request.options.allowed.union(planned.plan.allowed))
        passed = replace(planned.plan, allowed=tuple(sorted(options.allowed)))
        planned = add_policy_results(session, replace(planned, plan=passed), options)
    else:
        planned = plan(session, request.options)
    planned = judge_now(session, planned, request.options)
    refused = find_refusal(planned, request.options)
    return Preview(planned, commands.review.review(session, planned, forms=forms), refused=refused)


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
    folder = Path(os.path.realpath((find_repository_top(here) or here) / every[0].folder))
    is_below = folder.is_relative_to(home) and find_configuration_folder(folder) == folder
    return saved, Path(os.path.relpath(folder, home)) if is_below else here


def load_saved_plan(session: Session, saved: SavedPlan) -> Planned:
    """A plan from a file, without the requests that a live object does not need any more.

    Refused if the plan was made for something else, if too many of its objects are gone, or if live values changed.
    """
    snapshot = session.read_state()
    state = replay_state(session.backend, snapshot).state
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
    return commands.evidence.add_behind(planned, session.configuration.folder)


def lock_state(session: Session) -> AbstractContextManager[ActiveLock]:
    """Holds the state's lock, from before the plan is made until its last step is written. Refused if it is held."""
    return hold_lock(session.backend, LockInfo.this_run(session.transport.clock()))


def apply(
    session: Session, planned: Planned, lock: ActiveLock, on_event: Callable[[Event], None], *, recheck: bool = False
) -> ApplyReport:
    """Carries a plan out, reads back what was written and leaves a receipt. `on_event` gets each event. `recheck`: look
    at each object before it is written. Refused if a guard refuses the plan; a change that fails is in the report."""
    refuse(planned.plan)
    with Threads(2) as aside:  # for two questions to git
        # What is applied is the commit of now; git says it while the API is busy.
        head = aside.submit(lambda: planned.head or session.find_head())
        recorder = Recorder(session.backend, planned.snapshot, planned.plan.digest, lock, commit=lambda: result(head))
        writer = Writer(session.transport)
        reading = _ReadingBack(planned, writer, recorder, on_event)
        commit = aside.submit(session.find_commit)
        width, handle = session.transport.rate_limiter.most, reading.handle
        done = execute(
            planned.plan, writer, recorder, planned.live, parallelism=width, on_event=handle, recheck=recheck
        )
    recorder.count(planned.live, session.transport.clock())
    return reading.finish(done, lock, commit)


class _ReadingBack:
    """Reads back what an apply has written: the list of a kind as soon as the last write to it has ended."""

    # Lists of several pages are read meanwhile: with 0.2 s a page, an apply of 800 objects ends a quarter earlier.

    def __init__(self, planned: Planned, writer: Writer, recorder: Recorder, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._planned = planned
        self._left = Counter(change.kind for change in planned.plan.changes if change.action in WRITES)
        self._kinds = [kind for kind in KINDS.values() if kind.name in self._left]
        self._writer = writer
        self._recorder = recorder
        self._pool = writer.threads(len(KINDS))
        self._reads: dict[str, Future[Live]] = {}

    def handle(self, event: Event) -> None:
        """Passes an event on. At the end of the last write to a kind, begins to read its list."""
        self._on_event(event)
        change = event.change
        if change is None or event.status is None or change.action not in WRITES:
            return
        self._left[change.kind] -= 1
        if not self._left[change.kind]:
            self._start_reading(KINDS[change.kind])

    @span("stage", stage="verify")
    def finish(self, done: ApplyReport, lock: ActiveLock, commit: Future[str]) -> ApplyReport:
        """The report, once all that was written is read back and the state is written, with the receipt."""
        planned, recorder = self._planned, self._recorder

        @cache
        def render_receipt() -> tuple[Receipt, str]:
            made = make_receipt(planned.plan, done, planned.live, recorder, lock.holder, result(commit))
            return made, to_text(made)

        try:
            # Until all of it is seen the journal stays: a run after a kill looks longer for what it names.
            report = self._report(done, meanwhile=render_receipt)
        finally:
            made, text = render_receipt()
            # A run that has sent and learned nothing leaves no second receipt of the same changes.
            is_repeated = bool(made.items) and not (done.of(Status.FAILED) or recorder.has_news())
            kept = made if made.items and not is_repeated else None
            unrecorded = ""
            try:
                recorder.finish(*((kept.title(), ReceiptFile(made.id, text)) if kept else ()))
            except Refused as refused:
                unrecorded = f"{refused} ({refused.hint})"
        return replace(report, receipt=kept, unrecorded=unrecorded, is_repeated=is_repeated)

    def _report(self, done: ApplyReport, meanwhile: Callable[[], object]) -> ApplyReport:
        """The report with what was read back of each write, once all is seen or the polls are over. `meanwhile` runs
        while the lists are on their way."""
        report = done
        last: Live | None = None
        for _ in self._writer.poll() if self._kinds else ():
            for kind in self._kinds:
                if kind.name not in self._reads:
                    self._start_reading(kind)
            meanwhile()
            try:
                lives = [result(self._reads.pop(kind.name)) for kind in self._kinds]
            except ReconcilerError as error:
                return replace(report, warnings=(*report.warnings, f"what was written could not be read back: {error}"))
            live = Live({name: records for each in lives for name, records in each.records.items()})
            self._recorder.count(live, self._writer.now())
            planned, entries = self._planned, self._recorder.entries()
            report = Verifier(done, planned.plan, entries, live, planned.live, planned.state, last).verify()
            if not is_unsettled(report):
                break
            last = live
        self._pool.shutdown()
        return self._record_stored(report)

    def _record_stored(self, report: ApplyReport) -> ApplyReport:
        """The report with a warning for each value that the API stores otherwise; the state gets these values."""
        warnings: list[str] = []
        verified = [each.address for each in report.outcomes if each.verification is Verification.VERIFIED]
        self._recorder.read_back(verified)
        for outcome in report.outcomes:
            entry = self._recorder.entry(outcome.address)
            if not outcome.stored or entry is None:
                continue
            self._recorder.record(outcome.address, replace(entry, stored={**entry.stored, **outcome.stored}))
            warnings += find_normalization_warnings(outcome.address, replace(entry, stored=outcome.stored))
        return replace(report, warnings=(*report.warnings, *warnings))

    def _start_reading(self, kind: Kind) -> None:
        entries, changes = self._recorder.entries(), self._planned.plan.changes
        refs = [ObjectRef.at(name, entries[name].id) for each in changes if (name := each.address) in entries]
        look = partial(observe, self._writer, [kind], (), entries, [kind.name])
        self._reads[kind.name] = self._pool.submit(lambda: with_parts(self._writer, look(), refs))
