"""What is seen while an apply runs: each end of a short one, milestones and failures of a long one."""

from __future__ import annotations

import json
import re

import pytest
from world import World

from reconciler.output.progress import about

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


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than a minute"), (29, "less than a minute"), (61, "about 1 minute"), (185, "about 3 minutes")],
)
def test_a_time_in_words(seconds: float, said: str) -> None:
    """Rounded, as it is only an estimate."""
    assert about(seconds) == said
