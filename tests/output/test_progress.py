"""What is seen while an apply runs: each end of a short one, milestones and failures of a long one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from terminal import read_terminal
from world import World

from reconciler.output.text import format_duration

BROKEN = "POST /automations: status 422, code=invalid_request, message=no, n=7"


def flows(count: int) -> str:
    """A configuration of so many automations."""
    each = {
        f"f{n}": {"name": f"Flow {n}", "status": "active", "data": {"actions": {"push": "p"}}} for n in range(count)
    }
    return json.dumps({"automations": each})


def test_a_short_apply_has_a_line_for_each_change(world: World) -> None:
    """Counted, with what was done to which address and how it ended."""
    world.write(flows(12))
    lines = [line for line in world.apply().err.splitlines() if re.match(r"\[ *\d+/12\]", line)]
    assert len(lines) == 12
    assert [int(line[1:3]) for line in lines] == list(range(1, 13))
    assert all(line.endswith(": done") for line in lines)


def test_a_long_apply_stays_short_in_a_log(world: World) -> None:
    """A line for each tenth, with about how long it will take, and one for each failure; none for a success."""
    world.write(flows(250))
    world.fault(BROKEN)
    done = world.apply()
    assert done.code == 6
    lines = [line for line in done.err.splitlines() if line.startswith("[")]
    failed = [line for line in lines if "failed" in line]
    assert len(failed) == 1
    milestones = [line for line in lines if line not in failed]
    assert [int(line[1:].partition("/")[0]) for line in milestones] == list(range(25, 251, 25))
    assert all(re.search(r"; (about \d+ minutes?|less than a minute) left$", line) for line in milestones[:-1])
    assert milestones[-1] == "[250/250] changes ended"


def on_a_terminal(world: World, **variables: str) -> str:
    """What a terminal shows of an apply that is approved already; its stdout is elsewhere."""
    pytest.importorskip("pty")
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "reconciler", "apply", "--auto-approve", str(world.folder)]
    try:
        subprocess.run(command, stderr=theirs, stdout=subprocess.DEVNULL, env={**os.environ, **variables}, check=False)
        os.close(theirs)
        return read_terminal(ours)
    finally:
        os.close(ours)


@pytest.mark.process
def test_on_a_terminal_one_line_counts_and_goes(world: World) -> None:
    """It is replaced, no wider than the terminal, and gone at the end; a failure and a warning stay above it."""
    world.write(flows(5))
    world.fault(BROKEN.replace("n=7", "n=3"))
    said = on_a_terminal(world, TERM="xterm", COLUMNS="60", NO_COLOR="1")
    lines = re.findall(r"\r\x1b\[K(Applying [^\r\n\x1b]*)", said)
    assert lines[0].startswith("Applying [                        ] 0/5: automation.")
    assert lines[-1] == "Applying [========================] 5/5: "
    assert all(len(line) < 60 for line in lines)
    assert max(map(len, lines)) == 59
    kept = [line.rpartition("\r\x1b[K")[2] for line in said.split("\n")]
    assert len([line for line in kept if re.match(r"\[\d/5\] create automation.f\d: failed", line)]) == 1
    assert not [line for line in kept if line.startswith("Applying [")]


@pytest.mark.process
def test_a_terminal_that_replaces_no_line_gets_plain_ones(world: World) -> None:
    """As a log does."""
    world.write(flows(3))
    said = on_a_terminal(world, TERM="dumb")
    assert "\x1b" not in said
    assert len(re.findall(r"(?m)^\[\d/3\] create automation\.f\d: done$", said)) == 3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than a minute"), (29, "less than a minute"), (61, "about 1 minute"), (185, "about 3 minutes")],
)
def test_a_time_in_words(seconds: float, said: str) -> None:
    """Rounded, as it is only an estimate."""
    assert format_duration(seconds) == said
