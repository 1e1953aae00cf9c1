"""The operations of one change: checked right before, sent one by one, each recorded before the next leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from reconciler.api import Writer
from reconciler.api.client import Again
from reconciler.api.rate_limiter import RETRIED, TOO_MANY
from reconciler.api.response import NOT_FOUND, Response
from reconciler.apply.recovery import LostResponseRecovery, Missing, PendingReferences, describe_missing
from reconciler.apply.stale import describe_expired_time
from reconciler.errors import AnswerRefused, AnswerUnreadable, ApiFailed, Refused, Unreachable
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import find_differences
from reconciler.kinds.wire import compute_fingerprint, decode_record, find_other_object, is_id, make_object_path
from reconciler.lazy import frozen
from reconciler.model.inputs import NO_TOMBSTONES, Entry, Fields, Record, Tombstone
from reconciler.model.plan import NEW_ID, Action, Change, Request

BAD_REQUEST = 400
REQUEST_ID_HEADERS = ("x-request-id", "request-id")
"""Documented nowhere; common, and worth keeping for a question to the vendor [guess]."""


class StateRecorder(Protocol):
    """The state that an apply writes to: see `state.recorder`. When `intent` returns, its line is on the disk. When
    `record` returns, its line is in the journal. After an `intent`, a crash may have come before or after the write."""

    def entry(self, address: str) -> Entry | None: ...
    def entries(self) -> dict[str, Entry]: ...
    def tombstones(self) -> dict[str, Tombstone]: ...
    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry], zone_data: str = "") -> None: ...
    def record(self, address: str, entry: Entry, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None: ...
    def forget(self, address: str, object_id: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None: ...
    def record_delete(self, address: str, kind: str, object_id: str) -> None: ...
    def intent(self, address: str, what: str) -> None: ...
    def idempotency_key(self, address: str, body: object) -> str: ...


class AlreadyDone(Exception):
    """An earlier attempt has done what was about to be sent again."""


def is_acknowledged(error: ApiFailed) -> bool:
    """Whether the status of the response is that of a success, whatever the rest of it is."""
    return isinstance(error, AnswerUnreadable) or (isinstance(error, AnswerRefused) and error.status < BAD_REQUEST)


def is_unknown(error: ApiFailed) -> bool:
    """Whether a write may have been done although it failed: no answer, a server's fault, an answer without sense (an
    error with the status of a success is one)."""
    if isinstance(error, AnswerRefused) and error.status in RETRIED:
        return error.status != TOO_MANY
    return is_acknowledged(error) or (isinstance(error, Unreachable) and error.sent)


def _name_remaining(record: Record | None) -> str:
    return f"{record.id} is still there" if record else ""


def _require_unchanged(kind: Kind, change: Change, record: Record) -> None:
    if compute_fingerprint(kind, record) != change.seen:
        raise Refused(f"{change.id} was changed by somebody else after it was planned", hint="plan again")


@frozen
class OperationRunner:
    """Does changes. Several threads may share it: each does one change at a time. `always_recheck`: reads an object
    again before every write, and not only before a full PUT. By address, `answered` has the fields that the responses
    to the last writes showed, and `request_ids` the ids that the API gave the writes. `warnings` are for the report."""

    writer: Writer
    recorder: StateRecorder
    references: PendingReferences
    recovery: LostResponseRecovery
    always_recheck: bool
    answered: dict[str, Fields] = field(default_factory=dict)
    request_ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    warnings: list[str] = field(default_factory=list)

    def perform(self, change: Change, *, cleanup: bool) -> None:
        """Does a change, or the clean-up of a replace. Raises a ReconcilerError if a request fails."""
        if cleanup or change.action is Action.DELETE:
            self._delete(change, cleanup=cleanup)
        elif change.remember is None:
            self.recorder.forget(change.address, change.id or "", change.tombstones)
        else:
            self._write(change, change.remember)

    def _delete(self, change: Change, *, cleanup: bool) -> None:
        """Deletes an object. A 404 is a success: it is gone."""
        kind = KINDS[change.kind]
        if not cleanup:
            self._require_as_seen(kind, change)
        for request in change.cleanup if cleanup else change.requests:
            self._change_object(kind, change, request, change.id or "", _name_remaining)
        self.recorder.record_delete(change.address, change.kind, change.id or "")

    def _write(self, change: Change, remember: Entry) -> None:
        """Sends the requests of a create, an update or a replace, and records each before the next one leaves."""
        kind = KINDS[change.kind]
        wanted = self.references.resolve(kind, remember.applied)
        object_id = (change.id if change.action is not Action.REPLACE else remember.id) or ""
        self._require_as_seen(kind, change)
        entry = self.recorder.entry(change.address)
        applied = dict(entry.applied) if entry and entry.id == object_id else {}
        # A run that is cut off before the clean-up still knows which object to delete.
        if change.cleanup and change.id:
            remember = replace(remember, superseded=(*remember.superseded, change.id))
        written: dict[str, Any] = {}
        for request in change.requests:
            sent = {name: wanted[name] for name in request.sets if name in wanted}
            is_last = any(each.comes_last and request.sets == (name,) for name, each in kind.sub_endpoints)
            if written and is_last:
                # What was written before it has to show first, and may show it as well.
                message = f"{', '.join(sent)} of {object_id} is not set, as what was written before it does not show"
                lost = ApiFailed(message, hint="plan again")
                record = self.recovery.settle(kind, object_id, lost, partial(describe_missing, kind, change, written))
                if record is not None and not find_differences(kind, sent, record.fields):
                    applied |= sent
                    continue
            written |= sent
            if request.creates:
                object_id = self._create(kind, change, request)
            else:
                self._change_object(kind, change, request, object_id, partial(describe_missing, kind, change, sent))
            applied |= sent
            if request is not change.requests[-1]:
                progress = replace(remember, id=object_id, applied=dict(applied), rules={})
                self.recorder.record(change.address, progress, change.tombstones)
        self.recorder.record(change.address, replace(remember, id=object_id, applied=wanted), change.tombstones)

    def _change_object(self, kind: Kind, change: Change, request: Request, object_id: str, missing: Missing) -> None:
        """Writes to what exists, or deletes it. A lost response is no failure if nothing is missing afterwards."""
        check = partial(self._check_before_retry, kind, change, request, object_id, missing)
        can_check = kind.endpoints.readable and not request.destroys
        try:
            response = self._send(kind, change, request, object_id, check if can_check else None)
            if response.status == NOT_FOUND:  # Deleted already.
                return
            raw = response.read_acknowledged(object_id)
            if difference := find_other_object(kind, raw):
                message = f"{response.method} {response.path} answered {response.status} with {difference}"
                raise AnswerUnreadable(message)
            if request.sets and is_id(kind, raw.get("id")):
                self._keep_fields(change.address, request, decode_record(kind, raw, {}).fields)
        except AlreadyDone:
            return
        except ApiFailed as lost:
            if not is_unknown(lost):
                raise
            self.recovery.settle(kind, object_id, lost, missing)

    def _send(
        self, kind: Kind, change: Change, request: Request, object_id: str = NEW_ID, before_again: Again | None = None
    ) -> Response:
        """Sends a request once its intent is written. A 404 is no error of a delete."""
        body = self.references.resolve(kind, request.body) if request.body is not None else None
        path = request.path.replace(NEW_ID, quote(object_id, safe="") if object_id != NEW_ID else NEW_ID)
        key = self.recorder.idempotency_key(change.address, body) if request.idempotent else None
        self.recorder.intent(change.address, f"{request.method} {path}")
        response = self.writer.send(
            request.method,
            path,
            body,
            idempotent=not request.creates or key is not None,
            idempotency_key=key,
            before_again=before_again,
            check=None if request.destroys else partial(self._require_timely, change),
        )
        if name := next(filter(None, map(response.headers.get, REQUEST_ID_HEADERS)), None):
            self.request_ids[change.address].append(name)
        if not (response.ok or (request.destroys and response.status == NOT_FOUND)):
            raise response.error(self.writer.source)
        return response

    def _create(self, kind: Kind, change: Change, request: Request, *, is_last: bool = False) -> str:
        """Creates the object and gives its id. After a lost response it is searched, and sent again if it is not there.
        Sent twice at most, and once if the API has acknowledged it: what is not there yet may be made later on."""
        try:
            return self._read_new_id(kind, change, request, self._send(kind, change, request))
        except ApiFailed as error:
            if not is_unknown(error):
                raise
            made = self.recovery.find_made(kind, self.references.resolve(kind, request.body or {}))
            if made is not None:
                self.references.add_created(kind, change.address, made.raw)
                return made.id
            if is_acknowledged(error):
                hint = "plan again: what was made is found by its name"
                raise ApiFailed(f"{error}: whether it was made is unknown", hint=hint) from error
            if is_last:
                raise
        return self._create(kind, change, request, is_last=True)

    def _read_new_id(self, kind: Kind, change: Change, request: Request, response: Response) -> str:
        """The id in the response to a create. AnswerUnreadable if it has none, or that of an object that was there."""
        raw, what = response.record(), f"{request.method} {request.path} answered"
        if difference := find_other_object(kind, raw):
            raise AnswerUnreadable(f"{what} {response.status} with {difference}")
        if not is_id(kind, raw.get("id")):
            raise AnswerUnreadable(f"{what} without the new object's id")
        if not self.recovery.take(kind, raw["id"]):
            raise AnswerUnreadable(f"{what} with {raw['id']}, which is no new object")
        shown = self.references.add_created(kind, change.address, raw).fields
        self._keep_fields(change.address, request, shown)
        for name, each in kind.sub_endpoints:
            if each.comes_last and shown.get(name) not in (None, each.initial):
                message = f"{change.address}: the API made {raw['id']} with the {name} {shown[name]} at once"
                self.warnings.append(f"{message}, before the rest of it was written; expected {each.initial}")
        return str(raw["id"])

    def _keep_fields(self, address: str, request: Request, shown: Fields) -> None:
        """Keeps what a response shows of the fields that the request sent: the read-back compares with it. Of a field
        that was not sent, the response shows what somebody else may have written meanwhile."""
        sent = {name: value for name, value in shown.items() if name in request.sets}
        self.answered[address] = {**self.answered.get(address, {}), **sent}

    def _require_as_seen(self, kind: Kind, change: Change) -> None:
        """Refused if the object of an update or a delete is not as the plan saw it. A full PUT is checked always, as it
        replaces what somebody else may have written. A kind that cannot be read by id was checked when the run
        began."""
        is_checked = self.always_recheck or (kind.endpoints.has_full_update and change.action is Action.UPDATE)
        is_there = change.action in (Action.UPDATE, Action.DELETE)
        if not (is_checked and is_there and kind.endpoints.readable and change.requests):
            return
        record = self.recovery.read_record(kind, change.id or "")
        if record is not None:
            _require_unchanged(kind, change, record)
        elif change.action is not Action.DELETE:
            raise Refused(f"{change.id} is gone", hint="plan again")

    def _require_timely(self, change: Change) -> None:
        """Refused if the UTC times of a change are not those of the next delivery any more, or have to wait."""
        record = self.references.before.find(change.kind, change.id)
        if reason := describe_expired_time(change, record, self.writer.now()):
            raise Refused(reason, hint="plan again")

    def _check_before_retry(
        self, kind: Kind, change: Change, request: Request, object_id: str, missing: Missing, may_have_succeeded: bool
    ) -> None:
        """AlreadyDone if the object of a write that is sent again is as wanted, Refused if somebody has changed it, and
        ApiFailed if it cannot be read."""
        replaces_all = kind.endpoints.has_full_update and request.path == make_object_path(kind, object_id)
        if not (may_have_succeeded or replaces_all):
            return
        try:
            record = self.recovery.read_record(kind, object_id)
        except ApiFailed as error:
            what = f"{request.method} {make_object_path(kind, object_id)}"
            raise ApiFailed(f"{what} failed, and whether it was done could not be read: {error}") from error
        if may_have_succeeded and not missing(record):
            raise AlreadyDone
        if replaces_all and record is not None:
            _require_unchanged(kind, change, record)
