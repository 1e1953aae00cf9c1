"""What a write has done whose response was lost: it is looked up, and neither assumed nor sent again blindly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from reconciler.api import Poll, Reader
from reconciler.api.lists import read_list, read_object, read_table
from reconciler.api.rate_limiter import RETRIED, TOO_MANY
from reconciler.errors import AnswerRefused, AnswerUnreadable, ApiFailed, ReconcilerError, Unreachable
from reconciler.kinds import Kind
from reconciler.kinds.comparison import differences
from reconciler.kinds.normalization import bearing, is_made_of, is_normalized
from reconciler.kinds.paths import value_at
from reconciler.kinds.wire import is_id, record_from
from reconciler.model.desired import Fields
from reconciler.model.live import Record
from reconciler.model.plan import Change
from reconciler.serialization import canonical

BAD_REQUEST = 400
SAMPLE = 8
"""Objects that are read by id, to see whether a list is whole."""


def is_acknowledged(error: ApiFailed) -> bool:
    """Whether the status of the response is that of a success, whatever the rest of it is."""
    return isinstance(error, AnswerUnreadable) or (isinstance(error, AnswerRefused) and error.status < BAD_REQUEST)


def is_unknown(error: ApiFailed) -> bool:
    """Whether a write may have been done although it failed: no answer, a server's fault, an answer without sense (an
    error with the status of a success is one)."""
    if isinstance(error, AnswerRefused) and error.status in RETRIED:
        return error.status != TOO_MANY
    return is_acknowledged(error) or (isinstance(error, Unreachable) and error.sent)


def missing_fields(kind: Kind, change: Change, wanted: Fields, record: Record | None) -> str:
    """What a lost write has not done, in words; empty if it has done all, or the API has normalized what it sent."""
    if record is None:
        return "its object is not there"
    before = [(each.path, canonical(each.before)) for each in change.fields]
    return ", ".join(
        f"{each.path} is not as it was sent"
        for each in differences(kind, wanted, record.fields, change.remember)
        if (each.path, canonical(each.before)) in before
        or not is_normalized(each.field, each.spot[1:], value_at(wanted, each.spot), value_at(record.fields, each.spot))
    )


def still_there(record: Record | None) -> str:
    """What a lost delete has not done, in words; empty if the object is gone."""
    return f"{record.id} is still there" if record else ""


class LostResponseRecovery:
    """Looks for what lost writes have done. Safe to share between threads.

    `known`: the objects (kind, id) that were live before. `deleted`: those that we deleted or forgot earlier. No create
    of this run can have made them.
    """

    def __init__(
        self,
        reader: Reader,
        known: Collection[tuple[str, str]],
        deleted: Iterable[tuple[str, str]] = (),
        poll: Poll | None = None,
    ) -> None:
        self._reader = reader
        self._known = frozenset(known)
        self._taken = {*known, *deleted}
        self._lock = threading.Lock()
        self._poll = poll or Poll()

    def take(self, kind: Kind, object_id: str) -> bool:
        """Claims a new object for one create; False if it was there before, or another create has it."""
        with self._lock:
            free = (kind.name, object_id) not in self._taken
            self._taken.add((kind.name, object_id))
            return free

    def made(self, kind: Kind, body: Mapping[str, Any]) -> Record | None:
        """The new object with the fields that were sent; None if there is none after all attempts.

        At last, an object with what the API may have normalized of them counts too. ApiFailed if two objects could be
        it, if one has its name and other fields, or if one of the lists was not whole: nothing is guessed, or created
        twice.
        """
        new: list[Record] = []
        known = {object_id for name, object_id in self._known if name == kind.name}
        missing: set[str] = set()
        returned: set[str] = set()
        for _ in self._poll:
            records = self._records(kind)
            listed = {record.id for record in records}
            returned |= missing & listed
            missing = known - listed
            new = [record for record in records if (kind.name, record.id) not in self._taken]
            found = self._one([record for record in new if not differences(kind, body, record.fields)])
            if found is not None and self.take(kind, found.id):
                return found
        found = self._one([record for record in new if is_made_of(kind, body, record.fields)])
        if found is not None and self.take(kind, found.id):
            return found
        named = ", ".join(sorted(record.id for record in bearing(kind, body, new)))
        if named:
            raise ApiFailed(
                f"the answer to a create was lost, and what bears its name now holds something else: {named}",
                hint="if it is the one that was made, adopt it with `imports`; else delete it, then plan again",
            )
        self._require_whole(kind, missing, returned)
        return None

    def _one(self, found: list[Record]) -> Record | None:
        """The only one, or None. ApiFailed if there are several."""
        if len(found) > 1:
            ids = ", ".join(sorted(record.id for record in found))
            raise ApiFailed(
                f"the answer to a create was lost, and {len(found)} new objects hold what was sent: {ids}",
                hint="delete the one too many in the dashboard, then plan again",
            )
        return found[0] if found else None

    def _require_whole(self, kind: Kind, missing: Collection[str], returned: Collection[str]) -> None:
        """ApiFailed if a list lacks an object that was live before and still is: it may lack the new one, too.

        `returned`: those that one list lacked and a later one has. Of the `missing` ones a few are asked for by id.
        """
        asked = sorted(missing)[:SAMPLE] if kind.readable else ()
        live = (each for each in asked if is_id(each) and read_object(self._reader, kind.path, each) is not None)
        lacked = next(chain(sorted(returned), live), None)
        if lacked is not None:
            raise ApiFailed(
                f"the answer to a create was lost, and GET {kind.path}, which would show what it has made, is not "
                f"whole: it lacks {lacked}, which is live",
                hint="it is not sent again; plan again later, and look for it in the dashboard",
            )

    def record(self, kind: Kind, object_id: str) -> Record | None:
        """The object as it is now, None if there is none: read by its id if the API can, else from the list.

        AnswerUnreadable if the API answers with another object.
        """
        if not kind.readable:
            return next((record for record in self._records(kind) if record.id == object_id), None)
        item = read_object(self._reader, kind.path, object_id)
        return record_from(kind, item, {}) if item is not None else None

    def settle(
        self, kind: Kind, object_id: str, lost: ApiFailed, missing: Callable[[Record | None], str]
    ) -> Record | None:
        """The object, read until a lost write shows. `missing` says in words what does not show, empty if all does.

        ApiFailed, with the message of `lost` and what was seen, if it does not show or cannot be read.
        """
        seen = ""
        try:
            for _ in self._poll:
                record = self.record(kind, object_id)
                seen = missing(record)
                if not seen:
                    return record
        except ReconcilerError as error:
            seen = f"whether it was done could not be read: {error}"
        raise ApiFailed(f"{lost}; {seen}", hint=lost.hint) from lost

    def _records(self, kind: Kind) -> list[Record]:
        items = read_list(self._reader, kind.path, kind.pages.value)
        tables = {path: read_table(self._reader, path) for path in kind.lookups if items}
        return [record_from(kind, item, tables) for item in items]
