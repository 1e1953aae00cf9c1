"""Executes a plan: sends what it shows, in the order of its dependencies, and independent changes in parallel."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache, partial
from queue import Empty, SimpleQueue
from typing import NamedTuple

from reconciler.api import Poll, Writer
from reconciler.apply.interrupts import on_interrupt
from reconciler.apply.operations import OperationRunner
from reconciler.apply.record import StateRecorder
from reconciler.apply.recovery import LostResponseRecovery
from reconciler.apply.resolve import PendingReferences, fields_to_come
from reconciler.apply.schedule import Part, Schedule
from reconciler.errors import Exit, ReconcilerError
from reconciler.kinds.references import known_objects
from reconciler.model.apply_report import ApplyReport, Outcome, Status
from reconciler.model.desired import Fields
from reconciler.model.live import Live
from reconciler.model.plan import WRITES, Action, Change, Plan
from reconciler.model.state import parse_object_name
from reconciler.threads import NOTICED_SECONDS, Threads

PREPARED = 2
INTERRUPTED = "the run was interrupted"
STOPPING = "interrupted: nothing new begins, what is under way is waited for; once more leaves at once"


class Event(NamedTuple):
    """Progress: a change begins (`status` is None) or ends; without a change, `text` is a message."""

    change: Change | None
    status: Status | None
    text: str = ""


Observer = Callable[[Event], None]


@dataclass(slots=True)
class _End:
    """How the parts of a change ended so far."""

    status: Status
    reason: str = ""
    because_of: str = ""
    exit_code: Exit = Exit.DONE


def execute(
    plan: Plan,
    writer: Writer,
    state: StateRecorder,
    before: Live,
    *,
    parallelism: int,
    tell: Observer,
    recheck: bool = False,
    poll: Poll | None = None,
) -> ApplyReport:
    """Does what the plan says, and reports how each change ended. An error of a change is in the report, not raised.

    `before` is what was live when the plan was made. `recheck`: look again before every write. A failure stops only
    the changes that depend on it. Ctrl-C stops new work and waits for what is under way; a second one is raised.
    """
    state.begin(plan.moved, plan.refresh)
    known, buried = _live_before(plan, state), set(map(parse_object_name, state.tombstones()))
    taken, coming = known | buried, cache(partial(fields_to_come, plan))
    references = PendingReferences(writer, _ids(plan, state), before=before, taken=taken, coming=coming, poll=poll)
    recovery = LostResponseRecovery(writer, known, buried, poll)
    run = _Run(plan, OperationRunner(writer, state, references, recovery, always_recheck=recheck), tell)
    # So many requests may be under way; a few more changes are prepared meanwhile.
    # What is under way at a second Ctrl-C has its intent in the journal.
    with Threads(parallelism + parallelism // PREPARED) as pool:
        run.go(pool)
    outcomes = tuple(run.outcome(change, state) for change in plan.changes)
    return ApplyReport(
        plan.environment,
        plan.digest,
        outcomes,
        configuration=plan.configuration,
        api=plan.api,
        answered=run.answered(),
    )


def _ids(plan: Plan, state: StateRecorder) -> Callable[[str], str | None]:
    live = {change.address: change.id for change in plan.changes if change.id}

    def id_of(address: str) -> str | None:
        entry = state.entry(address)
        return entry.id if entry else live.get(address)

    return id_of


def _live_before(plan: Plan, state: StateRecorder) -> set[tuple[str, str]]:
    """(kind, id) of all that was live when the plan was made."""
    known = {(other.kind, other.id) for other in plan.unmanaged}
    known |= {(change.kind, change.id) for change in plan.changes if change.id}
    return known | known_objects(state.entries())


class _Run:
    def __init__(self, plan: Plan, runner: OperationRunner, tell: Observer) -> None:
        self._changes = {change.address: change for change in plan.changes}
        self._schedule = Schedule(change for change in plan.changes if change.action is not Action.MANUAL)
        self._runner = runner
        self._tell = tell
        self._ends: dict[str, _End] = {}
        self._running: dict[Future[None], Part] = {}
        # Each future is put here when it has ended, so a step costs the same however many are waiting.
        # None: the run was interrupted. A SimpleQueue may be written by a signal handler.
        self._finished: SimpleQueue[Future[None] | None] = SimpleQueue()
        self._is_stopping = False

    def go(self, pool: Threads) -> None:
        """Starts parts until none is left."""
        with on_interrupt(lambda: self._finished.put(None)):
            self._start(pool, self._schedule.ready())
            self._drain(pool)

    def _stop(self) -> None:
        """Starts nothing more and waits for what is under way. KeyboardInterrupt if it was called before."""
        if self._is_stopping:
            raise KeyboardInterrupt
        self._is_stopping = True
        cancelled = [self._running.pop(future) for future in list(self._running) if future.cancel()]
        # After the fact: a listener may let the API answer now.
        self._tell(Event(None, None, STOPPING))
        for part in (*self._schedule.rest(), *cancelled):
            self._end(part, _End(Status.SKIPPED, reason=INTERRUPTED))

    def answered(self) -> dict[str, Fields]:
        """Address → fields, as the responses to the last writes showed them."""
        return self._runner.responses.answered

    def outcome(self, change: Change, state: StateRecorder) -> Outcome:
        """How a change ended."""
        if change.action is Action.MANUAL:
            return Outcome(change.address, change.action.value, Status.MANUAL, change.id)
        end = self._ends.get(change.address, _End(Status.SKIPPED, reason=INTERRUPTED))
        entry = state.entry(change.address)
        object_id = entry.id if entry else change.id
        reason = end.reason
        if end.status is Status.DONE and change.action in WRITES and not (change.requests or change.cleanup):
            reason = "it was as wanted already"
        return Outcome(
            change.address,
            change.action.value,
            end.status,
            object_id,
            reason,
            end.because_of,
            end.exit_code,
            request_ids=self._runner.responses.request_ids(change.address),
        )

    def _start(self, pool: Threads, parts: list[Part]) -> None:
        for part in parts:
            change = self._changes[part.address]
            if not part.cleanup:
                self._tell(Event(change, None))
            future = pool.submit(self._runner.perform, change, cleanup=part.cleanup)
            self._running[future] = part
            future.add_done_callback(self._finished.put)

    def _drain(self, pool: Threads) -> None:
        while self._running:
            try:
                future = self._finished.get(timeout=NOTICED_SECONDS)
            except Empty:
                continue
            if future is None:
                self._stop()
                continue
            part = self._running.get(future)
            if part is None:
                continue
            error = future.exception()
            if error is None:
                self._end(part, _End(Status.DONE))
                self._start(pool, self._schedule.done(part))
            else:
                self._failed(part, error)
            self._running.pop(future, None)

    def _failed(self, part: Part, error: BaseException) -> None:
        known = isinstance(error, ReconcilerError)
        reason = str(error) if known else _bug_message(error)
        hint = error.hint if isinstance(error, ReconcilerError) and error.hint else ""
        code = error.exit_code if isinstance(error, ReconcilerError) else Exit.API_FAILED
        self._end(part, _End(Status.FAILED, f"{reason} ({hint})" if hint else reason, exit_code=code))
        for skipped, cause in self._schedule.failed(part).items():
            self._end(skipped, _End(Status.SKIPPED, because_of=cause))

    def _end(self, part: Part, end: _End) -> None:
        """A change has ended once all its parts have; the worse end counts."""
        change = self._changes[part.address]
        known = self._ends.get(part.address)
        if part.cleanup and known and known.status is not Status.DONE:
            return
        if end.status is not Status.DONE and part.cleanup:
            detail = end.reason or f"{end.because_of} failed"
            end = _End(
                Status.FAILED,
                f"the new one stands, the old one ({change.id}) was not deleted: {detail}",
                exit_code=end.exit_code or Exit.API_FAILED,
            )
        self._ends[part.address] = end
        if part.cleanup or not change.cleanup or end.status is not Status.DONE:
            self._tell(Event(change, self._ends[part.address].status, end.reason or end.because_of))


def _bug_message(error: BaseException) -> str:
    """The type and place of a bug, without its message: that may quote a secret, and reports are kept."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"a fault in reconciler: {type(error).__name__} at {at.filename.rpartition('/')[2]}:{at.lineno} in {at.name}"
