"""What a freeze closes, what passes it, and what stays open."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from clock.conftest import reports
from world import World, automation, report

from reconciler.apply.execute import Event
from reconciler.cli.main import run as command
from reconciler.commands.apply import ApplyRequest, run
from reconciler.commands.apply_each import ApplyEach
from reconciler.commands.environments import Environments
from reconciler.commands.review import ReportFiles
from reconciler.commands.session import Session, open_session
from reconciler.errors import Refused
from reconciler.model.plan import Plan
from reconciler.model.reports import Applied, ApplyReport, Ended, Review
from reconciler.plan.guards import Options

from .conftest import AFTER, BEFORE, CLOSED, DURING, SetClock, flow, settings


def receipt(world: World) -> dict[str, object]:
    """The latest receipt."""
    latest: dict[str, object] = world.run("history", "--format", "json").document["receipts"][0]
    return latest


def test_an_apply_is_refused(frozen: World) -> None:
    """With the window, its reason, when it opens again, and what passes it. Nothing is written."""
    done = frozen.run("apply", "--auto-approve")
    assert done.code == 5
    (line,) = [each for each in done.err.splitlines() if each.startswith("error: ")]
    assert line == f"error: {CLOSED}; it opens at 2027-01-03 00:00 UTC"
    assert "to pass: wait until then; `apply --only clock` for what the clocks change; or --allow frozen" in done.err
    assert done.out.count(CLOSED) <= 1
    assert frozen.writes() == []


def test_allow_frozen_passes_and_stands_in_the_receipt(frozen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With who it was; the list of the receipts says it, too, and other receipts do not have it."""
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    assert receipt(frozen)["allowed"] == []
    done = frozen.apply("--allow", "frozen")
    assert done.code == 0, done.err
    assert [path for _, path, _ in frozen.writes()] != []
    assert (receipt(frozen)["who"], receipt(frozen)["allowed"]) == ("ada", ["frozen"])
    latest, first = frozen.run("history").out.splitlines()
    assert latest.endswith("by ada, --allow frozen")
    assert "--allow" not in first


def test_the_comment_after_the_merge_says_who_passed_it(frozen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the pull request later sees it."""
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    file = frozen.folder.parent / "comment.md"
    assert frozen.apply("--allow", "frozen", "--report", f"markdown={file}").code == 0
    assert "By `ada` with `--allow frozen`." in file.read_text(encoding="utf-8")


def test_a_receipt_of_an_earlier_version_is_read(frozen: World) -> None:
    """It has no word on what was allowed."""
    (file,) = (frozen.folder / ".reconciler").glob("**/0*.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["allowed"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert receipt(frozen)["allowed"] == []


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-12-19T23:59:59Z", 0),
        ("2026-12-20T00:00:00Z", 5),
        ("2027-01-02T23:59:59Z", 5),
        ("2027-01-03T00:00:00Z", 0),
    ],
)
def test_both_days_are_whole(frozen: World, at: SetClock, moment: str, code: int) -> None:
    """From the first second of the first day to the last second of the last one."""
    at(moment)
    assert frozen.apply().code == code


def test_nothing_to_do_is_no_refusal(frozen: World) -> None:
    """A job of every night that applies may find nothing."""
    frozen.write(flow())
    assert frozen.apply().code == 0


def test_what_writes_nothing_to_the_api_is_open(frozen: World) -> None:
    """An adoption changes the state alone, as `state mv` does; together with a write it waits."""
    frozen.insert("scheduled-reports", **report("R0", send_at="09:00"))
    frozen.insert("destinations", id="mail-1", label="Email: Team")
    (live,) = frozen.live("scheduled-reports")
    target = [{"type": "target_integration", "id": "mail-1"}]
    frozen.edit("scheduled-reports", live["id"], destinations=target)
    frozen.write(reports("09:00"), "reports.yaml")
    assert frozen.apply().code == 5
    frozen.write(flow())
    done = frozen.apply()
    assert (done.code, done.actions()) == (0, {"report.r0": "done"})
    assert frozen.writes() == []


def test_commands_that_write_files_are_open(frozen: World) -> None:
    """`drift --adopt` and `import` change the YAML: what they wrote is applied after the freeze."""
    frozen.write(flow())
    frozen.edit("automations", frozen.id_of("automation.flow"), name="Renamed")
    assert frozen.run("drift", "--adopt").code == 2
    assert "Renamed" in (frozen.folder / "main.yaml").read_text(encoding="utf-8")
    frozen.insert("automations", **automation("Another"))
    done = frozen.run("import", "--all")
    assert done.code == 0, done.err
    assert frozen.writes() == []


def test_the_state_by_hand_and_a_trial_are_open(world: World, at: SetClock) -> None:
    """`state mv`, `state rm` and `send-test` change no object of the API."""
    at(BEFORE)
    world.insert("destinations", id="mail-1", label="Email: Team")
    world.write(settings(), "reconciler.yaml")
    world.settle(reports("09:00", "09:30"))
    at(DURING)
    folder = str(world.folder)
    assert command(["send-test", "report.r0", folder]) == 0
    assert command(["state", "mv", "report.r0", "report.r9", folder]) == 0
    assert command(["state", "rm", "report.r1", folder]) == 0


def test_the_clock_passes(world: World, at: SetClock) -> None:
    """`--only clock` keeps what was approved; the same as an apply of all is refused, since it is no such promise."""
    at("2027-03-20T12:00Z")
    world.insert("destinations", id="mail-1", label="Email: Team")
    world.write(settings("{from: 2027-03-25, to: 2027-04-05, reason: Easter}"), "reconciler.yaml")
    world.settle(reports("09:00 Europe/Berlin"))
    at("2027-03-29T12:00Z")
    assert world.apply().code == 5
    assert world.writes() == []
    done = world.apply("--only", "clock")
    assert done.code == 0, done.err
    assert world.live("scheduled-reports")[0]["send_at"] == "07:00"


def test_a_saved_plan_is_refused_and_can_be_allowed(frozen: World) -> None:
    """The moment of the apply counts, and not that of the plan; once it is carried out, it has nothing to write."""
    file = frozen.folder.parent / "saved.plan"
    assert frozen.run("plan", "--out", str(file)).code == 0
    assert frozen.run("apply", "--auto-approve", "--plan", str(file)).code == 5
    assert frozen.writes() == []
    assert frozen.run("apply", "--auto-approve", "--plan", str(file), "--allow", "frozen").code == 0
    assert receipt(frozen)["allowed"] == ["frozen"]
    assert frozen.run("apply", "--auto-approve", "--plan", str(file)).code == 0


def test_a_saved_plan_waits_for_the_end(frozen: World, at: SetClock) -> None:
    """What was planned in the freeze is applied after it."""
    file = frozen.folder.parent / "saved.plan"
    assert frozen.run("plan", "--out", str(file)).code == 0
    at(AFTER)
    assert frozen.run("apply", "--auto-approve", "--plan", str(file)).code == 0


def test_the_approval_of_a_digest_does_not_pass_it(frozen: World, at: SetClock) -> None:
    """The same plan before, in and after the freeze has one digest."""
    digest = frozen.plan().document["digest"]
    assert frozen.apply("--expect-digest", digest).code == 5
    at(AFTER)
    assert frozen.plan().document["digest"] == digest
    assert frozen.apply("--expect-digest", digest).code == 0


class Person:
    """A screen and who sits before it. `meanwhile`: what happens while it asks, and while something is written."""

    def __init__(self, asked: Callable[[], None], written: Callable[[], None]) -> None:
        self._asked, self._written = asked, written
        self.reports: list[ApplyReport] = []

    def show_plans(self, reviews: Sequence[Ended[Review]]) -> None:
        """Shows nothing."""

    def confirm(self, environments: Sequence[str]) -> None:
        """Takes its time, and says yes."""
        self._asked()

    @contextmanager
    def show_progress(self, plan: Plan) -> Iterator[Callable[[Event], None]]:
        """Time goes by with each event."""
        yield lambda event: self._written()

    def show_report(self, report: ApplyReport) -> None:
        """Keeps it."""
        self.reports.append(report)


EVENING, MIDNIGHT = datetime(2026, 12, 19, 23, 59, 59, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize("passes", [True, False])
def test_the_answer_may_come_after_midnight(frozen: World, at: SetClock, *, passes: bool) -> None:
    """The clock is looked at once more under the lock, after the yes."""
    at("2026-12-19T23:59:59Z")
    with open_session(frozen.folder, None, frozen.url, os.environ, 1) as session:
        person = Person(lambda: _set(session, MIDNIGHT), lambda: None)
        allowed = frozenset({"frozen"} if passes else ())
        files = ReportFiles("apply", frozen.folder, ())
        if passes:
            run(session, ApplyRequest(Options(allowed=allowed)), files, person)
            assert len(frozen.writes()) == 1
            return
        with pytest.raises(Refused, match="apply is closed from 2026-12-20"):
            run(session, ApplyRequest(Options(allowed=allowed)), files, person)
    assert frozen.writes() == []


def test_an_apply_that_began_before_midnight_goes_on(frozen: World, at: SetClock) -> None:
    """All that was confirmed is written, and read back."""
    frozen.write(flow("p2") + "  other: {name: Other, status: active, data: {actions: {push: p1}}}\n")
    at("2026-12-19T23:59:59Z")
    with open_session(frozen.folder, None, frozen.url, os.environ, 1) as session:
        person = Person(lambda: None, lambda: _set(session, MIDNIGHT))
        run(session, ApplyRequest(Options()), ReportFiles("apply", frozen.folder, ()), person)
    (done,) = person.reports
    assert {each.address: each.status.value for each in done.outcomes} == {
        "automation.flow": "done",
        "automation.other": "done",
    }


def _set(session: Session, moment: datetime) -> None:
    session.transport.now = moment


class Crowd(Person):
    """The same before several environments. `between`: what happens before each of them begins."""

    def __init__(self, between: Callable[[str], None]) -> None:
        super().__init__(lambda: None, lambda: None)
        self._between = between
        self.ended: Sequence[Ended[Applied]] = ()

    def begin(self, environment: str) -> None:
        """Time goes by."""
        self._between(environment)

    def show_ends(self, ended: Sequence[Ended[Applied]]) -> None:
        """Keeps them."""
        self.ended = ended


def test_midnight_between_two_environments(world: World, at: SetClock) -> None:
    """Each begins by itself: the first is done, the second is refused under its own lock."""
    more = "environments: {sandbox: {variables: {n: a}}, production: {variables: {n: b}}}\n"
    world.write(settings(more=more), "reconciler.yaml")
    world.write(flow().replace("name: Flow", 'name: "Flow ${var.n}"'))
    at("2026-12-19T23:59:59Z")

    crowd = Crowd(lambda name: at("2026-12-20T00:00:00Z") if name == "production" else None)
    files = ReportFiles("apply", world.folder, ())
    environments = Environments(world.folder, ["sandbox", "production"], world.url, 1, debug=False)
    ApplyEach(environments, ApplyRequest(Options()), files, crowd).run()
    assert [type(each.error) for each in crowd.ended] == [type(None), Refused]
    assert [each["name"] for each in world.live("automations")] == ["Flow a"]
