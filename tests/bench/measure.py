"""What one run of a command costs: wall and CPU seconds, peak memory, requests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and CPU (user and system), MiB at the peak, requests that the server saw."""

    wall: float
    cpu: float
    state: float
    requests: int


class Server:
    """The server of the benchmark, a process of its own."""

    def __init__(self, milliseconds: float) -> None:
        command = [sys.executable, "-m", "tests.bench.server", str(milliseconds)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def steer(self, order: str) -> int:
        """One order at its door; gives the number of requests since the last one."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_{order}") as answer:
            return int(answer.read())

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.communicate()


def measured(command: Sequence[str], environment: Mapping[str, str], server: Server, folder: Path) -> Cost:
    """Runs a command to its end, which must be a good one."""
    server.steer("count")
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=dict(environment), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said.decode()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, server.steer("count"))


@dataclass(frozen=True)
class Figure:
    """Several costs of the same: medians, and the spread of the wall."""

    costs: tuple[Cost, ...]

    @property
    def wall(self) -> float:
        """The median of the wall seconds."""
        return median(each.wall for each in self.costs)

    def ratio(self, other: Figure) -> float:
        """The median of the ratios, each of two runs that stood side by side."""
        return median(mine.wall / theirs.wall for mine, theirs in zip(self.costs, other.costs, strict=False))

    def cells(self) -> list[str]:
        """Wall with its spread, CPU, memory, requests."""
        walls = [each.wall for each in self.costs]
        return [
            f"{self.wall:.2f} ({min(walls):.2f} to {max(walls):.2f})",
            f"{median(each.cpu for each in self.costs):.2f}",
            f"{median(each.state for each in self.costs):.0f}",
            f"{median(each.requests for each in self.costs):.0f}",
        ]
