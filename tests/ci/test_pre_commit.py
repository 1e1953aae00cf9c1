"""The hook of pre-commit: its entry is run as pre-commit runs one, without a key and without a network."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.errors import Exit

from .conftest import BEGIN
from .repository import ENVIRONMENT

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
# Whoever opens a connection or looks a name up ends the program.
OFFLINE = """
import socket, sys
def refuse(*_, **__): raise SystemExit("a network was asked for")
socket.socket.connect = socket.getaddrinfo = refuse
from reconciler.__main__ import main
sys.exit(main())
"""


def hook(folder: Path) -> subprocess.CompletedProcess[str]:
    """The hook on a folder."""
    (declared,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert declared["pass_filenames"] is False
    command, *arguments = shlex.split(declared["entry"])
    assert command == "reconciler"
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_a_sound_configuration_passes(tmp_path: Path) -> None:
    """Exit 0, whatever state store and key the configuration names."""
    (tmp_path / "main.yaml").write_text(BEGIN, encoding="utf-8")
    settings = "state: {store: git}\nenvironments: {production: {secret_env: NOWHERE}}\n"
    (tmp_path / "reconciler.yaml").write_text(settings, encoding="utf-8")
    done = hook(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "production: 3 resources are valid" in done.stderr


def test_a_mistake_stops_the_commit(tmp_path: Path) -> None:
    """With its line."""
    (tmp_path / "main.yaml").write_text(BEGIN.replace('"09:00"', '"09:07"'), encoding="utf-8")
    done = hook(tmp_path)
    assert done.returncode == Exit.INVALID
    assert "main.yaml:7:" in done.stderr
