"""What should deliver and does not, as far as the counters of the API prove it.

A counter proves something only beside what an apply saw of it. A report may have been delivered early or late, and the
clocks of two machines differ: so a delivery within an hour of either end of the time that is looked at does not count.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.kinds import KINDS
from reconciler.kinds.declaration import Delivery
from reconciler.kinds.references import ReferenceResolver
from reconciler.kinds.wire import shorten
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Entry, Live, Record, State, list_managed
from reconciler.model.results import NotDelivering
from reconciler.review.wording import DAY, Clock, parse_stamp
from reconciler.text import format_count

MARGIN = timedelta(hours=1)


def find_health(state: State, live: Live, now: datetime) -> tuple[NotDelivering, ...]:
    """What does not deliver at `now` (UTC), in the order of the addresses."""
    found = []
    for address, entry in sorted(state.entries.items()):
        kind = KINDS[address_kind(address)]
        record = live.records[kind.name].get(entry.id)
        if record is None or not kind.delivery.status:
            continue
        if problem := _find_failure(kind.delivery, entry, record) or _count_missed(kind.delivery, entry, record, now):
            found.append(NotDelivering(address, record.id, record.name, *problem))
    # Who sends through what takes long to find out, and matters only if something fails.
    users, addresses = ReferenceResolver(live).users() if found else {}, list_managed(state.entries)
    for index, each in enumerate(found):
        using = users.get(ObjectRef.at(each.address, each.id), ())
        sending = {user.ref for user in using if KINDS[user.kind].sends(user.fields)}
        found[index] = replace(each, affects=tuple(sorted(addresses.get(ref, str(ref)) for ref in sending)))
    return tuple(found)


def _find_failure(delivery: Delivery, entry: Entry, record: Record) -> tuple[str, str | None] | None:
    """What the API says of an object that fails, and since when; None if it does not prove that it fails now."""
    raw, kind = record.raw, KINDS[record.kind]
    at = shorten(raw.get(delivery.failed_at) or "") or None
    last = f"last error{f' at {at}' if at else ''}: {shorten(raw.get(delivery.failure) or 'no message')}"
    if kind.fails(record.fields):
        is_wanted = entry.applied.get(delivery.status, delivery.on) == delivery.on
        return (f"its {delivery.status} is {delivery.failing}; {last}", at) if is_wanted else None
    known = _read_counts(delivery.failed_count, entry, record)
    failed, delivered = parse_stamp(at), raw.get(delivery.last_at)
    if known is None or failed is None or (delivered is not None and failed <= (parse_stamp(delivered) or failed)):
        return None
    seen, before, after = known
    rose = f"`{delivery.failed_count}` rose from {before} to {after} since {_format_minute(seen)}"
    return (f"{rose}; nothing was delivered after the {last}", at) if after > before else None


def _count_missed(delivery: Delivery, entry: Entry, record: Record, now: datetime) -> tuple[str, str] | None:
    """How many daily deliveries are missing, and since when; None if that is not proven. A change of the object begins
    the time anew, because a delivery may not have been due before it."""
    known = _read_counts(delivery.sent_count, entry, record)
    changed = parse_stamp(record.raw.get(KINDS[record.kind].changed_at))
    due = Clock(now).find_next(record.fields.get(delivery.at))
    if known is None or changed is None or due is None:
        return None
    seen, before, after = known
    since = max(seen, changed)
    # Floored days from the next due time: their difference counts the due times between the two moments.
    count = (now - MARGIN - due) // DAY - (since + MARGIN - due) // DAY if since < now else 0
    if not 0 <= after - before < count:
        return None
    runs = f"stayed at {after}" if after == before else f"grew from {before} to {after}"
    runs += "" if since == seen else f" since {_format_minute(seen)}"
    text = f"was due {format_count(count, 'time')} since {_format_minute(since)}, and `{delivery.sent_count}` {runs}"
    return text, f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _read_counts(name: str, entry: Entry, record: Record) -> tuple[datetime, int, int] | None:
    """When an apply saw a counter, what it was then, and what it is; None if that is not known, or nothing is sent."""
    kind, seen = KINDS[record.kind], parse_stamp(entry.counted_at)
    after = kind.read_delivery_counts(record.raw).get(name)
    if seen is None or after is None or name not in entry.counts or not kind.sends(record.fields):
        return None
    return seen, entry.counts[name], after


def _format_minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
