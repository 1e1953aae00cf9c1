"""What tests of several stages share."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import KEY, World

from reconciler.simulator import Simulator
from reconciler.simulator.server import bind


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """An empty project behind a simulator over real HTTP, the key and the address in the environment as a user has."""
    log = io.StringIO()
    folder = tmp_path / "configuration"
    folder.mkdir()
    with Simulator(tmp_path / "simulator.db", log=log) as simulator, bind(simulator, port=0, threads=8) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        monkeypatch.setenv("QONVERSION_SECRET", KEY)
        monkeypatch.setenv("QONVERSION_API_URL", server.url)
        made = World(folder, server.url, log, capsys)
        yield made
        made.close()
        server.close()
        thread.join()
