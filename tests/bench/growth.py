"""Whether cost grows with the work and no faster: CPU and memory a resource, from a thousand to a hundred thousand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from .cases import Bench
from .measure import Cost, Server, measured

TINY = 10
"""What a run costs before there is any work: taken off, so that start-up is nobody's growth."""


def growth(root: Path, sizes: list[int], server: Server, programs: Path, variables: dict[str, str]) -> str:
    """A table in Markdown. CPU seconds are those of a thousand resources, memory is that of one."""
    lines = [
        "| work | resources | CPU s | ms a resource | MiB | KiB a resource | requests |",
        "|---|---|---|---|---|---|---|",
    ]
    base = dict(costs(Bench(root, TINY, server, programs), server, programs, variables))
    for size in sizes:
        for work, cost in costs(Bench(root, size, server, programs), server, programs, variables):
            cpu, state = cost.cpu - base[work].cpu, cost.state - base[work].state
            lines.append(
                f"| {work} | {size:,} | {cost.cpu:.2f} | {cpu * 1000 / size:.3f} | {cost.state:.0f} "
                f"| {state * 1024 / size:.1f} | {cost.requests} |"
            )
    return "\n".join(lines)


def costs(bench: Bench, server: Server, programs: Path, variables: dict[str, str]) -> Iterator[tuple[str, Cost]]:
    """What each work costs, one after the other and from nothing: as often as it is asked for."""
    server.steer("latency/0")
    ours = str(programs / "reconciler")
    for folder in (bench.folder, bench.changed):
        shutil.rmtree(folder / ".reconciler", ignore_errors=True)

    def cost(*arguments: str) -> Cost:
        return measured([ours, *arguments], variables, server, bench.folder)

    yield "validate", cost("validate", str(bench.folder))
    server.steer("load/empty")
    yield "apply, creates all", cost("apply", "--auto-approve", str(bench.folder))
    yield "plan, nothing to do", cost("plan", str(bench.folder))
    shutil.copytree(bench.folder / ".reconciler", bench.changed / ".reconciler")
    yield "plan, 10 % changed", cost("plan", str(bench.changed))
    yield "apply, 10 % changed", cost("apply", "--auto-approve", str(bench.changed))
