"""What does not deliver: told by `drift` beside what was changed outside, and only if the API's counters prove it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from world import KEY, Json, Run, World

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      more: {title: More, integration: slack, target_platform: iOS}
    reports:
      daily:
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}, {integration: more}]
      local:
        report_name: Local
        send_at: 09:00 Europe/Berlin
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: more}]
    automations:
      flow:
        name: Flow
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """
SetDay = Callable[[str], None]
STARTED = "2026-11-20T08:30:00Z"


@pytest.fixture
def at(world: World, monkeypatch: pytest.MonkeyPatch) -> SetDay:
    """Sets the clocks of the tool and of the simulator: active reports are delivered on the way."""

    def set_day(moment: str) -> None:
        monkeypatch.setenv("RECONCILER_NOW", moment)
        world.end_faults()
        world.fault(f"GET /*: clock {moment}, n=1")
        world.live("scheduled-reports")

    set_day(STARTED)
    return set_day


def health(world: World, code: int = 0) -> list[Json]:
    """What a pipeline sees; nothing is written for it."""
    before = world.state.read_bytes()
    found = world.run("drift", "--format", "json")
    assert found.code == code, found.err
    assert world.writes() == []
    assert world.state.read_bytes() == before
    told: list[Json] = found.document["health"]
    return told


def problem(world: World, address: str) -> str:
    """What is said of the only object that does not deliver."""
    (only,) = health(world)
    assert only["address"] == address
    assert only["id"] == world.id_of(address)
    return str(only["problem"])


def stop(world: World, address: str, runs: int, changed: str = STARTED) -> None:
    """The server delivered a report only so many times."""
    world.edit("scheduled-reports", world.id_of(address), runs=runs, updated_at=changed)


def fail(world: World, address: str, errors: int, failed: str, delivered: str | None, **more: object) -> None:
    """The server counts errors of an integration."""
    times = {"last_error_at": failed, "last_delivery_at": delivered}
    world.edit(
        "integrations", world.id_of(address), delivery_error_count=errors, last_error_message="401", **times, **more
    )


@pytest.mark.exhaustive
def test_ten_days_without_a_fault(world: World, at: SetDay) -> None:
    """Every evening, and an hour before and after each delivery."""
    world.settle(TEAM)
    for day in range(20, 31):
        for hour in ("07:30", "08:10", "08:59", "09:00", "09:01", "09:30", "10:00", "10:30", "22:00"):
            if f"2026-11-{day}T{hour}" > STARTED:
                at(f"2026-11-{day}T{hour}Z")
                assert health(world) == []
    assert "delivering" not in world.run("drift").out


def test_a_report_that_stops(world: World, at: SetDay) -> None:
    """What was counted and since when; exit code 0, or 2 for those who want it."""
    world.settle(TEAM)
    at("2026-11-23T12:00:00Z")
    stop(world, "report.daily", 0)
    (only,) = health(world)
    # The one of half an hour after the apply does not count: clocks differ, and a delivery may come early.
    said = "was due 3 times since 2026-11-20 08:30 UTC, and `runs` stayed at 0"
    assert only == {
        "address": "report.daily",
        "id": world.id_of("report.daily"),
        "name": "Daily",
        "problem": said,
        "since": STARTED,
        "affects": [],
    }
    text = world.run("drift")
    assert text.code == 0
    assert text.out.startswith("Drift in default: nothing changed outside, of 5 remembered")
    assert f'Not delivering: 1 object\n\n  ! report.daily ({only["id"]}) "Daily"\n      {said}\n' in text.out
    assert world.run("drift", "--fail-on", "health").code == 2
    assert world.run("plan", "--detailed-exitcode").code == 0


def test_a_report_that_stopped_later(world: World, at: SetDay) -> None:
    """It was delivered for some days: as many as `runs` grew by, and one is missing."""
    world.settle(TEAM)
    at("2026-11-24T12:00:00Z")
    stop(world, "report.daily", 4)
    assert health(world) == []
    stop(world, "report.daily", 3)
    assert problem(world, "report.daily").endswith(
        "was due 4 times since 2026-11-20 08:30 UTC, and `runs` grew from 0 to 3"
    )


@pytest.mark.parametrize("now", ["2026-11-21T09:59:59Z", "2026-11-21T10:00:00Z"])
def test_a_late_delivery_is_no_alarm(world: World, at: SetDay, now: str) -> None:
    """A delivery is due one hour after its time."""
    world.settle(TEAM)
    at(now)
    stop(world, "report.daily", 0)
    assert bool(health(world)) is (now == "2026-11-21T10:00:00Z")


def test_a_report_that_was_edited_yesterday(world: World, at: SetDay) -> None:
    """It was a draft for a week, and is as it was: what was due before the edit is not known. What follows counts."""
    world.settle(TEAM)
    at("2026-11-29T12:00:00Z")
    stop(world, "report.daily", 2, "2026-11-28T12:00:00Z")
    assert health(world) == []
    at("2026-12-01T12:00:00Z")
    stop(world, "report.daily", 2, "2026-11-28T12:00:00Z")
    assert problem(world, "report.daily") == (
        "was due 3 times since 2026-11-28 12:00 UTC, and `runs` grew from 0 to 2 since 2026-11-20 08:30 UTC"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"runs": None},
        {"runs": "0"},
        {"runs": True},
        {"runs": -5},
        {"updated_at": None},
        {"updated_at": "yesterday"},
        {"updated_at": "9999-12-31T23:59:59Z"},
        {"updated_at": "0001-01-01T00:00:00+14:00", "runs": 10},
        {"send_at": "25:00"},
        {"status": "draft"},
    ],
)
def test_what_proves_nothing(world: World, at: SetDay, values: Json) -> None:
    """A counter that is none, that went back, a change at an unknown time, a report that is not sent."""
    world.settle(TEAM)
    at("2026-11-26T12:00:00Z")
    world.edit("scheduled-reports", world.id_of("report.daily"), **{"runs": 0, "updated_at": STARTED, **values})
    assert health(world, 2 if values.keys() & {"status", "send_at"} else 0) == []


def test_a_draft(world: World, at: SetDay) -> None:
    """It is not delivered, and is not due; its time begins when it is active."""
    world.settle(TEAM.replace("status: active\n        environment", "status: draft\n        environment"))
    at("2026-11-24T12:00:00Z")
    assert health(world) == []
    world.settle(TEAM)
    at("2026-11-26T12:00:00Z")
    assert health(world) == []
    stop(world, "report.daily", 1, "2026-11-24T12:00:00Z")
    assert problem(world, "report.daily").startswith("was due 2 times since 2026-11-24 12:00 UTC")


def test_the_day_of_a_clock_change(world: World, at: SetDay) -> None:
    """A local time has another UTC time from that day on: with the apply of the night and without it, no alarm."""
    at("2027-03-25T12:00:00Z")
    world.settle(TEAM)
    for day in ("2027-03-27", "2027-03-28"):
        at(f"{day}T12:00:00Z")
        assert health(world) == []
    assert world.apply("--only", "clock").code == 0
    for day in ("2027-03-28", "2027-03-29", "2027-03-30"):
        for hour in ("18:00", "23:00"):
            at(f"{day}T{hour}:00Z")
            assert health(world) == []
    local = next(each for each in world.live("scheduled-reports") if each["report_name"] == "Local")
    assert local["send_at"] == "07:00"
    stop(world, "report.local", local["runs"] - 1, local["updated_at"])
    assert "`runs` grew from 3 to 4" in problem(world, "report.local")


def test_an_apply_counts(world: World, at: SetDay) -> None:
    """One that changes something does, for all objects; one that changes nothing writes no state. A counter that has
    not moved keeps its time: that proves more."""
    world.settle(TEAM)
    at("2026-11-24T12:00:00Z")
    stop(world, "report.daily", 2)
    before = world.state.read_bytes()
    assert world.apply().code == 0
    assert world.state.read_bytes() == before
    assert len(health(world)) == 1
    world.settle(TEAM.replace("p1", "p2"))
    assert health(world) == []
    assert format_count(world, "report.daily") == ({"runs": 2}, "2026-11-24T12:00:00Z")
    assert format_count(world, "integration.hook") == ({"delivery_error_count": 0}, STARTED)
    at("2026-11-25T12:00:00Z")
    stop(world, "report.daily", 2)
    world.settle(TEAM)
    assert format_count(world, "report.daily") == ({"runs": 2}, "2026-11-24T12:00:00Z")
    assert problem(world, "report.daily") == "was due 1 time since 2026-11-24 12:00 UTC, and `runs` stayed at 2"
    world.settle(TEAM.replace("Daily", "Weekly"))
    assert format_count(world, "report.daily") == ({"runs": 2}, "2026-11-24T12:00:00Z")
    assert health(world) == []


def test_many_that_did_not_deliver_are_one(world: World, at: SetDay) -> None:
    """Reports that are due as often, whatever they counted before, are told together in text; JSON has each."""
    fields = 'send_at: "09:00", included_range_days: 1, status: active, environment: production'
    lines = [
        f"  r{number:02d}: {{report_name: R{number}, {fields}, destinations: [{{integration: hook}}]}}"
        for number in range(12)
    ]
    hook = "integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}}"
    world.settle("\n".join([hook, "reports:", *lines]))
    at("2026-11-22T12:00:00Z")
    assert world.run("drift").out.count("Not delivering") == 0
    assert world.apply().code == 0
    at("2026-11-24T12:00:00Z")
    for number in range(12):
        stop(world, f"report.r{number:02d}", number % 3)
    assert len(health(world)) == 12
    shown = world.run("drift").out
    named = ", ".join(f"report.r{number:02d}" for number in range(8))
    said = "was due 4 times since 2026-11-20 08:30 UTC, and `runs` did not grow by as much"
    assert f"  ! 12 reports alike\n      {said}\n      {named}, … and 4 more; --format json lists all\n" in shown
    assert shown.count("was due") == 1


def format_count(world: World, address: str) -> tuple[Json, str]:
    """What the state says of the counters of an object."""
    entry = json.loads(world.state.read_text())["resources"][address]
    return entry["counts"], entry["counted_at"]


def test_a_state_without_counts(world: World, at: SetDay) -> None:
    """One of an earlier version, or of nothing: it says nothing. The plan is the same, digest included."""
    world.settle(TEAM)
    at("2026-11-26T12:00:00Z")
    for address in ("report.daily", "report.local"):
        stop(world, address, 0)
    assert len(health(world)) == 2
    changed = TEAM.replace("Daily", "Weekly").replace("p1", "p2")
    world.write(changed)
    digest = world.plan().document["digest"]
    state = json.loads(world.state.read_text())
    for entry in state["resources"].values():
        entry.pop("counts", None)
        entry.pop("counted_at", None)
    world.state.write_text(json.dumps(state))
    assert health(world) == []
    assert world.plan().document["digest"] == digest
    world.state.unlink()
    found = world.run("drift", "--format", "json", "--fail-on", "health")
    assert (found.code, found.document["health"]) == (0, [])


def test_an_export_counts(world: World, at: SetDay) -> None:
    """A project that nobody has changed since it was exported is looked after, too."""
    world.insert("destinations", id="mail-1", label="Email: Team")
    destinations = [{"type": "target_integration", "id": "mail-1"}]
    fields = {"send_at": "09:00", "included_range_days": 1, "status": "active", "environment": "production"}
    made = world.insert("scheduled-reports", report_name="Daily", runs=7, destinations=destinations, **fields)
    assert world.run("export").code == 0
    at("2026-11-23T12:00:00Z")
    world.edit("scheduled-reports", made, runs=7, updated_at=STARTED)
    assert problem(world, "report.daily") == "was due 3 times since 2026-11-20 08:30 UTC, and `runs` stayed at 7"


def test_an_object_that_is_gone(world: World, at: SetDay) -> None:
    """That is drift, and nothing else."""
    world.settle(TEAM)
    at("2026-11-24T12:00:00Z")
    world.remove("scheduled-reports", world.id_of("report.daily"))
    assert health(world, code=2) == []


def test_an_integration_in_error(world: World, at: SetDay) -> None:
    """Its last error, and who sends to it. It is drift if the YAML says active, and none if it says nothing."""
    world.settle(TEAM)
    theirs = world.live("scheduled-reports")[0]
    other = world.insert("scheduled-reports", **{**theirs, "id": "theirs", "report_name": "Theirs"})
    at("2026-11-20T20:00:00Z")
    world.edit("integrations", world.id_of("integration.more"), active=1)
    world.fault('GET /integrations: worker More, message="401 of the hook", n=1')
    world.live("integrations")
    (only,) = health(world)
    assert (only["address"], only["affects"]) == (
        "integration.more",
        ["report.daily", "report.local", f"report[{other}]"],
    )
    assert only["problem"].startswith("its status is error; last error at 2026-11-20T20:00")
    assert only["problem"].endswith(": 401 of the hook")
    text = world.run("drift").out
    assert f"      affects report.daily, report.local, report[{other}]\n" in text
    world.fault("GET /integrations: worker Hook, n=1")
    world.live("integrations")
    both = health(world, code=2)
    assert [each["address"] for each in both] == ["integration.hook", "integration.more"]


def test_an_integration_that_should_be_paused(world: World, at: SetDay) -> None:
    """That it fails is nobody's loss."""
    world.settle(TEAM.replace("status: active}", "status: paused}"))
    fail(world, "integration.hook", 9, "2026-11-21T09:00:00Z", None, active=2)
    assert health(world, code=2) == []


@pytest.mark.parametrize(
    ("errors", "failed", "delivered", "is_told"),
    [
        (5, "2026-11-22T09:00:00Z", "2026-11-21T09:00:00Z", True),
        (5, "2026-11-22T09:00:00Z", None, True),
        (2, "2026-11-22T09:00:00Z", None, False),
        (1, "2026-11-22T09:00:00Z", None, False),
        (5, "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z", False),
        (5, "2026-11-22T09:00:00Z", "2026-11-22T10:00:00+00:00", False),
        (5, "2026-11-22T09:00:00Z", "lately", False),
        (5, "lately", None, False),
    ],
)
def test_an_integration_whose_errors_rise(
    world: World, at: SetDay, errors: int, failed: str, delivered: str | None, *, is_told: bool
) -> None:
    """The worker has not given up yet; one delivery after the last error, and all is well."""
    world.write(TEAM)
    assert world.apply().code == 0
    fail(world, "integration.hook", 2, "2026-11-20T07:00:00Z", "2026-11-20T06:00:00Z")
    world.settle(TEAM.replace("p1", "p2"))
    at("2026-11-23T07:00:00Z")
    fail(world, "integration.hook", errors, failed, delivered)
    found = health(world)
    assert [each["address"] for each in found] == ["integration.hook"] * is_told
    if is_told:
        assert found[0]["problem"] == (
            "`delivery_error_count` rose from 2 to 5 since 2026-11-20 08:30 UTC; "
            "nothing was delivered after the last error at 2026-11-22T09:00:00Z: 401"
        )
        assert found[0]["since"] == "2026-11-22T09:00:00Z"
        world.edit("integrations", world.id_of("integration.hook"), active=0)
        assert health(world, code=2) == []


def test_an_error_that_would_act_on_a_reader(world: World, at: SetDay) -> None:
    """Control characters, markup and a lot of text, on a terminal and in an issue."""
    world.settle(TEAM)
    message = "\x1b[2J<script>@everyone\n## Fine `x` " + "y" * 100_000
    fields = {"active": 2, "last_error_at": "2026-11-20\x1b[31m", "last_error_message": message}
    world.edit("integrations", world.id_of("integration.more"), **fields)
    text, issue = (world.run("drift", "--format", form) for form in ("text", "markdown"))
    assert (text.code, issue.code) == (0, 0)
    for shown in (text.out, issue.out):
        assert "\x1b" not in shown
        assert len(shown) < 3_000
        assert not any(line.startswith("## Fine") for line in shown.splitlines())
    assert "<script>" not in issue.out.replace("`", "").partition("Not delivering")[0]


def test_an_error_with_the_key(world: World, at: SetDay) -> None:
    """Refused as any answer with the key is, and it is shown nowhere."""
    world.settle(TEAM)
    world.edit("integrations", world.id_of("integration.more"), active=2, last_error_message=f"bad token {KEY}")
    for form in ("text", "json", "markdown"):
        refused = world.run("drift", "--format", form)
        assert refused.code == 5
        assert "last_error_message holds the secret key" in refused.err
        assert KEY not in refused.out + refused.err


def test_the_issue(world: World, at: SetDay) -> None:
    """It stays open while something does not deliver, and says what; what drifted stands before it."""
    world.settle(TEAM)
    at("2026-11-23T12:00:00Z")
    assert _issue(world).out.startswith('<!-- reconciler {"environment":"default","command":"no drift"')
    stop(world, "report.daily", 0)
    said = "was due 3 times since 2026-11-20 08:30 UTC, and `runs` stayed at 0"
    found = _issue(world)
    assert found.code == 0
    assert found.out.startswith('<!-- reconciler {"environment":"default","command":"drift"')
    daily = world.id_of("report.daily")
    assert f'#### Not delivering\n\n- `report.daily` "Daily" (`{daily}`): {said}\n' in found.out
    world.edit("automations", world.id_of("automation.flow"), name="Mine")
    both = _issue(world)
    assert both.code == 2
    assert both.out.index("1 object changed outside") < both.out.index("Not delivering") < both.out.index("To keep it")


def _issue(world: World) -> Run:
    return world.run("drift", "--format", "markdown")
