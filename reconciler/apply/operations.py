"""Sends the requests of one change, one after the other, and has each written down before the next leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from reconciler.api import Writer
from reconciler.api.client import Again
from reconciler.api.response import NOT_FOUND, Response
from reconciler.apply.recovery import LostResponseRecovery, is_unknown
from reconciler.apply.resolve import PendingReferences
from reconciler.errors import AnswerUnreadable, ApiFailed, Refused
from reconciler.kinds import KINDS, Kind, Put
from reconciler.kinds.comparison import differences
from reconciler.kinds.normalization import is_normalized
from reconciler.kinds.paths import value_at
from reconciler.kinds.wire import fingerprint, is_id, other_object, record_from
from reconciler.model.desired import Fields
from reconciler.model.live import Record
from reconciler.model.plan import NEW_ID, Action, Change, Request
from reconciler.model.state import NO_TOMBSTONES, Entry, Tombstone
from reconciler.serialization import canonical

REQUEST_ID_HEADERS = ("x-request-id", "request-id")
"""Documented nowhere; common, and worth keeping for a question to the vendor [guess]."""


class StateRecorder(Protocol):
    """Where each step is written down before the next begins."""

    def entry(self, address: str) -> Entry | None:
        """What is remembered of an address now."""

    def entries(self) -> dict[str, Entry]:
        """All that is remembered now."""

    def begin(self, moved: Mapping[str, str], refresh: Mapping[str, Entry]) -> None:
        """Takes over what has moved and what does not change."""

    def tombstones(self) -> dict[str, Tombstone]:
        """What is remembered now of objects that have no entry any more, by `kind[id]`."""

    def record(self, address: str, entry: Entry, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Remembers an address from now on, and the object that it had until then by a tombstone."""

    def forget(self, address: str, object_id: str, tombstones: Mapping[str, Tombstone] = NO_TOMBSTONES) -> None:
        """Forgets an address, and its object but for these tombstones; the object is left as it is."""

    def deleted(self, address: str, kind: str, object_id: str) -> None:
        """Remembers that an object was deleted, and forgets it."""

    def intent(self, address: str, what: str) -> None:
        """Writes down that a write is about to leave."""

    def idempotency_key(self, address: str, body: object) -> str:
        """A key for a create: the same for the same create of this run, also after a crash."""


class _AsWanted(Exception):
    """What was about to be sent again is done already."""


class OperationRunner:
    """Does one change at a time a thread. Safe to share between threads."""

    def __init__(
        self,
        writer: Writer,
        ledger: StateRecorder,
        resolver: PendingReferences,
        finder: LostResponseRecovery,
        *,
        recheck: bool,
    ) -> None:
        self._finder = finder
        self._look_always = recheck
        self._request_ids: dict[str, list[str]] = defaultdict(list)
        self.answered: dict[str, Fields] = {}
        self._writer = writer
        self._ledger = ledger
        self._resolver = resolver

    def request_ids(self, address: str) -> tuple[str, ...]:
        """What the API called the writes for an address."""
        return tuple(self._request_ids.get(address, ()))

    def _note(self, address: str, answer: Response) -> None:
        name = next((answer.headers[each] for each in REQUEST_ID_HEADERS if answer.headers.get(each)), None)
        if name:
            self._request_ids[address].append(name)

    def perform(self, change: Change, *, cleanup: bool) -> None:
        """Does a change, or the clean-up of a replace. Raises a ReconcilerError where a request fails."""
        if cleanup or change.action is Action.DELETE:
            self._delete(change, cleanup=cleanup)
        elif change.remember is None:
            self._ledger.forget(change.address, change.id or "", change.tombstones)
        else:
            self._write(change, change.remember)

    def _delete(self, change: Change, *, cleanup: bool) -> None:
        if not cleanup:
            self._look_again(KINDS[change.kind], change)
        for request in change.cleanup if cleanup else change.requests:
            self._ledger.intent(change.address, f"{request.method} {request.path}")
            try:
                answer = self._writer.send(request.method, request.path, idempotent=True)
                self._note(change.address, answer)
                if answer.status != NOT_FOUND:
                    self._check(KINDS[change.kind], answer, change.id)
            except ApiFailed as lost:
                if not is_unknown(lost):
                    raise
                self._finder.settle(KINDS[change.kind], change.id or "", lost, _still_there)
        self._ledger.deleted(change.address, change.kind, change.id or "")

    def _write(self, change: Change, remember: Entry) -> None:
        kind = KINDS[change.kind]
        wanted = self._resolver.fields(kind, remember.applied)
        object_id = (change.id if change.action is not Action.REPLACE else remember.id) or None
        self._look_again(kind, change)
        entry = self._ledger.entry(change.address)
        applied = dict(entry.applied) if entry and entry.id == object_id else {}
        superseded = remember.superseded
        if change.cleanup and change.id:
            superseded = (*superseded, change.id)
        for request in change.requests:
            if request.creates:
                object_id = self._create(kind, change, request)
            else:
                goal = {name: wanted[name] for name in request.sets if name in wanted}
                self._set(kind, change, request, object_id or "", goal)
            applied |= {name: wanted[name] for name in request.sets if name in wanted}
            progress = replace(remember, id=object_id or "", applied=dict(applied), superseded=superseded)
            self._ledger.record(change.address, progress, change.tombstones)
        done = replace(remember, id=object_id or "", applied=wanted, superseded=superseded)
        self._ledger.record(change.address, done, change.tombstones)

    def _set(self, kind: Kind, change: Change, request: Request, object_id: str, goal: Fields) -> None:
        """Writes to what exists. An answer that was lost is no failure where a look shows that it was done."""
        try:
            again = self._before_again(kind, change, request, object_id, goal)
            answer = self._send(kind, change, request, object_id, again)
            self._check(kind, answer, object_id)
            self._take_answer(kind, change.address, request, answer.body())
        except _AsWanted:
            return
        except ApiFailed as lost:
            if not is_unknown(lost):
                raise
            self._finder.settle(kind, object_id, lost, lambda record: _missing(kind, change, goal, record))

    def _before_again(self, kind: Kind, change: Change, request: Request, object_id: str, goal: Fields) -> Again | None:
        """The look before a write is sent again; none where the API does not let us read the object by itself."""
        replaces_all = kind.put is Put.FULL and request.method == "PUT"

        def look(may_have_succeeded: bool) -> None:
            if not (may_have_succeeded or replaces_all):
                return
            try:
                record = self._finder.record(kind, object_id)
            except ApiFailed as error:
                what = f"{request.method} {kind.path}/{object_id}"
                raise ApiFailed(f"{what} failed, and whether it was done could not be read: {error}") from error
            if may_have_succeeded and not _missing(kind, change, goal, record):
                raise _AsWanted
            if replaces_all and record is not None:
                self._require_as_seen(kind, change, record)

        return look if kind.readable else None

    def _send(
        self, kind: Kind, change: Change, request: Request, object_id: str | None, again: Again | None = None
    ) -> Response:
        body = self._resolver.fields(kind, request.body or {})
        path = request.path.replace(NEW_ID, object_id or NEW_ID)
        key = self._ledger.idempotency_key(change.address, body) if request.idempotent else None
        self._ledger.intent(change.address, f"{request.method} {path}")
        idempotent = not request.creates or key is not None
        answer = self._writer.send(
            request.method, path, body, idempotent=idempotent, idempotency_key=key, before_again=again
        )
        self._note(change.address, answer)
        if not answer.ok:
            raise answer.error(self._writer.source)
        return answer

    def _check(self, kind: Kind, answer: Response, object_id: str | None) -> None:
        if not answer.ok:
            raise answer.error(self._writer.source)
        record = answer.acknowledged(object_id)
        if unlike := other_object(kind, record):
            raise AnswerUnreadable(f"{answer.method} {answer.path} answered {answer.status} with {unlike}")

    def _create(self, kind: Kind, change: Change, request: Request) -> str:
        """Makes the object and gives its id. An answer that was lost is looked for; it is sent again if nothing is."""
        for last in (False, True):
            try:
                return self._new_id(kind, change, request, self._send(kind, change, request, None))
            except ApiFailed as error:
                if not is_unknown(error):
                    raise
                made = self._finder.made(kind, self._resolver.fields(kind, request.body or {}))
                if made is not None:
                    self._resolver.created(change.address, made.raw)
                    return made.id
                if last:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _new_id(self, kind: Kind, change: Change, request: Request, answer: Response) -> str:
        raw = answer.record()
        if unlike := other_object(kind, raw):
            # It may be made later on: what is not there yet is no reason to make it once more.
            what = f"{request.method} {request.path} answered {answer.status} with {unlike}"
            raise ApiFailed(
                f"{what}: whether it was made is unknown",
                hint="plan again: what was made is found by its name",
            )
        if not is_id(raw.get("id")):
            raise AnswerUnreadable(f"{request.method} {request.path} answered without the new object's id")
        if not self._finder.take(kind, raw["id"]):
            raise AnswerUnreadable(f"{request.method} {request.path} answered with {raw['id']}, which is no new object")
        self._resolver.created(change.address, raw)
        self._take_answer(kind, change.address, request, raw)
        return str(raw["id"])

    def _take_answer(self, kind: Kind, address: str, request: Request, raw: object) -> None:
        """Keeps what the API showed of what a write sent when it answered: what is read back is held against it.

        Of a field that was not sent the answer shows what somebody else may have written meanwhile.
        """
        if isinstance(raw, dict) and is_id(raw.get("id")):
            shown = record_from(kind, raw, {}).fields
            sent = {name: value for name, value in shown.items() if name in request.sets}
            self.answered[address] = {**self.answered.get(address, {}), **sent}

    def _look_again(self, kind: Kind, change: Change) -> None:
        """Is it still what the plan saw? The API has no other guard.

        Always before a write that replaces a whole record, and before every write of an earlier plan; what the API
        does not let us read by itself was looked at when the run began.
        """
        careful = self._look_always or (kind.put is Put.FULL and change.action is Action.UPDATE)
        if not (careful and kind.readable and change.requests and change.action in (Action.UPDATE, Action.DELETE)):
            return
        record = self._finder.record(kind, change.id or "")
        if record is not None:
            self._require_as_seen(kind, change, record)
        elif change.action is not Action.DELETE:
            raise Refused(f"{change.id} is gone", hint="plan again")

    def _require_as_seen(self, kind: Kind, change: Change, record: Record) -> None:
        if fingerprint(kind, record) != change.seen:
            raise Refused(f"{change.id} was changed by somebody else after it was planned", hint="plan again")


def _missing(kind: Kind, change: Change, goal: Fields, record: Record | None) -> str:
    """What a lost write has not done, in words; empty where it has done all, or what the API makes of all."""
    if record is None:
        return "its object is not there"
    before = [(each.path, canonical(each.before)) for each in change.fields]
    return ", ".join(
        f"{each.path} is not as it was sent"
        for each in differences(kind, goal, record.fields, change.remember)
        if (each.path, canonical(each.before)) in before
        or not is_normalized(each.field, each.spot[1:], value_at(goal, each.spot), value_at(record.fields, each.spot))
    )


def _still_there(record: Record | None) -> str:
    return f"{record.id} is still there" if record else ""
