"""What tells a value that the API made of what was sent from one that it did not take, or that does not show yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import Difference, alike
from reconciler.kinds.normalization import is_blank, is_normalized, looks_the_same, may_be_normalized
from reconciler.kinds.paths import path_of, value_at
from reconciler.model.desired import Fields
from reconciler.model.live import Live, Record
from reconciler.model.memory import Entry
from reconciler.model.plan import Change


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was known of all objects beside the look that was just taken.

    `before` is what was live before the run, `earlier` what the state held then of the addresses that a run had written
    and not read back: what came out of all others was learned, so what differs since is somebody's change. `answered`
    (by address) are the fields as the API's answer to our last write showed them, `last` the look before this one: a
    value that still changes is none that the API keeps.
    """

    before: Live
    earlier: Mapping[str, Entry]
    answered: Mapping[str, Fields]
    last: Live | None

    def kept(self, change: Change, entry: Entry, record: Record, found: list[Difference]) -> dict[str, Any]:
        """Path → what the API made of a value, of the differences of an object from what was sent.

        Nothing is concluded of a field that this run did not send: its value is somebody else's. A change without
        requests was sent by an earlier run.
        """
        sent = {name for request in change.requests for name in request.sets}
        return {
            path_of(each.spot): value_at(record.fields, each.spot)
            for each in found
            if (each.spot[0] in sent or not change.requests)
            and self._is_kept(KINDS[change.kind], change.address, entry, record, each)
        }

    def _is_kept(self, kind: Kind, address: str, entry: Entry, record: Record, each: Difference) -> bool:
        """Whether a value is what the API made of what was sent.

        It must look like that, or be what the API answered. What was live before the write may be a look that comes too
        early, or a write that was not taken: there it must look like that, and be answered, or have come out so before.
        """
        field, spot = each.field, each.spot
        sent, shown = value_at(entry.applied, spot), value_at(record.fields, spot)
        if not may_be_normalized(field, spot[1:]):
            return False
        answered = self.answered.get(address, {})
        is_answered = spot[0] in answered and alike(value_at(answered, spot), shown)
        last = _record_in(self.last, kind, record.id)
        if not (is_answered or (last is not None and alike(value_at(last.fields, spot), shown))):
            return False
        if looks_the_same(sent, shown):
            return True
        looks_like_it = is_normalized(field, spot[1:], sent, shown)
        if self._is_as_before(kind, record, spot, shown):
            earlier = self.earlier.get(address)
            was_sent = earlier and earlier.id == record.id and alike(value_at(earlier.applied, spot), sent)
            return looks_like_it and bool(is_answered or was_sent)
        return looks_like_it or is_answered

    def _is_as_before(self, kind: Kind, record: Record, spot: tuple[str, ...], shown: Any) -> bool:
        before = _record_in(self.before, kind, record.id)
        if before is None:
            return len(spot) == 1 and is_blank(shown)
        return alike(value_at(before.fields, spot), shown)


def _record_in(live: Live | None, kind: Kind, object_id: str) -> Record | None:
    return live.records.get(kind.name, {}).get(object_id) if live else None
