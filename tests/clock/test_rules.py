"""Local times beside all else: causes, digests, saved plans, drift, undo, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scope.conftest import git
from world import World, report

from clock.conftest import SetClock, reports
from reconciler.cli.main import run

BERLIN = "09:00 Europe/Berlin"
WINTER, SPRING = "2027-03-20T12:00Z", "2027-03-27T12:00Z"


def test_the_digest_holds_the_rule(world: World, at: SetClock) -> None:
    """It is the same when the clocks change, whatever is planned, and another one for another rule."""
    at(WINTER)
    world.write(reports(BERLIN))
    winter = world.plan()
    at(SPRING)
    spring = world.plan()
    assert [each.document["changes"][0]["fields"][1]["after"] for each in (winter, spring)] == ["08:00", "07:00"]
    assert winter.document["digest"] == spring.document["digest"]
    world.write(reports("09:00 Europe/Paris"))
    assert world.plan().document["digest"] != spring.document["digest"]


@pytest.mark.parametrize("text", ["report_name: R9", '"11:00 Europe/Berlin"', '"12:00"', ""])
@pytest.mark.parametrize("nightly", [True, False])
def test_an_approval_holds_over_the_change(world: World, at: SetClock, text: str, *, nightly: bool) -> None:
    """What was reviewed in winter is applied in summer, whether a job of the night came between or not."""
    at(WINTER)
    world.settle(reports(BERLIN, BERLIN))
    old = "report_name: R0" if text.startswith("report_name") else f'"{BERLIN}"'
    world.write(reports(BERLIN, BERLIN).replace(old, text, 1) if text else reports("12:00").replace("r0", "r2"))
    digest = world.plan().document["digest"]
    at(SPRING)
    if nightly:  # before the merge
        merged = (world.folder / "main.yaml").read_text(encoding="utf-8")
        world.write(reports(BERLIN, BERLIN))
        assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
        world.write(merged)
    done = world.apply("--expect-digest", digest, "--max-deletes", "9")
    assert done.code == 0, done.err
    assert world.plan().code == 0


def test_only_clock_leaves_the_rest(world: World, at: SetClock) -> None:
    """A report with another change too is left and told; what would be refused otherwise refuses nothing."""
    at(WINTER)
    world.settle(reports(BERLIN, BERLIN, "12:00"))
    at(SPRING)
    world.write(reports(BERLIN, BERLIN).replace("R0", "R9"))
    world.requests()
    done = world.run("apply", "--only", "clock", "--auto-approve")
    assert done.code == 0, done.err
    assert world.writes() == [("PUT", f"/scheduled-reports/{world.id_of('report.r1')}", {"send_at": "07:00"})]
    assert "report.r0 is left as it is" in done.out
    assert world.plan().actions() == {"report.r0": "update", "report.r2": "delete"}


@pytest.mark.parametrize("flags", [["--prune"], ["--expect-digest", "sha256:" + "1" * 64], ["--plan", "x"]])
def test_only_clock_needs_no_approval(world: World, at: SetClock, flags: list[str]) -> None:
    """It takes no flag that decides otherwise."""
    at(WINTER)
    world.write(reports(BERLIN))
    assert world.run("apply", "--only", "clock", "--auto-approve", *flags).code == 64
    assert world.writes() == []


@pytest.mark.parametrize("time", ["10:00", "07:00"])
def test_a_time_set_by_hand_is_drift(world: World, at: SetClock, time: str) -> None:
    """Also that of the other season; the job of the night leaves it."""
    at(WINTER)
    world.settle(reports(BERLIN))
    world.edit("scheduled-reports", world.id_of("report.r0"), send_at=time)
    assert world.plan().causes("report.r0") == {"send_at": "drift"}
    assert world.run("drift").code == 2
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert world.writes() == []
    at(SPRING)
    # What was set by hand is what is wanted by now, or is drift still.
    assert world.plan().code == world.run("drift").code == (0 if time == "07:00" else 2)


def test_adopting_a_time_writes_utc(world: World, at: SetClock) -> None:
    """What a person has set is no local time."""
    at(WINTER)
    world.settle(reports(BERLIN))
    world.edit("scheduled-reports", world.id_of("report.r0"), send_at="10:00")
    world.run("drift", "--adopt")
    assert 'send_at: "10:00"' in (world.folder / "main.yaml").read_text(encoding="utf-8")
    assert world.plan().code == 0


def test_only_clock_within_a_target(world: World, at: SetClock) -> None:
    """`--target` narrows it."""
    at(WINTER)
    world.settle(reports(BERLIN, BERLIN))
    at(SPRING)
    assert world.run("apply", "--only", "clock", "--target", "report.r1", "--auto-approve").code == 0
    assert world.plan().actions() == {"report.r0": "update"}


def test_only_clock_is_not_refused_for_the_rest(world: World, at: SetClock) -> None:
    """A guard judges what is done: deletes that wait for their approval are not."""
    at(WINTER)
    world.settle(reports(*[BERLIN] * 12))
    world.write(reports(BERLIN))
    assert world.plan().code == 5
    at(SPRING)
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert [body for _, _, body in world.writes()] == [{"send_at": "07:00"}]


@pytest.mark.git
def test_strict_scope_takes_the_clock(world: World, at: SetClock) -> None:
    """What the clocks bring about was approved with the local time."""
    at(WINTER)
    world.settle(reports(BERLIN))
    at(SPRING)
    git(world.folder, "init", "--quiet", "--initial-branch", "main")
    git(world.folder, "add", "main.yaml")
    git(world.folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "Begin")
    assert world.apply("--base", "HEAD", "--strict-scope").code == 0
    assert world.plan().code == 0


def test_ignored(world: World, at: SetClock) -> None:
    """`ignore_changes` holds it as it is live."""
    at(WINTER)
    world.settle(reports(BERLIN).replace("}]}", "}], lifecycle: {ignore_changes: [send_at]}}"))
    at(SPRING)
    assert world.plan().code == 0
    assert "rules" not in json.loads(world.state.read_text(encoding="utf-8"))["resources"]["report.r0"]


def test_from_a_plain_time_to_a_local_one(world: World, at: SetClock) -> None:
    """The same UTC time is no change, and from then on the clocks change it."""
    at(WINTER)
    world.settle(reports("08:00"))
    world.settle(reports(BERLIN))
    at(SPRING)
    assert world.plan().causes("report.r0") == {"send_at": "clock"}


def test_a_found_object_is_adopted(world: World, at: SetClock) -> None:
    """Without a state, the UTC time of now is equal."""
    at(WINTER)
    world.insert("scheduled-reports", **report("R0", "mail-1", send_at="08:00"))
    world.write(reports(BERLIN))
    assert world.plan().actions() == {"report.r0": "adopt"}


def test_undo_goes_back_to_the_utc_time(world: World, at: SetClock, tmp_path: Path) -> None:
    """Of that apply alone; the other local times stay remembered."""
    at(WINTER)
    world.settle(reports(BERLIN, "09:00 Asia/Kolkata"))
    at(SPRING)
    world.apply()
    undone = world.plan("--undo", "latest", "--out", str(tmp_path / "undo"))
    assert [each["after"] for each in undone.change("report.r0")["fields"]] == ["08:00"]
    assert world.run("apply", "--plan", str(tmp_path / "undo"), "--auto-approve").code == 0
    assert world.plan().actions() == {"report.r0": "update"}
    rules = json.loads(world.state.read_text(encoding="utf-8"))["resources"]["report.r1"]["rules"]
    assert rules == {"send_at": "09:00 Asia/Kolkata"}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_saved_plan_is_stale_after_the_change(world: World, at: SetClock, tmp_path: Path, *, is_new: bool) -> None:
    """It holds what is sent, and that is not the time of the next delivery any more."""
    at(WINTER)
    if not is_new:
        world.settle(reports(BERLIN))
    world.write(reports("10:00 Europe/Berlin"))
    saved = str(tmp_path / "plan")
    world.plan("--out", saved)
    at(SPRING)
    done = world.run("apply", "--plan", saved, "--auto-approve")
    assert done.code == 5
    assert "is 08:00 UTC by now, and 09:00 UTC was planned" in done.err
    assert world.writes() == []


def test_a_saved_plan_may_not_lose_a_delivery(world: World, at: SetClock, tmp_path: Path) -> None:
    """A plan of the clock that comes too late waits as well; one that comes in time is applied."""
    at(WINTER)
    world.settle(reports(BERLIN))
    at("2027-03-28T06:00Z")
    saved = str(tmp_path / "plan")
    world.plan("--out", saved)
    at("2027-03-28T07:10Z")
    late = world.run("apply", "--plan", saved, "--auto-approve")
    assert (late.code, world.writes()) == (5, [])
    assert "from 2027-03-28 08:15 UTC on" in late.err
    at("2027-03-28T06:10Z")
    assert world.run("apply", "--plan", saved, "--auto-approve").code == 0


def test_the_plan_of_another_moment(
    world: World, at: SetClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`--at` shows it; it cannot be saved."""
    at(WINTER)
    world.settle(reports(BERLIN))
    shown = world.plan("--at", "2027-03-28T01:30Z")
    assert shown.causes("report.r0") == {"send_at": "clock"}
    assert "2027-03-28 01:30 UTC" in shown.err
    assert world.plan().code == 0
    assert world.plan("--at", "2027-03-28T01:30Z", "--out", str(tmp_path / "p")).code == 64
    assert world.plan("--at", "2027-03-28").code == 64
    assert world.plan("--at", "soon").code == 64


@pytest.mark.parametrize("moment", ["2027-03-28", "soon", "9999-12-31T23:59Z"])
def test_a_clock_that_cannot_be_read(world: World, at: SetClock, moment: str) -> None:
    """It is wrong usage, and says what is expected."""
    world.write(reports(BERLIN))
    at(moment)
    assert world.plan().code == 64


def test_the_clock_is_for_rehearsals(world: World, at: SetClock) -> None:
    """For an API that is neither a simulator's nor on this machine it is an error, before anything is asked."""
    at(WINTER)
    world.write(reports(BERLIN))
    done = world.plan("--api-url", "https://api.example.com")
    assert done.code == 64
    assert "RECONCILER_NOW" in done.err


def test_explained(world: World, at: SetClock, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule, and its UTC times."""

    def explained(target: str) -> str:
        assert run(["explain", target, str(world.folder)]) == 0
        return capsys.readouterr().out

    at(WINTER)
    world.settle(reports(BERLIN))
    said = explained("report.r0.send_at")
    assert f"{BERLIN} is 08:00 UTC until 2027-03-28, then 07:00 UTC" in said
    assert f'"08:00" ("{BERLIN}")' in explained("report.r0")
    at("2027-03-28T07:30Z")
    assert "07:00 UTC waits until 2027-03-28T08:15:00Z" in explained("report.r0.send_at")


def test_said_to_people(world: World, at: SetClock) -> None:
    """The consequence names the local time, and when the UTC time changes next."""
    at(WINTER)
    world.write(reports(BERLIN))
    until = f"{BERLIN} is 08:00 UTC until 2027-03-28, then 07:00 UTC"
    assert until in " ".join(world.plan().change("report.r0")["impact"])
    for form in ("text", "markdown", "html"):
        assert BERLIN in world.run("plan", "--format", form).out
    world.apply()
    at("2027-03-28T07:30Z")
    for form in ("text", "markdown", "html"):
        assert "from 2027-03-28 08:15 UTC on" in world.run("plan", "--format", form).out


def test_a_lost_memory_of_the_rule_is_no_clock(world: World, at: SetClock) -> None:
    """A state that an older version wrote has no rules: the change is one of the configuration."""
    at(WINTER)
    world.settle(reports(BERLIN))
    state = json.loads(world.state.read_text(encoding="utf-8"))
    del state["resources"]["report.r0"]["rules"], state["zone_data"]
    world.state.write_text(json.dumps(state), encoding="utf-8")
    at(SPRING)
    assert world.plan().causes("report.r0") == {"send_at": "config"}


def test_a_move_is_approved_over_the_change(world: World, at: SetClock) -> None:
    """The clocks may change a report that also moves: the move is approved, and the digest is the same all the time."""
    at(WINTER)
    world.settle(reports(BERLIN))
    world.write(reports(BERLIN).replace("r0:", "n0:") + "moved: [{from: report.r0, to: report.n0}]\n")
    digests = set()
    for moment in (WINTER, SPRING, "2027-03-28T07:30Z"):
        at(moment)
        digests.add(world.plan().document["digest"])
    (digest,) = digests
    at(SPRING)
    assert world.apply("--expect-digest", digest).code == 0
    assert [body for *_, body in world.writes()] == [{"send_at": "07:00"}]


def test_what_differs_from_an_approval(world: World, at: SetClock, tmp_path: Path) -> None:
    """A local time that was approved is no difference, although its UTC time is another one by now."""
    at(WINTER)
    world.settle(reports(BERLIN, BERLIN))
    world.write(reports("12:00 Europe/Berlin", BERLIN).replace("R1", "R9"))
    approved = tmp_path / "approved.json"
    approved.write_text(world.plan().out, encoding="utf-8")
    at(SPRING)
    world.edit("scheduled-reports", world.id_of("report.r1"), included_range_days=7)
    done = world.apply("--expect-digest", f"@{approved}")
    assert done.code == 5
    assert "report.r1 would change differently: included_range_days" in done.err
    assert "report.r0 would" not in done.err


def test_no_risk_is_told_where_there_is_none(world: World, at: SetClock) -> None:
    """00:00 UTC and then 23:00 UTC are for two local days, whatever else changes."""
    at(WINTER)
    world.settle(reports("01:00 Europe/Berlin"))
    world.write(reports("01:00 Europe/Berlin").replace("R0", "R9"))
    at("2027-03-28T12:00Z")
    planned = world.plan()
    assert planned.causes("report.r0") == {"report_name": "config", "send_at": "clock"}
    assert "second time" not in planned.out


def test_many_that_wait(world: World, at: SetClock) -> None:
    """Each form has room for them; JSON has all."""
    at(WINTER)
    world.settle(reports(*[BERLIN] * 101))
    at("2027-03-28T07:30Z")
    assert len(world.plan().document["waiting"]) == 101
    page = world.run("plan", "--format", "html")
    assert page.code == 0, page.err
    assert "1 more are not in this page" in page.out
    said = world.run("plan").out
    assert said.count("from 2027-03-28 08:15 UTC on") < 101
    assert "more that wait; --format json lists all" in said


@pytest.mark.parametrize("before", [BERLIN, "08:00"])
def test_changed_here_and_outside(world: World, at: SetClock, before: str) -> None:
    """Another local time is a change of ours, also if it gives the UTC time that was applied."""
    at(WINTER)
    world.settle(reports(before))
    world.edit("scheduled-reports", world.id_of("report.r0"), send_at="12:00")
    world.write(reports("10:00 Europe/Berlin"))
    winter = world.plan()
    at(SPRING)
    spring = world.plan()
    assert winter.causes("report.r0") == spring.causes("report.r0") == {"send_at": "both"}
    assert winter.document["digest"] == spring.document["digest"]


@pytest.mark.parametrize("imports", [True, False])
def test_an_adopt_loses_no_delivery(world: World, at: SetClock, *, imports: bool) -> None:
    """On the very day of a change it adopts and the time waits; the clocks change it after that."""
    at(WINTER)
    world.settle(reports(BERLIN))
    text = f"imports: [{{to: report.r0, id: {world.id_of('report.r0')}}}]\n" if imports else ""
    world.state.unlink()
    world.write(reports(BERLIN) + text)
    winter = world.plan()
    at("2027-03-28T07:30Z")
    planned = world.plan()
    assert planned.actions() == {"report.r0": "adopt"}
    assert [each["not_before"] for each in planned.document["waiting"]] == ["2027-03-28T08:15:00Z"]
    assert planned.document["digest"] == winter.document["digest"]
    assert world.apply("--expect-digest", winter.document["digest"]).code == 0
    assert world.writes() == []
    assert world.plan().code == 0
    at("2027-03-28T08:15Z")
    assert world.plan().causes("report.r0") == {"send_at": "clock"}
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert [body for *_, body in world.writes()] == [{"send_at": "07:00"}]


def test_an_adopt_is_approved_as_a_rule(world: World, at: SetClock) -> None:
    """The clocks may change between the review and the apply. The job of the night adopts nothing by itself."""
    at(WINTER)
    world.insert("scheduled-reports", **report("R0", "mail-1", send_at="08:00"))
    world.write(reports(BERLIN))
    winter = world.plan()
    at("2027-03-29T12:00Z")
    assert world.plan().causes("report.r0")["send_at"] == "clock"
    assert world.run("apply", "--only", "clock", "--auto-approve").code == 0
    assert world.writes() == []
    done = world.apply("--expect-digest", winter.document["digest"])
    assert done.code == 0, done.err
    assert [body for *_, body in world.writes()] == [{"send_at": "07:00"}]
    assert world.plan().code == 0


def test_a_found_time_of_no_season_is_unknown(world: World, at: SetClock) -> None:
    """Only a time that the rule has in another season is of the clocks."""
    at(WINTER)
    world.insert("scheduled-reports", **report("R0", "mail-1", send_at="10:00"))
    world.write(reports(BERLIN))
    assert world.plan().causes("report.r0")["send_at"] == "unknown"
