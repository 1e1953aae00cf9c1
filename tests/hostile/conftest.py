"""A folder of hostile files, and `validate` on it: in this process, or in one that the system limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from world import without_excerpts

from reconciler.cli.main import run

CHILD = Path(__file__).with_name("child.py")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a limited run ended: its code, the lines on stderr, peak memory in bytes, seconds of the processor."""

    code: int
    lines: list[str]
    peak: int
    seconds: float


class Place:
    """The folder `path`, which holds the configuration."""

    def __init__(self, path: Path, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._report = report
        self._capsys = capsys

    def write(self, text: str | bytes, name: str = "main.yaml") -> Path:
        """Puts a file into the folder."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def problems(self, path: Path | None = None) -> list[str]:
        """The problems that `validate` tells, of which there must be some, files relative to the folder."""
        self._capsys.readouterr()
        code = run(["validate", str(path or self.path)])
        out, err = self._capsys.readouterr()
        assert (code, out) == (3, ""), err
        return without_excerpts(err.replace(f"{self.path}/", ""))[:-1]

    def limited(self, title: str) -> Ended:
        """`validate` in a process of its own, within its limits; prints what it took."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(CHILD), str(self._report), "validate", str(self.path)]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
        assert ended.returncode >= 0, f"killed by signal {-ended.returncode}"
        report = json.loads(self._report.read_text(encoding="ascii"))
        with self._capsys.disabled():
            print(f"\n{title}: {report['peak'] / 1e6:.0f} MB, {report['seconds']:.1f} s of the processor")  # noqa: T201
        return Ended(ended.returncode, without_excerpts(ended.stderr), report["peak"], report["seconds"])


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    folder = tmp_path / "configuration"
    folder.mkdir()
    return Place(folder, tmp_path / "report.json", capsys)
