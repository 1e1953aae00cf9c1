"""The check right before a write that the object is still as the plan saw it. The API offers no condition for that."""

from __future__ import annotations

from reconciler.api.client import Again
from reconciler.apply.recovery import LostResponseRecovery, missing_fields
from reconciler.errors import ApiFailed, Refused
from reconciler.kinds import Kind, Put
from reconciler.kinds.wire import fingerprint
from reconciler.model.desired import Fields
from reconciler.model.live import Record
from reconciler.model.plan import Action, Change, Request


class AlreadyDone(Exception):
    """An earlier attempt has done what was about to be sent again."""


class Recheck:
    """Reads an object again before it is written. `always`: before every write, and not only before a full PUT."""

    def __init__(self, recovery: LostResponseRecovery, *, always: bool) -> None:
        self._recovery = recovery
        self._always = always

    def before_change(self, kind: Kind, change: Change) -> None:
        """Refused if the object of an update or a delete is not as the plan saw it.

        A full PUT is checked always, as it replaces what somebody else may have written. A kind that cannot be read by
        id was checked when the run began.
        """
        is_checked = self._always or (kind.put is Put.FULL and change.action is Action.UPDATE)
        if not (is_checked and kind.readable and change.requests):
            return
        if change.action not in (Action.UPDATE, Action.DELETE):
            return
        record = self._recovery.record(kind, change.id or "")
        if record is not None:
            _require_unchanged(kind, change, record)
        elif change.action is not Action.DELETE:
            raise Refused(f"{change.id} is gone", hint="plan again")

    def before_retry(
        self, kind: Kind, change: Change, request: Request, object_id: str, wanted: Fields
    ) -> Again | None:
        """The check before a write is sent again; None if the kind cannot be read by id.

        The check raises AlreadyDone if the object is as wanted, Refused if somebody else has changed it, and ApiFailed
        if it cannot be read.
        """
        replaces_all = kind.put is Put.FULL and request.method == "PUT"

        def check(may_have_succeeded: bool) -> None:
            if not (may_have_succeeded or replaces_all):
                return
            try:
                record = self._recovery.record(kind, object_id)
            except ApiFailed as error:
                what = f"{request.method} {kind.path}/{object_id}"
                raise ApiFailed(f"{what} failed, and whether it was done could not be read: {error}") from error
            if may_have_succeeded and not missing_fields(kind, change, wanted, record):
                raise AlreadyDone
            if replaces_all and record is not None:
                _require_unchanged(kind, change, record)

        return check if kind.readable else None


def _require_unchanged(kind: Kind, change: Change, record: Record) -> None:
    if fingerprint(kind, record) != change.seen:
        raise Refused(f"{change.id} was changed by somebody else after it was planned", hint="plan again")
