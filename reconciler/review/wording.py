"""Names and times as people know them: whom an object sends to, who goes through an object, and when."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from reconciler.kinds import KINDS, Kind
from reconciler.kinds.references import ReferenceResolver, find_address, item_id, list_items, references
from reconciler.kinds.wire import find_labels, shorten
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Desired, Fields, Live, Record, Resource
from reconciler.model.plan import Action, Plan

TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
DAY = timedelta(days=1)
MOST_MINUTES = 120
"""From here on a wait is told in hours."""


def parse_stamp(text: Any) -> datetime | None:
    """A time of the API's (ISO 8601, UTC); None if it cannot be read."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@frozen
class Clock:
    """What time it is, and the reader's zone."""

    now: datetime
    zone: tzinfo | None = None

    def find_next(self, time_of_day: Any) -> datetime | None:
        """The next moment at which it is that time (HH:MM) in UTC; None if it is no such time."""
        found = TIME_OF_DAY.fullmatch(time_of_day) if isinstance(time_of_day, str) else None
        if found is None:
            return None
        now = self.now.astimezone(UTC)
        today = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
        return today if today > now else today + DAY

    def has_passed(self, time_of_day: Any) -> bool:
        """Whether that time of the UTC day is over."""
        moment = self.find_next(time_of_day)
        return moment is not None and moment.date() != self.now.astimezone(UTC).date()

    def format_time(self, time_of_day: Any) -> str:
        """A time of day: `09:00 UTC (10:00 Europe/Berlin)`."""
        moment = self.find_next(time_of_day)
        if moment is None:
            return str(time_of_day)
        there = f" ({moment.astimezone(self.zone):%H:%M} {self.zone})" if self.zone else ""
        return f"{moment:%H:%M} UTC{there}"

    def format_moment(self, moment: datetime) -> str:
        """A moment, with its date if it is not today. The reader's date stands beside it only if it differs."""
        day = moment.astimezone(UTC)
        text = f"{_format_time(day, self.now.astimezone(UTC))} UTC"
        return f"{text} ({_format_time(moment.astimezone(self.zone), day)} {self.zone})" if self.zone else text

    def format_stamp(self, text: Any) -> str:
        """A time of the API's, as it says it (ISO 8601, UTC), with the reader's beside it if it can be read."""
        moment = parse_stamp(text) if self.zone else None
        try:  # A time in the year 1 or 9999 has no time in some zones.
            return f"{text} ({moment.astimezone(self.zone):%Y-%m-%d %H:%M} {self.zone})" if moment else str(text)
        except OverflowError:
            return str(text)

    def format_due(self, moment: datetime) -> str:
        """A moment to come, and how long it is until then."""
        return f"{self.format_moment(moment)}, {self.format_wait(moment)}"

    def format_wait(self, moment: datetime) -> str:
        """`in 42 minutes`, `in 13 hours`; what is left over is not counted."""
        minutes = int((moment - self.now).total_seconds() // 60)
        if minutes < 1:
            return "within a minute"
        number, noun = (minutes, "minute") if minutes < MOST_MINUTES else (minutes // 60, "hour")
        return f"in {number} {noun}{'' if number == 1 else 's'}"


def _format_time(moment: datetime, known: datetime) -> str:
    return moment.strftime("%H:%M" if moment.date() == known.date() else "%Y-%m-%d %H:%M")


class Receivers:
    """Whom the objects of a plan send to, and who refers to them, found once for all changes. `unready`: the addresses
    that this plan makes and a person has to set up. `created`: by address, what an earlier apply of this plan made.
    `users`: by address, who refers to it, or will, by kind and name, with the fields as they will be."""

    def __init__(self, plan: Plan, desired: Desired, live: Live) -> None:
        self.plan, self.desired, self.live = plan, desired, live
        # The API puts a label beside an id in its lists, and in lists within records.
        records = [record.raw for each in live.records.values() for record in each.values()]
        names = [name for kind in KINDS.values() for name, _ in kind.lists]
        within = [items for raw in records for name in names if isinstance(items := raw.get(name), list)]
        self._labels = find_labels(item for items in (*within, *live.lookups.values()) for item in items)
        self._addresses = {ref: address for address, ref in plan.objects().items()}
        self._shared = Counter(self._labels.values())
        self._titles = Counter((each.kind, find_name(each)) for each in self.desired.resources.values())
        self.resolver, new = ReferenceResolver(live), [each for each in plan.changes if each.action is Action.CREATE]
        self.created = {each.address: live.find(each.kind, each.id) for each in new}
        self.users = self._find_users()
        made = [each for each in plan.changes if each.action in (Action.CREATE, Action.REPLACE)]
        self.unready = frozenset(each.address for each in made if KINDS[each.kind].messages.after_create)

    def find_names(self, kind: Kind, fields: Fields) -> dict[str, str]:
        """Whom an object with those fields sends to: a name that is the same before and after → what people call it."""
        found = {}
        for name, reference in kind.reference_fields:
            for _, item in list_items(name, reference, fields):
                address = find_address(reference, item)
                object_id = item_id(reference, item) or ""
                if address is None:
                    ref = ObjectRef(reference.kind, object_id)
                    address = self._addresses.get(ref) or self.plan.behind.get(object_id)
                    record, label = self.live.find(*ref), self._labels.get(object_id)
                    title = record.name if record else object_id
                    if label is not None:
                        title = f"{shorten(label)} ({object_id})" if self._shared[label] > 1 else shorten(label)
                    found[address or object_id] = title
                else:
                    # With its address if another one is called so, too.
                    resource = self.desired.resources.get(address)
                    title = find_name(resource) if resource else address
                    is_shared = resource is not None and self._titles[resource.kind, title] > 1
                    found[address] = f"{title} ({address})" if is_shared else title
        return found

    def _find_users(self) -> dict[str, list[Record]]:
        """Address → who refers to it: what is wanted, and what is live and not managed."""
        found: dict[str, list[Record]] = defaultdict(list)
        entries = {change.address: change.remember for change in self.plan.changes} | {**self.plan.refresh}
        for resource in self.desired.resources.values():
            after, fields = entries.get(resource.address), resource.fields
            if after and after.rules:  # UTC times in place of the local ones that are written
                fields = {**fields, **{name: after.applied[name] for name in after.rules}}
            user = Record(resource.kind, resource.address, find_name(resource), fields, {})
            for address in {address for address, *_ in references(KINDS[resource.kind], resource.fields)}:
                found[address].append(user)
        unmanaged = {ObjectRef(each.kind, each.id) for each in self.plan.unmanaged}
        changed = {ObjectRef(change.kind, change.id): change.address for change in self.plan.changes if change.id}
        for target, records in self.resolver.users().items():
            if target in changed:
                found[changed[target]] += [record for record in records if record.ref in unmanaged]
        return {address: sorted(users, key=lambda user: (user.kind, user.name)) for address, users in found.items()}


def find_name(resource: Resource) -> str:
    """What people call a resource that is written."""
    return shorten(resource.fields.get(KINDS[resource.kind].identity.name_field) or resource.address)
