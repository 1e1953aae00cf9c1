"""`--log-format json`: stderr holds JSON lines only, and stdout stays data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from environments.conftest import NAMES, Fleet, report_line
from slow import serving
from world import KEY, Json, Run, World

JSON = ("--log-format", "json")
FLOW = "{name: %s, status: active, data: {actions: {push: p}}}"
FLOWS = f"automations: {{a: {FLOW % 'A'}, b: {FLOW % 'B'}}}"


def events(done: Run, name: str = "") -> list[Json]:
    """The lines of stderr, each of which must be an event; those of a name if it is given."""
    lines: list[Json] = [json.loads(line) for line in done.err.splitlines()]
    assert all({"timestamp", "event", "level"} <= {*line} for line in lines)
    return [line for line in lines if name in ("", line["event"])]


def test_a_run_begins_and_ends_and_has_its_requests(world: World) -> None:
    """Each request is told once; the end has the exit code; stdout is the plan."""
    world.write(FLOWS)
    done = world.plan(*JSON)
    assert done.code == 2
    assert done.document["changes"]
    lines = events(done)
    assert [lines[0]["event"], lines[-1]["event"]] == ["run.start", "run.end"]
    assert [lines[0]["command"], lines[-1]["process.exit.code"]] == ["plan", 2]
    assert "error.type" not in lines[-1]
    asked = [(each["method"], f"/v4{each['path']}") for each in world.requests()]
    told = events(done, "request.end")
    assert sorted((each["http.request.method"], each["url.path"]) for each in told) == sorted(asked)
    assert {each["http.response.status_code"] for each in told} == {200}
    assert {each["server.address"] for each in told} == {"127.0.0.1"}
    assert all(each["environment"] == "default" and each["duration"] >= 0 for each in told)
    assert KEY not in done.err


def test_the_equals_sign_and_the_variable_ask_for_it_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable serves commands without the option, too."""
    assert events(world.plan("--log-format=json"), "run.end")
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "json")
    assert events(world.plan(), "run.end")
    assert {each["event"] for each in events(world.run("validate"))} == {"run.start", "message", "run.end"}


def test_another_format_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In text, and the variable is named no otherwise than the option."""
    monkeypatch.setenv("RECONCILER_LOG_FORMAT", "xml")
    refused = world.plan()
    assert refused.code == 64
    assert "expected one of text, json" in refused.err


def test_a_change_that_fails(world: World) -> None:
    """Its end is an error, as is that of its request; the other one has its new id."""
    world.write(FLOWS)
    world.fault("POST /automations: status 422, code=invalid_request, message=no, n=1")
    done = world.apply("--parallelism", "1", *JSON)
    assert done.code == 6
    ends = {each["address"]: each for each in events(done, "change.end")}
    assert {address: each["level"] for address, each in ends.items()} == {
        "automation.a": "error",
        "automation.b": "info",
    }
    assert ends["automation.a"]["error.type"]
    assert ends["automation.b"]["id"] == world.id_of("automation.b")
    writes = [each for each in events(done, "request.end") if each["http.request.method"] == "POST"]
    assert [each.get("error.type") for each in writes] == ["422", None]
    assert events(done, "run.end")[0]["error.type"] == "PARTIAL"
    assert [each["stage"] for each in events(done, "stage.end")][-2:] == ["apply", "verify"]


def test_a_problem_has_its_place(world: World) -> None:
    """The file, the line and the column, and no line of the file."""
    world.write("automations: {a: {nam: A, status: active, data: {actions: {push: p}}}}")
    done = world.plan(*JSON)
    assert done.code == 3
    problems = [each for each in events(done, "message") if "code.file.path" in each]
    assert {each["level"] for each in problems} == {"error"}
    assert problems[0]["code.file.path"].endswith("main.yaml")
    assert problems[0]["code.line.number"] == 1
    assert all("\n" not in each["message"] and not each["message"].startswith("/") for each in problems)


def test_a_usage_error_has_its_hint(world: World) -> None:
    """One line for the message and the hint."""
    done = world.plan("--nope", *JSON)
    (said,) = events(done, "message")
    assert [done.code, said["level"], said["message"]] == [64, "error", "plan has no option --nope"]
    assert "--help" in said["hint"]


def test_the_key_is_in_no_event(world: World) -> None:
    """Even if a server repeats it in an error."""
    world.write(FLOWS)
    world.fault(f"POST /automations: status 422, code=invalid_request, message={KEY}")
    done = world.apply(*JSON)
    assert done.code != 0
    assert len(events(done, "change.end")) == 2
    assert KEY not in done.err + done.out


def test_debug_adds_no_line_of_text(world: World) -> None:
    """The requests are told already."""
    done = world.plan("--debug", *JSON)
    assert len(events(done, "request.end")) == len(world.requests())


def test_the_clock_is_that_of_the_tool(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RECONCILER_NOW sets it."""
    monkeypatch.setenv("RECONCILER_NOW", "2027-03-28T01:30Z")
    moments = {each["timestamp"] for each in events(world.plan(*JSON))}
    assert {datetime.fromisoformat(each) for each in moments} == {datetime.fromisoformat("2027-03-28T01:30+00:00")}


def test_each_event_names_its_environment(fleet: Fleet) -> None:
    """One run, and within it each environment with its requests."""
    fleet.write(report_line("a"))
    done = fleet.plan(*JSON)
    assert done.code == 2
    assert len(events(done, "run.start")) == 1
    assert sorted(each["environment"] for each in events(done, "environment.end")) == sorted(NAMES)
    told = [each["environment"] for each in events(done, "request.end")]
    assert {name: told.count(name) for name in NAMES} == fleet.requests()


@pytest.mark.process
def test_ctrl_c_ends_what_has_begun(world: World, tmp_path: Path) -> None:
    """All lines are JSON, and the run ends with its exit code."""
    world.write(FLOWS)
    with serving(tmp_path / "simulator.db") as (api, url):
        command = [sys.executable, "-m", "reconciler", "apply", str(world.folder), "--auto-approve", "--api-url", url]
        with subprocess.Popen(
            [*command, "--format", "json", "--parallelism", "1", *JSON],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        ) as process:
            assert api.arrived.wait(60)
            process.send_signal(signal.SIGINT)
            api.go_on.set()
            out, err = process.communicate()
    done = Run(process.returncode, out, err)
    starts, ends = events(done, "change.start"), events(done, "change.end")
    assert {each["address"] for each in starts} <= {each["address"] for each in ends}
    assert events(done)[-1]["process.exit.code"] == done.code
