"""Times as people read them: in UTC, and in the reader's zone if one is set."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from reconciler.lazy import frozen

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
        """A moment, with its date if that is not today's; the reader's with its date if that is another one."""
        day = moment.astimezone(UTC)
        text = f"{_format(day, self.now.astimezone(UTC))} UTC"
        return f"{text} ({_format(moment.astimezone(self.zone), day)} {self.zone})" if self.zone else text

    def format_stamp(self, text: Any) -> str:
        """A time of the API's, as it says it (ISO 8601, UTC), with the reader's beside it if it can be read."""
        moment = parse_stamp(text) if self.zone else None
        try:
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


def _format(moment: datetime, known: datetime) -> str:
    return moment.strftime("%H:%M" if moment.date() == known.date() else "%Y-%m-%d %H:%M")
