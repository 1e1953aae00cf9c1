"""A year and more: every local day has exactly one delivery, whenever an apply runs."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from size import ends, first

from clock.conftest import reports
from reconciler.cli.main import run
from reconciler.kinds import local_time
from reconciler.simulator import Simulator
from reconciler.simulator.wire import Request

START, DAYS = datetime(2027, 1, 4, 12, 0, tzinfo=UTC), 400
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GRID = 30
RULES = (
    "09:00 Europe/Berlin",
    "18:00 America/New_York",
    "09:00 Australia/Sydney",
    "09:00 Australia/Lord_Howe",
    "09:00 Asia/Kolkata",
    "18:15 Pacific/Chatham",
    "12:00 America/Bogota",
)


def require_one_a_day(rule: str, sent: Iterable[datetime], *, is_late: bool) -> None:
    """Each local day between the first and the last has one, at most an hour away from its time; at its time, unless
    the clock was changed on that day. `is_late`: the apply may come some days after that."""
    zone = zoneinfo.ZoneInfo(rule.partition(" ")[2])
    known = sorted(sent)
    days = Counter(each.astimezone(zone).date() for each in known)
    first, last = min(days), max(days)
    assert [days[first + step * DAY] for step in range((last - first).days + 1)] == [1] * len(days), rule
    assert len(days) > DAYS - 15
    for each in known:
        day = each.astimezone(zone).date()
        due, before = local_time.find_moment(rule, GRID, day), local_time.find_moment(rule, GRID, day - DAY)
        is_change = due.time() != before.time()
        assert abs(each - due) <= (HOUR if is_late or is_change else timedelta()), (rule, each)


@pytest.mark.exhaustive
@pytest.mark.parametrize("every", [1, 7])
def test_a_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], every: int
) -> None:
    """The command of the night, every night or every week, against the simulator with its clock."""
    data, folder = tmp_path / "simulator.sqlite", tmp_path / "configuration"
    folder.mkdir()
    (folder / "main.yaml").write_text(reports(*RULES).replace("mail-1", "int-email-01"), encoding="utf-8")
    monkeypatch.setenv("QONVERSION_SECRET", "sk_year")
    monkeypatch.setenv("QONVERSION_API_URL", f"simulator:{data}")
    for night in range(0, DAYS + every, every):
        monkeypatch.setenv("RECONCILER_NOW", (START + night * DAY).isoformat())
        only = ["--only", "clock"] if night else []
        assert run(["apply", str(folder), "--auto-approve", *only]) == 0, capsys.readouterr().err
        capsys.readouterr()
    with Simulator(data) as simulator:
        found = simulator.answer(Request("GET", "/v4/scheduled-reports", authorization="Bearer sk_year")).body["data"]
        for record in found:
            path = f"/_dashboard/scheduled-reports/{record['id']}/deliveries"
            sent = [datetime.fromisoformat(each) for each in simulator.answer(Request("GET", path)).body["at"]]
            assert len(sent) == record["runs"]
            require_one_a_day(RULES[int(record["report_name"].removeprefix("R"))], sent, is_late=every > 1)


def walk(rule: str, applies: Iterable[datetime], pending: timedelta) -> Iterator[datetime]:
    """The deliveries of a server that looks at the time of a report so long after it, if applies are at those times."""
    moments = iter(applies)
    before = next(moments)
    time = local_time.find_next_time(rule, GRID, before)
    for now in moments:
        for step in range(-1, (now - before).days + 2):
            clock = datetime.strptime(time, "%H:%M").replace(tzinfo=UTC).timetz()
            delivery = datetime.combine(before.date() + step * DAY, clock)
            if before < delivery + pending <= now:
                yield delivery
        if local_time.find_safe_moment(rule, GRID, time, now) <= now:
            time = local_time.find_next_time(rule, GRID, now)
        before = now


@pytest.mark.parametrize("rule", ends(RULES))
@pytest.mark.parametrize("pending", first([timedelta(minutes=14), timedelta()]))
@pytest.mark.parametrize(
    "most", [timedelta(hours=24), timedelta(days=10), pytest.param(timedelta(hours=1), marks=pytest.mark.exhaustive)]
)
def test_at_any_moments(rule: str, pending: timedelta, most: timedelta) -> None:
    """An apply may come at any minute: often, once a day or late."""
    random = Random(f"{rule} {pending} {most}")  # noqa: S311 - the same at each run

    def moments() -> Iterator[datetime]:
        now = START
        while now < START + DAYS * DAY:
            yield now
            now += timedelta(minutes=random.randint(1, int(most.total_seconds() // 60)))

    require_one_a_day(rule, walk(rule, moments(), pending), is_late=True)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", first([2, *(hour for hour in range(24) if hour != 2)]))
def test_the_job_of_the_examples(hour: int, zone: str) -> None:
    """Two runs a night: one of them is at a moment that need not wait, whatever the time of the report is."""
    rule = f"{hour:02d}:30 {zone}"
    begin = START.replace(hour=0)
    runs = (begin + day * DAY + timedelta(hours=at, minutes=17) for day in range(DAYS) for at in (1, 4))
    zone_of, late = zoneinfo.ZoneInfo(zone), 0
    for each in walk(rule, runs, timedelta()):
        late += each != local_time.find_moment(rule, GRID, each.astimezone(zone_of).date())
    assert late <= 3
