"""Cost grows with the work and no faster. Measured in time of the processor, as ratios; `tests/bench` goes further."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.cases import Bench
from bench.fellows import environment
from bench.growth import TINY, costs
from bench.measure import Server

from reconciler.apply.schedule import Schedule
from reconciler.model.plan import Action, Change

FEW, MANY, TIMES = 1000, 4000, 3


@pytest.fixture
def server() -> Iterator[Server]:
    """The server of the benchmark, which costs the same for each request."""
    opened = Server(0)
    yield opened
    opened.close()


def test_four_times_the_work_costs_four_times_as_much(server: Server, tmp_path: Path) -> None:
    """Each command in a process of its own, what it costs without any work taken off. Somewhat more would still pass:
    what grows with the square costs four times that."""
    variables = {"PATH": os.environ["PATH"], **environment(server.port)}
    programs = Path(sys.executable).parent
    none, few, many = (
        {
            work: cost.cpu
            for work, cost in costs(Bench(tmp_path, size, server, programs), server, programs, variables, TIMES)
        }
        for size in (TINY, FEW, MANY)
    )
    grown = {work: (many[work] - none[work]) / (few[work] - none[work]) for work in none}
    assert max(grown.values()) < 2.5 * MANY / FEW, grown


def seconds(parts: int) -> float:
    """What it takes to schedule so many changes, each of which waits for one before it; the best of three."""
    changes = [
        Change(f"report.r{n}", "report", Action.CREATE, None, "", depends_on=(f"report.r{n // 2}",) if n else ())
        for n in range(parts)
    ]
    taken = []
    for _ in range(3):
        gc.disable()  # its passes come by the number of all that lives, whoever made it
        began = time.process_time()
        schedule = Schedule(changes)
        queue = schedule.ready()
        for part in queue:
            queue += schedule.done(part)
        taken.append(time.process_time() - began)
        gc.enable()
        assert len(queue) == parts
    return min(taken)


def test_a_schedule_of_any_length_costs_the_same_for_each_part() -> None:
    """Of a hundred thousand changes each is looked at, and none is looked for among all the others: eight times as many
    take about ten times as long, and sixty times as long where each walks past all of them."""
    assert seconds(40_000) / seconds(5_000) < 30
