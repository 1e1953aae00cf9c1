"""What a user has: the simulator as a process of its own, and the command line beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "reconciler")
SECONDS = 60


@dataclass(frozen=True)
class Rehearsal:
    """A simulator that answers on `url` and writes a line for each request into `log`."""

    url: str
    log: Path

    def run(self, *arguments: str | Path, **keys: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, without a terminal, with these keys and no others in its environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("QONVERSION_")}
        environment = {**clean, "QONVERSION_API_URL": self.url, **keys}
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def simulate(folder: Path, *options: str) -> Iterator[Rehearsal]:
    """`reconciler simulate` on a free port, ended by Ctrl-C."""
    log = folder / "requests.jsonl"
    with subprocess.Popen(
        [*COMMAND, "simulate", "--port", "0", "--log", str(log), *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        answers = re.fullmatch(r"The simulator answers on (http://127\.0\.0\.1:\d+/v4)\n", said)
        assert answers, said + process.stderr.read()
        yield Rehearsal(answers[1], log)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0


@pytest.fixture
def rehearsal(tmp_path: Path, uses_process: None, uses_network: None) -> Iterator[Rehearsal]:
    """A fresh simulator, as `reconciler simulate` starts one."""
    yield from simulate(tmp_path)


@pytest.fixture
def bare(tmp_path: Path, uses_process: None, uses_network: None) -> Iterator[Rehearsal]:
    """A fresh simulator without the e-mail destination."""
    yield from simulate(tmp_path, "--bare")
