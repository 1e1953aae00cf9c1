"""The order of operations of one change: its requests one after the other, each recorded before the next leaves."""

from __future__ import annotations

from dataclasses import replace

from reconciler.api import Writer
from reconciler.api.client import Again
from reconciler.api.response import NOT_FOUND, Response
from reconciler.apply.recheck import AlreadyDone, Recheck
from reconciler.apply.record import ResponseRecord, StateRecorder
from reconciler.apply.recovery import LostResponseRecovery, is_acknowledged, is_unknown, missing_fields, still_there
from reconciler.apply.resolve import PendingReferences
from reconciler.errors import AnswerUnreadable, ApiFailed
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.wire import is_id, other_object
from reconciler.model.desired import Fields
from reconciler.model.plan import NEW_ID, Action, Change, Request
from reconciler.model.state import Entry


class OperationRunner:
    """Does one change at a time a thread. Safe to share between threads. `always_recheck`: see `Recheck`."""

    def __init__(
        self,
        writer: Writer,
        state: StateRecorder,
        references: PendingReferences,
        recovery: LostResponseRecovery,
        *,
        always_recheck: bool,
    ) -> None:
        self.responses = ResponseRecord()
        self._writer = writer
        self._state = state
        self._references = references
        self._recovery = recovery
        self._recheck = Recheck(recovery, always=always_recheck)

    def perform(self, change: Change, *, cleanup: bool) -> None:
        """Does a change, or the clean-up of a replace. Raises a ReconcilerError if a request fails."""
        if cleanup or change.action is Action.DELETE:
            self._delete(change, cleanup=cleanup)
        elif change.remember is None:
            self._state.forget(change.address, change.id or "", change.tombstones)
        else:
            self._write(change, change.remember)

    def _delete(self, change: Change, *, cleanup: bool) -> None:
        kind = KINDS[change.kind]
        if not cleanup:
            self._recheck.before_change(kind, change)
        for request in change.cleanup if cleanup else change.requests:
            self._state.intent(change.address, f"{request.method} {request.path}")
            try:
                response = self._writer.send(request.method, request.path, idempotent=True)
                self.responses.add_request_id(change.address, response)
                if response.status != NOT_FOUND:
                    self._require_acknowledged(kind, response, change.id)
            except ApiFailed as lost:
                if not is_unknown(lost):
                    raise
                self._recovery.settle(kind, change.id or "", lost, still_there)
        self._state.deleted(change.address, change.kind, change.id or "")

    def _write(self, change: Change, remember: Entry) -> None:
        kind = KINDS[change.kind]
        wanted = self._references.fields(kind, remember.applied)
        object_id = (change.id if change.action is not Action.REPLACE else remember.id) or ""
        self._recheck.before_change(kind, change)
        entry = self._state.entry(change.address)
        applied = dict(entry.applied) if entry and entry.id == object_id else {}
        if change.cleanup and change.id:
            remember = replace(remember, superseded=(*remember.superseded, change.id))
        for request in change.requests:
            sent = {name: wanted[name] for name in request.sets if name in wanted}
            if request.creates:
                object_id = self._create(kind, change, request)
            else:
                self._update(kind, change, request, object_id, sent)
            applied |= sent
            progress = replace(remember, id=object_id, applied=dict(applied))
            self._state.record(change.address, progress, change.tombstones)
        self._state.record(change.address, replace(remember, id=object_id, applied=wanted), change.tombstones)

    def _update(self, kind: Kind, change: Change, request: Request, object_id: str, wanted: Fields) -> None:
        """Writes to what exists. A lost response is no failure if the object is as wanted."""
        try:
            check = self._recheck.before_retry(kind, change, request, object_id, wanted)
            response = self._send(kind, change, request, object_id, check)
            self._require_acknowledged(kind, response, object_id)
            self.responses.add_fields(kind, change.address, request, response.body())
        except AlreadyDone:
            return
        except ApiFailed as lost:
            if not is_unknown(lost):
                raise
            self._recovery.settle(kind, object_id, lost, lambda record: missing_fields(kind, change, wanted, record))

    def _send(
        self, kind: Kind, change: Change, request: Request, object_id: str = NEW_ID, before_again: Again | None = None
    ) -> Response:
        body = self._references.fields(kind, request.body or {})
        path = request.path.replace(NEW_ID, object_id or NEW_ID)
        key = self._state.idempotency_key(change.address, body) if request.idempotent else None
        self._state.intent(change.address, f"{request.method} {path}")
        idempotent = not request.creates or key is not None
        response = self._writer.send(
            request.method, path, body, idempotent=idempotent, idempotency_key=key, before_again=before_again
        )
        self.responses.add_request_id(change.address, response)
        return self._require_ok(response)

    def _require_ok(self, response: Response) -> Response:
        if not response.ok:
            raise response.error(self._writer.source)
        return response

    def _require_acknowledged(self, kind: Kind, response: Response, object_id: str | None) -> None:
        record = self._require_ok(response).acknowledged(object_id)
        if unlike := other_object(kind, record):
            raise AnswerUnreadable(f"{response.method} {response.path} answered {response.status} with {unlike}")

    def _create(self, kind: Kind, change: Change, request: Request) -> str:
        """Creates the object and gives its id. After a lost response it is searched, and sent again if it is not there.

        Sent twice at most, and once if the API has acknowledged it: what is not there yet may be made later on.
        """
        for last in (False, True):
            try:
                return self._new_id(kind, change, request, self._send(kind, change, request))
            except ApiFailed as error:
                if not is_unknown(error):
                    raise
                made = self._recovery.made(kind, self._references.fields(kind, request.body or {}))
                if made is not None:
                    self._references.created(change.address, made.raw)
                    return made.id
                if is_acknowledged(error):
                    raise ApiFailed(
                        f"{error}: whether it was made is unknown",
                        hint="plan again: what was made is found by its name",
                    ) from error
                if last:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _new_id(self, kind: Kind, change: Change, request: Request, response: Response) -> str:
        raw = response.record()
        what = f"{request.method} {request.path} answered"
        if unlike := other_object(kind, raw):
            raise AnswerUnreadable(f"{what} {response.status} with {unlike}")
        if not is_id(raw.get("id")):
            raise AnswerUnreadable(f"{what} without the new object's id")
        if not self._recovery.take(kind, raw["id"]):
            raise AnswerUnreadable(f"{what} with {raw['id']}, which is no new object")
        self._references.created(change.address, raw)
        self.responses.add_fields(kind, change.address, request, raw)
        return str(raw["id"])
