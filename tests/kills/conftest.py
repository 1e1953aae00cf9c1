"""A simulator's process a worker, and the project before its great change, made once and copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .api import Api, started
from .sites import STORES, Site, isolate, prepared

pytest.register_assert_rewrite(f"{__package__}.proof")


@pytest.fixture(scope="session")
def simulator(uses_process: None, uses_network: None) -> Iterator[Api]:
    """The process; a test opens data of its own in it."""
    with started() as api:
        yield api


@pytest.fixture(scope="session")
def templates(simulator: Api, tmp_path_factory: pytest.TempPathFactory, uses_git: None) -> dict[str, Site]:
    """Store → the project as each test finds it."""
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        isolate(patch, tmp_path_factory.mktemp("home"))
        for store in STORES:
            path = tmp_path_factory.mktemp(store)
            simulator.open(path / "simulator.db")
            patch.setenv("QONVERSION_API_URL", simulator.url)
            made[store] = prepared(path, store, simulator)
            simulator.close()
    return made


@pytest.fixture
def api(simulator: Api) -> Iterator[Api]:
    """The simulator's process, with nothing held there afterwards."""
    yield simulator
    simulator.drop()


@pytest.fixture
def site_of(
    templates: dict[str, Site], tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Site]:
    """Gives a copy of the project with its state in that store, its data behind the simulator's process."""

    def make(store: str) -> Site:
        isolate(monkeypatch, tmp_path)
        site = templates[store].copy(tmp_path / "site")
        api.open(site.data)
        monkeypatch.setenv("QONVERSION_API_URL", api.url)
        return site

    return make
