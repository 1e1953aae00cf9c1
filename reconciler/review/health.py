"""What should deliver and does not, as far as the counters of the API prove it.

A counter proves something only beside what an apply saw of it. A report may have been delivered early or late, and the
clocks of two machines differ: so a delivery within an hour of either end of the time that is looked at does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Delivery, count_deliveries, fails, sends
from reconciler.kinds.references import ReferenceResolver
from reconciler.kinds.wire import CHANGED_AT, in_short
from reconciler.model.health import NotDelivering
from reconciler.model.inputs import Entry, Live, ObjectRef, Record, State, address_kind
from reconciler.review.clock import DAY, TIME_OF_DAY, parse_stamp
from reconciler.text import counted

MARGIN = timedelta(hours=1)


def find_health(state: State, live: Live, now: datetime) -> tuple[NotDelivering, ...]:
    """What does not deliver at `now` (UTC), in the order of the addresses."""
    found = list(_find(state, live, now))
    if not found:
        return ()
    users, addresses = ReferenceResolver(live).users(), ObjectRef.managed(state.entries)

    def affected(each: NotDelivering) -> Iterator[str]:
        for user in users.get(ObjectRef.at(each.address, each.id), ()):
            if sends(KINDS[user.kind], user.fields):
                yield addresses.get(user.ref, str(user.ref))

    return tuple(replace(each, affects=tuple(sorted(set(affected(each))))) for each in found)


def _find(state: State, live: Live, now: datetime) -> Iterator[NotDelivering]:
    for address, entry in sorted(state.entries.items()):
        kind = KINDS[address_kind(address)]
        record = live.records[kind.name].get(entry.id)
        if record is None or kind.delivery is None:
            continue
        told = _failure(kind.delivery, entry, record) or _missed(kind.delivery, entry, record, now)
        if told:
            problem, since = told
            yield NotDelivering(address, record.id, record.name, problem, since)


def _failure(delivery: Delivery, entry: Entry, record: Record) -> tuple[str, str | None] | None:
    """What the API says of an object that fails, and since when; None if it does not prove that it fails now."""
    kind, raw = KINDS[record.kind], record.raw
    at = raw.get(delivery.failed_at)
    at = in_short(at) if at else None
    last = f"last error{f' at {at}' if at else ''}: {in_short(raw.get(delivery.failure) or 'no message')}"
    if fails(kind, record):
        is_wanted = entry.applied.get(delivery.status, delivery.on) == delivery.on
        return (f"its {delivery.status} is {delivery.failing}; {last}", at) if is_wanted else None
    before, after = _counts(delivery.failed_count, entry, record)
    seen, failed, delivered = parse_stamp(entry.counted_at), parse_stamp(at), raw.get(delivery.last_at)
    if not (seen and failed and sends(kind, record.fields)) or before is None or after is None or after <= before:
        return None
    if delivered is not None and failed <= (parse_stamp(delivered) or failed):
        return None
    rose = f"`{delivery.failed_count}` rose from {before} to {after} since {_minute(seen)}"
    return f"{rose}; nothing was delivered after the {last}", at


def _missed(delivery: Delivery, entry: Entry, record: Record, now: datetime) -> tuple[str, str] | None:
    """How many daily deliveries are missing, and since when; None if that is not proven. A change of the object begins
    the time anew, because a delivery may not have been due before it."""
    before, after = _counts(delivery.sent_count, entry, record)
    time_of_day = TIME_OF_DAY.fullmatch(str(record.fields.get(delivery.at)))
    seen, changed = parse_stamp(entry.counted_at), parse_stamp(record.raw.get(CHANGED_AT))
    if not (time_of_day and seen and changed and sends(KINDS[record.kind], record.fields)):
        return None
    since = max(seen, changed)
    if before is None or after is None or since >= now:
        return None
    due = now.replace(hour=int(time_of_day[1]), minute=int(time_of_day[2]), second=0, microsecond=0)
    count = (now - MARGIN - due) // DAY - (since + MARGIN - due) // DAY
    if not 0 <= after - before < count:
        return None
    runs = f"stayed at {after}" if after == before else f"grew from {before} to {after}"
    runs += "" if since == seen else f" since {_minute(seen)}"
    return f"was due {counted(count, 'time')} since {_minute(since)}, and `{delivery.sent_count}` {runs}", _iso(since)


def _counts(name: str, entry: Entry, record: Record) -> tuple[int | None, int | None]:
    """A counter as an apply saw it, and as it is live."""
    return entry.counts.get(name), count_deliveries(KINDS[record.kind], record).get(name)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
