"""Executes a plan: sends what it shows, in the order of its dependencies, and independent changes in parallel."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache, partial
from graphlib import TopologicalSorter
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from reconciler.api import Writer
from reconciler.apply.operations import OperationRunner, StateRecorder
from reconciler.apply.recovery import LostResponseRecovery, PendingReferences, find_pending_fields
from reconciler.errors import Exit, ReconcilerError
from reconciler.kinds import KINDS
from reconciler.kinds.references import find_known_objects
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Live
from reconciler.model.plan import WRITES, Action, Change, Plan
from reconciler.model.reports import ApplyReport, Outcome, Status
from reconciler.threads import NOTICED_SECONDS, Threads, on_interrupt, span


class Part(NamedTuple):
    """A change, or the second half of a replace (the deletion of what was replaced)."""

    address: str
    cleanup: bool


class Schedule:
    """The parts of a plan that are still to be done. Not safe to share between threads."""

    def __init__(self, changes: Iterable[Change]) -> None:
        waits: dict[Part, Sequence[str]] = {}
        for change in changes:
            waits[Part(change.address, False)] = change.depends_on
            if change.cleanup:
                waits[Part(change.address, True)] = (change.address, *change.cleanup_after)
        self._left = set(waits)
        graph = {part: {Part(each, False) for each in named} & self._left for part, named in waits.items()}
        self._waiting: dict[Part, list[Part]] = defaultdict(list)
        for part, others in graph.items():
            for other in others:
                self._waiting[other].append(part)
        self._sorter = TopologicalSorter(graph)
        self._sorter.prepare()

    def take_ready(self) -> list[Part]:
        """Takes out the parts that wait for nothing, in order."""
        return self._take(self._sorter.get_ready())

    def finish(self, part: Part) -> list[Part]:
        """Takes out the parts that waited for this one alone, in order."""
        self._sorter.done(part)
        return self.take_ready()

    def fail(self, part: Part) -> list[Part]:
        """Takes out all that waited for a part, directly or not."""
        skipped: list[Part] = []
        queue = [part]
        while queue:
            taken = self._take(self._waiting[queue.pop()])
            skipped += taken
            queue += taken
        return skipped

    def take_rest(self) -> list[Part]:
        """Takes out all that is left, in order."""
        return self._take(set(self._left))

    def _take(self, parts: Iterable[Part]) -> list[Part]:
        taken = sorted(self._left.intersection(parts))
        self._left.difference_update(taken)
        return taken


INTERRUPTED = "the run was interrupted"
STOPPING = "interrupted: nothing new begins, what is under way is waited for; once more leaves at once"


class Event(NamedTuple):
    """Progress: a change begins (`status` is None) or ends; without a change, `text` is a message."""

    change: Change | None
    status: Status | None
    text: str = ""


Observer = Callable[[Event], None]


@span("stage", stage="apply")
def execute(
    plan: Plan,
    writer: Writer,
    recorder: StateRecorder,
    before: Live,
    *,
    parallelism: int,
    on_event: Observer,
    recheck: bool,
) -> ApplyReport:
    """Does what the plan says, and reports how each change ended. An error of a change is in the report, not raised.
    `before` is what was live when the plan was made. `recheck`: look again before every write. A failure stops only the
    changes that depend on it. Ctrl-C, or a KeyboardInterrupt of `on_event`, stops new work and waits for the rest;
    a second one is raised."""
    ids = {change.address: change.id for change in plan.changes if change.id}

    def find_id(address: str) -> str | None:
        entry = recorder.entry(address)
        return entry.id if entry else ids.get(address)

    recorder.begin(plan.moved, plan.refresh, plan.zone_data)
    # All that was live when the plan was made. An id that the caller chooses may be used again.
    known = {ObjectRef(each.kind, each.id) for each in plan.unmanaged} | {*plan.objects().values()}
    known |= find_known_objects(recorder.entries())
    deleted = map(ObjectRef.parse, recorder.tombstones())
    taken = known.union(ref for ref in deleted if not KINDS[ref.kind].identity.chosen_id)
    references = PendingReferences(writer, find_id, before, taken, coming=cache(partial(find_pending_fields, plan)))
    recovery = LostResponseRecovery(writer, known, taken)
    runner = OperationRunner(writer, recorder, references, recovery, recheck)
    run = _Run(plan, runner, on_event)
    # So many requests may be under way; meanwhile, one more change is prepared for each two of them.
    with Threads(parallelism + parallelism // 2) as pool:
        try:
            run.run(pool)
        except BaseException:
            # What is under way at a second Ctrl-C has its intent in the journal. The lock is freed next, so a thread
            # whose connection ends may look for nothing and send nothing.
            writer.cancel()
            raise
    return ApplyReport(
        plan.environment,
        plan.digest,
        tuple(map(run.make_outcome, plan.changes)),
        configuration=plan.configuration,
        api=plan.api,
        warnings=tuple(runner.warnings),
        answered=runner.answered,
        is_interrupted=run.is_stopping,
    )


class _Run:
    def __init__(self, plan: Plan, runner: OperationRunner, on_event: Observer) -> None:
        self._changes = {change.address: change for change in plan.changes}
        self._schedule = Schedule(change for change in plan.changes if change.action is not Action.MANUAL)
        self._runner = runner
        self._observer = on_event
        self._ends: dict[str, Outcome] = {}
        self._running: dict[Future[None], Part] = {}
        # Each future is put here when it has ended, so a step costs the same however many are waiting.
        # None: the run was interrupted. A SimpleQueue may be written by a signal handler.
        self._finished: SimpleQueue[Future[None] | None] = SimpleQueue()
        self.is_stopping = False

    def run(self, pool: Threads) -> None:
        """Starts parts until none is left."""
        with on_interrupt(lambda: self._finished.put(None)):
            self._start(pool, self._schedule.take_ready())
            while self._running:
                try:
                    # A wait without an end would not notice a signal that came right before it.
                    future = self._finished.get(timeout=NOTICED_SECONDS)
                except Empty:
                    continue
                if future is None:
                    self._stop()
                elif future in self._running:  # Else it was cancelled.
                    self._finish(pool, self._running[future], future.exception())
                    del self._running[future]

    def _stop(self) -> None:
        """Starts nothing more and waits for what is under way. KeyboardInterrupt if it was called before."""
        if self.is_stopping:
            raise KeyboardInterrupt
        self.is_stopping = True
        cancelled = [self._running.pop(future) for future in list(self._running) if future.cancel()]
        # After the fact: a listener may let the API answer now.
        self._emit(Event(None, None, STOPPING))
        for part in (*self._schedule.take_rest(), *cancelled):
            self._end(part, Status.SKIPPED, INTERRUPTED)

    def _emit(self, event: Event) -> None:
        """Tells the observer. If it raises KeyboardInterrupt, that is as Ctrl-C, and it is told no more."""
        try:
            self._observer(event)
        except KeyboardInterrupt:
            self._observer = lambda _event: None
            self._finished.put(None)

    def make_outcome(self, change: Change) -> Outcome:
        """How a change ended."""
        if change.action is Action.MANUAL:
            return Outcome(change.address, change.action.value, Status.MANUAL, change.id)
        unbegun = Outcome(change.address, change.action.value, Status.SKIPPED, change.id, INTERRUPTED)
        end, entry = self._ends.get(change.address, unbegun), self._runner.recorder.entry(change.address)
        if end.status is Status.DONE and change.action in WRITES and not (change.requests or change.cleanup):
            end = replace(end, reason="it was as wanted already")
        request_ids = self._runner.request_ids.get(change.address, ())
        return replace(end, id=entry.id if entry else change.id, request_ids=tuple(request_ids))

    def _start(self, pool: Threads, parts: list[Part]) -> None:
        for part in parts:
            change = self._changes[part.address]
            if not part.cleanup:
                self._emit(Event(change, None))
            future = pool.submit(self._perform, change, part.cleanup)
            self._running[future] = part
            future.add_done_callback(self._finished.put)

    def _perform(self, change: Change, cleanup: bool) -> None:
        action = "cleanup" if cleanup else change.action.value
        with span("change", action=action, address=change.address, id=change.id) as fields:
            self._runner.perform(change, cleanup=cleanup)
            entry = self._runner.recorder.entry(change.address)
            fields["id"] = entry.id if entry else change.id

    def _finish(self, pool: Threads, part: Part, error: BaseException | None) -> None:
        if error is None:
            self._end(part, Status.DONE)
            self._start(pool, self._schedule.finish(part))
            return
        if isinstance(error, ReconcilerError):
            reason, code = f"{error} ({error.hint})" if error.hint else str(error), error.exit_code
        else:
            # The type and place of a bug, without its message: that may quote a secret, and reports are kept.
            at = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(at.filename).name}:{at.lineno} in {at.name}"
            reason, code = f"a fault in reconciler: {type(error).__name__} at {place}", Exit.API_FAILED
        self._end(part, Status.FAILED, reason, exit_code=code)
        for skipped in self._schedule.fail(part):
            self._end(skipped, Status.SKIPPED, because_of=part.address)

    def _end(
        self, part: Part, status: Status, reason: str = "", because_of: str = "", exit_code: Exit = Exit.DONE
    ) -> None:
        """A change has ended once all its parts have; the worse end counts."""
        change = self._changes[part.address]
        known = self._ends.get(part.address)
        if part.cleanup and known and known.status is not Status.DONE:
            return
        if status is not Status.DONE and part.cleanup:
            detail = reason or f"{because_of} failed"
            reason = f"the new one stands, the old one ({change.id}) was not deleted: {detail}"
            status, because_of, exit_code = Status.FAILED, "", exit_code or Exit.API_FAILED
        action = change.action.value
        self._ends[part.address] = Outcome(part.address, action, status, change.id, reason, because_of, exit_code)
        if status is Status.SKIPPED:
            with span("change", action=action, address=part.address, status=status.value, cause=because_of):
                pass
        if part.cleanup or not change.cleanup or status is not Status.DONE:
            self._emit(Event(change, status, reason or because_of))
