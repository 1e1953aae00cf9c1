"""What tests of several stages share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World, opened


def pytest_configure() -> None:
    """A script that runs this in its background has Ctrl-C ignored, by all that is started here too: a test that ends a
    program by it would wait for ever."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: many tests wait for a process or a server of theirs."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """An empty project behind a simulator over real HTTP, the key and the address in the environment as a user has."""
    with opened(tmp_path, monkeypatch, capsys) as world:
        yield world
