"""Ctrl-C, and a kill, in the middle of an apply of several environments: the same command goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from size import first
from slow import Slow, serving

from environments.conftest import NAMES, Fleet, report_line
from environments.test_apply import ends
from environments.test_plan import begin_repository

pytestmark = pytest.mark.process
KEYS = "abc"


@pytest.fixture
def slow(fleet: Fleet, tmp_path: Path) -> Iterator[Slow]:
    """The API of the second environment, which keeps its answer to the second create."""
    staging = fleet.worlds["staging"]
    fleet.write(*map(report_line, KEYS))
    with serving(tmp_path / "staging" / "simulator.db") as (api, url):
        settings = fleet.folder / "reconciler.yaml"
        settings.write_text(settings.read_text().replace(staging.url, url))
        yield api


def start(fleet: Fleet, *flags: str) -> subprocess.Popen[str]:
    """An apply of all, as a user starts it, one request at a time."""
    command = [sys.executable, "-m", "reconciler", "apply", str(fleet.folder), "--all", "--auto-approve"]
    return subprocess.Popen(
        [*command, "--format", "json", "--parallelism", "1", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def require_done(fleet: Fleet, keys: str = KEYS) -> None:
    """The same command does the rest, and makes nothing twice."""
    done = fleet.apply()
    assert done.code == 0, done.err
    assert [fleet.names(name) for name in NAMES] == [list(keys)] * 3
    assert fleet.plan().code == 0


@pytest.mark.parametrize(("keys", "flags"), first([(KEYS, []), (KEYS, ["--keep-going"]), ("ab", ["--keep-going"])]))
def test_ctrl_c_stops_in_good_order(fleet: Fleet, slow: Slow, keys: str, flags: list[str]) -> None:
    """What is under way is waited for; the environments after it are named as not begun, if all of it was done too."""
    fleet.write(*map(report_line, keys))
    with start(fleet, *flags) as process:
        assert slow.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(line.startswith("interrupted:") for line in process.stderr)
        slow.go_on.set()
        out, said = process.communicate()
    assert process.returncode == 6, said
    assert ends(json.loads(out)) == {"sandbox": len(keys), "staging": 2, "production": 6}
    assert "production: not begun: the run was interrupted before it" in said
    require_done(fleet, keys)


def test_twice_leaves_at_once(fleet: Fleet, slow: Slow) -> None:
    """What was done is done; the rest is named."""
    with start(fleet) as process:
        assert slow.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(line.startswith("interrupted:") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
    slow.go_on.set()
    assert process.returncode == 1, said
    found = {each["environment"]: each for each in json.loads(out)["environments"]}
    assert found["sandbox"]["summary"]["done"] == 3
    assert "interrupted" in found["staging"]["error"]["message"]
    assert "not begun" in found["production"]["error"]["message"]
    require_done(fleet)


@pytest.mark.git
def test_what_is_left_out_is_not_told_as_waiting(fleet: Fleet, slow: Slow) -> None:
    """After Ctrl-C, an environment that `--base` leaves out is no work for the next apply."""
    ours = [report_line(key, more="only_in: [sandbox, staging], ") for key in KEYS]
    fleet.write(report_line("z", more="only_in: [production], "))
    begin_repository(fleet)
    fleet.write(report_line("z", more="only_in: [production], "), *ours)
    with start(fleet, "--base", "HEAD") as process:
        assert slow.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert any(line.startswith("interrupted:") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
    slow.go_on.set()
    assert process.returncode == 1, said
    assert [each["environment"] for each in json.loads(out)["environments"]] == ["sandbox", "staging"]
    assert list(json.loads(out)["left_out"]) == ["production"]


def test_a_kill(fleet: Fleet, slow: Slow) -> None:
    """Nothing can be said; the same command goes on."""
    with start(fleet) as process:
        assert slow.arrived.wait(60)
        process.kill()
        process.communicate()
    slow.go_on.set()
    assert fleet.names("sandbox") == list(KEYS)
    assert fleet.names("production") == []
    require_done(fleet)
