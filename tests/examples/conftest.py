"""What a user has: the simulator as a process of its own, and the command line beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from world import Run

from reconciler.cli.main import run

COMMAND = (sys.executable, "-m", "reconciler")
SECONDS = 60


@dataclass(frozen=True)
class Rehearsal:
    """A simulator that answers on `url` and writes a line for each request into `log`."""

    url: str
    log: Path
    _monkeypatch: pytest.MonkeyPatch
    _capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str | Path, **keys: str) -> Run:
        """Runs a command to its end, without a terminal, with these keys and no others in its environment."""
        self._capsys.readouterr()
        with self._monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith("QONVERSION_")]:
                patched.delenv(name)
            for name, value in {"QONVERSION_API_URL": self.url, **keys}.items():
                patched.setenv(name, value)
            code = run([*map(str, arguments)])
        captured = self._capsys.readouterr()
        return Run(code, captured.out, captured.err)

    def requests(self) -> list[dict[str, Any]]:
        """Every request so far."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def simulate(folder: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """`reconciler simulate` on a free port, ended by Ctrl-C: its address and its log."""
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
        yield answers[1], log
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0


@pytest.fixture
def rehearsal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    uses_process: None,
    uses_network: None,
) -> Iterator[Rehearsal]:
    """A fresh simulator, as `reconciler simulate` starts one."""
    with simulate(tmp_path) as (url, log):
        yield Rehearsal(url, log, monkeypatch, capsys)


@pytest.fixture
def bare(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    uses_process: None,
    uses_network: None,
) -> Iterator[Rehearsal]:
    """A fresh simulator without the e-mail destination."""
    with simulate(tmp_path, "--bare") as (url, log):
        yield Rehearsal(url, log, monkeypatch, capsys)
