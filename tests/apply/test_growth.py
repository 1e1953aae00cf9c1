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

from reconciler.apply.execute import Schedule
from reconciler.model.plan import Action, Change

SIZES = NONE, FEW, MANY = TINY, 2000, 8000
ROUNDS = 3


@pytest.fixture
def servers(uses_network: None) -> Iterator[dict[int, Server]]:
    """The server of the benchmark for each size: it costs the same for each request."""
    opened = {size: Server(0) for size in SIZES}
    yield opened
    for each in opened.values():
        each.close()


@pytest.mark.process
@pytest.mark.exhaustive
def test_four_times_the_work_costs_four_times_as_much(servers: dict[int, Server], tmp_path: Path) -> None:
    """Each command in a process of its own, what it costs without any work taken off. Somewhat more would still pass:
    what grows with the square costs four times that. The sizes take turns, and the least of a few rounds counts: a
    processor that others want as well computes half as fast, now and then."""
    programs = Path(sys.executable).parent
    benches = [Bench(tmp_path, size, server, programs) for size, server in servers.items()]
    least: dict[int, dict[str, float]] = {size: {} for size in SIZES}
    for _ in range(ROUNDS):
        of_sizes = [
            costs(bench, bench.server, programs, {"PATH": os.environ["PATH"], **environment(bench.server.port)})
            for bench in benches
        ]
        for row in zip(*of_sizes, strict=True):
            for size, (work, cost) in zip(SIZES, row, strict=True):
                least[size][work] = min(cost.cpu, least[size].get(work, cost.cpu))
    none, few, many = (least[size] for size in SIZES)
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
        queue = schedule.take_ready()
        for part in queue:
            queue += schedule.finish(part)
        taken.append(time.process_time() - began)
        gc.enable()
        assert len(queue) == parts
    return min(taken)


def test_a_schedule_of_any_length_costs_the_same_for_each_part() -> None:
    """Of a hundred thousand changes each is looked at, and none is looked for among all the others: eight times as many
    take about ten times as long, and sixty times as long where each walks past all of them."""
    assert seconds(40_000) / seconds(5_000) < 30
