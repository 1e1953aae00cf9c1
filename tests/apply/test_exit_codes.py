"""How a command ends, as a pipeline sees it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from world import World, report

from reconciler.api import rate_limiter

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"
TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS}
      spare: {title: Spare, integration: webhooks, target_platform: iOS}
    reports:
      daily: &report
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}]
      weekly: {<<: *report, report_name: Weekly, destinations: [{integration: spare}]}
    """


def test_no_key_is_not_authorised(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 4, the variable is named, and nothing is asked."""
    monkeypatch.delenv("QONVERSION_SECRET")
    world.write(FLOW)
    refused = world.plan()
    assert refused.code == 4
    assert "QONVERSION_SECRET" in refused.err
    assert world.requests() == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_refused_key_is_not_authorised(world: World, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Exit 4 for a 401, and the key is in no output."""
    monkeypatch.setenv("QONVERSION_SECRET", "pk_leaked_key")
    world.write(FLOW)
    refused = world.run(command)
    assert refused.code == 4
    assert "QONVERSION_SECRET" in refused.err
    assert "pk_leaked_key" not in refused.err + refused.out


def test_a_key_that_may_only_read_plans_and_does_not_apply(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning needs no right to write; applying ends with 4 and says why for each change."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_readonly_1")
    world.write(FLOW)
    assert world.run("plan").code == 0
    assert world.plan().code == 2
    done = world.apply()
    assert done.code == 4
    (result,) = done.document["results"]
    assert result["status"] == "failed"
    assert "403" in result["reason"]
    assert world.live("automations") == []


def test_a_refused_connection_is_the_networks_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1 after a few attempts, and a hint where to look."""
    monkeypatch.setattr(rate_limiter, "FIRST_WAIT", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    world.write(FLOW)
    failed = world.plan("--api-url", f"http://127.0.0.1:{port}")
    assert failed.code == 1
    assert "--api-url" in failed.err
    assert failed.out == ""


def test_applied_in_part(world: World) -> None:
    """Exit 6; one failure stops what depends on it and nothing else; stdout is the report and nothing beside it."""
    world.settle(TEAM)
    spare, weekly = world.id_of("integration.spare"), world.id_of("report.weekly")
    theirs = world.insert("scheduled-reports", **report("Theirs", spare))
    world.insert("destinations", id="nowhere1", label="Email: Nowhere")
    world.fault(f'PUT /scheduled-reports/{weekly}: status 422, message="nowhere1 takes no reports", n=1')
    kept = TEAM.replace("      spare: {title: Spare, integration: webhooks, target_platform: iOS}\n", "")
    broken = kept.replace("{integration: spare}", "{type: target_integration, id: nowhere1}")
    world.write(broken)
    world.write(FLOW, "flow.yaml")
    done = world.apply()
    assert done.code == 6
    results = {each["address"]: each for each in done.document["results"]}
    assert results["automation.flow"]["status"] == "done"
    assert results["automation.flow"]["verification"] == "verified"
    assert results["report.weekly"]["status"] == "failed"
    assert "nowhere1" in results["report.weekly"]["reason"]
    assert results["integration.spare"]["status"] == "skipped"
    assert results["integration.spare"]["because_of"] == "report.weekly"
    assert {key: done.document["summary"][key] for key in ("done", "failed", "skipped")} == {
        "done": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert not [path for method, path, _ in world.writes() if method == "DELETE"]
    world.remove("scheduled-reports", theirs)
    world.write(kept.replace("{integration: spare}", "{integration: hook}"))
    assert world.apply().code == 0
    assert world.plan().code == 0
    assert world.id_of("report.weekly") == weekly


def test_the_report_for_people_says_the_same(world: World) -> None:
    """Done, failed and why, on stdout."""
    world.insert("destinations", id="nowhere1", label="Email: Nowhere")
    world.fault('POST /scheduled-reports: status 422, message="nowhere1 takes no reports", n=1')
    world.write(TEAM.replace("{integration: hook}", "{type: target_integration, id: nowhere1}"))
    done = world.run("apply", "--auto-approve")
    assert done.code == 6
    assert "3 done, 1 failed" in done.out
    assert "failed: create report.daily" in done.out
    assert "nowhere1" in done.out


def test_all_failed_is_the_failures_own_code(world: World) -> None:
    """Nothing was done, so it is not `in part`."""
    for name in ("n1", "n2"):
        world.insert("destinations", id=name, label=f"Email: {name}")
    world.fault("POST /scheduled-reports: status 422")
    world.write(
        TEAM[TEAM.index("    reports") :]
        .replace("{integration: hook}", "{type: target_integration, id: n1}")
        .replace("{integration: spare}", "{type: target_integration, id: n2}")
    )
    assert world.apply().code == 1


@pytest.mark.parametrize("url", ["http://example.com/v4", "http://10.0.0.1", "http://localhost.example.com"])
def test_a_key_is_not_sent_over_plain_http(world: World, url: str) -> None:
    """Exit 5 for anything but loopback, before a connection is made."""
    world.write(FLOW)
    refused = world.plan("--api-url", url)
    assert refused.code == 5
    assert "https" in refused.err


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com",
        "simulator:",
        "https://",
        "http://[::1",
        "http://127.0.0.1:x",
        "simulator:/dev/null/x",
    ],
)
def test_an_address_that_is_none_is_wrong_usage(world: World, url: str) -> None:
    """Exit 64, with what was expected."""
    world.write(FLOW)
    assert world.plan("--api-url", url).code == 64


@pytest.mark.process
def test_without_a_terminal_nobody_is_asked(world: World) -> None:
    """Exit 5 and the flag is named; with nothing to do there is nothing to ask."""
    world.write(FLOW)
    program = [sys.executable, "-m", "reconciler", "apply", str(world.folder)]
    refused = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert refused.returncode == 5
    assert "--auto-approve" in refused.stderr
    assert world.writes() == []
    assert world.apply().code == 0
    assert subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 5), pytest.param("", 5, marks=pytest.mark.exhaustive)])
@pytest.mark.process
def test_on_a_terminal_only_yes_is_one(world: World, answer: str, code: int) -> None:
    """Anything else changes nothing."""
    world.write(FLOW)
    ours, theirs = os.openpty()
    try:
        os.write(ours, answer.encode() + b"\n")
        program = [sys.executable, "-m", "reconciler", "apply", str(world.folder)]
        done = subprocess.run(program, stdin=theirs, capture_output=True, text=True, check=False)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code, done.stderr
    assert len(world.live("automations")) == (code == 0)


@pytest.mark.parametrize(
    "arguments", [["plan", "--nonsense"], ["plan", "--parallelism", "0"], ["planned"], ["plan", "a", "b"]]
)
@pytest.mark.process
def test_bad_usage(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 64, as a program."""
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr


def test_an_invalid_configuration(world: World) -> None:
    """Exit 3, and nothing is written: at most, lists were on their way while the YAML was read."""
    world.write("automations: {flow: {name: Flow}}\n")
    assert world.plan().code == 3
    assert world.apply().code == 3
    assert world.writes() == []


def test_plan_without_the_flag_is_done(world: World) -> None:
    """Changes are pending only where that is asked for."""
    world.write(FLOW)
    assert world.run("plan").code == 0
    assert world.run("plan", "--detailed-exitcode").code == 2
