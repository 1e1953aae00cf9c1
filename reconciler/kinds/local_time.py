"""Local times: `09:00 Europe/Berlin` is that time on the clock there, all year; each delivery has its UTC time.

A time that the clock skips is the first moment after it on the grid; of one that it repeats, the first counts.
"""

from __future__ import annotations

import re
import zoneinfo
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from reconciler.errors import ReconcilerError
from reconciler.kinds.declaration import Kind
from reconciler.kinds.schema import AREAS
from reconciler.lazy import load
from reconciler.model.inputs import Record
from reconciler.model.plan import Cause, Change
from reconciler.text import find_close, suggest

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
PENDING = timedelta(minutes=15)  # So long after its UTC time a delivery may not have gone out yet.
AHEAD = 400  # Days: within so many, a clock has been through all of its seasons.
MOST_STEPS = 10  # A bound, in case that zone data of the future would cause an endless loop.
LOOSE = re.compile(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s+(\S.*?)\s*")
UTC_NAMES = frozenset({"utc", "gmt", "z", "etc/utc", "etc/gmt", "+00:00"})
EXPECTED = ", or a local time, HH:MM Area/City"
NO_PLACE = "; a local time names a place, since CET or UTC+2 have no seasons"


def _parse_rule(rule: str) -> tuple[time, ZoneInfo]:
    """The time of day and the zone. ReconcilerError if this machine does not know them: the local time may be from a
    state or a plan of a machine with newer zones."""
    clock, _, name = rule.partition(" ")
    try:
        return time.fromisoformat(clock), ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        hint = "update the package tzdata: with pip, or that of the system"
        raise ReconcilerError(f"{rule} is no local time by the time zones of this machine", hint=hint) from error


@lru_cache(100_000)  # Some hundred rules, each for the days of a year.
def find_moment(rule: str, grid: int, day: date) -> datetime:
    """When it is that time on a local day, in UTC. `grid` (minutes): the grid of the UTC times of day."""
    clock, zone = _parse_rule(rule)
    local = datetime.combine(day, clock, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone) == local:
        return moment
    # The clock skips it: with `fold`, the moment is before the clock is put forward.
    moment = local.replace(fold=1).astimezone(UTC)
    moment -= timedelta(minutes=divmod(moment.minute, grid)[1], seconds=moment.second)
    return next(at for step in count() if (at := moment + step * grid * MINUTE).astimezone(zone) > local)


@lru_cache(10_000)
def find_next_moment(rule: str, grid: int, now: datetime) -> datetime:
    """The first moment after `now` at which it is that time, in UTC."""
    today = now.astimezone(_parse_rule(rule)[1]).date()
    return next(at for step in count(-1) if (at := find_moment(rule, grid, today + step * DAY)) > now)


def find_next_time(rule: str, grid: int, now: datetime) -> str:
    """The UTC time of day (HH:MM) of the next delivery after `now`."""
    return f"{find_next_moment(rule, grid, now):%H:%M}"


@lru_cache(10_000)
def list_utc_times(rule: str, grid: int, day: date) -> frozenset[str]:
    """The UTC times of day (HH:MM) that it is in the seasons from a day on."""
    return frozenset(f"{find_moment(rule, grid, day + step * DAY):%H:%M}" for step in range(AHEAD))


def find_safe_moment(rule: str, grid: int, before: object, now: datetime) -> datetime:
    """The first moment from `now` on at which the UTC time `before` can be changed to that of the next delivery. Then
    the last delivery at the old time is out, and the first one at the new time is that of the next day: none is lost or
    doubled. If the old time is none, or too far from the local time to tell its day, that is `now`."""
    moment = now
    for _ in range(MOST_STEPS):
        after = find_next_time(rule, grid, moment)
        last, unsent = _find_last(before, moment), _find_last(after, moment)
        if last is None or unsent is None or before == after:
            return moment
        pending = [each + PENDING for each in (last, unsent) if moment < each + PENDING]
        if not pending and _find_local_day(rule, grid, unsent + DAY) == _find_local_day(rule, grid, last) + 1:
            return moment
        moment = pending[0] if pending else min(last, unsent) + DAY + PENDING
    return now


def _find_last(time_of_day: object, now: datetime) -> datetime | None:
    """The last moment up to `now` at which it was that time in UTC; None if it is no time."""
    with suppress(ValueError):
        clock = datetime.strptime(str(time_of_day), "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
        moment = datetime.combine(now.date(), clock, UTC)
        return moment if moment <= now else moment - DAY
    return None


def _find_local_day(rule: str, grid: int, delivery: datetime) -> int:
    """The local day that a delivery is for: the one whose time is closest."""
    day = delivery.astimezone(_parse_rule(rule)[1]).date().toordinal()
    return min((day - 1, day, day + 1), key=lambda at: abs(find_moment(rule, grid, date.fromordinal(at)) - delivery))


def describe_expired_time(kind: Kind, change: Change, record: Record | None, now: datetime) -> str:
    """Why a change of `record` that was planned before may not be written at `now`; empty if it may."""
    is_sent = record is not None and kind.sends(record.fields)
    is_sent = is_sent and all(each.path != kind.delivery.status for each in change.fields)
    for each in change.fields:
        if not each.rule:
            continue
        grid = kind.find_field(each.path).grid
        if each.after != (after := find_next_time(each.rule, grid, now)):
            return f"{each.path}: {each.rule} is {after} UTC by now, and {each.after} UTC was planned"
        if each.cause is Cause.CLOCK and is_sent and (at := find_safe_moment(each.rule, grid, each.before, now)) > now:
            return f"{each.path}: a delivery would be lost or doubled now, and none from {at:%Y-%m-%d %H:%M} UTC on"
    return ""


@lru_cache(10_000)
def describe(rule: str, grid: int, now: datetime) -> str:
    """`09:00 Europe/Berlin is 08:00 UTC until 2027-03-28, then 07:00 UTC`."""
    first = find_next_moment(rule, grid, now)
    today = first.astimezone(_parse_rule(rule)[1]).date()
    for day in (today + step * DAY for step in range(1, AHEAD)):
        if (then := f"{find_moment(rule, grid, day):%H:%M}") != f"{first:%H:%M}":
            return f"{rule} is {first:%H:%M} UTC until {day}, then {then} UTC"
    return f"{rule} is {first:%H:%M} UTC"


@lru_cache(10_000)
def _find_offsets(zone: ZoneInfo, day: datetime) -> frozenset[timedelta]:
    """The offsets that a zone has from that day on."""
    return frozenset((day + step * DAY).astimezone(zone).utcoffset() or timedelta() for step in range(AHEAD))


def find_grid_problem(rule: str, grid: int, now: datetime) -> str:
    """Why a local time has no UTC time on the grid in some season, and the two nearest that have; empty if it has."""
    clock, zone = _parse_rule(rule)
    local = clock.hour * 60 + clock.minute
    seasons = _find_offsets(zone, now.replace(hour=0, minute=0, second=0, microsecond=0))

    def off(minutes: int) -> list[timedelta]:
        """The seasons in which that time of day is off the grid."""
        return [each for each in sorted(seasons) if divmod(minutes * MINUTE - each, grid * MINUTE)[1]]

    if not (wrong := off(local)):
        return ""
    part = "" if len(wrong) == len(seasons) else " for a part of the year"
    local_day = datetime.combine(now.date(), clock)
    text = f"{rule} is {local_day - wrong[0]:%H:%M} UTC{part}, off the {grid}-minute grid"
    # Nearer than one step of the grid, or there is none.
    near = (next((far for far in range(way, way * grid, way) if not off(local + far)), 0) for way in (-1, 1))
    times = [f"{local_day + far * MINUTE:%H:%M}" for far in near if far]
    return f"{text}; expected {' or '.join(times) or 'a UTC time: no local time there is on it all year'}"


def is_zone(name: str) -> bool:
    """Whether a place has a time zone here. Quick: `suggest_zone` reads the names of all."""
    with suppress(ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return bool(ZoneInfo(name))
    return False


def suggest_zone(name: str, field: str) -> str | None:
    """What a name that is no time zone could mean; None if it is one. ReconcilerError without any time zone data."""
    known = list_zones(field)
    return None if name in known else suggest(find_close(name, known))


@lru_cache(4)
def _read_names(_folders: tuple[str, ...], *, _has_package: bool) -> frozenset[str]:
    """The names of all zones in the folders and the package `tzdata`: each call opens some hundred files."""
    return frozenset(zoneinfo.available_timezones())


def list_zones(field: str) -> frozenset[str]:
    """The names of all time zones here. ReconcilerError for the field if there are none."""
    known = _read_names(zoneinfo.TZPATH, _has_package=find_spec("tzdata") is not None)
    if not known:
        hint = "install the package tzdata: with pip, or that of the system; the configuration may be right"
        raise ReconcilerError(f"{field}: no time zone can be looked up: this machine has no time zone data", hint=hint)
    return known


def suggest_time(text: str, field: str) -> str:
    """How to correct a text that should be a local time, as the end of a message."""
    found = LOOSE.fullmatch(text)
    if found is None:
        return EXPECTED
    clock, place = f"{int(found[1]):02d}:{found[2]}", found[3]
    if place.casefold() in UTC_NAMES:
        return EXPECTED + suggest([clock])
    places = {each.casefold(): each for each in sorted(list_zones(field)) if re.match(f"({AREAS})/", each)}
    cities = {each.rpartition("/")[2]: each for each in places}
    name = place.casefold().replace(" ", "_")
    close = [name] if name in places else [cities[name]] if name in cities else []
    close = close or (find_close(name, places) if "/" in name else [])
    return EXPECTED + (suggest([f"{clock} {places[close[0]]}"]) if close else NO_PLACE)


def read_zone_version(rule: str) -> str:
    """The version of the time zones that a local time is read by, such as `2026b`."""
    name = rule.partition(" ")[2]
    folder = next((each for each in map(Path, zoneinfo.TZPATH) if (each / name).is_file()), None)
    if folder is None:
        return str(load("tzdata:IANA_VERSION"))
    for file, head in (("tzdata.zi", "# version "), ("+VERSION", "")):
        with suppress(OSError, ValueError), (folder / file).open(encoding="ascii") as lines:
            first = lines.readline().strip()
            if first.startswith(head) and len(first) > len(head):
                return first.removeprefix(head)
    return "unknown"
